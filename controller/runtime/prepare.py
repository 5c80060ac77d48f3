"""Preparing a step: condition, list, input, hand-offs and cache, answered within the same pass."""

from typing import Any, NamedTuple

from controller.definition.expression import Expression
from controller.definition.expression_names import Mistake
from controller.definition.schemas import violations
from controller.definition.template import resolve, uses_run
from controller.engine.effects import DecidePhase, PrepareStep
from controller.engine.events import Expand, Hit, PhaseDecided, Prepared, Ready, Refused, Skip
from controller.engine.units import index_of, instance_of
from controller.errors import NotFound
from controller.model.attempt import StagedFile
from controller.model.digest import Digest, digest_value
from controller.model.states import OutcomeClass
from controller.ports.result_cache import CacheEntry, ResultCache
from controller.runtime.contents import Contents, StepOutputs, merge
from controller.runtime.handoff import hand_over
from controller.runtime.member import Member

LONGEST_TTL_MS = 86_400_000


class Input(NamedTuple):
    """What an attempt is started with."""

    document: dict[str, Any]
    """`input.json` without its conversation; for a child, `{"parameters": {...}}`."""
    staged: tuple[StagedFile, ...]
    digest: Digest
    cache_key: Digest | None
    """None where the step is not cached."""
    ttl_ms: int


class Preparer:
    """Answers PrepareStep and DecidePhase, and remembers the input until the attempt starts."""

    def __init__(self, contents: Contents, cache: ResultCache) -> None:
        self._contents = contents
        self._cache = cache
        self.inputs: dict[tuple[str, int], Input] = {}
        """(run uid, unit) -> input of the attempt that is about to start or runs."""

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

    def prepare(self, member: Member, effect: PrepareStep, now: int) -> Prepared:
        """Evaluate everything that decides whether and with what the step starts."""
        return Prepared(effect.unit, self._outcome(member, effect, now))

    def _outcome(self, member: Member, effect: PrepareStep, now: int) -> Skip | Expand | Hit | Ready | Refused:
        step, unit = member.step(effect.unit), effect.unit
        whole = instance_of(unit) < 0
        if whole and not effect.repeated and step.when is not None:
            wanted = self.condition(member, step.when)
            if isinstance(wanted, Mistake):
                return Refused(OutcomeClass.REJECTED, f"when: {wanted.message}")
            if not wanted:
                return Skip("ConditionFalse")
        seed = member.spec.seeds.get(step.id) if whole and not effect.repeated else None
        if seed is not None:
            return Hit(seed, digest_value(None), {"run": member.spec.rerun_of or ""}, seed=True)
        if whole and step.foreach is not None:
            return self._expand(member, step.foreach)
        return self._single(member, effect, now)

    def _expand(self, member: Member, text: str) -> Expand | Refused:
        expression = Expression.parse(text)
        if isinstance(expression, Mistake):
            return Refused(OutcomeClass.REJECTED, f"foreach: {expression.message}")
        items = expression.evaluate_items(member.spec.parameters, StepOutputs(member.state, self._contents))
        if isinstance(items, Mistake):
            return Refused(OutcomeClass.REJECTED, f"foreach: {items.message}")
        try:
            return Expand(len(items), self._contents.put(items))
        except ValueError as error:
            return Refused(OutcomeClass.REJECTED, f"foreach: {error}")

    def _single(self, member: Member, effect: PrepareStep, now: int) -> Hit | Ready | Refused:
        handoffs = hand_over(member, effect.unit, self._contents)
        broken = tuple(line for handoff in handoffs for line in handoff.violations)
        if broken:
            return Refused(OutcomeClass.CONTRACT_VIOLATED, broken[0], broken)
        staged = tuple(file for handoff in handoffs for file in handoff.staged)
        try:
            given = self._input(member, effect, staged)
        except (NotFound, ValueError) as error:
            return Refused(OutcomeClass.REJECTED, str(error))
        if isinstance(given, Refused):
            return given
        self.inputs[(member.spec.uid, effect.unit)] = given
        if given.cache_key is not None and not effect.repeated:
            entry = self.look_up(member, effect.unit, given.cache_key, now)
            if entry is not None and self._contents.blobs.has(entry.output_digest):
                source = {"run": entry.run, "step": entry.step, "key": entry.key, "storedAt": entry.stored_at}
                return Hit(entry.output_digest, given.digest, source)
        record = [handoff.record for handoff in handoffs if "digest" in handoff.record]
        return Ready(given.digest, {"handoffs": record} if record else None)

    def look_up(self, member: Member, unit: int, key: Digest, now: int) -> CacheEntry | None:  # noqa: ARG002
        """Return what the cache has under the key of a step's input."""
        return self._cache.get(key, now)

    def _input(self, member: Member, effect: PrepareStep, staged: tuple[StagedFile, ...]) -> Input | Refused:
        step, unit = member.step(effect.unit), effect.unit
        scope = member.scope(unit, self._contents)
        if step.orchestration is not None:
            parameters = resolve(step.orchestration.parameters, scope)
            for patch in effect.patches:
                parameters = merge(parameters, self._contents.get(patch))
            document = {"parameters": parameters}
            return Input(document, staged, digest_value(document), None, 0)
        agent = member.agent(unit)
        document = {"mode": step.mode, "payload": resolve(step.input.payload, scope)}
        if step.input.user_message is not None:
            document["userMessage"] = resolve(step.input.user_message, scope)
        for patch in effect.patches:
            document["payload"] = merge(document["payload"], self._contents.get(patch))
        if step.mode not in agent.spec.modes:
            offered = ", ".join(agent.spec.modes)
            return Refused(OutcomeClass.REJECTED, f'agent "{step.agent}" offers {offered}, not {step.mode}')
        if agent.spec.input_schema is not None and (bad := violations(agent.spec.input_schema, document["payload"])):
            return Refused(
                OutcomeClass.REJECTED, f'agent "{step.agent}" does not take this input: {bad[0]}', tuple(bad)
            )
        covered = {**document, "artifacts": {file.path: file.digest for file in staged}}
        digest = digest_value(covered)
        ttl_ms = cache_ttl_ms(member, unit)
        key = None
        if ttl_ms > 0 and instance_of(unit) < 0 and not uses_run(step.input.model_dump()):
            organization = step.organization or member.entry.organization
            mapping = dict(step.output_mapping)
            key = digest_value([organization, agent.revision, covered, mapping])
        return Input(document, staged, digest, key, ttl_ms)


def cache_ttl_ms(member: Member, unit: int) -> int:
    """Return how long an output of the step is kept, in milliseconds; 0: it is not cached."""
    caching = member.entry.spec.execution.caching
    step = member.graph.steps[index_of(unit)]
    if not caching.enabled or step.child or step.finalizer:
        return 0
    listed = next((one for one in caching.steps if one.id == step.id), None)
    if listed is None:
        only_listed = caching.strategy == "per_step" or (caching.strategy is None and bool(caching.steps))
        return 0 if only_listed else min(caching.ttl_seconds * 1000, LONGEST_TTL_MS)
    if listed.enabled is False:
        return 0
    seconds = caching.ttl_seconds if listed.ttl_seconds is None else listed.ttl_seconds
    return min(seconds * 1000, LONGEST_TTL_MS)
