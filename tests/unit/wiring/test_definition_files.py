"""What is looked at together, under the names that the user gave."""

from pathlib import Path

import pytest

from controller.wiring.definition_files import gather

TEXT = "orchestration: {name: x, steps: [{id: a, agent: worker}]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a/definition.yaml", "b/definition.yaml", "b/cases/one.yaml"):
        path = tmp_path / "definitions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "shown", "together"),
    [
        (["definitions"], {"definitions/a/definition.yaml", "definitions/b/definition.yaml"}, 2),
        (["definitions/b"], {"definitions/b/definition.yaml"}, 2),
        (["definitions/b/cases/one.yaml"], {"definitions/b/cases/one.yaml"}, 3),
        (
            ["definitions/a/definition.yaml", "definitions"],
            {"definitions/a/definition.yaml", "definitions/b/definition.yaml"},
            2,
        ),
        (["definitions/a/../a/definition.yaml"], {"definitions/a/../a/definition.yaml"}, 2),
    ],
)
def test_gather(folder: Path, asked: list[str], shown: set[str], together: int) -> None:
    documents, names = gather([Path(path) for path in asked])
    assert names == shown
    assert len(documents) == together
    assert shown <= {document.file for document in documents}


def test_the_order_does_not_depend_on_the_question(folder: Path) -> None:
    one, _ = gather([Path("definitions/b")])
    other, _ = gather([Path("definitions/a/definition.yaml")])
    assert [document.file for document in one] == [document.file for document in other]
