"""A run as a tree of branches, for the screen and for programs."""

from collections.abc import Sequence
from typing import Any

from controller.engine.units import index_of, instance_of, unit_of
from controller.entrypoints.cli.attempts import Attempt, attempts_of
from controller.entrypoints.cli.gauge import Gauge, Said, complain, in_facts, in_words
from controller.entrypoints.cli.layout import Branch
from controller.entrypoints.cli.records import records_of
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import one_line, short, span
from controller.model.attempt import AttemptKey
from controller.model.run import RunSpec
from controller.model.states import Role, StepState
from controller.runtime.member import Member
from controller.runtime.phrases import counted

FEW_INSTANCES = 8
"""Instances that are all shown; of more only those that did not simply succeed."""

MOST_INSTANCES = 50
"""Instances that are shown at most without `--all`."""


class Grower:
    """Grows the branches of one run tree."""

    def __init__(self, session: Session, *, everything: bool) -> None:
        self._session = session
        self._everything = everything
        self._now = session.local.clock.now()
        self._said: dict[AttemptKey, Said] = {}
        """How far attempts that run say they are."""

    def run(self, spec: RunSpec) -> Branch:
        """Return the branch of a run."""
        member = self._session.look.member(spec)
        state = member.state
        attempts = attempts_of(records_of(self._session, spec.uid))
        self._said |= Gauge(self._session, spec.root, complain).look([member])
        took = self._took(state.first_started_at, state.ended_at)
        reason = f" ({state.reason})" if state.reason else ""
        text = f"{short(spec.uid)}  {spec.orchestration} {spec.version}  {state.run}{reason}  {took}".rstrip()
        facts = {"run": spec.uid, "orchestration": spec.orchestration, "version": spec.version, "state": str(state.run)}
        return Branch(text, self._phases(member, attempts), facts)

    def _took(self, began: int, ended: int) -> str:
        return span((ended or self._now) - began) if began else ""

    def _phases(self, member: Member, attempts: dict[str, list[Attempt]]) -> list[Branch]:
        graph = member.graph
        if not graph.phases:
            return [self._step(member, unit_of(step.index), attempts) for step in graph.steps]
        found = []
        for number, phase in enumerate(graph.phases):
            progress = member.state.phases.get(number)
            word = progress.state if progress is not None else "pending"
            steps = [self._step(member, unit_of(index), attempts) for index in phase.steps]
            found.append(Branch(f"phase {phase.id}  {word}", steps, {"phase": phase.id, "state": word}))
        finalizers = [self._step(member, unit_of(step.index), attempts) for step in graph.steps[graph.ordinary :]]
        return [*found, *([Branch("finally", finalizers, {"phase": "finally"})] if finalizers else [])]

    def _step(self, member: Member, unit: int, attempts: dict[str, list[Attempt]]) -> Branch:
        known, name = member.state.unit(unit), member.name(unit)
        own = attempts.get(name, [])
        instances = (
            [unit_of(index_of(unit), one) for one in range(max(0, known.instances))] if instance_of(unit) < 0 else []
        )
        parts = [name, str(known.state), self._duration(known.state, own, self._instances(member, instances, attempts))]
        said = self._said.get(member.key(unit, Role.DO, known.attempt)) if known.state is StepState.RUNNING else None
        parts.append(in_words(said))
        if known.how not in ("", "ran", "expanded", "child") and known.state is not StepState.ROLLED_BACK:
            parts.append({"cache": "from the cache", "seed": "from the run before"}.get(known.how, known.reason))
        elif known.state in (StepState.FAILED, StepState.ABORTED) and known.reason:
            parts.append(one_line(known.reason))
        if instances:
            parts.append(counted(len(instances), "instance"))
        below = [self._step(member, one, attempts) for one in self._shown(member, instances)]
        if len(below) < len(instances):
            below.append(Branch(f"and {counted(len(instances) - len(below), 'more instance')}", (), {}))
        if self._everything or len(own) > 1:
            below += [self._attempt(one) for one in own]
        below += self._children(member, unit)
        facts: dict[str, Any] = {"step": name, "state": str(known.state), "how": known.how, "attempts": known.attempt}
        facts |= in_facts(said)
        return Branch("  ".join(filter(None, parts)), below, facts)

    def _instances(self, member: Member, units: Sequence[int], attempts: dict[str, list[Attempt]]) -> list[Attempt]:
        return [attempt for unit in units for attempt in attempts.get(member.name(unit), [])]

    def _duration(self, state: StepState, own: Sequence[Attempt], instances: Sequence[Attempt]) -> str:
        done = [one for one in (*own, *instances) if one.role is Role.DO and one.started_at]
        if not done or state is StepState.PENDING:
            return ""
        running = state is StepState.RUNNING
        return span((self._now if running else max(one.ended_at for one in done)) - min(one.started_at for one in done))

    def _shown(self, member: Member, instances: Sequence[int]) -> Sequence[int]:
        if self._everything or len(instances) <= FEW_INSTANCES:
            return instances
        plain = (StepState.SUCCEEDED, StepState.PENDING)
        return [one for one in instances if member.state.unit(one).state not in plain][:MOST_INSTANCES]

    def _attempt(self, attempt: Attempt) -> Branch:
        role = "undo " if attempt.role is Role.UNDO else ""
        took = self._took(attempt.started_at, attempt.ended_at)
        parts = [f"{role}attempt {attempt.number}", attempt.word, took, one_line(attempt.reason)]
        return Branch("  ".join(filter(None, parts)), (), attempt.facts())

    def _children(self, member: Member, unit: int) -> list[Branch]:
        known = member.state.unit(unit)
        references = [*known.earlier_children, *([known.child] if known.child is not None else [])]
        specs = [self._session.local.stores.objects.run(reference.run) for reference in references]
        return [self.run(spec) for spec in specs if spec is not None]
