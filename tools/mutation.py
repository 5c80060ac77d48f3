"""Change the engine on purpose, one small thing at a time, and count the changes that its tests notice.

    python -m tools.mutation                go on where the last run stopped, then say how many were noticed
    python -m tools.mutation --fresh        forget earlier results
    python -m tools.mutation --sample 700   try only so many of the changes, drawn by --seed
    python -m tools.mutation --survivors    only list what was not noticed, by function

mutmut makes the changes and runs the tests (`[tool.mutmut]` in pyproject.toml). Its results lie in `mutants/` and stay valid
for functions and tests that did not change, so it can be stopped at any time. A complete run writes its figures to docs/proof.md.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tools.proof import RECORD, commit, record

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "mutants"
STATISTICS = RESULTS / "mutmut-cicd-stats.json"

GOAL = 85.0
"""Per cent of the changes that must be noticed."""

NICENESS = 10
"""It runs for long and is in no hurry."""

NOTICED = ("killed", "timeout", "segfault")
UNNOTICED = ("survived", "no_tests", "suspicious")

SHOWN_EVERY = 20.0
"""Seconds between two lines of progress."""

PROGRESS = re.compile(r"(\d+)/(\d+)")


def counts(statistics: Mapping[str, int]) -> tuple[int, int]:
    """Return how many changes were noticed, and how many were tried."""
    noticed = sum(statistics.get(name, 0) for name in NOTICED)
    return noticed, noticed + sum(statistics.get(name, 0) for name in UNNOTICED)


def sentence(statistics: Mapping[str, int]) -> str:
    """Say the figures in one line."""
    noticed, tried = counts(statistics)
    share = 100 * noticed / tried if tried else 0.0
    return f"{noticed:,} of {tried:,} changes noticed: {share:.1f} % (goal: {GOAL:g} %)"


def passed(statistics: Mapping[str, int]) -> bool:
    """Whether enough were noticed."""
    noticed, tried = counts(statistics)
    return tried > 0 and 100 * noticed / tried >= GOAL


def by_function(results: str) -> list[tuple[str, int]]:
    """Return the functions with changes that nobody noticed, the worst first; `results` is what `mutmut results` says."""
    found: Counter[str] = Counter()
    for line in results.splitlines():
        name, _, verdict = line.strip().partition(": ")
        if verdict in ("survived", "no tests", "suspicious"):
            found[re.sub(r"x[ǁ_]|__mutmut_\d+$", "", name).replace("ǁ", ".")] += 1
    return found.most_common()


def verdicts(results: str, names: Collection[str]) -> dict[str, int]:
    """Return verdict -> how many of the named changes got it; `results` is what `mutmut results --all true` says."""
    pairs = (line.strip().partition(": ") for line in results.splitlines())
    return Counter(verdict.replace(" ", "_") for name, _, verdict in pairs if name in names)


def drawn(count: int, seed: int) -> list[str]:
    """Draw changes among all that mutmut makes."""
    if not any(RESULTS.rglob("*.meta")):
        subprocess.run(_mutmut("run", "no such change"), cwd=ROOT, check=False, capture_output=True)
    metas = sorted((RESULTS / "controller" / "engine").glob("*.meta"))
    names = [name for meta in metas for name in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]]
    return Random(seed).sample(sorted(names), min(count, len(names)))  # noqa: S311 (nothing secret is drawn)


def _mutmut(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mutmut", *arguments]


def _show(process: "subprocess.Popen[bytes]") -> None:
    """Show where mutmut is, not every turn of its wheel."""
    assert process.stdout is not None
    shown, before = time.monotonic(), b""
    while chunk := os.read(process.stdout.fileno(), 65_536):
        before = (before + chunk)[-400:]
        if time.monotonic() - shown >= SHOWN_EVERY and (found := PROGRESS.findall(before.decode(errors="replace"))):
            print(f"    {int(found[-1][0]):,} of {int(found[-1][1]):,}", flush=True)
            shown = time.monotonic()


def run(children: int, names: Sequence[str] = ()) -> int:
    """Run mutmut to its end, over all changes or those that are named, and return its exit status."""
    os.nice(NICENESS)
    command = _mutmut("run", "--max-children", str(children), *names)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        _show(process)
    subprocess.run(_mutmut("export-cicd-stats"), cwd=ROOT, check=True, capture_output=True)
    return process.returncode


def keep(command: str, began: float, statistics: Mapping[str, int]) -> None:
    """Write the figures into docs/proof.md."""
    minutes = round((time.monotonic() - began) / 60)
    row = f"| {datetime.now(UTC):%Y-%m-%d %H:%M} | {commit()} | {command} | {minutes} min | {sentence(statistics)} |"
    RECORD.write_text(record(RECORD.read_text(encoding="utf-8") if RECORD.exists() else "", row), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, say the figures, and record them when the run is complete; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description="What do the engine's tests notice?")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--survivors", action="store_true", help="only list what was not noticed, by function")
    parser.add_argument("--sample", type=int, metavar="N", help="try only so many of the changes")
    parser.add_argument("--seed", type=int, default=7, help="of the sample")
    parser.add_argument("--children", type=int, default=1, help="how many at a time")
    options = parser.parse_args(arguments)
    if options.survivors:
        listed = subprocess.run(_mutmut("results"), cwd=ROOT, check=True, capture_output=True, text=True).stdout
        print("\n".join(f"{count:5d}  {name}" for name, count in by_function(listed)))
        return 0
    if options.fresh and RESULTS.exists():
        shutil.rmtree(RESULTS)
    began = time.monotonic()
    if options.sample is not None:
        names = drawn(options.sample, options.seed)
        status = run(options.children, names)
        told = subprocess.run(_mutmut("results", "--all", "true"), cwd=ROOT, check=True, capture_output=True, text=True)
        found = verdicts(told.stdout, set(names))
        print(sentence(found), flush=True)
        if status == 0:
            keep(f"`python -m tools.mutation --sample {options.sample} --seed {options.seed}`", began, found)
        return 0 if status == 0 and passed(found) else 1
    status = run(options.children)
    statistics = json.loads(STATISTICS.read_text(encoding="utf-8"))
    print(sentence(statistics), flush=True)
    if status != 0 or statistics.get("not_checked", 0) or statistics.get("check_was_interrupted_by_user", 0):
        print("the run is not complete: `make mutation` goes on", flush=True)
        return 1
    keep("`make mutation`", began, statistics)
    return 0 if passed(statistics) else 1


if __name__ == "__main__":
    sys.exit(main())
