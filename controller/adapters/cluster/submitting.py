"""How does a person decide and command on a cluster? By objects that the API server signs with who they are."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.resources import APPROVALS, INTERVENTIONS, RUNS, SUBJECT_REVIEWS, Resource
from controller.errors import InvariantViolated, LibrettoError
from controller.model.decision import Answer, Command, Decision
from controller.model.record import Actor
from controller.model.states import RunState, Verb

Json = dict[str, Any]

POLL_S = 0.1
"""Between two looks for an answer: the operator takes about 50 ms."""


class Person:
    """Who the API server says one is."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: Actor | None = None
        self._groups: Sequence[str] = ()

    def groups(self) -> Sequence[str]:
        """Return all groups that one is in: some checkpoints ask for them, and not every server fills them in."""
        self.actor()
        return self._groups

    def actor(self) -> Actor:
        """Return it; asked once."""
        if self._known is None:
            body = {"apiVersion": SUBJECT_REVIEWS.api_version, "kind": SUBJECT_REVIEWS.kind}
            try:
                found = fiber.wait(self._client.create(SUBJECT_REVIEWS, None, body))
                name = found["status"]["userInfo"]["username"]
                self._groups = found["status"]["userInfo"].get("groups") or ()
            except LibrettoError:
                name = "you"
            self._known = Actor("person", name)
        return self._known


class ObjectDecisions:
    """Implements DecisionSource for people: what is submitted becomes an object, whose status has the answer."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        object_of: Callable[[str], Json],
        refresh: Callable[[str], Json],
        groups: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`groups` are those of whoever decides or commands."""
        self._client = client
        self._namespace = namespace
        self._object_of = object_of
        self._refresh = refresh
        self._groups = groups
        self._made: list[tuple[Resource, str, str]] = []
        """Resource, name, and for a wish to stand still or go on the run's uid."""
        self.waits: dict[int, str] = {}
        """Why a decision that is there does not count yet: more people must agree, or nothing proves whose it is."""

    def submit(self, decision: Decision | Command) -> int:
        run = self._object_of(decision.run)
        reference = {"name": run["metadata"]["name"], "uid": run["metadata"]["uid"]}
        if isinstance(decision, Command) and decision.verb in (Verb.SUSPEND, Verb.RESUME):
            self._made.append((RUNS, reference["name"], decision.run))
            if _settled(self._refresh(decision.run)) is None:
                wish = {"spec": {"suspend": decision.verb is Verb.SUSPEND}}
                fiber.wait(self._client.patch(RUNS, self._namespace, reference["name"], wish))
            return len(self._made)
        resource = APPROVALS if isinstance(decision, Decision) else INTERVENTIONS
        spec = _approval(decision) if isinstance(decision, Decision) else _intervention(decision)
        if groups := list(self._groups()):
            spec["approver" if isinstance(decision, Decision) else "actor"]["groups"] = groups
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"generateName": f"{reference['name'][:50]}-", "namespace": self._namespace},
            "spec": {"runRef": reference, **{name: value for name, value in spec.items() if value is not None}},
        }
        made = fiber.wait(self._client.create(resource, self._namespace, body))
        self._made.append((resource, made["metadata"]["name"], ""))
        return len(self._made)

    def pending(self, run: str) -> Sequence[Decision | Command]:
        raise InvariantViolated(f"the operator looks at what waits for run {run}")

    def answer(self, answers: Sequence[Answer]) -> None:
        raise InvariantViolated(f"the operator answers ({len(answers)})")

    def answered(self, decision: int) -> Answer | None:
        resource, name, run = self._made[decision - 1]
        if run:
            return self._followed(decision, run)
        found = fiber.wait(self._client.get(resource, self._namespace, name))
        status = found.get("status") or {}
        if not status.get("answeredAt"):
            if status.get("waiting"):
                self.waits[decision] = status["waiting"]
                return Answer(decision, None, None)
            fiber.wait(asyncio.sleep(POLL_S))
            return None
        return Answer(decision, status.get("record"), status.get("refusal"))

    def changed(self) -> bool:
        return False

    def _followed(self, decision: int, run: str) -> Answer | None:
        """A wish about standing still is answered when the run does as it says."""
        found = self._refresh(run)
        status = found.get("status") or {}
        if (settled := _settled(found)) is not None:
            return Answer(decision, None, f"the run is {settled}")
        if bool(status.get("suspended")) != bool(found["spec"].get("suspend")):
            fiber.wait(asyncio.sleep(POLL_S))
            return None
        return Answer(decision, status.get("sequence", 0), None)


def _settled(run: Json) -> RunState | None:
    """Return the state of a run that nothing moves any more."""
    state = RunState((run.get("status") or {}).get("state") or RunState.PENDING)
    return state if state.settled else None


def _approval(decision: Decision) -> Json:
    return {
        "gate": decision.gate,
        "digest": decision.digest,
        "request": decision.request,
        "decision": decision.verdict.value,
        "comment": decision.comment,
        "modification": None if decision.modifications is None else dict(decision.modifications),
        "approver": {"name": decision.actor.id},
    }


def _intervention(command: Command) -> Json:
    given = {
        "patch": None if command.modifications is None else dict(command.modifications),
        "delayMs": command.delay_ms or None,
        "output": command.output,
        "undo": command.undo or None,
        "stop": command.stop or None,
    }
    args = {name: value for name, value in given.items() if value is not None}
    return {
        "verb": command.verb.value,
        "step": command.step,
        "attempt": command.attempt,
        "comment": command.comment,
        "args": args or None,
        "actor": {"name": command.actor.id},
    }
