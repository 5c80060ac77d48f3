"""What do containers say at their end? Termination messages and their limits."""

from collections.abc import Mapping

from tests.cluster.job_matrix.case import AT, OK, SHARED, TERM_FILE, Case, End, run

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
