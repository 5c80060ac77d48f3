"""Programs for people who work on Libretto; none is part of what is installed."""

import sys

from controller.model import documentation

if not documentation.WANTED and "controller.model.base" in sys.modules:
    raise ImportError("models were read without their documentation: import tools before any of them")
documentation.WANTED = True
