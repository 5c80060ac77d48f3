"""An orchestration whose contents no record takes: files of an agent, inputs, outputs and artifacts of up to some MiB."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from controller.adapters.memory import MemoryLedgerStore, MemoryObjectStore
from controller.wiring.definitions import find
from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import ROOT, run
from tests.differential.stage import People, play_real

Json = dict[str, Any]

NAME = "large"

AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: carrier}
spec:
  description: Makes much, and counts what others made.
  modes: [BUILD]
  process:
    argv: [/bin/sh, ./work.sh, ./table.txt]
"""

WORK = """\
cd "$LIBRETTO_DIR"
case "$LIBRETTO_STEP" in
  makes)
    mkdir -p artifacts
    seq 1 400000 > artifacts/rows.txt
    (printf '{"table": %s, "text": "' "$(wc -c < "$1" | tr -d ' ')"; seq 1 5000 | tr '\\n' ' '; printf '"}') > output.json
    ;;
  counts)
    printf '{"rows": %s, "input": %s}' "$(wc -c < inputs/makes/rows.txt | tr -d ' ')" "$(wc -c < input.json | tr -d ' ')" > output.json
    ;;
esac
"""

DEFINITION = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: large}
spec:
  version: 1.0.0
  steps:
    - id: makes
      agent: carrier
      checkpointAfter: {question: go on}
    - id: counts
      agent: carrier
      dependsOn: [makes]
      input: {payload: {text: "{{ steps.makes.text }}"}}
  outputs: {table: "{{ steps.makes.table }}", rows: "{{ steps.counts.rows }}"}
"""

TABLE = random.Random(7).randbytes(1_000_000).hex()
"""Nothing makes it smaller, so as a ConfigMap it has several parts."""

OUTPUT = {"table": len(TABLE), "rows": 2_688_895}


class Written(NamedTuple):
    """The definitions as files."""

    folder: Path

    def local_digest(self, state: Path) -> str:
        """Return the semantic digest of a run on this machine."""
        found = find(str(self.folder / NAME), MemoryObjectStore(MemoryLedgerStore()))
        return play_real(state, found, People()).digest

    def publish(self, cluster: ControlPlane, namespace: str) -> None:
        """Publish them as somebody does at a terminal."""
        told = libretto(cluster, namespace, "definitions", "publish", str(self.folder))
        assert told.returncode == 0, told.stderr


def write(folder: Path) -> Written:
    library = folder / "definitions"
    for path, text in {
        "agents/carrier/agent.yaml": AGENT,
        "agents/carrier/work.sh": WORK,
        "agents/carrier/table.txt": TABLE,
        f"{NAME}/definition.yaml": DEFINITION,
    }.items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_text(text, encoding="utf-8")
    return Written(library)


def libretto(
    cluster: ControlPlane, namespace: str, *words: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Carry out a verb on the cluster."""
    command = [sys.executable, "-m", "controller", "--cluster", "--kubeconfig", str(cluster.kubeconfig)]
    return subprocess.run(
        [*command, "-n", namespace, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def came_to(status: Json) -> Any:
    """Return the outputs of a run, which its status has because they are small."""
    found = [json.loads(text) for text in status["contents"].values()]
    return next((one for one in found if one == OUTPUT), found)


def run_object(name: str) -> Json:
    return run(name, NAME)


def approval(found: Json) -> Json:
    """Return the approval of the one checkpoint of a run that waits."""
    gate = found["status"]["gates"][0]
    spec = {
        "runRef": {"name": found["metadata"]["name"], "uid": found["metadata"]["uid"]},
        "gate": gate["gate"],
        "digest": gate["digest"],
        "request": gate["request"],
        "decision": "approve",
    }
    metadata = {"generateName": "answer-"}
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": "Approval", "metadata": metadata, "spec": spec}
