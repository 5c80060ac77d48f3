"""Do the agents of the example library keep the step directory contract? Each program is run as a process of its own."""

import ast
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from tests.definitions.agent import AGENTS, Bench, spec_of
from tests.definitions.calls import BAD, GOOD, Bad, Good

SLUGS = [folder.name for folder in AGENTS]

OUTSIDE_WORLD = {"http", "random", "secrets", "socket", "ssl", "urllib", "uuid"}
"""Modules through which an answer would depend on more than the input."""


@pytest.mark.parametrize("folder", AGENTS, ids=SLUGS)
def test_an_agent_is_complete(folder: Path) -> None:
    spec = spec_of(folder.name)
    process = spec["process"]
    named = {word.removeprefix("./") for word in process["argv"] if word.startswith("./")} | set(
        process.get("files", [])
    )
    present = {path.name for path in folder.iterdir() if path.is_file()} - {"agent.yaml"}
    assert present == named
    assert {"displayName", "description", "modes", "inputSchema", "outputSchema", "attemptTimeout"} <= spec.keys()


@pytest.mark.parametrize("folder", AGENTS, ids=SLUGS)
def test_a_program_needs_nothing_but_python(folder: Path) -> None:
    beside = {path.stem for path in folder.glob("*.py")}
    imported = {
        name.split(".")[0]
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names) | beside
    assert imported & OUTSIDE_WORLD == set()


def test_every_agent_is_asked_both_ways() -> None:
    assert {call.agent for call in GOOD.values()} == set(SLUGS)
    assert {call.agent for call in BAD.values()} == set(SLUGS)


@pytest.mark.parametrize("call", GOOD.values(), ids=GOOD)
def test_good_input_gives_the_same_output_every_time(call: Good, tmp_path: Path) -> None:
    spec = spec_of(call.agent)
    jsonschema_rs.validate(spec["inputSchema"], dict(call.payload))
    first, second = (
        Bench(tmp_path / run, run).attempt(call.agent, call.payload, call.inputs, message=call.message)
        for run in ("first", "second")
    )
    assert (first.code, first.errors) == (0, "")
    jsonschema_rs.validate(spec["outputSchema"], first.output)
    assert {key: first.output[key] for key in call.output} == call.output
    assert {f"artifacts/{name}" for name in call.artifacts} <= first.left().keys()
    assert first.left() == second.left()


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_bad_input_is_refused_in_words_and_changes_nothing(call: Bad, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    ended = bench.attempt(call.agent, call.payload, call.inputs)
    assert ended.code == 65, ended.errors
    assert call.words in ended.errors
    assert ended.errors.startswith(f"{call.agent}: ")
    assert ended.errors.count("\n") == 1
    assert ended.left() == {}
    assert bench.world() == {}
