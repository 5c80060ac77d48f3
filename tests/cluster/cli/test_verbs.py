"""The verbs of `kubectl libretto` that play and show runs, each on a real API server."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cli.terminal import Terminal
from tests.cluster.operators import Bench, orchestration, run, shell_agent, until
from tests.scenes.normalise import loosely, normalised
from tests.scenes.program import Said

ANSWERS = "echo said so; echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
SLOW = "trap 'exit 3' TERM; sleep 6 & wait; " + ANSWERS

Json = dict[str, Any]


def two(agent: str = "worker", **first: Any) -> list[Json]:
    return [{"id": "a", "agent": agent, **first}, {"id": "b", "agent": agent, "dependsOn": ["a"]}]


def recorded(said: Said) -> list[str]:
    """The lines, whatever number a record has."""
    return [re.sub(r"record \d+", "record N", line) for line in said.lines]


@pytest.fixture(scope="module", autouse=True)
def _agents(bench: Bench) -> None:
    bench.apply(shell_agent("worker", ANSWERS), shell_agent("slow", SLOW), shell_agent("bad", "echo why >&2; exit 65"))


@pytest.mark.requirement("K8S-030")
def test_a_run_is_told_line_by_line_and_everything_of_it_can_be_seen(
    bench: Bench, admin: Terminal, tmp_path: Path
) -> None:
    bench.apply(orchestration("plain", *two()))
    made, *lines = loosely(normalised(admin.libretto("run", "plain").out))
    name = made.split()[1]
    assert made == f"run {name} made in namespace {bench.namespace}"
    assert [line.replace(name, "NAME") for line in lines] == [
        "HH:MM:SS run NAME started: plain 1.0.0 (digest DIGEST)",
        "HH:MM:SS a running",
        "HH:MM:SS a succeeded 0.0s",
        "HH:MM:SS b running",
        "HH:MM:SS b succeeded 0.0s",
        "Succeeded in 0.0s · 2 steps, 0 retries · ledger 7 records, head DIGEST",
        "",
        "  output  kubectl libretto output NAME  (what it came to)",
        "  verify  kubectl libretto verify NAME  (prove that the ledger is unbroken)",
        "  again  kubectl libretto rerun NAME  (start the same once more)",
    ]
    assert admin.libretto("get", name).lines[1].startswith(f"{name}  plain  1.0.0  Succeeded  2/2  ")
    assert admin.libretto("tree", name).lines == [
        f"{name}  plain 1.0.0  Succeeded  0.0s",
        "├─ a  Succeeded  0.0s",
        "└─ b  Succeeded  0.0s",
    ]
    assert admin.libretto("logs", name, "a").out == "said so\n"
    assert admin.libretto("logs", name, "b", "-f", "-n", "1").out == "said so\n"
    assert json.loads(admin.libretto("output", name, "b").out) == {"answer": 42}
    assert "agent worker" in admin.libretto("show", name, "a").out
    assert admin.libretto("explain", name, "b").out.startswith("b is Succeeded: it ran")
    assert admin.libretto("status", name).out.startswith(f"plain 1.0.0, run {name}: Succeeded")
    assert "run" in json.loads(admin.libretto("show", name, "-o", "json").out)
    proof = admin.libretto("verify", name).lines[0]
    assert proof == f"run {name}: sound. 7 records, chain unbroken, 1 result and 1 definition match their digests."
    assert admin.libretto("verify").lines[0].startswith("sound: ")
    bundle, page = tmp_path / "run.zip", tmp_path / "run.html"
    assert f"run {name}" in admin.libretto("export", name, "-o", str(bundle)).out
    assert admin.call("libretto", "verify", str(bundle), code=0).lines[0].endswith(proof.partition(": ")[2])
    admin.libretto("report", name, "-o", str(page))
    assert "plain" in page.read_text(encoding="utf-8")
    assert admin.libretto("watch", name).lines[-4:] == loosely("\n".join(lines).replace("NAME", name))[-4:]


@pytest.mark.requirement("K8S-030")
def test_logs_are_followed_while_a_step_runs(bench: Bench, admin: Terminal) -> None:
    script = "for n in 1 2 3; do echo line $n; sleep 0.4; done; " + ANSWERS
    bench.apply(
        shell_agent("chatty", script), orchestration("talks", {"id": "a", "agent": "chatty"}), run("t", "talks")
    )
    bench.until_state("t", "Running")
    assert admin.libretto("logs", "t", "a", "-f").out == "line 1\nline 2\nline 3\nsaid so\n"


@pytest.mark.requirement("K8S-030")
def test_what_cannot_begin_is_not_made(bench: Bench, admin: Terminal) -> None:
    asks = [{"key": "day", "type": "string", "required": True}]
    bench.apply(orchestration("asks", *two(), parameters=asks))
    assert 'parameter "day" is required' in admin.libretto("run", "asks", code=2).err
    assert 'no orchestration "nothing"' in admin.libretto("run", "nothing", code=2).err
    assert not [one for one in bench.all("runs") if one["spec"]["orchestrationRef"]["name"] in ("asks", "nothing")]
    # Made by somebody who does not know: it says why it stands still.
    bench.apply(run("stuck", "asks"))
    until(lambda: "is required" in admin.call("kubectl", "libretto", "watch", "stuck").err, "it says why")
    assert admin.libretto("status").out.count("stuck") == 1


@pytest.mark.requirement("K8S-030")
def test_pause_resume_cancel(bench: Bench, admin: Terminal) -> None:
    bench.apply(orchestration("slowly", *two("slow")), run("p", "slowly"), run("c", "slowly"))
    bench.until_state("p", "Running")
    assert recorded(admin.libretto("pause", "p")) == [
        "run p paused by admin as record N. Running steps end by themselves.",
        "  go on  kubectl libretto resume p",
    ]
    assert bench.get("run", "p")["spec"]["suspend"] is True
    cancelled = admin.libretto("cancel", "c", "--comment", "enough")
    assert recorded(cancelled) == ["run c: aborted by admin as record N. The operator goes on with it."]
    assert bench.until_state("c")["state"] == "Aborted"
    until(lambda: bench.get("run", "p")["status"]["steps"] == "1/2", "what ran has ended", bench.tell("p"))
    assert admin.libretto("resume", "p").lines[-5].startswith("Succeeded")
    assert "the run is Succeeded" in admin.libretto("pause", "p", code=9).err
    assert admin.libretto("resume").lines == ["no run was paused"]


@pytest.mark.requirement("K8S-030")
def test_retry_skip_reject(bench: Bench, admin: Terminal) -> None:
    bad = {"id": "a", "agent": "bad", "retry": {"allowSkip": True}}
    good = {"id": "b", "agent": "worker", "dependsOn": ["a"], "checkpointAfter": {"question": "fine"}}
    bench.apply(orchestration("fails", bad, good))
    told = admin.libretto("run", "fails", code=4).lines
    name = told[0].split()[1]
    assert f"  last error  exit 65: why (kubectl libretto logs {name} a)" in told
    stale = admin.libretto("retry", name, "a", "--attempt", "2", code=9)
    assert 'attempt 2 of "a" is not the present one, which is 1: look at it again' in stale.err
    retried = recorded(admin.libretto("retry", name, "a", "--attempt", "1"))
    assert retried == ["step a: retried by admin as record N. The operator goes on with it."]
    assert len([line for line in admin.libretto("watch", name, code=4).lines if " a failed  exit 65" in line]) == 2
    assert 'attempt 1 of "a" is not the present one' in admin.libretto("skip", name, "a", "--attempt", "1", code=9).err
    skipped = recorded(admin.libretto("skip", name, "a", "--comment", "by hand"))
    assert skipped == ["step a: skipped by admin as record N. The operator goes on with it."]
    bench.until_state(name, "AwaitingApproval")
    rejected = admin.libretto("reject", name, "--comment", "no").lines
    assert rejected[0] == f"You reject: step b of run {name}"
    assert rejected[-1].startswith("rejected by admin as record ")
    assert bench.until_state(name, "Aborted", "Failed")["state"] == "Aborted"


@pytest.mark.requirement("K8S-030")
def test_a_run_may_be_left_where_a_person_must_decide(bench: Bench, admin: Terminal) -> None:
    bench.apply(orchestration("gated", *two(checkpointAfter={"question": "fine"})))
    told = admin.libretto("run", "gated", "--no-wait", code=7).lines
    name = told[0].split()[1]
    assert "Waiting for approval of a after 0.0s, 0 of 2 steps done" in told
    modified = recorded(admin.libretto("modify", name, "--set", "payload.tone=plain"))
    assert modified[-1] == "modified by admin as record N. The step is done again."
    admin.until(lambda said: "AwaitingApproval" in said.out, "status", name)
    digest = bench.get("run", name)["status"]["gates"][0]["digest"]
    other = "blake3:" + "0" * 64
    assert "Nothing was changed" in admin.libretto("approve", name, "--digest", other, code=9).err
    assert "The run goes on." in admin.libretto("approve", name, "--digest", digest).out
    bench.until_state(name)
    again = admin.libretto("rerun", name, "--from", "b", "--no-wait", code=7).lines
    assert f"  kubectl libretto watch {again[0].split()[1]}  look on afterwards" in again
    assert bench.get("run", again[0].split()[1])["spec"]["rerunOf"] == name


def test_a_run_that_is_deleted_meanwhile(bench: Bench, admin: Terminal) -> None:
    bench.apply(orchestration("deleted", *two("slow")), run("d", "deleted"))
    bench.until_state("d", "Running")
    watching = admin.begin("kubectl", "libretto", "watch", "d")
    assert watching.stdout is not None
    assert "started" in watching.stdout.readline()
    bench.kubectl("delete", "run", "d", "--wait=false")
    _, told = watching.communicate(timeout=60)
    assert (watching.returncode, told) == (2, "libretto: run d was deleted\n")


def test_ctrl_c_only_ends_the_looking(bench: Bench, admin: Terminal) -> None:
    import signal

    bench.apply(orchestration("left", *two("slow")), run("l", "left"))
    bench.until_state("l", "Running")
    watching = admin.begin("kubectl-libretto", "watch", "l")
    assert watching.stdout is not None
    assert "started" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, _ = watching.communicate(timeout=60)
    assert watching.returncode == 130
    assert "The run goes on without this terminal, 0 of 2 steps done" in out
    assert "kubectl libretto watch l" in out
    assert bench.state("l") == "Running"
