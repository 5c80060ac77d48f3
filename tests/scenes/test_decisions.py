"""Decisions from elsewhere: how fast they release a run, what they do where nobody drives it, and inside child runs."""

import subprocess
from pathlib import Path

import pytest

from controller.model.decision import Decision
from controller.model.record import Actor, Record, decode
from controller.model.states import Verdict
from controller.wiring.local import Local
from tests.scenes.mara import Project, waits
from tests.scenes.program import ended

RELEASE_MS = 200
"""An approval in one terminal releases a run in another within this time."""

GATES = 5

AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: clerk}
spec:
  modes: [BUILD]
  process: {argv: ["true"]}
"""


def step(name: str, after: str, gate: bool) -> str:
    lines = [f"    - id: {name}", "      agent: clerk"]
    lines += [f"      dependsOn: [{after}]"] if after else []
    lines += ["      checkpointAfter: {question: go on?}"] if gate else []
    return "\n".join(lines)


def definition(name: str, steps: list[str]) -> str:
    head = f"apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\nmetadata: {{name: {name}}}\n"
    return f"{head}spec:\n  version: 1.0.0\n  steps:\n" + "\n".join(steps) + "\n"


def project(folder: Path) -> Project:
    for name, text in {
        "agents/clerk/agent.yaml": AGENT,
        "gates/definition.yaml": definition(
            "gates",
            [step(f"s{number}", f"s{number - 1}" if number else "", number < GATES) for number in range(GATES + 1)],
        ),
        "outer/definition.yaml": definition(
            "outer",
            [
                "    - id: inner\n      type: orchestration\n      orchestration: {name: single}",
                step("last", "inner", False),
            ],
        ),
        "single/definition.yaml": definition("single", [step("only", "", True)]),
    }.items():
        path = folder / "definitions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Project(folder)


def test_an_approval_releases_a_run_in_another_terminal_within_200_ms(tmp_path: Path) -> None:
    mara = project(tmp_path)
    run = mara.begin("run", "definitions/gates")
    mara.until(waits, "status")
    local = Local.open(str(mara.state))
    try:
        [(spec, _)] = local.stores.objects.runs()
        submitted = {}
        for number in range(GATES):
            while not (status := local.stores.ledger.status(spec.uid)) or f"s{number}" not in status.frontier:
                assert run.poll() is None
            if not status.gates:
                continue
            (gate,) = status.gates
            submitted[f"s{number + 1}"] = local.clock.now()
            local.stores.decisions.submit(
                Decision(0, spec.uid, gate.gate, gate.digest, gate.request, Verdict.APPROVE, Actor("person", "mara"))
            )
    finally:
        local.close()
    assert ended(run).code == 0
    started = {record.step: record.time for record in _records(mara) if record.kind == "StepStarted"}
    # One of five may meet a busy machine; what is promised is promised for the ordinary case.
    waited = sorted(started[name] - time for name, time in submitted.items())
    assert len(waited) == GATES
    assert waited[GATES // 2] <= RELEASE_MS, waited


def _records(mara: Project) -> list[Record]:
    local = Local.open(str(mara.state), read_only=True)
    try:
        roots = [spec.uid for spec, _ in local.stores.objects.runs() if spec.parent is None]
        return [decode(content) for content in local.stores.ledger.read(roots[0])]
    finally:
        local.close()


def _killed(mara: Project, name: str) -> None:
    """Leave a run that waits for a person, and that nobody drives."""
    run = mara.begin("run", f"definitions/{name}")
    mara.until(waits, "status")
    run.kill()
    run.communicate()


def test_where_nobody_drives_a_decision_is_recorded_and_nothing_starts(tmp_path: Path) -> None:
    mara = project(tmp_path)
    _killed(mara, "gates")
    before = len(_records(mara))
    said = mara.call("approve", "latest", "s0")
    assert said.code == 0
    assert said.lines == [
        "You approve: step s0 of run RUN",
        "  output  DIGEST  (shown with: libretto show RUN s0)",
        "  releases s1, s2, s3, s4, s5",
        f"approved by mara as record {before}. Nobody drives the run; it goes on with: libretto resume RUN",
    ]
    assert [record.kind for record in _records(mara)[before:]] == ["GateApproved", "RunContinued"]
    assert mara.call("explain", "latest", "s1").lines[0] == (
        "s1 is Pending, and nothing stands in its way; nobody drives the run: libretto resume RUN"
    )


@pytest.mark.parametrize("driven", [True, False])
def test_a_checkpoint_inside_a_child_is_decided_at_the_root(tmp_path: Path, *, driven: bool) -> None:
    mara = project(tmp_path)
    run: subprocess.Popen[str] | None = None
    if driven:
        run = mara.begin("run", "definitions/outer")
        mara.until(waits, "status")
    else:
        _killed(mara, "outer")
    assert mara.told("status", "latest")["status"]["gates"][0]["gate"] == "inner/only"
    said = mara.call("approve", "latest", "inner/only")
    assert said.code == 0, said
    assert said.lines[2] == "  releases last"
    again = mara.call("approve", "latest", "inner/only")
    assert again.code == 9
    assert "already decided: approved by mara" in again.err
    if run is not None:
        assert ended(run).code == 0
    else:
        status = mara.told("status", "latest")["status"]
        assert (status["state"], status["gateCount"]) == ("Running", 0)


def test_a_rejection_ends_the_run(tmp_path: Path) -> None:
    mara = project(tmp_path)
    run = mara.begin("run", "definitions/gates")
    mara.until(waits, "status")
    said = mara.call("reject", "latest", "--comment", "not this quarter")
    assert said.lines[-1] == "rejected by mara as record 5. The run ends."
    assert ended(run).code == 5


def test_a_modified_step_is_done_again_and_asks_again(tmp_path: Path) -> None:
    mara = project(tmp_path)
    run = mara.begin("run", "definitions/single")
    mara.until(waits, "status")
    said = mara.call("modify", "latest", "--set", "input.rows.top=3", "-o", "json")
    assert said.code == 0
    shown = mara.until(
        lambda answer: len(answer["attempts"]) == 2 and answer["gate"]["state"] == "Open", "show", "latest", "only"
    )
    assert shown["input"]["payload"] == {"rows": {"top": 3}}
    assert mara.call("approve", "latest").code == 0
    assert ended(run).code == 0


def test_a_decision_about_something_else_changes_nothing(tmp_path: Path) -> None:
    mara = project(tmp_path)
    _killed(mara, "single")
    said = mara.call("approve", "latest", "--digest", "blake3:00")
    assert said.code == 9
    assert said.lines == [
        'libretto: "only" is about DIGEST now, not blake3:00. Nothing was changed.',
        "  look at it with: libretto show RUN only",
    ]
    assert mara.call("approve", "latest", "nope").code == 2
