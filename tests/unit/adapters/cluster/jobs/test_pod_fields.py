"""An agent's pod fields over those of its namespace: what an agent says counts, and no default makes a pod impossible."""

from typing import Any

import pytest

from controller.adapters.cluster.jobs.pods import pod_fields
from controller.model.pod import Pod

Json = dict[str, Any]


def resources(asked: Json | None = None, defaults: Json | None = None) -> Json:
    pod = None if asked is None else Pod.model_validate({"resources": asked})
    found: Json = pod_fields(pod, {} if defaults is None else {"resources": defaults}).container["resources"]
    return found


@pytest.mark.parametrize(
    ("asked", "defaults", "requests", "limits"),
    [
        (None, None, {"cpu": "50m", "memory": "64Mi"}, {}),
        ({"requests": {"cpu": "2"}}, None, {"cpu": "2", "memory": "64Mi"}, {}),
        # A limit below the default request would be refused; alone it is the request as well.
        ({"limits": {"memory": "32Mi"}}, None, {"cpu": "50m"}, {"memory": "32Mi"}),
        ({"limits": {"memory": "1Gi"}}, {"requests": {"memory": "2Gi"}}, {"cpu": "50m"}, {"memory": "1Gi"}),
        (None, {"limits": {"cpu": "1"}}, {"memory": "64Mi"}, {"cpu": "1"}),
        (
            {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}},
            {"requests": {"cpu": "1", "memory": "9Gi"}},
            {"cpu": "1", "memory": "1Gi"},
            {"memory": "2Gi"},
        ),
    ],
)
def test_who_says_something_about_a_resource_decides_about_it(
    asked: Json | None, defaults: Json | None, requests: Json, limits: Json
) -> None:
    found = resources(asked, defaults)
    assert found["requests"] == {**requests, "ephemeral-storage": "64Mi"}
    assert found["limits"] == {**limits, "ephemeral-storage": "1Gi"}


def test_more_disk_than_the_default_limit_can_be_asked_for() -> None:
    found = resources({"requests": {"ephemeral-storage": "5Gi"}})
    assert found["requests"]["ephemeral-storage"] == "5Gi"
    assert "limits" not in found


def test_entries_with_names_are_replaced_one_by_one() -> None:
    defaults = {
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy"}, {"name": "LEVEL", "value": "info"}],
        "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "volumeMounts": [{"name": "ca", "mountPath": "/ca"}],
        "nodeSelector": {"pool": "batch", "zone": "a"},
        "tolerations": [{"key": "batch"}],
    }
    pod = Pod.model_validate(
        {
            "env": [{"name": "LEVEL", "value": "debug"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "nodeSelector": {"zone": "b"},
        }
    )
    before = str(defaults)
    found = pod_fields(pod, defaults)
    assert {one["name"]: one["value"] for one in found.container["env"]} == {
        "HTTPS_PROXY": "http://proxy",
        "LEVEL": "debug",
    }
    assert [volume["name"] for volume in found.spec["volumes"]] == ["ca", "data"]
    assert [mount["mountPath"] for mount in found.container["volumeMounts"]] == ["/ca", "/data"]
    assert found.spec["nodeSelector"] == {"pool": "batch", "zone": "b"}
    assert found.spec["tolerations"] == [{"key": "batch"}]
    assert str(defaults) == before


def test_what_is_not_said_is_not_there() -> None:
    found = pod_fields(Pod(), {})
    assert found.spec == {"runAsUser": 65_532, "fsGroup": 65_532}
    assert set(found.container) == {"resources"}
    assert found.queue is None


def test_one_user_for_all_containers_can_be_chosen() -> None:
    found = pod_fields(Pod(run_as_user=1000), {"runAsUser": 2000, "fsGroup": 3000})
    assert (found.spec["runAsUser"], found.spec["fsGroup"]) == (1000, 3000)


def test_only_what_is_listed_reaches_a_pod() -> None:
    found = pod_fields(None, {"hostNetwork": True, "securityContext": {"privileged": True}, "queue": "batch"})
    assert found.spec == {"runAsUser": 65_532, "fsGroup": 65_532}
    assert found.queue == "batch"
