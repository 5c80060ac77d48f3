"""Preparing a step: condition, list, input, hand-offs and cache, answered within the same pass."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from controller.definition.expression import Expression
from controller.definition.expression_names import Mistake
from controller.definition.schemas import violations
from controller.definition.template import resolve
from controller.engine.effects import DecidePhase, PrepareStep
from controller.engine.events import Expand, Hit, PhaseDecided, Prepared, Ready, Refused, Skip
from controller.engine.units import index_of, instance_of, unit_of
from controller.errors import NotFound
from controller.model.attempt import StagedFile
from controller.model.digest import Digest, digest_value
from controller.model.states import OutcomeClass
from controller.ports.result_cache import CacheEntry, ResultCache
from controller.runtime.caching import cache_key, cache_ttl_ms, servable
from controller.runtime.contents import Contents, StepOutputs, merge
from controller.runtime.contract import lateness
from controller.runtime.handoff import Handoffs
from controller.runtime.member import Member


class Input(NamedTuple):
    """What an attempt is started with."""

    document: dict[str, Any]
    """`input.json` without its conversation; for a child, `{"parameters": {...}}`."""
    staged: tuple[StagedFile, ...]
    digest: Digest
    handoffs: tuple[Mapping[str, Any], ...]
    """For the ledger: what was handed over."""


class Preparer:
    """Answers PrepareStep and DecidePhase, and remembers each input until its attempt starts."""

    def __init__(self, contents: Contents, cache: ResultCache) -> None:
        self._contents = contents
        self._cache = cache
        self._handoffs = Handoffs(contents)
        self._inputs: dict[tuple[str, int], Input] = {}

    def take(self, member: Member, unit: int) -> Input | None:
        """Return the input of the attempt that is about to start, once; None where it was not prepared here."""
        return self._inputs.pop((member.spec.uid, unit), None)

    def decide_phase(self, member: Member, effect: DecidePhase) -> PhaseDecided:
        """Evaluate a phase's condition."""
        phase = member.graph.phases[effect.phase]
        condition = next((one.when for one in member.phases() if one.id == phase.id), None)
        outcome = self.condition(member, condition or "true")
        if isinstance(outcome, Mistake):
            return PhaseDecided(effect.phase, enabled=False, mistake=outcome.message)
        return PhaseDecided(effect.phase, outcome)

    def condition(self, member: Member, text: str) -> bool | Mistake:
        """Evaluate a condition over the parameters of a run and the outputs that its steps have by now."""
        expression = Expression.parse(text)
        if isinstance(expression, Mistake):
            return expression
        return expression.evaluate_condition(member.spec.parameters, StepOutputs(member.state, self._contents))

    def prepare(self, member: Member, effect: PrepareStep, now: int, *, began: bool = False) -> Prepared:
        """Evaluate everything that decides whether and with what the step starts.

        With `began` it is known to have started before a restart: then the cache had nothing, and is not asked again.
        """
        return Prepared(effect.unit, self._outcome(member, effect, now, fresh=not (effect.repeated or began)))

    def _outcome(
        self, member: Member, effect: PrepareStep, now: int, *, fresh: bool
    ) -> Skip | Expand | Hit | Ready | Refused:
        step, unit = member.step(effect.unit), effect.unit
        if instance_of(unit) >= 0:
            return self._single(member, effect, now, fresh=False)
        if not effect.repeated:
            if step.when is not None:
                wanted = self.condition(member, step.when)
                if isinstance(wanted, Mistake):
                    return Refused(OutcomeClass.REJECTED, f"when: {wanted.message}")
                if not wanted:
                    return Skip("ConditionFalse")
            seed = member.spec.seeds.get(step.id)
            if seed is not None:
                return Hit(seed, digest_value(None), {"run": member.spec.rerun_of or ""}, seed=True)
        if step.foreach is not None:
            return self._list(member, effect, step.foreach, now, fresh=fresh)
        return self._single(member, effect, now, fresh=fresh)

    def _list(self, member: Member, effect: PrepareStep, text: str, now: int, *, fresh: bool) -> Expand | Hit | Refused:
        expression = Expression.parse(text)
        if isinstance(expression, Mistake):
            return Refused(OutcomeClass.REJECTED, f"foreach: {expression.message}")
        items = expression.evaluate_items(member.spec.parameters, StepOutputs(member.state, self._contents))
        if isinstance(items, Mistake):
            return Refused(OutcomeClass.REJECTED, f"foreach: {items.message}")
        try:
            digest = self._contents.put(items)
        except ValueError as error:
            return Refused(OutcomeClass.REJECTED, f"foreach: {error}")
        if fresh and items and cache_ttl_ms(member, effect.unit):
            inputs = self._inputs_of_all(member, effect, items)
            hit = self._hit(member, effect.unit, inputs, digest, now) if inputs is not None else None
            if hit is not None:
                return hit
        return Expand(len(items), digest)

    def _inputs_of_all(self, member: Member, effect: PrepareStep, items: Sequence[Any]) -> list[Digest] | None:
        """The inputs that all instances would have; None where one would be refused, which it says when its turn comes."""
        found: list[Digest] = []
        scope = member.scope(effect.unit, self._contents)
        for number, item in enumerate(items):
            one = effect._replace(unit=unit_of(index_of(effect.unit), number))
            given = self._input(member, one, {**scope, "item": item, "index": number})
            if isinstance(given, Refused):
                return None
            found.append(given.digest)
        return found

    def _single(self, member: Member, effect: PrepareStep, now: int, *, fresh: bool) -> Hit | Ready | Refused:
        given = self._input(member, effect, member.scope(effect.unit, self._contents))
        if isinstance(given, Refused):
            return given
        if fresh and cache_ttl_ms(member, effect.unit):
            hit = self._hit(member, effect.unit, given.digest, given.digest, now)
            if hit is not None:
                return hit
        self._inputs[(member.spec.uid, effect.unit)] = given
        return Ready(given.digest, {"handoffs": list(given.handoffs)} if given.handoffs else None)

    def _hit(
        self, member: Member, unit: int, inputs: Digest | Sequence[Digest], recorded: Digest, now: int
    ) -> Hit | None:
        key = cache_key(member, unit, inputs)
        entry = self.look_up(member, unit, key, now)
        if entry is None or not servable(member, unit, entry, self._contents):
            return None
        source = {"run": entry.run, "step": entry.step, "key": entry.key, "storedAt": entry.stored_at}
        return Hit(entry.output_digest, recorded, source, warnings=lateness(member, unit, now))

    def look_up(self, member: Member, unit: int, key: Digest, now: int) -> CacheEntry | None:  # noqa: ARG002
        """Return what the cache has under the key of a step's input."""
        return self._cache.get(key, now)

    def _input(self, member: Member, effect: PrepareStep, scope: Mapping[str, Any]) -> Input | Refused:
        handoffs = self._handoffs.to(member, effect.unit)
        broken = tuple(line for handoff in handoffs for line in handoff.violations)
        if broken:
            return Refused(OutcomeClass.CONTRACT_VIOLATED, broken[0], broken)
        staged = tuple(file for handoff in handoffs for file in handoff.staged)
        records = tuple(handoff.record for handoff in handoffs if handoff.record is not None)
        try:
            if member.step(effect.unit).orchestration is not None:
                document = self._child_document(member, effect, scope)
                return Input(document, staged, digest_value(document), records)
            document = self._document(member, effect, scope)
            problems = tuple(_not_taken(member, effect.unit, document))
            if problems:
                return Refused(OutcomeClass.REJECTED, problems[0], problems)
            covered = {**document, "artifacts": {file.path: file.digest for file in staged}}
            return Input(document, staged, digest_value(covered), records)
        except NotFound as error:
            return Refused(OutcomeClass.REJECTED, error.message)
        except ValueError as error:
            return Refused(OutcomeClass.REJECTED, f"the input has no exact form in JSON: {error}")

    def _child_document(self, member: Member, effect: PrepareStep, scope: Mapping[str, Any]) -> dict[str, Any]:
        target = member.step(effect.unit).orchestration
        parameters = resolve(target.parameters, scope) if target is not None else {}
        return {"parameters": self._patched(parameters, effect)}

    def _document(self, member: Member, effect: PrepareStep, scope: Mapping[str, Any]) -> dict[str, Any]:
        step = member.step(effect.unit)
        document = {"mode": step.mode, "payload": self._patched(resolve(step.input.payload, scope), effect)}
        if step.input.user_message is not None:
            document["userMessage"] = resolve(step.input.user_message, scope)
        return document

    def _patched(self, value: Any, effect: PrepareStep) -> Any:
        for patch in effect.patches:
            value = merge(value, self._contents.get(patch))
        return value


def _not_taken(member: Member, unit: int, document: Mapping[str, Any]) -> Iterator[str]:
    """Why the agent does not take an input: its mode first, then everything in which the payload breaks the schema."""
    step, agent = member.step(unit), member.agent(unit)
    if step.mode not in agent.spec.modes:
        yield f'agent "{step.agent}" offers {", ".join(agent.spec.modes)}, not {step.mode}'
    if agent.spec.input_schema is not None:
        for line in violations(agent.spec.input_schema, document["payload"]):
            yield f'agent "{step.agent}" does not take this input: {line}'
