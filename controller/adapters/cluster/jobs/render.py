"""How is an attempt written as a Job? Two containers of ours around the user's own, which stays as it is."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.pods import pod_fields
from controller.adapters.cluster.jobs.program import COURIER, DIRECTORY, FOLDER, HTTP, Program, literal, program_of
from controller.adapters.cluster.names import GRACE, QUEUE_TIMEOUT, SLOTS, attempt_annotations, attempt_labels, job_name
from controller.errors import AgentUnfit
from controller.model.attempt import Launch
from controller.model.resource import API_VERSION

Json = dict[str, Any]

LARGEST_INLINE = 16 * 1024
"""Bytes of input that are written into the Job; more is fetched from the results service."""

LARGEST_PLAN = 96 * 1024
"""Bytes of the list of what is to be staged that are written into the Job: Linux takes 128 KiB for one variable."""

LISTENS = f"{FOLDER}/.courier-listens"
"""File that tells that the courier hears a SIGTERM."""

AUDIENCE = "libretto-results"
TOKEN_S = 3600

CONTAINER_SECURITY: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

STARTS_AGAIN: Json = {
    "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}
"""What the platform takes away, the Job controller starts again, without any call of ours."""

_VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


def render(launch: Launch, place: Place) -> Json | str:
    """Return the Job of an attempt, or in one line why it can never run."""
    try:
        return _job(launch, place)
    except AgentUnfit as error:
        return error.message


def _job(launch: Launch, place: Place) -> Json:
    pod = pod_fields(launch.agent.pod, place.defaults)
    program = program_of(launch, place, pod.container)
    labels = attempt_labels(launch.key, place.run_name, place.root)
    annotations = attempt_annotations(launch.key, launch.input_digest, place.mark)
    owner = {
        "apiVersion": API_VERSION,
        "kind": "Run",
        "name": place.run_name,
        "uid": place.run_object_uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    job_labels = {**labels, **({"kueue.x-k8s.io/queue-name": pod.queue} if pod.queue else {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(launch.key, place.run_name),
            "namespace": place.namespace,
            "labels": job_labels,
            "annotations": annotations | _waiting(launch),
            "ownerReferences": [owner],
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "podReplacementPolicy": "Failed",
            **({} if launch.at_most_once else {"podFailurePolicy": STARTS_AGAIN}),
            "ttlSecondsAfterFinished": place.ttl_seconds,
            "template": {
                "metadata": {"labels": labels, "annotations": {**annotations, GRACE: str(program.grace_s)}},
                "spec": _pod(launch, place, program, pod.spec, pod.container),
            },
        },
    }


def _waiting(launch: Launch) -> dict[str, str]:
    """Return what whoever leads next must know of an attempt that this one launched, as annotations."""
    notes = {SLOTS: " ".join(launch.slots)} if launch.slots else {}
    return notes if launch.queue_timeout_ms is None else {**notes, QUEUE_TIMEOUT: str(launch.queue_timeout_ms)}


def _pod(launch: Launch, place: Place, program: Program, spec: Json, container: Json) -> Json:
    grace = place.courier.publish_budget_s + program.grace_s
    timeout = {"activeDeadlineSeconds": max(1, -(-launch.timeout_ms // 1000))} if launch.timeout_ms else {}
    user, group = spec.pop("runAsUser"), spec.pop("fsGroup")
    volumes = [
        {"name": "libretto", "emptyDir": {}},
        {"name": "libretto-tmp", "emptyDir": {}},
        {
            "name": "libretto-token",
            "projected": {
                "defaultMode": 0o440,
                "sources": [
                    {
                        "serviceAccountToken": {
                            "audience": AUDIENCE,
                            "expirationSeconds": TOKEN_S,
                            "path": "token",
                        }
                    }
                ],
            },
        },
        *spec.pop("volumes", ()),
    ]
    return {
        **spec,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace,
        **timeout,
        "securityContext": {
            "runAsUser": user,
            "runAsGroup": group,
            "fsGroup": group,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": volumes,
        "initContainers": _within(container["resources"], [_stage(launch, place), _publish(place)]),
        "containers": [_main(launch, place, program, container)],
    }


def _within(resources: Json, ours: list[Json]) -> list[Json]:
    """Where the program may use any amount of disk, so may we: the kubelet holds the pod to the sum of the limits that there
    are, which would be ours alone.
    """
    if "ephemeral-storage" in resources.get("limits", {}):
        return ours
    return [{**one, "resources": _without_disk(one["resources"])} for one in ours]


def _without_disk(resources: Json) -> Json:
    limits = {name: most for name, most in resources.get("limits", {}).items() if name != "ephemeral-storage"}
    return {**resources, "limits": limits}


def _stage(launch: Launch, place: Place) -> Json:
    if place.staged_blob is not None:
        env = {"LIBRETTO_STAGED_BLOB": place.staged_blob}
    else:
        env = {"LIBRETTO_STAGED": orjson.dumps(plan_of(launch, place)).decode()}
    if place.input_blob is not None:
        env["LIBRETTO_INPUT_BLOB"] = place.input_blob
    else:
        env["LIBRETTO_INPUT"] = launch.input.decode()
    return _courier("stage", "stage", place, env)


def _publish(place: Place) -> Json:
    listens = {"exec": {"command": ["/bin/sh", "-c", f"until [ -e {LISTENS} ]; do sleep 0.01; done"]}}
    return {
        **_courier("courier", "publish", place, {"LIBRETTO_LISTENS": LISTENS}),
        "restartPolicy": "Always",
        # A first process ignores a SIGTERM that it has no handler for yet, and the kubelet sends one only: the program
        # must not start, and so not end, before the courier listens.
        "lifecycle": {"postStart": listens},
    }


def _courier(name: str, mode: str, place: Place, env: Mapping[str, str]) -> Json:
    given = {"LIBRETTO_DIR": DIRECTORY, "LIBRETTO_RESULTS": place.results_url, "LIBRETTO_OWNER": place.owner, **env}
    given |= place.courier.environment()
    return {
        "name": name,
        "image": place.image,
        "imagePullPolicy": place.pull_policy,
        "command": [*COURIER, mode],
        "env": [*_env(given), {"name": "LIBRETTO_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}],
        "resources": dict(place.courier.resources),
        "securityContext": {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"name": "libretto", "mountPath": FOLDER},
            {"name": "libretto-token", "mountPath": "/var/run/libretto", "readOnly": True},
        ],
    }


def _main(launch: Launch, place: Place, program: Program, container: Json) -> Json:
    contract = {**launch.environment, "LIBRETTO_DIR": DIRECTORY}
    own = [one for one in container.pop("env", []) if one["name"] not in contract]
    replaced = {one["name"] for one in own}
    # The pod wins over the program, and the contract over both.
    environment = {name: value for name, value in program.env.items() if name not in replaced} | contract
    if wrong := sorted(name for name, value in environment.items() if _is_impossible(name, value)):
        raise AgentUnfit(f"not possible as environment variables: {', '.join(map(repr, wrong))}")
    mounts = [{"name": "libretto", "mountPath": FOLDER}, {"name": "libretto-tmp", "mountPath": "/tmp"}]  # noqa: S108
    extra = container.pop("volumeMounts", [])
    if any(mount["mountPath"].rstrip("/") == "/tmp" for mount in extra):  # noqa: S108
        mounts.pop()
    body: Json = {
        "name": "main",
        "image": program.image,
        "imagePullPolicy": container.pop("imagePullPolicy", None) or (place.pull_policy if program.ours else None),
        "command": list(program.command),
        "args": list(program.args),
        "workingDir": program.working_directory,
        "env": [*_env(environment), *own],
        "securityContext": {**CONTAINER_SECURITY, **({"readOnlyRootFilesystem": True} if program.kind == HTTP else {})},
        "volumeMounts": [*mounts, *extra],
        **container,
    }
    return {name: value for name, value in body.items() if value not in (None, [])}


def _is_impossible(name: str, value: str) -> bool:
    return not _VARIABLE.fullmatch(name) or "\0" in value


def plan_of(launch: Launch, place: Place) -> list[Json]:
    """Return what is to be staged below the shared folder: artifacts, and the agent's files. Raises AgentUnfit."""
    wanted = [(f"step/{one.path}", one.digest, 0o644) for one in launch.staged]
    wanted += [(f"agent/{path}", digest, 0o755) for path, digest in sorted(launch.agent_files.items())]
    plan: list[Json] = []
    for path, digest, mode in wanted:
        if {"", "..", "."} & set(path.split("/")):
            raise AgentUnfit(f"not a path below the attempt's directory: {path.partition('/')[2]!r}")
        entry: Json = {"path": path, "digest": digest, "mode": mode}
        text = place.inline(digest)
        if text is not None:
            entry["text"] = text
        elif not place.results_url:
            raise AgentUnfit(
                f"{path} must be fetched from the results service, and the operator has none (chart value results.enabled)"
            )
        plan.append(entry)
    return plan


def _env(values: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in zip(values, literal([*values.values()]), strict=True)]
