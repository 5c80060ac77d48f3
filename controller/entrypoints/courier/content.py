"""What is to be stored under its digest?"""

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Content(NamedTuple):
    """Something that can be read more than once."""

    what: str
    """Its name, for messages."""
    read: Callable[[], Iterator[bytes]]
    """Give it from its beginning."""
    digest: str
    size: int
