"""Which trees are held, since nobody knows what was done for them, and which command of a person lets one go on?

Held means that nothing is done at all: nothing is started, stopped, recorded or decided. Why it is held stands in the
run's conditions, which the next leader reads: so a hold outlives whoever found out.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from controller.adapters.cluster import fiber
from controller.adapters.cluster.decision_source import answered, command_of, submitted_of
from controller.adapters.cluster.run_object import key_uid
from controller.engine.effects import AnswerDecision
from controller.engine.events import AttemptEnded, Commanded
from controller.engine.reduce import reduce
from controller.errors import Held, LedgerInconsistent, OutcomeUnknown, Restored
from controller.model.attempt import AttemptKey
from controller.model.decision import Answer, Command
from controller.model.record import decode
from controller.model.states import SETTLED, RunState, Verb
from controller.runtime.gather import untraced
from controller.runtime.member import Member
from controller.wiring.cluster.conditions import RunConditions

if TYPE_CHECKING:
    from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]

BACKUP_LABELS = ("velero.io/restore-name", "velero.io/backup-name")
"""Velero puts them on what it restores. It restores no status unless told to."""

VERBS = frozenset({Verb.RETRY, Verb.SKIP, Verb.ABORT, Verb.UNDO})
"""Commands that can let a held run go on."""

UNKNOWN, RESTORED = OutcomeUnknown.__name__, Restored.__name__

MOST_NAMED = 5
"""Attempts that a message names."""


class Doubted(NamedTuple):
    """A run of a tree that is held, as its ledger has it."""

    run: Json
    member: Member
    untraced: Sequence[AttemptEnded]


class Holding:
    """The question for one tree, each time that it is begun."""

    def __init__(self, shared: "Shared", root: str) -> None:
        self._shared = shared
        self._runs = shared.caches.tree(root)
        self.why = next(filter(None, (self._why(run) for run in self._runs)), None)
        """Why the tree may have to be held: UNKNOWN, RESTORED, or None."""

    def check_new(self) -> None:
        """Look at what is no run of ours yet, or not any more. Raises Restored."""
        for run in self._runs:
            if self.why == RESTORED and _is_foreign(run):
                self._refuse(run, "its ledger is that of a deleted object: delete it and make a new run")
                raise Restored(
                    "it was restored from a backup as another object, so its Jobs and its ledger belong to one that is gone",
                    runs=[key_uid(run)],
                    hint="look up in the ledger what was done, delete this run and make a new one",
                )
            if self.why == RESTORED and _is_bare(run) and not self._lets_begin(run):
                raise Restored(
                    "it was restored from a backup without its status: what was done for it is not known",
                    runs=[key_uid(run)],
                    hint="an Intervention `retry` without a step executes it from the beginning; else delete it",
                )

    def check(self, members: Iterable[tuple[Json, Member]], known: Container[AttemptKey]) -> bool:
        """Look at runs as their ledgers have them; `known` are the attempts that have a Job. Raises Held.

        Return whether attempts without a Job end as OutcomeUnknown, because a person decided about them, and not as Lost.
        """
        doubted = [Doubted(run, member, list(untraced(member, known, unknown=True))) for run, member in members]
        if not doubted or (self.why == UNKNOWN and not any(one.untraced for one in doubted)):
            return False
        for one in doubted:
            for command in self._commands(one.run):
                if self._releases(one, command, doubted):
                    return True
        raise self._held(doubted)

    def _held(self, doubted: Sequence[Doubted]) -> Held:
        named = [
            f"{one.member.name(end.unit)} (attempt {end.attempt}, run {one.run['metadata']['name']})"
            for one in doubted
            for end in one.untraced
        ]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        lost = f"nobody can tell what became of {', '.join(named[:MOST_NAMED])}{more}" if named else ""
        hint = "find out, then make an Intervention: retry, skip or abort"
        runs = [key_uid(one.run) for one in doubted if one.untraced or self.why == RESTORED]
        if self.why == UNKNOWN:
            return OutcomeUnknown(f"nobody led for longer than Jobs are kept: {lost}", runs=runs, hint=hint)
        since = "the cluster was restored from a backup: what was done since is in no ledger"
        if lost:
            return Restored(f"{since}, and {lost}", runs=runs, hint=hint)
        return Restored(since, runs=runs, hint="find out, then make an Intervention: retry goes on, abort ends it")

    # Why

    def _why(self, run: Json) -> str | None:
        status = run.get("status") or {}
        state, epoch, lapse = status.get("state"), int(status.get("epoch") or 0), self._shared.lapse
        if state is None:
            return RESTORED if _is_bare(run) else None
        if RunState(state) in SETTLED:
            return None
        told = next((one["reason"] for one in status.get("conditions") or () if one["type"] == "Stalled"), None)
        if _is_foreign(run) or epoch < lapse.restored_before or told == RESTORED:
            return RESTORED
        return UNKNOWN if epoch < lapse.unled_before or told == UNKNOWN else None

    # What lets go on

    def _commands(self, run: Json) -> Iterator[Json]:
        """Yield what people whose identity is proved command of a run, the oldest first."""
        found = [one for one in self._shared.caches.submissions(run) if one["kind"] == "Intervention"]
        for one in sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"])):
            if answered(one) or one["spec"]["verb"] not in VERBS:
                continue
            if self._shared.gates.weigh(run, one, (), None).missing is None:
                yield one

    def _releases(self, one: Doubted, asked: Json, doubted: Sequence[Doubted]) -> bool:
        """Whether a command can be carried out; one that cannot is answered, and the run stays as it is."""
        command, now = command_of(asked, one.member.spec.uid), self._shared.clock.now()
        nothing_lost = not any(each.untraced for each in doubted)
        if nothing_lost and command.verb is Verb.RETRY and command.step is None:
            for each in doubted:
                fiber.wait(RunConditions(self._shared).release(each.run))
            self._answer(asked, Answer(0, max(0, one.member.state.chain.next - 1), None))
            return True
        refusal = _refusal(one, command, now)
        if refusal is not None:
            self._answer(asked, Answer(0, None, refusal))
        return refusal is None

    def _lets_begin(self, run: Json) -> bool:
        """Whether somebody lets a run begin of which nothing is known."""
        for asked in self._shared.caches.submissions(run):
            answer = asked.get("status") or {}
            if asked["kind"] == "Intervention" and "record" in answer and asked["spec"]["verb"] == Verb.RETRY:
                return True
        for asked in self._commands(run):
            command = command_of(asked, key_uid(run))
            if command.verb is Verb.RETRY and command.step is None:
                # It becomes the first record.
                self._answer(asked, Answer(0, 0, None))
                return True
            self._answer(asked, Answer(0, None, "nothing was done for this run yet: `retry` without a step begins it"))
        return False

    def _refuse(self, run: Json, why: str) -> None:
        for asked in list(self._commands(run)):
            self._answer(asked, Answer(0, None, why))

    def _answer(self, asked: Json, answer: Answer) -> None:
        fiber.wait(self._shared.write_answer(submitted_of(asked), answer))


def _refusal(one: Doubted, command: Command, now: int) -> str | None:
    """Return why a command would be refused once the attempts that nobody knows of have failed; None: it would not be."""
    state = one.member.state
    for end in one.untraced:
        state = reduce(state, end, now).state
    patch = "any" if command.modifications else None
    told = Commanded(
        0,
        command.verb,
        command.actor,
        command.step,
        None,
        patch,
        command.delay_ms,
        None,
        command.undo,
        command.stop,
        command.attempt,
    )
    answers = (effect for effect in reduce(state, told, now).effects if isinstance(effect, AnswerDecision))
    return next((answer.refusal for answer in answers), None)


def _is_bare(run: Json) -> bool:
    """Whether a run comes from a backup that has no status of it."""
    labels = run["metadata"].get("labels") or {}
    return not (run.get("status") or {}).get("state") and any(label in labels for label in BACKUP_LABELS)


def _is_foreign(run: Json) -> bool:
    """Whether the ledger in the status of a run says that it is another's."""
    status = run.get("status") or {}
    tail = status.get("tail") or ()
    if status.get("sealed") or not tail:
        return False
    try:
        first = decode(tail[0].encode())
    except ValueError as error:
        raise LedgerInconsistent(f"record 0 of run {key_uid(run)}: {error}") from error
    return (first.data or {}).get("run") != key_uid(run)
