"""A namespace that enforces the restricted level admits the Job of every kind of agent, and the pod that is made of it."""

import json
from typing import Any

import pytest

from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.render import render
from controller.adapters.cluster.names import Mark
from controller.model.agent import AgentSpec, Http, Image, Process
from controller.model.attempt import AttemptKey, Launch, StagedFile
from controller.model.digest import canonical, digest_bytes
from controller.model.pod import Pod
from controller.model.states import Role
from tests.cluster import waiting
from tests.cluster.control_plane import ControlPlane, KubectlFailed

Json = dict[str, Any]

DIGEST = "blake3:" + "a" * 64
EVERYTHING: Json = {
    "env": [
        {"name": "PLAIN", "value": "$(HOME)"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a", "optional": True}}},
        {"name": "SETTING", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
    ],
    "volumes": [
        {"name": "claim", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
        {"name": "settings", "configMap": {"name": "settings", "items": [{"key": "a", "path": "deep/a", "mode": 288}]}},
        {"name": "keys", "secret": {"secretName": "keys", "optional": True}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}},
    ],
    "volumeMounts": [
        {"name": "claim", "mountPath": "/data", "subPath": "in", "readOnly": True},
        {"name": "settings", "mountPath": "/settings"},
        {"name": "keys", "mountPath": "/keys"},
        {"name": "scratch", "mountPath": "/tmp"},
    ],
    "resources": {"requests": {"cpu": "500m", "ephemeral-storage": "5Gi"}, "limits": {"memory": "32Mi"}},
    "nodeSelector": {"pool": "batch"},
    "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    "affinity": {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 1,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"libretto.dev/run": "q3"}},
                    },
                }
            ]
        }
    },
    "imagePullSecrets": [{"name": "registry"}],
    "imagePullPolicy": "Always",
    "serviceAccountName": "default",
    "queue": "batch",
    "runAsUser": 1000,
    "fsGroup": 2000,
}
FILES = {"bin/load": DIGEST}
SECRETS = {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]}
AGENTS: dict[str, AgentSpec] = {
    "image": AgentSpec(image=Image(name="registry.example/tool:4", args=["--fast"], env={"A": "b"})),
    "image-with-everything": AgentSpec(image=Image(name="tool", command=["run"]), pod=Pod.model_validate(EVERYTHING)),
    "process": AgentSpec(
        process=Process(argv=["./bin/load", "--all"], from_env={"KEY": "X"}), pod=Pod.model_validate(SECRETS)
    ),
    "http": AgentSpec(
        http=Http(url="https://api.example", headers_from_env={"X": "KEY"}), pod=Pod.model_validate(SECRETS)
    ),
}
LONG = AttemptKey("0b7e6a7c-5d0c-4c8e-9f3e-6a6f0f1c2d3e", f"{'a-very-long-step' * 6}[9999]", Role.DO, 12_345)


@pytest.fixture
def restricted(control_plane: ControlPlane, namespace: str) -> str:
    control_plane.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    waiting.until(lambda: _enforced(control_plane, namespace), "the restricted level is enforced")
    return namespace


def _enforced(control_plane: ControlPlane, namespace: str) -> bool:
    """Whether a pod that says nothing of its security is refused, once pods can be made at all."""
    careless = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    try:
        _try(control_plane, namespace, {"apiVersion": "v1", "kind": "Pod", **careless})
    except KubectlFailed as refused:
        return "violates PodSecurity" in str(refused)
    return False


def _try(control_plane: ControlPlane, namespace: str, body: Json) -> Json:
    text = control_plane.kubectl(
        *("-n", namespace, "create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-"),
        input=json.dumps(body),
    )
    made: Json = json.loads(text)
    return made


def _place(namespace: str) -> Place:
    results = "http://libretto.libretto-system:8090"
    return Place(
        namespace, "q3-review", "0-1-2", "0-1", Mark(1, "lease"), "libretto:1", "python:3", results_url=results
    )


def _launch(agent: AgentSpec, key: AttemptKey) -> Launch:
    content = canonical({"mode": "BUILD", "payload": "$" * 16_000, "conversationId": "c"})
    staged = [StagedFile("inputs/extract/rows.csv", DIGEST)]
    environment = {"LIBRETTO_STEP": key.step, "TRACEPARENT": "00-1"}
    return Launch(key, agent, FILES, content, digest_bytes(content), staged, environment, 90_000)


@pytest.mark.requirement("K8S-010")
@pytest.mark.parametrize("kind", AGENTS)
def test_jobs_of_all_kinds_are_admitted(control_plane: ControlPlane, restricted: str, kind: str) -> None:
    for number, key in enumerate((AttemptKey("uid", "load[3]", Role.DO, 1), LONG, LONG._replace(role=Role.UNDO))):
        job = render(_launch(AGENTS[kind], key), _place(restricted))
        assert not isinstance(job, str), job
        made = _try(control_plane, restricted, job)
        assert made["spec"]["podFailurePolicy"]["rules"][0]["action"] == "Ignore"
        # Pod Security only warns of a Job: it is the pod that is refused.
        template = job["spec"]["template"]
        name = f"{job['metadata']['name'][:57]}-{number}"
        pod = {**template, "apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": name}}
        admitted = _try(control_plane, restricted, pod)
        assert [one["name"] for one in admitted["spec"]["initContainers"]] == ["stage", "courier"]
        assert not any("serviceaccount" in mount["mountPath"] for mount in _mounts(admitted))


def _mounts(pod: Json) -> list[Json]:
    spec = pod["spec"]
    return [mount for one in [*spec["initContainers"], *spec["containers"]] for mount in one["volumeMounts"]]
