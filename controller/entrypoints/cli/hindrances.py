"""What stands in a step's way, in words."""

from collections.abc import Sequence
from typing import assert_never

from controller.engine.explain import (
    Barrier,
    Dependency,
    Ending,
    NoSlot,
    NotStarted,
    Obstacle,
    RetryTime,
    Suspended,
    Unfinished,
    WholeStep,
)
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.wording import clock, short, wait
from controller.runtime.member import Member
from controller.runtime.phrases import counted, listed

MOST_NAMED = 4
"""Names that a sentence holds."""


def hindrance(member: Member, one: Obstacle, now: int, ways: Sequence[tuple[int, ...]]) -> str:
    """Return one obstacle as half a sentence. `ways` are the chains that lead further than one step."""
    match one:
        case Dependency(unit=other):
            return f"it waits for {_chain(member, other, ways)}"
        case Barrier(phase=phase, behind=behind, units=units):
            before = listed([f'"{member.graph.phases[index].id}"' for index in behind], MOST_NAMED)
            open_steps = listed([_state(member, other) for other in units], MOST_NAMED) if units else "its end"
            return f'its phase "{member.graph.phases[phase].id}" begins after {before}, which waits for {open_steps}'
        case NoSlot(phase=phase, limit=limit, holders=holders):
            whose = f'phase "{member.graph.phases[phase].id}"' if phase >= 0 else "the run"
            held = listed([member.name(holder) for holder in holders], MOST_NAMED)
            return f"{whose} runs {counted(limit, 'step')} at one time, and {held} {'has' if limit == 1 else 'have'} the place"
        case RetryTime(at=at, attempt=attempt):
            return f"attempt {attempt} begins at {clock(at)} (in {wait(max(0, at - now))})"
        case Suspended():
            return f"the run is paused ({command_line('resume', short(member.spec.root))})"
        case NotStarted():
            return "the run itself has not begun"
        case Ending(word=word):
            return f"nothing starts any more ({word})"
        case Unfinished():
            return "it is a finally step, and they begin once all others have ended"
        case WholeStep(unit=whole):
            return f'it is an instance of "{member.name(whole)}", which has not begun'
        case _:
            assert_never(one)


def _chain(member: Member, first: int, ways: Sequence[tuple[int, ...]]) -> str:
    text = _state(member, first)
    ends = [way for way in ways if way[0] == first]
    if not ends:
        return text
    shortest = min(ends, key=len)
    for other in shortest[1:]:
        text += f", which waits for {_state(member, other)}"
    return text


def _state(member: Member, unit: int) -> str:
    return f'"{member.name(unit)}" ({member.state.unit(unit).state})'
