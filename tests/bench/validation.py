"""Validating 100, 300 and 1,000 definition files in one process."""

from pathlib import Path

from tests.bench.children import Usage
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop

SIZES = (100, 300, 1_000)
ROUNDS = 3

_AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata:
  name: worker
spec:
  modes: [BUILD, PLAN]
  inputSchema:
    type: object
    required: [task]
    properties:
      task: {type: string}
  process:
    argv: [/bin/sh, -c, 'cat input.json > output.json']
"""

_DEFINITION = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata:
  name: quarter-NUMBER
  labels: {team: finance}
spec:
  displayName: Quarter NUMBER
  description: Takes figures, checks them, and has a person look before they are sent.
  version: 1.NUMBER.0
  owner: finance
  parameters:
    - key: region
      type: string
      required: true
    - key: detailed
      type: boolean
      default: false
  phases:
    - id: gather
    - id: report
      maxParallel: 2
  errorHandling:
    onStepFailure: {maxAttempts: 3, initialDelayMs: 500}
  steps:
    - id: extract
      phase: gather
      agent: worker
      input:
        payload: {task: extract, region: '{{ parameters.region }}'}
    - id: check
      phase: gather
      agent: worker
      dependsOn: [extract]
      input:
        payload: {task: check, rows: '{{ steps.extract.rows }}'}
      contract:
        schema: {type: object, required: [sound]}
    - id: summarize
      phase: report
      agent: worker
      dependsOn: [check]
      input:
        payload: {task: summarize}
      checkpointAfter:
        question: Is the summary right?
        severity: high
    - id: details
      phase: report
      agent: worker
      when: parameters.detailed
      dependsOn: [check]
      input:
        payload: {task: detail, region: '{{ region }}'}
    - id: send
      phase: report
      agent: worker
      dependsOn: [summarize, details]
      input:
        payload: {task: send}
      timeout: 5m
"""


def measure(workshop: Workshop) -> Measured:
    """The best of three rounds each."""
    used = {size: _validated(workshop, size) for size in SIZES}
    largest = used[SIZES[-1]]
    lines = _DEFINITION.count("\n")
    return Measured(
        "Validating 1,000 definition files",
        f"One `libretto validate` over a folder; each file has {lines} lines, 5 steps, 2 phases, a checkpoint, a contract,"
        " a condition and templates.",
        [
            Figure("1,000 files validated", largest.wall_s, "s", 3, below=True),
            Figure("peak memory", largest.peak_mb, "MB"),
        ],
        [Growth("validation", "file", {size: 1e6 * used[size].wall_s / size for size in SIZES})],
    )


def _validated(workshop: Workshop, size: int) -> Usage:
    folder = workshop.folder(f"validated-{size}")
    _write(folder / "definitions", size)
    workshop.say(f"validating {size:,} files")
    tries = [workshop.libretto(folder, "validate", "definitions") for _ in range(ROUNDS)]
    return min(tries, key=lambda used: used.wall_s)


def _write(definitions: Path, size: int) -> None:
    (definitions / "agents" / "worker").mkdir(parents=True)
    (definitions / "agents" / "worker" / "agent.yaml").write_text(_AGENT, encoding="utf-8")
    for number in range(size):
        folder = definitions / f"quarter-{number}"
        folder.mkdir()
        (folder / "definition.yaml").write_text(_DEFINITION.replace("NUMBER", str(number)), encoding="utf-8")
