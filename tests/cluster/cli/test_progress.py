"""How far a step is, while it runs: told by its courier, read by whoever looks, written by nobody."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cli.conftest import Person
from tests.cluster.cli.terminal import Terminal
from tests.cluster.operators import Bench, orchestration, run, shell_agent, until
from tests.scenes.program import terminal

COUNTS = (
    "trap 'exit 3' TERM; n=0; while [ $n -lt 1000 ]; do n=$((n+1)); echo $n/1000 > $LIBRETTO_DIR/progress;"
    " sleep 0.2 & wait $!; done"
)
NUMBER = re.compile(r"\d+/1000 ")


def told(admin: Terminal, name: str) -> dict[str, Any]:
    """What `status` knows of the one step that runs."""
    (found,) = json.loads(admin.libretto("status", name, "-o", "json").out)["running"]
    return dict(found)


@pytest.mark.requirement("K8S-030")
def test_how_far_a_step_is_can_be_seen_and_costs_no_write(bench: Bench, admin: Terminal, tmp_path: Path) -> None:
    bench.apply(
        shell_agent("counts", COUNTS), orchestration("counting", {"id": "a", "agent": "counts"}), run("g", "counting")
    )
    admin.until(lambda said: "/1000 (" in said.out, "tree", "g")
    version = bench.get("run", "g")["metadata"]["resourceVersion"]
    first = told(admin, "g")
    assert (first["step"], first["role"], first["attempt"], first["progress"]["total"]) == ("a", "do", 1, 1000)
    until(lambda: told(admin, "g")["progress"]["done"] > first["progress"]["done"] + 3, "it goes on", bench.tell("g"))
    step = json.loads(admin.libretto("tree", "g", "-o", "json").out)["children"][0]
    assert step["progress"]["done"] > first["progress"]["done"]
    assert "a: attempt 1 of 1, " in admin.libretto("status", "g").out
    words = ("--cluster", "--kubeconfig", str(bench.control_plane.kubeconfig), "-n", bench.namespace, "watch", "g")
    with terminal(tmp_path, *words) as seen:
        seen.wait_for("▸ a  counts", "/1000 (")
        before = NUMBER.findall(seen.screen())
        seen.wait_until(lambda screen: NUMBER.findall(screen) not in (before, []), "another number")
    # Nobody wrote it anywhere: neither into the status nor into an annotation.
    assert bench.get("run", "g")["metadata"]["resourceVersion"] == version
    admin.libretto("cancel", "g")
    assert bench.until_state("g")["state"] == "Aborted"


def test_who_may_read_no_logs_sees_everything_else(bench: Bench, person: Person) -> None:
    bench.apply(
        shell_agent("counts", COUNTS), orchestration("counting", {"id": "a", "agent": "counts"}), run("h", "counting")
    )
    until(lambda: (bench.get("run", "h").get("status") or {}).get("frontier") == {"a": "Running"}, "it runs")
    bench.kubectl("create", "role", "maps", "--verb=get,list", "--resource=configmaps")
    bench.kubectl("create", "rolebinding", "maps", "--role=maps", "--user=mara")
    said = person("mara", "libretto-view").until(lambda said: said.code == 0, "status", "h")
    assert "how far steps are cannot be seen" in said.err
    assert "a: attempt 1 of 1\n" in said.out
    bench.kubectl("delete", "run", "h")
