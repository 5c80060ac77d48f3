"""`libretto convert`, as it is seen."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.definition.identity import definition_digest
from controller.entrypoints.cli.convert import command
from tests.unit.definition.reading import checked, said, spec
from tests.unit.definition.sample import SAMPLE


def convert(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "definition.yaml"
    path.write_text(SAMPLE)
    return path


def test_the_canonical_form_means_the_same(bare: Path) -> None:
    result = convert(str(bare))
    assert result.exit_code == 0
    assert result.output.startswith("apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\nmetadata:\n")
    assert said(result.output) == []
    assert definition_digest(spec(result.output)) == definition_digest(spec(SAMPLE))
    assert bare.read_text() == SAMPLE


def test_json_means_the_same(bare: Path) -> None:
    result = convert(str(bare), "-o", "json")
    assert json.loads(result.output)["kind"] == "Orchestration"
    assert definition_digest(spec(result.output, "d.json")) == definition_digest(spec(SAMPLE))


def test_writing_keeps_the_changelog_and_happens_once(bare: Path) -> None:
    assert convert(str(bare), "--write").output == f"{bare} converted\n"
    written = bare.read_text()
    assert written.startswith(SAMPLE[: SAMPLE.index("orchestration:")] + "apiVersion:")
    assert definition_digest(spec(written)) == definition_digest(spec(SAMPLE))
    assert convert(str(bare), "--write").output == f"{bare} is canonical already\n"
    assert bare.read_text() == written


def test_another_file_can_be_written(bare: Path) -> None:
    target = bare.with_name("out.yaml")
    assert convert(str(bare), "--to", str(target)).output == f"{bare} converted to {target}\n"
    assert checked(target.read_text()).problems == ()
    assert bare.read_text() == SAMPLE


def test_a_folder_is_converted_in_place_only(bare: Path) -> None:
    assert convert(str(bare.parent)).exit_code == 2
    assert convert(str(bare.parent), "--write").output == f"{bare} converted\n"


def test_what_has_problems_is_not_written(bare: Path) -> None:
    bare.write_text(SAMPLE.replace("depends_on: [research-brief]", "depends_on: [research]"))
    before = bare.read_text()
    result = convert(str(bare), "--write")
    assert result.exit_code == 3
    assert "unknown step" in result.output
    assert bare.read_text() == before


def test_documents_of_one_file_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text("---\n".join(f"orchestration: {{name: {name}, steps: [{{id: a, agent: x}}]}}\n" for name in "ab"))
    result = convert(str(path))
    assert [one.spec.name for one in checked(result.output).orchestrations] == ["a", "b"]
