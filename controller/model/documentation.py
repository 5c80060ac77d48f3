"""Do the fields of models know what is written below them? Only what generates documents needs it.

Pydantic reads the source of every model for it, which takes a third of a second at each start.
"""

import sys

WANTED = False
"""What models ask when they are defined."""


def want() -> None:
    """Have all models of this process documented. Raises ImportError once any was read without."""
    global WANTED  # noqa: PLW0603 - classes are defined once, by whoever imports them first
    if not WANTED and "controller.model.base" in sys.modules:
        raise ImportError("models were read without their documentation: want it before any of them is imported")
    WANTED = True
