"""Run the long proofs, and keep in docs/proof.md when each last ran, on which commit, with what result.

python -m tools.proof --seeds 50000
python -m tools.proof --last            only say when they last ran
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "proof.md"
KILLS = 300
"""Moments at which the real command line is killed."""
HEADER = "| When (UTC) | Commit | Proof | Took | Result |\n| --- | --- | --- | --- | --- |\n"


@dataclass(frozen=True, slots=True)
class Proof:
    """One command, and the name under which its last result is kept."""

    name: str
    command: tuple[str, ...]


def proofs(seeds: int) -> list[Proof]:
    """List what is too long for CI."""
    return [
        Proof(f"simulation with faults, {seeds} seeds", ("-m", "tests.dst", "--seeds", str(seeds))),
        Proof(f"kill -9 at {KILLS} random moments", ("-m", "tests.crash", "--kills", str(KILLS))),
        Proof("mutation of the engine", ("-m", "tools.mutation")),
    ]


def last(text: str) -> list[str]:
    """Return the rows of the record's table, newest first."""
    _, _, table = text.partition(HEADER)
    return [line for line in table.splitlines() if line.startswith("| ")]


def record(text: str, row: str) -> str:
    """Return the record with one more row on top of its table; the table is made where there is none."""
    before, found, table = text.partition(HEADER)
    if not found:
        before = before.rstrip("\n") + "\n\n" if before.strip() else "# When the long proofs last ran\n\n"
    return f"{before}{HEADER}{row}\n{table}"


def commit() -> str:
    """Name what is being proved; a tree that differs from its commit says so."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return described.stdout.strip() or "unknown"


def run(proof: Proof, of: str) -> bool:
    """Run one proof, its output shown as it comes, and record how it ended."""
    print(f"==> {proof.name}", flush=True)
    began = time.monotonic()
    code = subprocess.run([sys.executable, *proof.command], cwd=ROOT, check=False).returncode
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    result = "passed" if code == 0 else f"failed ({code})"
    row = f"| {datetime.now(UTC):%Y-%m-%d %H:%M} | {of} | {proof.name} | {minutes} min {seconds} s | {result} |"
    RECORD.write_text(record(RECORD.read_text(encoding="utf-8") if RECORD.exists() else "", row), encoding="utf-8")
    print(row, flush=True)
    return code == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Say when the proofs last ran, then run them all, even when one fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.proof", description="Run the long proofs.")
    parser.add_argument("--seeds", type=int, default=50_000, help="of the simulation with faults")
    parser.add_argument("--last", action="store_true", help="only say when they last ran")
    options = parser.parse_args(arguments)
    rows = last(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    print("\n".join(["last runs, newest first:", *rows[:6]]) if rows else "no run is on record yet", flush=True)
    if options.last:
        return 0
    of = commit()
    failed = sum(not run(proof, of) for proof in proofs(options.seeds))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
