"""A real operator process behind a network that fails: the run is as if nothing had been."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.fault_proxy import FaultProxy
from tests.cluster.faults import Answer, Call, Cut, Delay, Drop, Fault, Rule, Stream, Twice, on
from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_crashes import ANSWERS, definitions, facts
from tests.cluster.operators import ACCOUNT, GROUPS, Bench, OperatorProcess, run, shell_agent, until

SLOW = "sleep 2; " + ANSWERS

QUICK = {"LIBRETTO_LEASE_SECONDS": "3"}

Behind = Callable[..., OperatorProcess]


@pytest.fixture
def proxy(bench: Bench) -> Iterator[FaultProxy]:
    made = FaultProxy(bench.control_plane, ACCOUNT, GROUPS)
    yield made
    made.close()


@pytest.fixture
def behind(proxy: FaultProxy, start: Start, tmp_path: Path) -> Behind:
    """Starts operators behind the proxy, which is there until they have ended: they knock at its door for ever."""
    config = str(proxy.kubeconfig(tmp_path / "proxy.kubeconfig"))
    return lambda **settings: start(KUBECONFIG=config, **QUICK, **settings)


WRITE_FAULTS: tuple[Fault, ...] = (
    Drop(),
    Drop(carried_out=True),
    Cut(),
    Answer(500, "InternalError"),
    Answer(409, "Conflict"),
    Answer(429, "TooManyRequests", retry_after=1),
    Delay(1.0),
    Twice(),
)


def undisturbed(bench: Bench) -> tuple[object, ...]:
    bench.apply(*definitions(), run("undisturbed", "three", maxParallel=2))
    bench.until_state("undisturbed")
    return facts(bench, "undisturbed")


@pytest.mark.requirement("K8S-021")
def test_every_kind_of_fault_for_every_kind_of_write(bench: Bench, behind: Behind, proxy: FaultProxy) -> None:
    operator = behind()
    expected = undisturbed(bench)
    for number, fault in enumerate(WRITE_FAULTS):
        name = f"disturbed-{number}"
        rules = [
            proxy.when(on("jobs", writes=True), fault, times=2),
            proxy.when(on("runs", writes=True), fault, times=3),
        ]
        bench.apply(run(name, "three", maxParallel=2))
        status = bench.until_state(name, seconds=90)
        assert status["state"] == "Succeeded", operator.log()
        assert facts(bench, name) == expected, f"{fault}\n{operator.log()}"
        assert [len(rule.hits) for rule in rules] == [2, 3], fault
        proxy.calm()
    assert operator.process.poll() is None
    assert operator.probe("livez")[0] == 200


@pytest.mark.requirement("K8S-021")
def test_watches_that_fail_in_every_way(bench: Bench, behind: Behind, proxy: FaultProxy) -> None:
    """Of all kinds, kopf's and ours: closed after one event, doubled, refused, forgotten, away while steps end."""
    operator = behind()
    expected = undisturbed(bench)
    bench.apply(shell_agent("worker", SLOW))
    watches = on(watch=True)
    for fault in (Stream(events=1), Stream(times=3), Answer(500), Answer(410, "Expired"), Drop()):
        proxy.when(watches, fault, times=8)
    bench.apply(run("disturbed", "three", maxParallel=2))
    proxy.refuse()
    proxy.accept()
    until(lambda: len(bench.all("jobs", "libretto.dev/run=disturbed")) == 2, "two steps run", operator.log)
    proxy.refuse()
    until(lambda: ended(bench, "disturbed") == 2, "both end unseen", operator.log)
    proxy.accept()
    until(lambda: bench.state("disturbed") in ("Succeeded", "Failed"), "it is over", operator.log, 120)
    assert bench.state("disturbed") == "Succeeded", operator.log()
    assert facts(bench, "disturbed")[1:] == expected[1:]
    assert operator.process.poll() is None


@pytest.mark.requirement("K8S-019", "K8S-021")
def test_a_watch_of_pods_that_tells_nothing(bench: Bench, behind: Behind, proxy: FaultProxy) -> None:
    """Jobs are seen to complete, and no pod of theirs: what came of them is read, and nothing is taken for lost."""
    silent = proxy.when(on("pods", watch=True), Stream(events=0, silent=True), times=1000)
    operator = behind()
    bench.apply(*definitions(), run("r", "three", maxParallel=2))
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", operator.log()
    assert silent.hits
    assert len(bench.all("jobs", "libretto.dev/run=r")) == 3


def ended(bench: Bench, name: str) -> int:
    jobs = bench.all("jobs", f"libretto.dev/run={name}")
    return sum((job.get("status") or {}).get("succeeded") == 1 for job in jobs)


class Killer:
    """Kills the operator at the first write that matches: before it arrives, or when it was carried out."""

    def __init__(self, operator: OperatorProcess, proxy: FaultProxy, matches: Callable[[Call], bool]) -> None:
        self._operator = operator
        self._rule = Rule(matches, Drop(), times=1)
        self.killed = self._rule.hits
        proxy.before = proxy.after = lambda _: True

    def __call__(self, call: Call) -> bool:
        if not self._rule.takes(call):
            return True
        self._operator.kill()
        return False


POINTS: dict[str, tuple[str, Callable[[Call], bool]]] = {
    "before the claim": ("before", on("runs", writes=True)),
    "after the claim": ("after", on("runs", writes=True)),
    "before a Job": ("before", on("jobs", writes=True)),
    "after a Job": ("after", on("jobs", writes=True)),
}


@pytest.mark.requirement("K8S-019")
def test_a_process_that_is_killed_at_its_writes(bench: Bench, behind: Behind, proxy: FaultProxy) -> None:
    operator = behind()
    expected = undisturbed(bench)
    for number, (point, (moment, matches)) in enumerate(POINTS.items()):
        name = f"killed-{number}"
        killer = Killer(operator, proxy, matches)
        setattr(proxy, moment, killer)
        bench.apply(run(name, "three", maxParallel=2))
        until(lambda: bool(killer.killed), f"killed {point}", operator.log)  # noqa: B023 - called at once
        operator = behind()
        status = bench.until_state(name, seconds=90)
        assert facts(bench, name) == expected, f"{point}\n{operator.log()}"
        assert status["epoch"] == number + 2
