"""Programs that do as a table says: a shell script that looks up how its attempt ends."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.identity import agent_revision, definition_digest
from controller.model.agent import AgentSpec
from controller.model.orchestration import OrchestrationSpec
from controller.model.outcomes import Outcomes, read_outcomes
from controller.wiring.definitions import Found

Table = Mapping[str, Sequence[Mapping[str, Any]]]
"""Step, or one instance, -> how its attempts go, as in an outcomes file; `sleepMs` is how long the program takes."""

SCRIPT = """\
#!/bin/sh
at="$TABLE/$LIBRETTO_ROLE/$LIBRETTO_STEP"
[ -d "$at" ] || at="$TABLE/$LIBRETTO_ROLE/${LIBRETTO_STEP%%\\[*}"
[ -d "$at" ] || exit 0
attempt=$LIBRETTO_ATTEMPT
while [ ! -d "$at/$attempt" ]; do attempt=$((attempt - 1)); done
[ -d "$at/$attempt/left" ] && cp -R "$at/$attempt/left/." .
. "$at/$attempt/end"
"""


def built(
    folder: Path,
    specs: Sequence[Mapping[str, Any]],
    table: Table,
    undo: Table | None = None,
    agents: Sequence[Mapping[str, Any]] = (),
) -> Found:
    """Return the first of the orchestrations, ready to be played; the others are there to be its children.

    All their agents are the program, under the slugs `worker` and those of `agents`.
    """
    script = folder / "act.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    for role, steps in (("do", table), ("undo", undo or {})):
        for step, attempts in steps.items():
            for number, attempt in enumerate(attempts, 1):
                _write(folder / "table" / role / step / str(number), attempt)
    process = {"argv": [str(script)], "env": {"TABLE": str(folder / "table")}}
    known = [AgentSpec.model_validate({"slug": "worker", "process": process, **one}) for one in [{}, *agents]]
    entries = [_entry(spec) for spec in specs]
    listed = [AgentEntry(agent, agent_revision(agent, {}), {}, "global", "test") for agent in known]
    return Found(entries[0], Catalog(folder=entries, folder_agents=listed))


def _entry(spec: Mapping[str, Any]) -> CatalogEntry:
    model = OrchestrationSpec.model_validate(spec)
    return CatalogEntry(model, definition_digest(model), None, "global", "active", "test")


def _write(at: Path, attempt: Mapping[str, Any]) -> None:
    left = at / "left"
    left.mkdir(parents=True)
    if "raw" in attempt:
        (left / "output.json").write_text(attempt["raw"])
    elif "output" in attempt or "answer" in attempt:
        (left / "output.json").write_bytes(orjson.dumps(attempt.get("answer", attempt.get("output"))))
    if "receipt" in attempt:
        (left / "receipt.json").write_bytes(orjson.dumps(attempt["receipt"]))
    for name, text in attempt.get("artifacts", {}).items():
        path = left / "artifacts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text["text"])
    pause = f"sleep {attempt['sleepMs'] / 1000}\n" if "sleepMs" in attempt else ""
    (at / "end").write_text(f"{pause}exit {attempt.get('exitCode', 0)}\n")


def packed(folder: Path) -> str:
    """Return the program of `folder`, where `built` wrote it, as one script: it brings its table along, as a pod must have it."""
    lines = ["TABLE=$(mktemp -d)"]
    for file in sorted((folder / "table").rglob("*")):
        at = f'"$TABLE"/{shlex.quote(str(file.relative_to(folder / "table")))}'
        lines.append(f"mkdir -p {at}" if file.is_dir() else f"printf %s {shlex.quote(file.read_text())} > {at}")
    return "\n".join([*lines, 'cd "$LIBRETTO_DIR"', SCRIPT])


def outcomes_from(
    table: Table,
    undo: Table,
    decisions: Mapping[str, Sequence[Any]],
    commands: Sequence[Mapping[str, Any]],
    paths: Mapping[str, Sequence[str]],
) -> Outcomes:
    """Return the outcomes that a table means, with nothing of the real run in them.

    `paths` says where a step of a child orchestration is played: step -> addresses of it.
    """
    value = {
        "kind": "Outcomes",
        "outcomes": dict(_addressed(table, paths)),
        "undo": dict(_addressed(undo, paths)),
        "decisions": {gate: list(answers) for gate, answers in decisions.items()},
        "commands": [dict(one) for one in commands],
    }
    return read_outcomes(value)


def _addressed(table: Table, paths: Mapping[str, Sequence[str]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (address, [_entered(one) for one in attempts])
        for step, attempts in table.items()
        for address in paths.get(step, [step])
    ]


def _entered(attempt: Mapping[str, Any]) -> dict[str, Any]:
    """An attempt as an outcomes file says it: what the program prints is an answer, and its pause a length of time."""
    entry = {name: value for name, value in attempt.items() if name not in {"sleepMs", "raw", "output"}}
    if "raw" in attempt:
        entry |= {"class": "ContractViolated"}
    elif "output" in attempt:
        entry["answer"] = attempt["output"]
    entry["durationMs"] = attempt.get("sleepMs", 3)
    return entry
