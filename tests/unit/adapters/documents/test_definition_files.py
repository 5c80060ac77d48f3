"""Which files are read as definitions, and what comes with an agent."""

from pathlib import Path

import pytest

from controller.adapters.documents.definition_files import definitions_folder, load, load_together

ORCHESTRATION = "orchestration: {name: x, steps: [{id: a, agent: worker}]}\n"
AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec:
  process:
    argv: [python3, ./work.py]
    files: ["lib/*.py", rules.json]
"""


def put(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def names(root: Path, path: Path) -> list[str]:
    return [Path(document.file).relative_to(root).as_posix() for document in load(path)]


def test_a_folder_is_searched_for_definitions_and_nothing_else(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        dict.fromkeys(
            [
                *("b/definition.yaml", "a/definition.yml", "top.json", "c/d/e.yaml"),
                *("a/cases/one.yaml", ".libretto/x.yaml", "a/.hidden.yaml", "a/readme.md", "node_modules/x.json"),
            ],
            ORCHESTRATION,
        ),
    )
    assert names(root, root) == ["a/definition.yml", "b/definition.yaml", "c/d/e.yaml", "top.json"]


def test_a_file_can_be_named_wherever_it_lies(tmp_path: Path) -> None:
    root = put(tmp_path, {"cases/one.yaml": ORCHESTRATION})
    assert names(root, root / "cases" / "one.yaml") == ["cases/one.yaml"]


def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    root = put(tmp_path, {"outside.yaml": ORCHESTRATION, "away/x.yaml": ORCHESTRATION, "in/real.yaml": ORCHESTRATION})
    inside = tmp_path / "in"
    (inside / "alias.yaml").symlink_to("real.yaml")
    (inside / "leak.yaml").symlink_to(root / "outside.yaml")
    (inside / "folder").symlink_to(root / "away")
    loaded = {Path(document.file).name: document for document in load(inside)}
    assert sorted(loaded) == ["alias.yaml", "leak.yaml", "real.yaml"]
    assert loaded["alias.yaml"].readable
    assert [problem.rule for problem in loaded["leak.yaml"].problems] == ["Unreadable"]


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    messages = [problem.message for problem in load(tmp_path / "nothing.yaml")[0].problems]
    assert messages == ["the file does not exist"]


def test_an_agent_carries_its_files_and_they_are_no_definitions(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "agents/worker/agent.yaml": AGENT,
            "agents/worker/work.py": "work",
            "agents/worker/lib/one.py": "one",
            "agents/worker/lib/__pycache__/one.py": "no",
            "agents/worker/rules.json": "[1]",
        },
    )
    (document,) = load(root)
    assert document.problems == ()
    assert document.files == {"work.py": b"work", "lib/one.py": b"one", "rules.json": b"[1]"}


def test_every_file_that_is_not_right_is_told_at_its_place(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "secret": "s",
            "worker/agent.yaml": AGENT.replace("./work.py", "./missing.py, ../secret, ./../secret, ./lib").replace(
                "rules.json", "../*, nothing/*"
            ),
            "worker/lib/one.py": "one",
        },
    )
    (root / "worker" / "lib" / "two.py").symlink_to(root / "secret")
    (document,) = load(root / "worker")
    assert [(problem.location.line, problem.message) for problem in document.problems] == [
        (6, '"./missing.py": no such file'),
        (6, '"./../secret": the path leads out of the agent\'s folder'),
        (6, '"./lib": not a regular file'),
        (7, '"lib/*.py": a link that leads out of the agent\'s folder'),
        (7, '"../*": the path leads out of the agent\'s folder'),
        (7, '"nothing/*": no such file'),
    ]


@pytest.mark.parametrize("pattern", [r'"a\0b"', '"a**b"', '""', "/etc/*", '"~/x"'])
def test_strange_patterns_are_problems_not_crashes(tmp_path: Path, pattern: str) -> None:
    root = put(tmp_path, {"agent.yaml": AGENT.replace("[python3, ./work.py]", "[a]").replace("rules.json", pattern)})
    put(root, {"lib/one.py": ""})
    (document,) = load(root / "agent.yaml")
    assert [problem.rule for problem in document.problems] == ["AgentFile"]


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("definitions/launch/definition.yaml", "definitions"),
        ("definitions", "definitions"),
        ("definitions/a/definitions/b/c.yaml", "definitions/a/definitions"),
        ("elsewhere/x.yaml", "elsewhere"),
        ("elsewhere", "elsewhere"),
    ],
)
def test_what_belongs_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, folder: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path, dict.fromkeys([name for name in (path,) if name.endswith("yaml")], ""))
    (tmp_path / "definitions").mkdir(exist_ok=True)
    assert definitions_folder(Path(path)) == Path(folder)
    assert definitions_folder(tmp_path / path) == tmp_path / folder


def test_outside_of_a_definitions_folder_the_search_stays_near(tmp_path: Path) -> None:
    root = put(
        tmp_path, dict.fromkeys(["x.yaml", "agents/worker/agent.yaml", "far/away/down/below.yaml"], ORCHESTRATION)
    )
    found = [Path(document.file).name for document in load_together(root / "x.yaml")]
    assert found == ["agent.yaml", "x.yaml"]
