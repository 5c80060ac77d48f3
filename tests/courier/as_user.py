"""The courier as another user: `python -m tests.courier.as_user UID MODE`.

The interpreter may lie in a folder that only its owner may enter, so everything is loaded before the change.
"""

import importlib
import os
import pkgutil
import sys
from encodings import idna

from controller.entrypoints import courier
from controller.entrypoints.courier.__main__ import start

LOADED = [
    idna,
    *(
        importlib.import_module(f"{courier.__name__}.{module.name}")
        for module in pkgutil.iter_modules(courier.__path__)
    ),
]

if __name__ == "__main__":
    user = int(sys.argv[1])
    os.chdir("/")
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    start(sys.argv[2:])
