"""Playing a seed: once without faults, once with them; the two must mean the same."""

from dataclasses import dataclass
from random import Random
from typing import Any

from controller.adapters.simulated_runner import Scripted
from tests.dst.faults import Schedule
from tests.dst.generate import Story, generate
from tests.dst.invariants import violations
from tests.dst.world import World


@dataclass
class Failure:
    """A seed that shows a bug."""

    seed: int
    problems: list[str]
    crashes: list[tuple[int, str]]

    def script(self) -> str:
        """Return a minimal script: the seed, the points where the process dies, and what is wrong then."""
        lines = [f"seed {self.seed}"]
        lines += [f"  dies at call {number}: {where}" for number, where in self.crashes]
        return "\n".join([*lines, *(f"  wrong: {problem}" for problem in self.problems)])


def calm(story: Story, *, stretch: Random | None = None, overrides: dict[Any, Scripted] | None = None) -> World:
    """Play without faults; `stretch` draws other durations, so that steps finish in another order."""
    world = World(story, Schedule(Random(0), 0.0, 0), Random(0), stretch=stretch, overrides=overrides)
    world.play()
    return world


def stormy(story: Story, seed: int, only: frozenset[int] | None = None) -> World:
    """Play with the faults of a seed; `only` chooses where the process dies."""
    random = Random(seed + 1)
    schedule = Schedule(random, 0.02, 6, only)
    return World(
        story,
        schedule,
        Random(seed + 2),
        unreliable=0.1,
        losing=0.2 if seed % 3 == 0 else 0.0,
        jumping=0.3,
        aborting=0.2 if seed % 5 == 0 else 0.0,
    )


def play(seed: int, only: frozenset[int] | None = None) -> Failure | None:
    """Play one seed; return what is wrong with it, None for nothing."""
    story = generate(seed)
    world = stormy(story, seed, only)
    problems: list[str] = []
    try:
        world.play()
        problems += violations(world)
        lost = world.losses()
        problems += _differences("faults", calm(story, overrides=lost), world)
        if not lost:
            problems += _differences("another order of finishing", calm(story, stretch=Random(seed + 3)), world)
    except Exception as error:  # whatever a seed brings to light is the seed's failure
        problems.append(f"{type(error).__name__}: {error}")
    return Failure(seed, problems, world.schedule.crashed) if problems else None


def _differences(cause: str, expected: World, got: World) -> list[str]:
    one, other = expected.meaning(), got.meaning()
    if one == other or expected.cut_short() or got.cut_short():
        return []
    names = [name for name in one if one[name] != other[name] and name != "steps"]
    steps = [step for step in {**one["steps"], **other["steps"]} if one["steps"].get(step) != other["steps"].get(step)]
    details = [f"{step}: {one['steps'].get(step)} != {other['steps'].get(step)}" for step in steps[:2]]
    values = [f"{name}: {one[name]} != {other[name]}" for name in names]
    return [f"{cause} changed what the run means: {'; '.join(values + details)}"]


def minimal(failure: Failure) -> Failure:
    """Return a failure of the same seed with as few crashes as still show it."""
    points = [number for number, _ in failure.crashes]
    best = failure
    for point in list(points):
        fewer = frozenset(points) - {point}
        tried = play(failure.seed, fewer)
        if tried is not None:
            points, best = sorted(fewer), tried
    return best
