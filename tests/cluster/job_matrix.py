"""Which pods does a controller of Jobs meet, and how do they end? One table, for the process node and the real kubelet.

A case is a pod template in short form, what somebody does to it meanwhile, and how it stands afterwards. Containers are
written as they are expected: `state code reason`, then their message where it matters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BUSYBOX = "BUSYBOX"
"""Replaced by the reference of a busybox image that the node has."""

Container = Mapping[str, Any]


@dataclass(frozen=True)
class End:
    """How a container stands at the end."""

    state: str
    """`terminated CODE REASON` or `waiting REASON`."""
    message: str | None = None
    """The whole message, without white space at its ends; None: whatever it is."""
    restarts: int = 0


@dataclass(frozen=True)
class Case:
    containers: Sequence[Container]
    ends: Mapping[str, End]
    phase: str
    inits: Sequence[Container] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    """More of the pod's spec."""
    reason: str = ""
    """Of the pod's status."""
    job: str = ""
    """The condition that the Job gets; empty: none while the pod stands so."""
    meanwhile: str = ""
    """What is done once the pod has begun: a method of the test's `Meanwhile`."""
    when: str = ""
    """Text in the log of `main` after which it is done; empty: as soon as the pod stands where it would stay."""
    logs: Mapping[str, str] = field(default_factory=dict)
    """Lines that the logs of containers have."""
    alone: bool = False
    """Its Job is made when its turn comes, not with all the others: its times matter."""
    disruption: str = ""
    """Reason of the condition DisruptionTarget."""


def run(name: str, script: str, **more: Any) -> Container:
    """A container that runs a script of busybox."""
    return {"name": name, "image": BUSYBOX, "imagePullPolicy": "Never", "command": ["sh", "-c", script], **more}


def sidecar(name: str, script: str, **more: Any) -> Container:
    return run(name, script, restartPolicy="Always", **more)


def until_term(at_term: str) -> str:
    """A script that waits for SIGTERM and then does something."""
    return f"trap '{at_term}' TERM; echo up; while :; do sleep 0.05; done"


SHARED: Mapping[str, Any] = {"volumes": [{"name": "shared", "emptyDir": {}}]}
AT: Mapping[str, Any] = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
OK = "terminated 0 Completed"
TERM_FILE = "/dev/termination-log"
PUBLISH = until_term(f"echo published > {TERM_FILE}; exit 0")

_NETWORK_PROBES: Sequence[tuple[str, int, Mapping[str, Any]]] = [
    ("web", 18471, {"httpGet": {"path": "/healthz", "port": 18471}}),
    ("port", 18472, {"tcpSocket": {"port": 18472}}),
]

ENDS: Mapping[str, Case] = {
    "a main container that ends well": Case(
        [run("main", f"echo hello; echo -n done > {TERM_FILE}")],
        {"main": End(OK, "done")},
        "Succeeded",
        job="Complete",
        logs={"main": "hello"},
    ),
    "a main container that fails": Case(
        [run("main", "exit 42")], {"main": End("terminated 42 Error", "")}, "Failed", job="Failed"
    ),
    "one of two main containers fails": Case(
        [run("main", "exit 0"), run("other", "exit 9")],
        {"main": End(OK), "other": End("terminated 9 Error")},
        "Failed",
        job="Failed",
    ),
    "a program that the image has not": Case(
        [run("main", "", command=["/no/such/program"])],
        {"main": End("terminated 128 StartError")},
        "Failed",
        job="Failed",
    ),
    "a failing main container whose sidecar publishes nevertheless": Case(
        [run("main", "exit 3")],
        {"courier": End(OK, "published"), "main": End("terminated 3 Error")},
        "Failed",
        inits=[sidecar("courier", PUBLISH)],
        job="Failed",
    ),
    "a failing sidecar is nobody's failure": Case(
        [run("main", "sleep 0.3")],
        {"courier": End("terminated 7 Error"), "main": End(OK)},
        "Succeeded",
        inits=[sidecar("courier", until_term("exit 7"))],
        job="Complete",
    ),
    "a sidecar that does not heed SIGTERM is killed": Case(
        [run("main", "sleep 0.3")],
        {"courier": End("terminated 137 Error"), "main": End(OK)},
        "Succeeded",
        inits=[sidecar("courier", "while :; do sleep 0.1; done")],
        spec={"terminationGracePeriodSeconds": 1},
        job="Complete",
    ),
    "a sidecar that crashes is started again": Case(
        [run("main", "while ! [ -e /shared/second ]; do sleep 0.05; done", **AT)],
        {"courier": End(OK, "published", restarts=1), "main": End(OK)},
        "Succeeded",
        inits=[
            sidecar(
                "courier",
                f"[ -e /shared/first ] || {{ touch /shared/first; exit 5; }}; touch /shared/second; {PUBLISH}",
                **AT,
            )
        ],
        spec=SHARED,
        job="Complete",
    ),
    "sidecars end in reverse order, each after the one before": Case(
        [run("main", "sleep 0.3")],
        {"one": End(OK, "two one"), "two": End(OK, "two"), "main": End(OK)},
        "Succeeded",
        inits=[
            sidecar(
                name,
                until_term(f"sleep 0.3; echo {name} >> /shared/order; echo $(cat /shared/order) > {TERM_FILE}; exit 0"),
                **AT,
            )
            for name in ("one", "two")
        ],
        spec=SHARED,
        job="Complete",
    ),
    "an init container that fails ends the pod": Case(
        [run("main", "exit 0")],
        {
            "stage": End("terminated 4 Error", "no input"),
            "courier": End("waiting PodInitializing"),
            "main": End("waiting PodInitializing"),
        },
        "Failed",
        inits=[run("stage", f"echo no input > {TERM_FILE}; exit 4"), sidecar("courier", PUBLISH)],
        job="Failed",
    ),
    "an init container that fails after a sidecar": Case(
        [run("main", "exit 0")],
        {"courier": End(OK, "published"), "stage": End("terminated 4 Error"), "main": End("waiting PodInitializing")},
        "Failed",
        inits=[sidecar("courier", PUBLISH), run("stage", "exit 4")],
        job="Failed",
    ),
    "the startup probe of a sidecar holds back what follows": Case(
        [run("main", f"cat /shared/ready > {TERM_FILE}", **AT)],
        {"stage": End(OK, "warm"), "courier": End(OK), "main": End(OK, "warm")},
        "Succeeded",
        inits=[
            sidecar(
                "courier",
                "sleep 0.5; echo warm > /shared/ready; " + until_term("exit 0"),
                startupProbe={
                    "exec": {"command": ["cat", "/shared/ready"]},
                    "periodSeconds": 1,
                    "failureThreshold": 30,
                },
                **AT,
            ),
            run("stage", f"cat /shared/ready > {TERM_FILE}", **AT),
        ],
        spec=SHARED,
        job="Complete",
    ),
    "startup probes by http and tcp": Case(
        [run("main", "exit 0")],
        {"web": End(OK), "port": End(OK), "main": End(OK)},
        "Succeeded",
        inits=[
            sidecar(
                name,
                f"mkdir -p /tmp/w; echo ok > /tmp/w/healthz; httpd -p {port} -h /tmp/w; " + until_term("exit 0"),
                startupProbe={**probe, "periodSeconds": 1, "failureThreshold": 30},
            )
            for name, port, probe in _NETWORK_PROBES
        ],
        job="Complete",
    ),
    "policy OnFailure starts a failed container again": Case(
        [run("main", "[ -e /shared/first ] && exit 0; touch /shared/first; exit 5", **AT)],
        {"main": End(OK, restarts=1)},
        "Succeeded",
        spec={**SHARED, "restartPolicy": "OnFailure"},
        job="Complete",
    ),
}

MESSAGES: Mapping[str, Case] = {
    "of a long message the last 4096 bytes": Case(
        [run("main", f"{{ head -c 1000 /dev/zero | tr '\\0' a; head -c 4096 /dev/zero | tr '\\0' b; }} > {TERM_FILE}")],
        {"main": End(OK, "b" * 4096)},
        "Succeeded",
        job="Complete",
    ),
    "four containers share 12 KiB: of each the first 3072 bytes": Case(
        [run("main", f"{{ head -c 3072 /dev/zero | tr '\\0' a; head -c 1024 /dev/zero | tr '\\0' b; }} > {TERM_FILE}")]
        + [run(name, f"head -c 3000 /dev/zero | tr '\\0' {name} > {TERM_FILE}") for name in "xyz"],
        {"main": End(OK, "a" * 3072)} | {name: End(OK, name * 3000) for name in "xyz"},
        "Succeeded",
        job="Complete",
    ),
    "a message at a path of its own, below a volume": Case(
        [run("main", "echo mine > /shared/term", terminationMessagePath="/shared/term", **AT)],
        {"main": End(OK, "mine")},
        "Succeeded",
        spec=SHARED,
        job="Complete",
    ),
    "the log of a failed container in place of its message": Case(
        [run("main", "seq 1 200; exit 1", terminationMessagePolicy="FallbackToLogsOnError")],
        {"main": End("terminated 1 Error", "\n".join(str(number) for number in range(121, 201)))},
        "Failed",
        job="Failed",
    ),
    "at most 2048 bytes of the log": Case(
        [
            run(
                "main",
                "for i in $(seq 1 30); do head -c 99 /dev/zero | tr '\\0' x; echo; done; exit 1",
                terminationMessagePolicy="FallbackToLogsOnError",
            )
        ],
        {"main": End("terminated 1 Error", "\n".join(["x" * 47, *["x" * 99] * 20]))},
        "Failed",
        job="Failed",
    ),
    "the log is no message of a container that ends well": Case(
        [run("main", "echo hello", terminationMessagePolicy="FallbackToLogsOnError")],
        {"main": End(OK, "")},
        "Succeeded",
        job="Complete",
    ),
    "the log is no message where there is one": Case(
        [run("main", f"echo hello; echo mine > {TERM_FILE}; exit 1", terminationMessagePolicy="FallbackToLogsOnError")],
        {"main": End("terminated 1 Error", "mine")},
        "Failed",
        job="Failed",
    ),
}

_FILES = [
    {"name": "all", "configMap": {"name": "settings"}},
    {"name": "one", "configMap": {"name": "settings", "items": [{"key": "a", "path": "deep/a", "mode": 0o400}]}},
    {"name": "secret", "secret": {"secretName": "keys", "defaultMode": 0o440}},
    {"name": "none", "configMap": {"name": "no-such", "optional": True}},
    {
        "name": "pod",
        "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels['case']"}}]},
    },
    {
        "name": "mixed",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"audience": "libretto-results", "expirationSeconds": 600, "path": "token"}},
                {"configMap": {"name": "settings", "items": [{"key": "b", "path": "b"}]}},
                {"secret": {"name": "keys"}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
            ]
        },
    },
    {"name": "shared", "emptyDir": {"medium": "Memory"}},
]
_TOLD = """{
ls /all; cat /one/deep/a; echo; stat -c %a -L /one/deep/a; cat /secret/key; echo; stat -c %a -L /secret/key
ls /none | wc -l; cat /pod/labels; echo; ls /mixed; cut -d. -f2 /mixed/token | tr _- /+ | base64 -d 2>/dev/null | grep -o '"aud":."libretto-results"'
cat /mixed/b; echo; cat /file; echo; ls /shared; touch /all/x 2>/dev/null || echo read-only; touch /still/x 2>/dev/null || echo still
touch /shared/inner/z; ls /shared/inner; } > /dev/termination-log"""

FILES: Mapping[str, Case] = {
    "volumes of all kinds": Case(
        [
            run(
                "main",
                _TOLD,
                volumeMounts=[
                    *({"name": each["name"], "mountPath": f"/{each['name']}"} for each in _FILES),
                    {"name": "all", "mountPath": "/file", "subPath": "b"},
                    {"name": "shared", "mountPath": "/shared/inner", "subPath": "sub"},
                    {"name": "shared", "mountPath": "/still", "readOnly": True},
                ],
            )
        ],
        {
            "main": End(
                OK,
                "a\nb\nalpha\n400\nsesame\n440\n0\nvolumes\nb\nkey\nnamespace\ntoken\n"
                '"aud":["libretto-results"\nbeta\nbeta\ninner\nsub\nread-only\nstill\nz',
            )
        },
        "Succeeded",
        spec={"volumes": _FILES},
        job="Complete",
    ),
    "variables of all kinds": Case(
        [
            run(
                "main",
                f'echo "$A,$B,$C,$D,$E,$F,$G,$H,$p_a,$p_key,$N,$0,$1,${{I-unset}},$KUBERNETES_SERVICE_PORT_HTTPS$(pwd)" | sed s/[0-9]*443/P/ > {TERM_FILE}',
                args=["$(A)-arg", "$$(A)"],
                env=[
                    {"name": "A", "value": "x"},
                    {"name": "B", "value": "$(A)y $(UNKNOWN) $$(A)"},
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
                    {"name": "D", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
                    {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['case']"}}},
                    {"name": "F", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
                    {"name": "G", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                    {"name": "H", "value": "$(D)!"},
                    {"name": "I", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "z", "optional": True}}},
                    {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
                ],
                envFrom=[
                    {"prefix": "p_", "configMapRef": {"name": "settings"}},
                    {"prefix": "p_", "secretRef": {"name": "keys"}},
                    {"configMapRef": {"name": "no-such", "optional": True}},
                ],
                resources={"limits": {"memory": "64Mi", "cpu": "500m"}},
                workingDir="/deep/folder",
            )
        ],
        {
            "main": End(
                OK,
                "x,xy $(UNKNOWN) $(A),alpha,sesame,variables,64,1,sesame!,alpha,sesame,default,x-arg,$(A),unset,P/deep/folder",
            )
        },
        "Succeeded",
        job="Complete",
    ),
    "a user of its own, and a group for its volumes": Case(
        [
            run(
                "main",
                "{ id -u; id -g; id -G; touch /shared/x && stat -c '%u %g' /shared/x; touch /x 2>/dev/null || echo sealed;"
                f" stat -c '%a %u %g' -L /token/token; cat /token/token | wc -l; }} > {TERM_FILE}",
                volumeMounts=[{"name": "shared", "mountPath": "/shared"}, {"name": "token", "mountPath": "/token"}],
            )
        ],
        {"main": End(OK, "65532\n65533\n65533 65534\n65532 65534\nsealed\n640 65532 65534\n0")},
        "Succeeded",
        spec={
            "securityContext": {"runAsUser": 65532, "runAsGroup": 65533, "fsGroup": 65534, "runAsNonRoot": True},
            "volumes": [
                {"name": "shared", "emptyDir": {}},
                {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
            ],
        },
        job="Complete",
    ),
    "a root that may not be written": Case(
        [
            run(
                "main",
                f"touch /x /tmp/x 2>/dev/null; echo $? > {TERM_FILE}",
                securityContext={"readOnlyRootFilesystem": True},
            )
        ],
        {"main": End(OK, "1")},
        "Succeeded",
        job="Complete",
    ),
    "the token of the account, by itself": Case(
        [run("main", f"ls /var/run/secrets/kubernetes.io/serviceaccount > {TERM_FILE}")],
        {"main": End(OK, "ca.crt\nnamespace\ntoken")},
        "Succeeded",
        spec={"automountServiceAccountToken": True},
        job="Complete",
    ),
}

_WAITING = [run("main", until_term("exit 9"))]

EVENTS: Mapping[str, Case] = {
    "a deadline": Case(
        [run("main", until_term("echo -n bye > /dev/termination-log; exit 9"))],
        {"courier": End(OK, "published"), "main": End("terminated 9 Error", "bye")},
        "Failed",
        inits=[sidecar("courier", PUBLISH)],
        spec={"activeDeadlineSeconds": 4},
        alone=True,
        reason="DeadlineExceeded",
        job="Failed",
    ),
    "a deadline that is set later, to cancel": Case(
        _WAITING,
        {"courier": End(OK, "published"), "main": End("terminated 9 Error")},
        "Failed",
        inits=[sidecar("courier", PUBLISH)],
        reason="DeadlineExceeded",
        job="Failed",
        meanwhile="shorten_deadline",
        when="up",
    ),
    "a main container that ends well after its deadline has failed": Case(
        [run("main", until_term("exit 0"))],
        {"main": End(OK)},
        "Failed",
        reason="DeadlineExceeded",
        job="Failed",
        meanwhile="shorten_deadline",
        when="up",
    ),
    "a deletion: main first, then the sidecar": Case(
        [run("main", until_term("sleep 0.3; echo main > /shared/order; exit 9"), **AT)],
        {"courier": End(OK, "main"), "main": End("terminated 9 Error")},
        "Failed",
        inits=[sidecar("courier", until_term(f"cat /shared/order > {TERM_FILE}; exit 0"), **AT)],
        spec=SHARED,
        job="Failed",
        meanwhile="delete",
        when="up",
    ),
    "a deletion that is not heeded": Case(
        [run("main", "echo up; while :; do sleep 0.1; done")],
        {"main": End("terminated 137 Error")},
        "Failed",
        spec={"terminationGracePeriodSeconds": 1},
        job="Failed",
        meanwhile="delete",
        when="up",
    ),
    "an eviction by the API": Case(
        _WAITING,
        {"main": End("terminated 9 Error")},
        "Failed",
        job="Failed",
        meanwhile="evict_by_api",
        when="up",
        disruption="EvictionByEvictionAPI",
    ),
    "an image that is not there": Case(
        [{**run("main", ""), "image": "localhost/no-such:1"}],
        {"main": End("waiting ErrImageNeverPull")},
        "Pending",
    ),
    "root where it is forbidden": Case(
        [run("main", "exit 0", securityContext={"runAsNonRoot": True, "runAsUser": 0})],
        {"main": End("waiting CreateContainerConfigError")},
        "Pending",
    ),
    "a Secret that comes later": Case(
        [
            run(
                "main",
                f"echo $LATE > {TERM_FILE}",
                env=[{"name": "LATE", "valueFrom": {"secretKeyRef": {"name": "late-secret", "key": "a"}}}],
            )
        ],
        {"main": End(OK, "at last")},
        "Succeeded",
        job="Complete",
        meanwhile="create_secret",
    ),
    "a ConfigMap that comes later": Case(
        [run("main", f"cat /late/a > {TERM_FILE}", volumeMounts=[{"name": "late", "mountPath": "/late"}])],
        {"main": End(OK, "at last")},
        "Succeeded",
        spec={"volumes": [{"name": "late", "configMap": {"name": "late-settings"}}]},
        job="Complete",
        meanwhile="create_configmap",
    ),
}

CASES: Mapping[str, Case] = {**ENDS, **MESSAGES, **FILES, **EVENTS}
