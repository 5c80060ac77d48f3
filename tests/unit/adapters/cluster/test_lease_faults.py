"""At most one elector believes to lead, whatever happens to their calls, clocks, lives and to the Lease itself."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.adapters.cluster.contenders import TIMING, World, played

FATES = ("", "lost", "mute", "hangs")
ONE = st.sampled_from((0, 1))
HOLE = [("wait", 1.0), ("cut off", 1), ("wait", 19.0), ("delete", None), ("cut off", 0), ("heal", 1), ("wait", 3.0)]
"""The second one sees no Lease twice, and does not see who led in between."""

EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.0, 20.0)),
    st.tuples(st.sampled_from(("kill", "end", "begin", "cut off", "heal", "nudge")), ONE),
    st.tuples(st.just("trouble"), st.tuples(ONE, st.lists(st.sampled_from(FATES), max_size=8))),
    st.tuples(st.just("delete"), st.none()),
)


async def happen(world: World, what: str, detail: Any) -> None:
    both = (world.first, world.second)
    match what:
        case "wait":
            await world.pass_by(detail)
        case "begin":
            if both[detail].task is None or both[detail].task.done():  # type: ignore[union-attr]
                both[detail].begin()
        case "kill" | "end" if both[detail].task is not None:
            await (both[detail].kill() if what == "kill" else both[detail].end())
        case "trouble":
            fates = iter(detail[1])
            both[detail[0]].client.trouble = lambda: next(fates, "")
        case "cut off":
            both[detail].client.trouble = lambda: "hangs"
        case "heal":
            both[detail].client.trouble = lambda: ""
        case "delete":
            world.server.delete()
        case "nudge" if both[detail].task is not None:
            both[detail].elector.nudge()
        case _:
            pass


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(EVENTS, min_size=3, max_size=25),
    rates=st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)),
    listing=st.sampled_from((0.0, 0.3, 4.0)),
)
@example(events=HOLE, rates=(1.0, 1.0), listing=0.0)
def test_never_two_leaders_and_epochs_grow(
    events: list[tuple[str, Any]], rates: tuple[float, float], listing: float
) -> None:
    """Clocks that differ by a fifth, calls and answers that are lost, processes that die, a Lease that is deleted."""

    async def whole() -> None:
        world = World(rates, listing)
        for contender in (world.first, world.second):
            contender.begin()
        for what, detail in events:
            await happen(world, what, detail)
            assert len(world.leaders()) <= 1
        for index in (0, 1):
            await happen(world, "heal", index)
            await happen(world, "begin", index)
        # Whatever happened: somebody leads soon.
        await world.until(world.leaders, 3 * TIMING.duration + 6 * listing)
        assert world.runs.epochs == sorted(set(world.runs.epochs))

    played(whole)()
