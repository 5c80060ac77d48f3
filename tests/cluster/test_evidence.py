"""A test that fails on a cluster shows what happened there, and only what happened since it began."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_TESTS = """
def test_first(control_plane, namespace):
    control_plane.kubectl("-n", namespace, "create", "configmap", "from-the-first")

def test_second(control_plane, namespace):
    control_plane.kubectl("-n", namespace, "create", "configmap", "from-the-second")
    control_plane.kubectl("-n", namespace, "run", "pending", "--image=none")
    with (control_plane.plan.logs / "etcd.log").open("a") as log:
        log.write("E0101 of trouble\\n")
    assert False
"""


def test_a_failing_test_shows_requests_events_pods_and_logs(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(_TESTS)
    # A test run of its own: it shall not take the cluster of this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(_ROOT)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.cluster.fixtures", "-q", "."]
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    assert "1 failed, 1 passed" in told
    shown = told.partition(" requests ---")[2]
    assert "201 admin: create configmaps/test-" in shown
    assert "/from-the-second" in shown
    assert "from-the-first" not in shown
    assert "pending on no node: Pending" in shown
    assert "E0101 of trouble" in shown.partition(" log of etcd -")[2]
    assert " events -" in shown
