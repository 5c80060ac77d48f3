"""Why a run or step is where it is, in words."""

from collections.abc import Iterator
from typing import Any

from controller.engine.explain import chains, obstacles
from controller.engine.outlook import failed
from controller.engine.status import open_gates
from controller.engine.units import index_of, unit_of
from controller.entrypoints.cli.endings import ending
from controller.entrypoints.cli.hindrances import MOST_NAMED, hindrance
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.places import place_of
from controller.entrypoints.cli.records import records_of
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import one_line, short
from controller.model.states import RunState, StepState
from controller.runtime.member import Member
from controller.runtime.phrases import counted, listed

MOST_STEPS = 20
"""Steps that are explained one by one when the whole run is asked about."""


class Reasons:
    """Explains one run."""

    def __init__(self, session: Session, member: Member) -> None:
        self._session = session
        self._member = member
        self._now = session.local.clock.now()
        self._driven = session.local.leadership.held(member.spec.root)

    def step(self, unit: int) -> list[str]:
        """Return why a step is where it is, and where it was written."""
        member = self._member
        lines = self._why(unit)
        place = place_of(self._session, member, member.graph.steps[index_of(unit)].id)
        return [*lines, *([f"  defined in {place}"] if place is not None else [])]

    def _why(self, unit: int) -> list[str]:
        known = self._member.state.unit(unit)
        if known.state is StepState.PENDING:
            return [self._waits(unit)]
        records = list(records_of(self._session, self._member.spec.uid, self._member.name(unit)))
        return ending(self._session, self._member, unit, records)

    def _waits(self, unit: int) -> str:
        member = self._member
        name, found = member.name(unit), obstacles(member.state, unit, self._now)
        if not found:
            nothing = f"{name} is Pending, and nothing stands in its way"
            slots = member.graph.steps[index_of(unit)].slots
            if slots:
                return f"{nothing} but places that runs share: {', '.join(f'{key} ({most})' for key, most in slots)}."
            return f"{nothing}{self._undriven() or ': it starts next.'}"
        ways = [way for way in chains(member.state, unit) if len(way) > 1]
        texts = [hindrance(member, one, self._now, ways) for one in found]
        else_ = self._undriven()
        if len(texts) == 1:
            return f"{name} is Pending: {texts[0]}. Nothing else stands in its way{else_ or '.'}"
        return f"{name} is Pending: {'; '.join(texts)}{else_ or '.'}"

    def _undriven(self) -> str:
        state = self._member.state
        if self._driven or state.run.settled:
            return ""
        return f"; nobody drives the run: {command_line('resume', short(self._member.spec.root))}"

    def facts(self, unit: int) -> dict[str, Any]:
        """Return why a step is where it is, for programs."""
        member = self._member
        return {
            "run": member.spec.uid,
            "step": member.name(unit),
            "state": str(member.state.unit(unit).state),
            "how": member.state.unit(unit).how or None,
            "obstacles": [self._obstacle(one) for one in obstacles(member.state, unit, self._now)],
            "waitsInTheEndFor": [
                {
                    "step": member.name(way[-1]),
                    "state": str(member.state.unit(way[-1]).state),
                    "through": self._names(way),
                }
                for way in chains(member.state, unit)
            ],
            "driven": self._driven,
            "text": self._why(unit),
            "defined": place_of(self._session, member, member.graph.steps[index_of(unit)].id),
        }

    def _names(self, units: tuple[int, ...]) -> list[str]:
        return [self._member.name(unit) for unit in units[:-1]]

    def _obstacle(self, one: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": type(one).__name__}
        for name, value in one._asdict().items():
            match name:
                case "unit":
                    found["step"] = self._member.name(value)
                case "units" | "holders":
                    found["steps" if name == "units" else name] = [self._member.name(unit) for unit in value]
                case "behind":
                    found[name] = [self._member.graph.phases[phase].id for phase in value]
                case "phase":
                    found[name] = self._member.graph.phases[value].id if value >= 0 else None
                case _:
                    found[name] = value
        return found

    def run(self) -> list[str]:
        """Return why the run stands where it does."""
        return [*self._of_run(), *(f"  {line}" for line in self._steps())]

    def _of_run(self) -> list[str]:
        member, state = self._member, self._member.state
        title = f"run {short(member.spec.uid)} ({member.spec.orchestration} {member.spec.version}) is {state.run}"
        if state.run.settled:
            why = f": {one_line(state.message)}" if state.message else ""
            broken = [f'"{member.name(unit)}": {one_line(state.unit(unit).reason)}' for unit in failed(state)]
            return [f"{title}{why}.", *(f"  failed: {line}" for line in broken if state.run is RunState.FAILED)]
        said = []
        if gates := open_gates(state):
            said.append(
                f"it waits for {counted(len(gates), 'decision')}: {listed([gate.gate for gate in gates], MOST_NAMED)}"
            )
        running = [member.name(unit) for unit, word in sorted(state.frontier.items()) if word == "Running"]
        if running:
            said.append(f"{listed(running, MOST_NAMED)} {'runs' if len(running) == 1 else 'run'}")
        if state.suspended:
            said.append(f"it is paused: {command_line('resume', short(member.spec.root))}")
        elif not self._driven:
            said.append(f"nobody drives it: {command_line('resume', short(member.spec.root))}")
        return [f"{title}: {'; '.join(said)}." if said else f"{title}."]

    def _steps(self) -> Iterator[str]:
        member = self._member
        waiting = list(self._pending())
        for unit in waiting[:MOST_STEPS]:
            yield self._waits(unit)
        if len(waiting) > MOST_STEPS:
            one = command_line("explain", short(member.spec.uid), "STEP")
            yield f"and {counted(len(waiting) - MOST_STEPS, 'more step')} (one by one: {one})"

    def _pending(self) -> Iterator[int]:
        if self._member.state.run in (RunState.SUCCEEDED, RunState.ROLLED_BACK, RunState.ABORTED):
            return
        for step in self._member.graph.steps:
            if self._member.state.unit(unit_of(step.index)).state is StepState.PENDING:
                yield unit_of(step.index)

    def run_facts(self) -> dict[str, Any]:
        """Return why the run stands where it does, for programs."""
        return {
            "run": self._member.spec.uid,
            "state": str(self._member.state.run),
            "text": self._of_run(),
            "steps": [self.facts(unit) for unit in self._pending()],
            "defined": place_of(self._session, self._member),
        }
