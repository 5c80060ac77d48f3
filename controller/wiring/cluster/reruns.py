"""A command to run again what a run ran: it becomes a Run object, made once however often it is looked at."""

from typing import TYPE_CHECKING, Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.decision_source import answered
from controller.adapters.cluster.names import hashed, slug
from controller.adapters.cluster.resources import INTERVENTIONS
from controller.errors import AlreadyExists, LibrettoError, Stalled
from controller.model.record import time_text
from controller.model.resource import API_VERSION
from controller.runtime.member import Member
from controller.runtime.rerun import rerun

if TYPE_CHECKING:
    from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]


def answer_reruns(shared: "Shared", earlier: Member, run: Json) -> None:
    """Carry out what people asked for: each command is answered with the name of the new run, or why there is none."""
    for command in list(shared.caches.submissions(run)):
        asked = command["kind"] == "Intervention" and command["spec"]["verb"] == "rerun" and not answered(command)
        if asked and shared.gates.weigh(run, command, (), None).missing is None:
            _answer(shared, command, _made(shared, earlier, run, command))


def _made(shared: "Shared", earlier: Member, run: Json, command: Json) -> Json:
    given = command["spec"].get("args") or {}
    name = f"{slug(run['metadata']['name'], 40)}-{hashed(command['metadata']['uid'])}"
    try:
        spec = rerun(
            earlier,
            uid=name,
            requester=command["spec"]["actor"]["name"],
            now=shared.clock.now(),
            parameters=given.get("parameters") or {},
            step=given.get("fromStep"),
        )
    except Stalled as error:
        return {"refusal": error.message}
    body: Json = {
        "orchestrationRef": {"name": spec.orchestration, "version": spec.version},
        "parameters": spec.parameters,
        "maxParallel": spec.max_parallel,
        "rerunOf": run["metadata"]["name"],
        "requestedBy": {
            "username": command["spec"]["actor"]["name"],
            "groups": command["spec"]["actor"].get("groups") or [],
        },
    }
    if spec.seeds:
        body["seeds"] = dict(spec.seeds)
    namespace = run["metadata"]["namespace"]
    made = {
        "apiVersion": API_VERSION,
        "kind": "Run",
        "metadata": {"name": name, "namespace": namespace},
        "spec": body,
    }
    try:
        fiber.wait(shared.create_run(made))
    except AlreadyExists:
        return {"run": name}  # made before a crash
    except LibrettoError as error:
        if not isinstance(error, Stalled):
            raise
        return {"refusal": error.message}
    return {"run": name}


def _answer(shared: "Shared", command: Json, status: Json) -> None:
    metadata = command["metadata"]
    body = {
        "metadata": {"uid": metadata["uid"]},
        "status": {**status, "answeredAt": time_text(shared.clock.now()), "waiting": None},
    }
    written = fiber.wait(
        shared.client.patch(INTERVENTIONS, metadata["namespace"], metadata["name"], body, subresource="status")
    )
    shared.caches.interventions.put(written)
