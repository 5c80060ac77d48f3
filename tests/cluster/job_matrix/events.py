"""What if somebody intervenes, or something is missing? Deadlines, deletions, evictions, waiting."""

from collections.abc import Mapping

from tests.cluster.job_matrix.case import AT, OK, PUBLISH, SHARED, TERM_FILE, Case, End, run, sidecar, until_term

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
