"""One agent of the example library, run directly under the step directory contract, without an engine."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

LIBRARY = Path(__file__).resolve().parents[2] / "definitions"
AGENTS = sorted(path.parent for path in LIBRARY.glob("agents/*/agent.yaml"))
LONGEST = 20.0
"""Seconds after which a program hangs; it takes a tenth of one."""

Files = Mapping[str, str | bytes]
"""Path below `inputs/` -> content."""

NO_FILES: Files = MappingProxyType({})


def spec_of(slug: str) -> dict[str, Any]:
    text = (LIBRARY / "agents" / slug / "agent.yaml").read_text(encoding="utf-8")
    spec: dict[str, Any] = yaml.safe_load(text)["spec"]
    return spec


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt left behind."""

    code: int
    errors: str
    directory: Path

    def json(self, name: str) -> Any:
        return json.loads((self.directory / name).read_text(encoding="utf-8"))

    @property
    def output(self) -> Any:
        return self.json("output.json")

    def left(self) -> dict[str, bytes]:
        """Output and artifacts: what enters the ledger and the cache, so what must be equal for equal input."""
        files = [self.directory / "output.json", *sorted((self.directory / "artifacts").rglob("*"))]
        return {path.relative_to(self.directory).as_posix(): path.read_bytes() for path in files if path.is_file()}


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder in which attempts are made, as the folder that holds the state directory would be."""

    root: Path
    run: str = "run"

    def attempt(
        self,
        slug: str,
        payload: Mapping[str, Any],
        inputs: Files = NO_FILES,
        *,
        step: str = "step",
        number: int = 1,
        role: str = "do",
        message: str | None = None,
    ) -> Attempt:
        spec = spec_of(slug)
        directory = self.root / "attempts" / f"{step}-{role}-{number}"
        (directory / "inputs").mkdir(parents=True)
        given = {"mode": spec["modes"][0], "payload": payload, "conversationId": "conversation"}
        if message is not None:
            given["userMessage"] = message
        (directory / "input.json").write_text(json.dumps(given), encoding="utf-8")
        for name, content in inputs.items():
            path = directory / "inputs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        folder = LIBRARY / "agents" / slug
        words = [str(folder / word) if word.startswith("./") else word for word in spec["process"]["argv"]]
        ended = subprocess.run(
            [sys.executable if word == "python3" else word for word in words],
            cwd=self.root if spec["process"].get("workingDirectory") == "repository" else directory,
            env={
                "PATH": os.environ["PATH"],
                "LIBRETTO_DIR": str(directory),
                "LIBRETTO_RUN": self.run,
                "LIBRETTO_STEP": step,
                "LIBRETTO_ATTEMPT": str(number),
                "LIBRETTO_ROLE": role,
                "LIBRETTO_IDEMPOTENCY_KEY": f"key of {step}",
                **spec["process"].get("env", {}),
            },
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return Attempt(ended.returncode, ended.stderr, directory)

    def undo(self, slug: str, done: Attempt, *, step: str = "step", number: int = 1) -> Attempt:
        """Play the undo of the receipt that `done` left."""
        receipt = done.json("receipt.json")
        payload = receipt["undo"]["input"]
        inputs = {"receipt.json": json.dumps(receipt)}
        return self.attempt(slug, payload, inputs, step=step, number=number, role="undo")

    def world(self) -> dict[str, bytes]:
        """Everything outside of the attempts: what a run changes and an undo takes back."""
        outside = self.root / "outbox"
        return {p.relative_to(outside).as_posix(): p.read_bytes() for p in sorted(outside.rglob("*")) if p.is_file()}
