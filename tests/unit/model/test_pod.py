"""What an agent may say about its pods: what Kubernetes would take and Libretto must not is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from controller.definition.identity import agent_revision
from controller.model.agent import AgentSpec
from controller.model.pod import Pod

MOUNTED = {"volumes": [{"name": "v", "emptyDir": {}}]}


def test_agents_without_it_keep_their_revision() -> None:
    agent = AgentSpec.model_validate({"slug": "a", "process": {"argv": ["x"]}})
    # As it was before `pod` existed: caches and running runs hang on it.
    assert agent_revision(agent, {}) == "blake3:f978b21cbc02f56a20e3fcc604027597569fe15e15aa76f6d471e32d6de029fc"


def test_it_is_part_of_the_revision() -> None:
    bare = AgentSpec.model_validate({"slug": "a", "image": {"name": "x:1"}})
    queued = AgentSpec.model_validate({"slug": "a", "image": {"name": "x:1"}, "pod": {"queue": "team-a"}})
    assert agent_revision(bare, {}) != agent_revision(queued, {})


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "variables of Libretto": ({"env": [{"name": "LIBRETTO_DIR", "value": "/"}]}, "LIBRETTO_"),
    "two sources": (
        {"env": [{"name": "A", "value": "b", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        "not both",
    ),
    "no source": ({"env": [{"name": "A", "valueFrom": {}}]}, "exactly one"),
    "volumes of Libretto": ({"volumes": [{"name": "libretto-token", "emptyDir": {}}]}, "Libretto's"),
    "two kinds of volume": ({"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}, "exactly one"),
    "a path of the node": ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "hostPath"),
    "mounts over Libretto's folder": (
        {**MOUNTED, "volumeMounts": [{"name": "v", "mountPath": "/libretto/step"}]},
        "/libretto",
    ),
    "mounts that climb": ({**MOUNTED, "volumeMounts": [{"name": "v", "mountPath": "/a/../libretto"}]}, "`..`"),
    "mounts without a volume": ({**MOUNTED, "volumeMounts": [{"name": "w", "mountPath": "/w"}]}, "name no volume: w"),
    "root": ({"runAsUser": 0}, "greater than or equal to 1"),
    "privileges": ({"securityContext": {"privileged": True}}, "securityContext"),
    "the node's network": ({"hostNetwork": True}, "hostNetwork"),
}


@pytest.mark.parametrize(("written", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(written: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Pod.model_validate(written)


def test_all_that_is_allowed() -> None:
    written: dict[str, Any] = {
        "env": [
            {"name": "A", "value": "b"},
            {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        ],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "p", "readOnly": True}},
            {"name": "conf", "configMap": {"name": "c", "items": [{"key": "k", "path": "k.txt", "mode": 0o400}]}},
            {"name": "keys", "secret": {"secretName": "s"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}},
        ],
        "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "in", "readOnly": True}],
        "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "256Mi", "nvidia.com/gpu": "1"}},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"anything": [1]}},
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
        "imagePullPolicy": "Always",
        "serviceAccountName": "reader",
        "runtimeClassName": "gvisor",
        "queue": "team-a",
        "runAsUser": 1000,
        "fsGroup": 1000,
    }
    pod = Pod.model_validate(written)
    assert pod.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)["env"] == written["env"]
