"""How may a published definition move through its life?

Draft, active, deprecated, archived. Only active versions take part in "latest"; an exact version can be asked for
whatever its state. Runs have their own snapshot, so no move ever reaches one that was started.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from controller.model.names import Lifecycle

MOVES: Mapping[Lifecycle, Mapping[str, Lifecycle]] = MappingProxyType(
    {
        "draft": {"activate": "active", "archive": "archived"},
        "active": {"deprecate": "deprecated", "archive": "archived"},
        "deprecated": {"activate": "active", "archive": "archived"},
        # What was put away stays away: a new version costs nothing, and nobody meets the old one again unawares.
        "archived": {},
    }
)
"""State -> verb -> state. No move anywhere but through this table."""

VERBS = ("activate", "deprecate", "archive")

_REACHED: Mapping[str, Lifecycle] = {"activate": "active", "deprecate": "deprecated", "archive": "archived"}


class Refusal(NamedTuple):
    """Why a move is not in the table."""

    reason: str


def move(title: str, lifecycle: Lifecycle, verb: str) -> Lifecycle | Refusal:
    """Return the state after `verb`, or why it is refused."""
    target = MOVES[lifecycle].get(verb)
    if target is not None:
        return target
    if lifecycle == _REACHED[verb]:
        return Refusal(f"{title} is {lifecycle} already")
    offered = " or ".join(MOVES[lifecycle]) or "nothing; publish a new version"
    return Refusal(f"{title} is {lifecycle}; what can be done with it: {offered}")
