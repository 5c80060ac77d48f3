"""One graph for all: layers of twenty steps, each of which needs two of the layer before and writes one small file."""

from collections.abc import Iterator
from pathlib import Path

WIDTH = 20
"""Steps in a layer."""

_AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata:
  name: writer
spec:
  process:
    argv: [/bin/sh, -c, 'echo "$LIBRETTO_STEP" > artifacts/out']
"""

_ORCHESTRATION = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata:
  name: layers
spec:
  version: 1.0.0
  owner: bench
  execution:
    concurrency: {maxParallel: 2}
  steps:
"""

_SNAKEFILE = """\
NEEDED = {needed!r}

rule all:
    input: [f"out/{{step}}" for step in NEEDED]

rule step:
    input: lambda wildcards: [f"out/{{step}}" for step in NEEDED[wildcards.step]]
    output: "out/{{step}}"
    shell: "echo {{wildcards.step}} > {{output}}"
"""


def steps(count: int) -> Iterator[tuple[str, list[str]]]:
    """Yield every step with the steps that it needs."""
    for number in range(count):
        layer, place = divmod(number, WIDTH)
        before = (layer - 1) * WIDTH
        needed = sorted({before + place, before + (place + 1) % WIDTH}) if layer else []
        yield _name(number), [_name(one) for one in needed]


def _name(number: int) -> str:
    return f"s{number:05d}"


def write_definition(folder: Path, count: int) -> Path:
    """Write the graph for Libretto; return the definition's folder."""
    agent, orchestration = folder / "definitions" / "agents" / "writer", folder / "definitions" / "layers"
    agent.mkdir(parents=True)
    orchestration.mkdir()
    (agent / "agent.yaml").write_text(_AGENT, encoding="utf-8")
    lines = [
        f"    - {{id: {step}, agent: writer" + (f", dependsOn: [{', '.join(needed)}]" if needed else "") + "}\n"
        for step, needed in steps(count)
    ]
    (orchestration / "definition.yaml").write_text(_ORCHESTRATION + "".join(lines), encoding="utf-8")
    return orchestration


def write_makefile(folder: Path, count: int) -> None:
    """Write the graph for make."""
    (folder / "out").mkdir(parents=True)
    rules = [f"out/{step}:{_paths(needed)}\n\techo {step} > out/{step}\n" for step, needed in steps(count)]
    everything = f"all:{_paths([step for step, _ in steps(count)])}\n"
    (folder / "Makefile").write_text(everything + "".join(rules), encoding="utf-8")


def write_ninja(folder: Path, count: int) -> None:
    """Write the graph for ninja."""
    (folder / "out").mkdir(parents=True)
    head = "rule step\n  command = echo $name > $out\n"
    builds = [f"build out/{step}: step{_paths(needed)}\n  name = {step}\n" for step, needed in steps(count)]
    (folder / "build.ninja").write_text(head + "".join(builds), encoding="utf-8")


def write_snakefile(folder: Path, count: int) -> None:
    """Write the graph for Snakemake, as one rule: a rule for each step takes it a quarter longer."""
    folder.mkdir(parents=True)
    (folder / "Snakefile").write_text(_SNAKEFILE.format(needed=dict(steps(count))), encoding="utf-8")


def _paths(needed: list[str]) -> str:
    return "".join(f" out/{step}" for step in needed)
