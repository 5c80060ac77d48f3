"""Scene 9: on a cluster. What a person types and reads, from `kubectl apply` to the end of the run."""

import re
from pathlib import Path

import pytest

from tests.cluster.cli.conftest import Person
from tests.cluster.cli.terminal import Terminal
from tests.cluster.operators import Bench
from tests.scenes.normalise import loosely

RUN = """\
apiVersion: libretto.dev/v1alpha1
kind: Run
metadata:
  name: q3
spec:
  orchestrationRef: {name: finance-quarterly-review}
"""

FORGED = """\
apiVersion: libretto.dev/v1alpha1
kind: Approval
metadata:
  name: approval-as-someone-else
spec:
  runRef: {name: q3, uid: UID}
  gate: quarterly-summary
  digest: DIGEST
  request: REQUEST
  decision: approve
  approver: {name: mara}
"""

LIBRARY = "definitions/finance-quarterly-review"


def aged(text: str) -> list[str]:
    """The lines without times, digests and widths of columns."""
    return [re.sub(r"  \d+[smh]$", "  AGE", re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())) for line in loosely(text)]


@pytest.mark.requirement("K8S-016", "K8S-030")
def test_scene_9(bench: Bench, admin: Terminal, person: Person, tmp_path: Path) -> None:
    mara, joe = (person(user, "view", "libretto-approver") for user in ("mara", "joe"))
    # What the review needs, and once it is there, the review and a run of it.
    for path in ("definitions/agents", "definitions/kpi-tracking"):
        admin.libretto("definitions", "publish", path)
    run = tmp_path / "run.yaml"
    run.write_text(RUN, encoding="utf-8")
    assert admin.call("kubectl", "apply", "-f", LIBRARY, "-f", str(run)).out.splitlines() == [
        "orchestration.libretto.dev/finance-quarterly-review created",
        "run.libretto.dev/q3 created",
    ]
    admin.call("kubectl", "wait", "run/q3", "--for=jsonpath={.status.state}=AwaitingApproval", "--timeout=2m", code=0)
    assert aged(mara.call("kubectl", "get", "runs", "--field-selector=metadata.name=q3").out) == [
        "NAME  ORCHESTRATION  STATE  STEPS  STEP  WAITS FOR  AGE",
        "q3  finance-quarterly-review  AwaitingApproval  4/7  quarterly-summary  approval  AGE",
    ]
    assert aged(mara.libretto("status").out) == [
        "RUN  ORCHESTRATION  STATE  STEPS  SINCE  WAITS FOR",
        "q3  finance-quarterly-review  AwaitingApproval  4/7  AGE  quarterly-summary: approve · reject · modify",
    ]

    gate = bench.get("run", "q3")["status"]["gates"][0]
    forged = tmp_path / "approval-as-someone-else.yaml"
    uid = bench.get("run", "q3")["metadata"]["uid"]
    text = FORGED.replace("UID", uid).replace("DIGEST", gate["digest"]).replace("REQUEST", str(gate["request"]))
    forged.write_text(text, encoding="utf-8")
    refused = joe.call("kubectl", "create", "-f", str(forged), code=1).err
    assert refused.startswith("Error from server (Forbidden): ")
    assert refused.endswith('spec.approver.name must be you: "joe", not "mara"\n')
    leap = ("patch", "run", "q3", "--subresource=status", "--type=merge", "-p", '{"status":{"state":"Succeeded"}}')
    assert admin.call("kubectl", *leap, code=1).err == (
        'The Run "q3" is invalid: status.state: Forbidden: a run never goes from AwaitingApproval to Succeeded\n'
    )

    approved = mara.libretto("approve", "q3", "--comment", "checked against SAP")
    assert approved.lines == [
        "You approve: step quarterly-summary of run q3",
        "  output  DIGEST  (shown with: kubectl libretto show q3 quarterly-summary)",
        "  releases prepare-executive-brief, archive",
        "approved by mara as record 18. The run goes on.",
    ]
    (approval,) = bench.all("approvals")
    assert approval["spec"]["approver"]["name"] == "mara"
    assert (approval["spec"]["digest"], approval["spec"]["comment"]) == (gate["digest"], "checked against SAP")
    assert mara.libretto("approve", "q3", code=9).lines == [
        "libretto: already decided: approved by mara AGE (record 18). Nothing was changed."
    ]

    admin.call("kubectl", "wait", "run/q3", "--for=condition=Finished", "--timeout=5m", code=0)
    assert admin.call("kubectl", "get", "run", "q3", "-o", "jsonpath={.status.state}").out == "Succeeded"
    bundle = tmp_path / "q3.zip"
    exported = mara.libretto("export", "q3", "-o", str(bundle)).lines
    assert exported[0].startswith(f"{bundle}: finance-quarterly-review 2.0.0, run ")
    proof = admin.call("libretto", "verify", str(bundle), code=0).out
    assert "sound." in proof.splitlines()[0]
    assert f"quarterly-summary approved by mara (record 18): exactly {gate['digest'][:11]}" in proof
