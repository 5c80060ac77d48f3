"""Which run, and which step of which run in its tree, does a person mean?"""

from typing import NamedTuple

from controller.definition.findings import did_you_mean
from controller.engine.units import index_of, instance_of, unit_of
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import short
from controller.errors import NotFound
from controller.runtime.member import Member

MOST_NAMES = 10
"""Step ids that a message lists."""


class Target(NamedTuple):
    """A step in a run of a tree."""

    member: Member
    """The run that holds the step: the named one, or a child run."""
    unit: int
    path: str
    """The step as it was written, e.g. `kpi/fetch[3]`."""

    @property
    def name(self) -> str:
        """Id of the step inside its own run."""
        return self.member.name(self.unit)


def locate(session: Session, member: Member, path: str) -> Target:
    """Return what `step`, `step[3]` or `step/childstep` means in a run. Raises NotFound."""
    here = member
    *above, last = path.split("/")
    for part in above:
        here = _child(session, here, _unit(here, part))
    return Target(here, _unit(here, last), path)


def _unit(member: Member, name: str) -> int:
    unit = member.unit(name)
    if unit is None:
        ids = list(member.steps)
        listed = ", ".join(ids[:MOST_NAMES]) + (f" and {len(ids) - MOST_NAMES} more" if len(ids) > MOST_NAMES else "")
        raise NotFound(
            f'run {short(member.spec.uid)} ({member.spec.orchestration}) has no step "{name}"',
            hint=did_you_mean(name, ids) or f"its steps are {listed}",
        )
    count = member.state.unit(unit_of(index_of(unit))).instances
    if instance_of(unit) >= max(0, count):
        step = member.graph.steps[index_of(unit)]
        why = "has no instances: it is no foreach step" if not step.foreach else "has no instances yet"
        raise NotFound(f'"{step.id}" {why if count < 0 else f"has {count} instances, counted from 0"}')
    return unit


def _child(session: Session, member: Member, unit: int) -> Member:
    name, child = member.name(unit), member.state.unit(unit).child
    if not member.graph.steps[index_of(unit)].child:
        raise NotFound(f'"{name}" plays no orchestration, so there is no step inside it')
    spec = session.local.stores.objects.run(child.run) if child is not None else None
    if spec is None:
        raise NotFound(f'the child run of "{name}" has not begun')
    return session.look.member(spec)
