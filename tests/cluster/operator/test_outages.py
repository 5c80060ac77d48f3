"""The API server goes away, forgets, or answers badly: runs go on when it is back, and nothing is done twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import Conflict, LibrettoError, ServerUnavailable, Throttled
from tests.cluster.control_plane import ControlPlane
from tests.cluster.inside import Interposer, operator_inside
from tests.cluster.operator.test_crashes import definitions, facts, settled
from tests.cluster.operators import Bench, OperatorProcess, grant, orchestration, run, shell_agent, until
from tests.cluster.writing import make_namespace

SLOW = "sleep 3; echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"


def chain(count: int) -> list[dict[str, object]]:
    steps: list[dict[str, object]] = [
        {"id": f"s{number}", "agent": "worker", **({"dependsOn": [f"s{number - 1}"]} if number else {})}
        for number in range(count)
    ]
    return [shell_agent("worker", SLOW), orchestration("chain", *steps)]


@pytest.mark.requirement("K8S-021")
def test_the_api_server_is_killed_and_forgets_what_watches_continue_from(
    own: ControlPlane, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make_namespace(own, "hurt")
    grant(own, "hurt")
    bench = Bench(own, "hurt")
    operator = OperatorProcess(own, tmp_path, "hurt")
    request.addfinalizer(operator.kill)
    operator.start()
    bench.apply(*chain(4), run("r", "chain"))
    until(lambda: len(bench.all("jobs")) == 1, "the first step runs", operator.log)
    own.kill_api_server()
    own.start_api_server()
    until(lambda: len(bench.all("jobs")) >= 2, "the next step runs", operator.log)
    # Everything before is forgotten: watches cannot go on from where they were.
    own.compact()
    status = bench.until_state("r", seconds=90)
    assert status["state"] == "Succeeded", operator.log()
    keys = sorted(job["metadata"]["annotations"]["libretto.dev/key"].split(" ")[1] for job in bench.all("jobs"))
    assert keys == ["s0", "s1", "s2", "s3"]
    assert operator.process.poll() is None
    assert operator.probe("livez")[0] == 200


FAULTS: dict[str, Callable[[], LibrettoError]] = {
    "no answer": lambda: ServerUnavailable("no answer of the API server"),
    "429": lambda: Throttled("slow down", retry_after=1),
    "409": lambda: Conflict("somebody wrote"),
}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.requirement("K8S-021")
def test_every_write_fails_once(bench: Bench, fault: Callable[[], LibrettoError], moment: str) -> None:
    """Before: it never arrived. After: it was carried out, and the answer was lost."""
    bench.apply(*definitions())
    failed: set[tuple[str, str, int]] = set()

    def fail(_: int, verb: str, resource: str) -> None:
        seen = sum(1 for one in failed if one[:2] == (verb, resource))
        if seen < 2 and len(interposer.writes) % 2:
            failed.add((verb, resource, seen))
            raise fault()

    interposer = Interposer()

    async def play() -> None:
        bench.apply(run("undisturbed", "three", maxParallel=2))
        async with operator_inside(bench.control_plane, bench.namespace) as life:
            assert await settled(bench, "undisturbed", life)
        setattr(interposer, moment, fail)
        bench.apply(run("disturbed", "three", maxParallel=2))
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2, interposer=interposer) as life:
            assert await settled(bench, "disturbed", life)

    asyncio.run(play())
    assert failed
    assert facts(bench, "disturbed") == facts(bench, "undisturbed")
