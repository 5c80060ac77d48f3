"""What the events of a Job without a pod mean: the texts are those that an API server wrote."""

from typing import Any

import pytest

from controller.adapters.cluster.jobs.creation import creation_refusal

Json = dict[str, Any]


def event(note: str, at: str = "2026-11-20T12:00:05Z", reason: str = "FailedCreate", **further: Any) -> Json:
    return {"metadata": {"creationTimestamp": at}, "reason": reason, "note": note, **further}


QUOTA = (
    'Error creating: pods "r-a-1-abc-x7k2p" is forbidden: exceeded quota: small, requested: requests.memory=96Mi, '
    "used: requests.memory=4Gi, limited: requests.memory=4Gi"
)
UNSAID = 'Error creating: pods "p" is forbidden: failed quota: small: must specify limits.cpu for: courier,main,stage'
SECURITY = (
    'Error creating: pods "p" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes (volume "host")'
)
ACCOUNT = (
    'Error creating: pods "p" is forbidden: error looking up service account a/robot: serviceaccount "robot" not found'
)
POLICY = "Error creating: pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no"
WEBHOOK = 'Error creating: admission webhook "check.example.org" denied the request: the image is not signed'
INVALID = 'Error creating: Pod "p" is invalid: spec.priorityClassName: Not found: "high"'


@pytest.mark.requirement("K8S-013")
@pytest.mark.parametrize(
    ("note", "says"),
    [
        (QUOTA, "a quota does not allow it: exceeded quota: small, requested: requests.memory=96Mi"),
        (UNSAID, "a quota does not allow it: failed quota: small: must specify limits.cpu"),
        (SECURITY, 'Pod Security refuses it: violates PodSecurity "restricted:latest": hostPath'),
        (ACCOUNT, 'error looking up service account a/robot: serviceaccount "robot" not found'),
        (POLICY, "ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no"),
        (WEBHOOK, 'admission webhook "check.example.org" denied the request: the image is not signed'),
        (INVALID, 'spec.priorityClassName: Not found: "high"'),
    ],
)
def test_a_refusal_names_its_cause(note: str, says: str) -> None:
    found = creation_refusal([event(note)])
    assert found is not None
    assert found.startswith(f"PodCreationRejected: {says}")
    assert "\n" not in found


@pytest.mark.parametrize(
    "note",
    [
        'Error creating: Internal error occurred: failed calling webhook "x": connect: connection refused',
        "Error creating: etcdserver: request timed out",
        'Error creating: pods "p" is forbidden: status unknown for quota: small, resources: pods',
        "Error creating: the server is currently unable to handle the request",
        "",
    ],
)
def test_trouble_that_passes_is_no_refusal(note: str) -> None:
    assert creation_refusal([event(note)]) is None


@pytest.mark.parametrize("reason", ["SuccessfulCreate", "Suspended", "Completed"])
def test_other_events_are_no_refusal(reason: str) -> None:
    assert creation_refusal([event(QUOTA, reason=reason)]) is None


def test_without_events_nothing_is_known() -> None:
    assert creation_refusal([]) is None


def test_the_newest_event_counts() -> None:
    made = event("Created pod: p", "2026-11-20T12:01:00Z", "SuccessfulCreate")
    again = event(SECURITY, "2026-11-20T12:02:00Z")
    assert creation_refusal([made, event(QUOTA)]) is None
    assert "Pod Security" in str(creation_refusal([made, again, event(QUOTA)]))


def test_a_series_is_as_new_as_its_last_event() -> None:
    repeated = event(QUOTA, series={"count": 3, "lastObservedTime": "2026-11-20T12:03:00.123456Z"})
    counted = event(QUOTA, deprecatedLastTimestamp="2026-11-20T12:03:00Z")
    made = event("Created pod: p", "2026-11-20T12:01:00Z", "SuccessfulCreate")
    assert creation_refusal([repeated, made]) is not None
    assert creation_refusal([counted, made]) is not None


def test_events_of_the_old_interface_have_their_text_elsewhere() -> None:
    old = {"metadata": {}, "reason": "FailedCreate", "message": QUOTA, "lastTimestamp": "2026-11-20T12:00:05Z"}
    assert "exceeded quota" in str(creation_refusal([old]))
