"""Walking a definition in the order of its run, asking the rules of a real run wherever all they need is known."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.definition.expression_names import Mistake
from controller.definition.template import Reference, references, resolve
from controller.engine.effects import DecidePhase, PrepareStep
from controller.engine.events import Expand, Hit, Refused, Skip
from controller.engine.units import unit_of
from controller.errors import NotFound, ParametersInvalid
from controller.model.digest import Digest
from controller.model.graph import GraphStep
from controller.model.states import RunState
from controller.runtime.caching import cache_ttl_ms
from controller.runtime.children import child_ended, child_spec
from controller.runtime.contents import Contents
from controller.runtime.forecast.known import Known, Open
from controller.runtime.forecast.undo import undo_of
from controller.runtime.forecast.waits import with_waits
from controller.runtime.forecast.words import Fate, RunForecast, StepForecast
from controller.runtime.member import Member
from controller.runtime.outputs import compute_outputs
from controller.runtime.prepare import Preparer

_NOT_KNOWN = "not known yet"


class _Phase(NamedTuple):
    """What becomes of a phase."""

    fate: Fate
    why: str = ""
    decided_by: tuple[str, ...] = ()


class Walk:
    """Makes the forecasts of one run tree."""

    def __init__(self, preparer: Preparer, contents: Contents, now: int) -> None:
        self._preparer = preparer
        self._contents = contents
        self._now = now

    def root(self, member: Member) -> RunForecast:
        """Return what the root run would do."""
        steps = self._steps(Known(member, "", {}))
        entry = member.entry.spec
        automatic = entry.error_handling.rollback.automatic
        return RunForecast(entry.name or "", entry.version, member.spec.parameters, automatic, tuple(steps))

    def _steps(self, known: Known) -> list[StepForecast]:
        graph = known.member.graph
        phases: dict[int, _Phase] = {}
        found = []
        for step in graph.steps:
            if step.phase >= 0 and step.phase not in phases:
                phases[step.phase] = self._phase(known, step.phase)
            one = self._step(known, step, phases.get(step.phase, _Phase(Fate.RUN)))
            phase = graph.phases[step.phase].id if step.phase >= 0 else None
            undo = undo_of(known.member.steps[step.id], step, one.fate)
            found.append(one._replace(phase=phase, calls=_calls(known.member, step), undo=undo))
        return with_waits(graph, found)

    def _phase(self, known: Known, phase: int) -> _Phase:
        described = known.member.graph.phases[phase]
        if known.lost and any(self._earlier(known.member, step, phase) for step in known.lost):
            return _Phase(Fate.UNREACHED, "an earlier phase fails")
        condition = next((one.when for one in known.member.phases() if one.id == described.id), None)
        if condition is None:
            return _Phase(Fate.RUN)
        deciding = known.deciding_expression(condition)
        if deciding:
            return _Phase(Fate.OPEN, f"phase {described.id}, when {condition}", deciding)
        decided = self._preparer.decide_phase(known.member, DecidePhase(phase))
        if decided.mistake is not None:
            return _Phase(Fate.REFUSE, f"condition of phase {described.id}: {decided.mistake}")
        if decided.enabled:
            return _Phase(Fate.RUN)
        return _Phase(Fate.SKIP, f"phase {described.id} is skipped, when {condition}")

    def _earlier(self, member: Member, step: str, phase: int) -> bool:
        other = member.graph.steps[member.graph.by_id[step]]
        return other.phase >= 0 and member.graph.phases[other.phase].entry < member.graph.phases[phase].entry

    def _step(self, known: Known, step: GraphStep, phase: _Phase) -> StepForecast:
        if phase.fate in {Fate.UNREACHED, Fate.REFUSE}:
            known.lost.add(step.id)
            return StepForecast(known.name(step.id), Fate.UNREACHED, phase.why)
        if phase.fate is Fate.SKIP:
            known.skipped(step.id)
            return StepForecast(known.name(step.id), Fate.SKIP, phase.why)
        before = [known.member.graph.steps[index].id for index in step.dependencies]
        lost = [known.name(one) for one in before if one in known.lost]
        if lost and not step.finalizer:
            known.lost.add(step.id)
            return StepForecast(known.name(step.id), Fate.UNREACHED, f"{', '.join(lost)} cannot succeed")
        if phase.fate is Fate.OPEN:
            known.open(step.id)
            one = self._on_condition(known, step, phase.why, phase.decided_by)
        else:
            one = self._conditional(known, step)
        return one

    def _conditional(self, known: Known, step: GraphStep) -> StepForecast:
        """What becomes of a step whose phase runs and whose dependencies come to their end."""
        name, condition = known.name(step.id), known.member.steps[step.id].when
        if condition is None:
            return self._begins(known, step)
        deciding = known.deciding_expression(condition)
        if deciding:
            known.open(step.id)
            return self._on_condition(known, step, f"when {condition}", deciding)
        wanted = self._preparer.condition(known.member, condition)
        if isinstance(wanted, Mistake):
            known.lost.add(step.id)
            return StepForecast(name, Fate.REFUSE, f"when: {wanted.message}")
        if not wanted:
            known.skipped(step.id)
            return StepForecast(name, Fate.SKIP, f"its condition is false: {condition}")
        begins = self._begins(known, step)
        return begins._replace(why=f"{begins.why}; its condition is true: {condition}")

    def _on_condition(self, known: Known, step: GraphStep, why: str, deciding: tuple[str, ...]) -> StepForecast:
        """Runs or is skipped. What it would do when it runs is worth knowing too."""
        inside = self._child(known, step, opens=False).steps if step.child else ()
        # It may be skipped, so nothing is certain about those that follow.
        known.lost.discard(step.id)
        return StepForecast(known.name(step.id), Fate.OPEN, f"runs or is skipped: {why}", deciding, steps=inside)

    def _begins(self, known: Known, step: GraphStep) -> StepForecast:
        """What becomes of a step that is not skipped."""
        if step.foreach:
            return self._expanded(known, step)
        if step.child:
            return self._child(known, step)
        name = known.name(step.id)
        cached = cache_ttl_ms(known.member, unit_of(step.index)) > 0
        deciding = known.deciding_input(step.id)
        if deciding:
            known.open(step.id)
            if cached:
                return StepForecast(name, Fate.OPEN, "runs, or comes from the cache: its input decides", deciding)
            return StepForecast(name, Fate.RUN, "its input comes from others", deciding)
        effect = PrepareStep(unit_of(step.index), 1)
        match self._preparer.prepare(known.member, effect, self._now).outcome:
            case Refused(reason=reason):
                known.lost.add(step.id)
                return StepForecast(name, Fate.REFUSE, reason)
            case Hit(output_digest=output, source=source):
                known.succeeded(step.id, output, "cache")
                return StepForecast(name, Fate.CACHE, f"the same input was played by run {source['run']}")
            case Skip() | Expand() | _:
                known.open(step.id)
                return StepForecast(
                    name, Fate.RUN, "nothing equal is in the cache" if cached else "its output is not cached"
                )

    def _expanded(self, known: Known, step: GraphStep) -> StepForecast:
        name, text = known.name(step.id), known.member.steps[step.id].foreach or ""
        deciding = known.deciding_expression(text)
        if deciding:
            known.open(step.id)
            one = StepForecast(name, Fate.RUN, f"one instance per element of {text}", deciding)
        else:
            unit = unit_of(step.index)
            undecided = known.deciding_input(step.id) if cache_ttl_ms(known.member, unit) else ()
            # The cache is only asked where the inputs of all instances are known.
            effect, began = PrepareStep(unit, 1), bool(undecided)
            outcome = self._preparer.prepare(known.member, effect, self._now, began=began).outcome
            if isinstance(outcome, Refused):
                known.lost.add(step.id)
                return StepForecast(name, Fate.REFUSE, outcome.reason)
            if isinstance(outcome, Hit):
                known.succeeded(step.id, outcome.output_digest, "cache")
                why = f"the same inputs were played by run {outcome.source['run']}"
                return StepForecast(name, Fate.CACHE, why)
            count = outcome.instances if isinstance(outcome, Expand) else 0
            if count == 0:
                known.succeeded(step.id, self._contents.put_result([], {}), "expanded")
                return StepForecast(name, Fate.RUN, f"its list is empty: {text}", instances=0)
            known.open(step.id)
            if undecided:
                why = f"one instance per element of {text}, or all come from the cache: their input decides"
                return StepForecast(name, Fate.OPEN, why, undecided, instances=count)
            one = StepForecast(name, Fate.RUN, f"one instance per element of {text}", instances=count)
        if step.child:
            one = one._replace(steps=self._child(known, step, opens=False).steps)
        return one

    def _child(self, known: Known, step: GraphStep, *, opens: bool = True) -> StepForecast:
        """Walk into the child run with what is known of its parameters."""
        name, unit = known.name(step.id), unit_of(step.index)
        target = known.member.steps[step.id].orchestration
        given = target.parameters if target is not None else {}
        undecided = {key: self._deciding_parameter(known, step, value) for key, value in given.items()}
        closed: Open = {key: steps for key, steps in undecided.items() if steps}
        try:
            child = self._child_member(known, unit, given, closed)
        except (ParametersInvalid, NotFound) as error:
            known.lost.add(step.id)
            return StepForecast(name, Fate.REFUSE, error.message)
        inside = Known(child, f"{name}[*]" if step.foreach else name, closed)
        steps = tuple(self._steps(inside))
        why = "its child run begins, its input comes from others" if closed else "its child run begins"
        deciding = tuple(dict.fromkeys(one for steps_ in closed.values() for one in steps_))
        if inside.lost:
            known.lost.add(step.id)
            return StepForecast(name, Fate.RUN, "its child run cannot succeed", deciding, steps=steps)
        output = self._child_output(known, unit, inside) if not closed and not step.foreach else None
        if output is not None:
            known.succeeded(step.id, output, "child")
        elif opens:
            known.open(step.id)
        return StepForecast(name, Fate.RUN, why, deciding, steps=steps)

    def _deciding_parameter(self, known: Known, step: GraphStep, value: object) -> tuple[str, ...]:
        own = (f"{known.name(step.id)}[*]",) if step.foreach and _names_item(value) else ()
        return (*known.deciding_value(value), *own)

    def _child_member(self, known: Known, unit: int, given: Mapping[str, object], closed: Open) -> Member:
        scope = known.member.scope(unit, self._contents)
        snapshot, parent = known.member.snapshot, known.member.spec.definition
        child = snapshot.orchestration(snapshot.child(parent, known.member.step(unit).id)).spec
        allowed = {parameter.key: parameter.enum for parameter in child.parameters}
        # What is not known yet must neither count as missing nor as wrong; nobody reads what stands for it.
        parameters = {
            key: (allowed.get(key) or [_NOT_KNOWN])[0] if key in closed else resolve(value, scope)
            for key, value in given.items()
        }
        return Member(child_spec(known.member, unit, 1, parameters, self._now), snapshot)

    def _child_output(self, known: Known, unit: int, inside: Known) -> Digest | None:
        if not inside.complete:
            return None
        child = inside.member
        outputs = compute_outputs(child, self._contents).output_digest
        child.state = child.state._replace(run=RunState.SUCCEEDED, outputs=outputs)
        result = child_ended(known.member, unit, child, self._contents, self._now).result
        return result.output_digest if result is not None else None


def _names_item(value: object) -> bool:
    return any(isinstance(one, Reference) and one.root in {"item", "index"} for _, one in references(value))


def _calls(member: Member, step: GraphStep) -> str:
    definition = member.steps[step.id]
    if definition.orchestration is None:
        return definition.agent or ""
    spec = member.snapshot.orchestration(member.snapshot.child(member.spec.definition, step.id)).spec
    return f"{spec.name} {spec.version}"
