"""What did people decide and command? Approval and Intervention objects, whose authors the API server has proved."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from controller.adapters.cluster.gates import Quorum
from controller.errors import InvariantViolated
from controller.model.decision import Answer, Command, Decision
from controller.model.record import CONTROLLER, Actor
from controller.model.states import Verb, Verdict

Json = dict[str, Any]


class Submitted(NamedTuple):
    """An object that waits for an answer, as the engine knows it."""

    kind: str
    """`Approval` or `Intervention`; empty for what is no object (a change of `spec.suspend`)."""
    namespace: str
    name: str
    uid: str


class ClusterDecisionSource:
    """Implements DecisionSource for one run tree.

    `objects` gives the Approvals and Interventions of a run; `weigh` says of an Approval whether it counts, together with
    the others; `recorded` says which record one became whose answer was lost. Ids are given out in the order of
    creation, and only for this process: the ledger names gate, digest and request instead.
    """

    def __init__(
        self,
        objects: Callable[[str], Iterable[Json]],
        weigh: Callable[[str, Json, Sequence[Json]], Quorum],
        recorded: Callable[[str, Json, Sequence[Json]], int | None],
    ) -> None:
        self._objects = objects
        self._weigh = weigh
        self._recorded = recorded
        self._looked: set[str] = set()
        """Uids of objects that are known to be new."""
        self._ids: dict[str, int] = {}
        self._known: dict[int, Submitted] = {}
        self._answers: dict[int, Answer] = {}
        self._unwritten: list[tuple[Submitted, Answer]] = []
        self._unsaid: list[tuple[Submitted, str]] = []
        self._own: list[Command] = []
        self.held: dict[str, dict[str, str]] = {}
        """Run -> name of an approval or intervention that does not count yet -> why, as last looked at."""
        self._changed = True

    def submit(self, decision: Decision | Command) -> int:
        """Take a command of the controller itself; people create objects."""
        if isinstance(decision, Decision):
            raise InvariantViolated("on a cluster a decision is an Approval object")
        number = self._next(Submitted("", "", "", ""))
        self._own.append(decision._replace(id=number))
        self._changed = True
        return number

    def pending(self, run: str) -> Sequence[Decision | Command]:
        found: list[Decision | Command] = [one for one in self._own if one.run == run and one.id not in self._answers]
        held = self.held[run] = {}
        submissions = list(self._objects(run))
        objects = [one for one in submissions if not answered(one)]
        for one in sorted(objects, key=_age):
            if self._over(run, one, submissions):
                continue
            quorum = self._weigh(run, one, objects)
            if quorum.missing is not None:
                held[one["metadata"]["name"]] = quorum.missing
                if (one.get("status") or {}).get("waiting") != quorum.missing:
                    self._unsaid.append((_submitted(one), quorum.missing))
                continue
            metadata = one["metadata"]
            number = self._ids.get(metadata["uid"])
            if number is None:
                number = self._next(_submitted(one))
                self._ids[metadata["uid"]] = number
            if one["spec"].get("verb") != "rerun":
                found.append(_read(one, number, run, quorum.others))
        return sorted(found, key=lambda one: one.id)

    def _over(self, run: str, one: Json, submissions: Sequence[Json]) -> bool:
        """Whether it has its answer, written or not. One that the ledger has already gets the answer that was lost."""
        uid = one["metadata"]["uid"]
        if uid not in self._looked:
            self._looked.add(uid)
            record = self._recorded(run, one, submissions)
            if record is not None:
                number = self._ids[uid] = self._next(_submitted(one))
                self.answer([Answer(number, record, None)])
        return self._ids.get(uid) in self._answers

    def answer(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            # The first answer stays: the record that it names is in the ledger.
            if self._answers.setdefault(answer.id, answer) is answer and self._known[answer.id].kind:
                self._unwritten.append((self._known[answer.id], answer))

    def answered(self, decision: int) -> Answer | None:
        return self._answers.get(decision)

    def changed(self) -> bool:
        changed, self._changed = self._changed, False
        return changed

    def unwritten(self) -> list[tuple[Submitted, Answer]]:
        """Return the answers that the objects do not bear yet, once: for when their records are durable."""
        unwritten, self._unwritten = self._unwritten, []
        return unwritten

    def unsaid(self) -> list[tuple[Submitted, str]]:
        """Return why objects do not count yet, where they do not say so, once."""
        unsaid, self._unsaid = self._unsaid, []
        return unsaid

    def touch(self) -> None:
        """Note that an object of the tree came or changed."""
        self._changed = True

    def _next(self, submitted: Submitted) -> int:
        number = len(self._known) + 1
        self._known[number] = submitted
        return number


def wants_suspension(run: Json) -> bool:
    """Return whether a run is to stand still."""
    return bool((run.get("spec") or {}).get("suspend"))


def suspension(run: str, *, suspend: bool) -> Command:
    """Return the command that `spec.suspend` means. It carries no identity: whoever may change the run may do it."""
    return Command(0, run, Verb.SUSPEND if suspend else Verb.RESUME, CONTROLLER, comment="spec.suspend")


def answered(one: Json) -> bool:
    """Return whether an approval or intervention was recorded or refused."""
    return bool((one.get("status") or {}).get("answeredAt"))


def _submitted(one: Json) -> Submitted:
    metadata = one["metadata"]
    return Submitted(one["kind"], metadata["namespace"], metadata["name"], metadata["uid"])


def command_of(one: Json, run: str) -> Command:
    """Return what an intervention about a run commands, as nobody was told yet."""
    return _command(one["spec"], 0, run)


def submitted_of(one: Json) -> Submitted:
    """Return an object as it waits for an answer."""
    return _submitted(one)


def _read(one: Json, number: int, run: str, others: tuple[str, ...]) -> Decision | Command:
    return (
        _decision(one["spec"], number, run, others) if one["kind"] == "Approval" else _command(one["spec"], number, run)
    )


def _decision(spec: Mapping[str, Any], number: int, run: str, others: tuple[str, ...]) -> Decision:
    return Decision(
        number,
        run,
        spec["gate"].rpartition("/")[2],
        spec["digest"],
        spec["request"],
        Verdict(spec["decision"]),
        Actor("person", spec["approver"]["name"]),
        spec.get("comment"),
        spec.get("modification"),
        others,
    )


def _command(spec: Mapping[str, Any], number: int, run: str) -> Command:
    given = spec.get("args") or {}
    return Command(
        number,
        run,
        Verb(spec["verb"]),
        Actor("person", spec["actor"]["name"]),
        spec.get("step"),
        spec.get("comment"),
        given.get("patch"),
        given.get("delayMs", 0),
        given.get("output"),
        given.get("undo", False),
        given.get("stop", False),
        spec.get("attempt"),
    )


def _age(one: Json) -> tuple[str, str]:
    metadata = one["metadata"]
    return metadata["creationTimestamp"], metadata["name"]
