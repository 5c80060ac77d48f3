"""How do pods end by themselves? Exit codes, sidecars, init containers, probes, restarts."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.job_matrix.case import AT, OK, PUBLISH, SHARED, TERM_FILE, Case, End, run, sidecar, until_term

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
