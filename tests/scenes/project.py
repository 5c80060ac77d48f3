"""Small projects for scenes: definitions of `tests/scenes/definitions` or the shipped ones, in a folder of their own."""

import shutil
from pathlib import Path

from tests.scenes.program import ROOT

OWN = Path(__file__).parent / "definitions"
SHIPPED = ROOT / "definitions"


def project(place: Path, *names: str, shipped: bool = False) -> Path:
    """Copy definitions and all agents into `place/definitions` and return `place`."""
    source = SHIPPED if shipped else OWN
    for name in (*names, "agents"):
        shutil.copytree(source / name, place / "definitions" / name)
    return place


def chain(place: Path, name: str, steps: int, *, patient: int = 0) -> None:
    """Write an orchestration of steps `load-1` to `load-N`, one after the other; one of them may be patient."""
    lines = [
        "apiVersion: libretto.dev/v1alpha1",
        "kind: Orchestration",
        f"metadata: {{name: {name}}}",
        "spec:",
        "  version: 1.0.0",
        "  steps:",
    ]
    for number in range(1, steps + 1):
        lines += [f"    - id: load-{number}", f"      agent: {'patient' if number == patient else 'worker'}"]
        lines += [f"      dependsOn: [load-{number - 1}]"] if number > 1 else []
        lines += ["      input:", f"        payload: {{number: {number}}}"]
    folder = place / "definitions" / name
    folder.mkdir(parents=True)
    (folder / "definition.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
