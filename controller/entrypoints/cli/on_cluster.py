"""What verbs do otherwise on a cluster: the operator drives, so a person makes objects and looks on."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import emit
from controller.errors import NotFound
from controller.model.states import RunState

if TYPE_CHECKING:
    from controller.entrypoints.cli.address import Target
    from controller.wiring.remote import Remote

Json = dict[str, Any]

LOOK_S = 0.25
"""Between two looks at a run that is followed."""


def run_on_cluster(
    remote: "Remote",
    target: str,
    parameters: Json,
    *,
    form: str,
    wait: bool,
    metadata: Json | None = None,
    task: dict[str, str] | None = None,
    more: Json | None = None,
) -> int:
    """Make a Run of `name` or `name@version`, look on until it settles, and return the exit code."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.names import slug
    from controller.adapters.cluster.resources import RUNS

    name, _, version = target.partition("@")
    if not any(one.name == name for one in remote.stores.objects.definitions("Orchestration")):
        raise NotFound(
            f'no orchestration "{name}" in namespace "{remote.namespace}"',
            hint=command_line("definitions", "publish", "PATH"),
        )
    spec: Json = {
        "orchestrationRef": {"name": name, **({"version": version} if version else {})},
        "requestedBy": {"username": remote.person().id},
        **({"parameters": parameters} if parameters else {}),
        **({"requestMetadata": metadata} if metadata else {}),
        **({"task": task} if task else {}),
        **(more or {}),
    }
    body = {
        "apiVersion": RUNS.api_version,
        "kind": RUNS.kind,
        "metadata": {"generateName": f"{slug(name, 40)}-", "namespace": remote.namespace},
        "spec": spec,
    }
    made = fiber.wait(remote.client.create(RUNS, remote.namespace, body))
    if form == "text":
        click.echo(f"run {made['metadata']['name']} made in namespace {remote.namespace}")
    return follow(remote, made["metadata"]["name"], form=form, wait=wait)


def follow(remote: "Remote", name: str, *, form: str, wait: bool) -> int:
    """Look on while a run goes on: a line per news. `wait` also where only a person's decision is missing."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.resources import RUNS

    said = ""
    while True:
        found = fiber.wait(remote.client.get(RUNS, remote.namespace, name))
        status = found.get("status") or {}
        line = _line(status)
        if form == "text" and line != said:
            said = line
            click.echo(line)
        state = status.get("state")
        if state is not None and RunState(state).settled:
            if form != "text":
                emit({"run": found["metadata"]["uid"], "name": name, "status": status}, form)
            return exits.BY_STATE[RunState(state)]
        if not wait and status.get("gates"):
            return exits.WAITING
        fiber.wait(asyncio.sleep(LOOK_S))


def _line(status: Json) -> str:
    stalled = next((one for one in status.get("conditions") or () if one["type"] == "Stalled"), None)
    state = status.get("state") or "Pending"
    if stalled is not None and state != "Failed":
        return f"Stalled ({stalled['reason']}): {stalled['message']}"
    gates = status.get("gates") or ()
    if gates and state == "AwaitingApproval":
        return f"AwaitingApproval  {status.get('steps', '')}  {gates[0]['gate']}: {gates[0]['question']}"
    step = f"  {status['step']}" if status.get("step") and not RunState(state).settled else ""
    why = f"  {status['message']}" if state == "Failed" and status.get("message") else ""
    return f"{state}  {status.get('steps', '')}{step}{why}"


def go_on(remote: "Remote", run: str, *, form: str, wait: bool) -> int:
    """Let a run go on that was to stand still, and look on."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.resources import RUNS

    name = remote.stores.runs.owner_of(remote.find(run))["metadata"]["name"]
    fiber.wait(remote.client.patch(RUNS, remote.namespace, name, {"spec": {"suspend": False}}))
    return follow(remote, name, form=form, wait=wait)


def logs_on_cluster(remote: "Remote", target: "Target", role: str, attempt: int | None, lines: int | None) -> str:
    """Return what the program of an attempt printed, from its pod. Raises NotFound when the pod is gone."""
    from controller.adapters.cluster import fiber
    from controller.adapters.cluster.names import ATTEMPT, ROLE, RUN_UID, STEP, label_value
    from controller.adapters.cluster.resources import PODS

    labels = {RUN_UID: label_value(target.member.spec.uid), STEP: label_value(target.name), ROLE: role}
    if attempt is not None:
        labels[ATTEMPT] = str(attempt)
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    pods = fiber.wait(remote.client.list(PODS, remote.namespace, labels=selector)).get("items") or []
    if not pods:
        raise NotFound(
            f"no pod of {target.name} is there any more", hint="pods go with their Job, a week after its end"
        )
    newest = max(pods, key=lambda pod: (int(pod["metadata"]["labels"][ATTEMPT]), pod["metadata"]["creationTimestamp"]))
    query = {"container": "main", **({"tailLines": str(lines)} if lines is not None else {})}
    return fiber.wait(remote.client.text(PODS, remote.namespace, newest["metadata"]["name"], "log", query))
