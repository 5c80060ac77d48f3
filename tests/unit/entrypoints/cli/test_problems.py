"""Problems as people, programs and code hosts see them."""

import json
from pathlib import Path

from controller.entrypoints.cli.problems import as_sarif, as_text, as_value, summary
from controller.model.document import Document
from controller.model.problem import Location, Problem

TEXT = "a:\n  depends_on: [creatve]\n\tttl: 1 day\n"
DOCUMENT = Document("d/launch.yaml", None, TEXT)
UNKNOWN = Problem(
    Location("d/launch.yaml", 2, 16),
    "a.depends_on[0]",
    'unknown step "creatve"',
    "UnknownStep",
    'did you mean "creative"?',
    7,
)
WRONG = Problem(Location("d/launch.yaml", 3, 7), "a.ttl", 'ttl is "1 day"', "WrongValue", None, 5)
DOUBTFUL = Problem(Location("d/launch.yaml", 3, 2), "a.ttl", "odd", "Odd", "think again", 0, "warning")
ELSEWHERE = Problem(Location("e.yaml", 1, 1), "", "cannot be read", "Unreadable", "look")


def test_a_hint_comes_with_the_line_and_a_mark_under_what_is_meant() -> None:
    assert as_text([UNKNOWN, WRONG, DOUBTFUL, ELSEWHERE], [DOCUMENT]).splitlines() == [
        'd/launch.yaml:2:16  unknown step "creatve"',
        "      2 |   depends_on: [creatve]",
        '        |                ^^^^^^^  did you mean "creative"?',
        'd/launch.yaml:3:7   ttl is "1 day"',
        "d/launch.yaml:3:2   warning: odd",
        "      3 | \tttl: 1 day",
        "        | \t^  think again",
        "e.yaml:1:1  cannot be read",
        "          look",
    ]


def test_marks_may_be_painted() -> None:
    text = as_text([UNKNOWN], [DOCUMENT], lambda mark, severity: f"<{severity} {mark}>")
    assert text.endswith('<error ^^^^^^^>  did you mean "creative"?')


def test_a_file_that_was_not_given_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: b\n")
    problem = Problem(Location(str(path), 1, 4), "a", "wrong", "Wrong", "right it", 1)
    assert as_text([problem], []).splitlines()[1:] == ["      1 | a: b", "        |    ^  right it"]


def test_the_last_line_counts() -> None:
    assert summary([], 1) == "no problems in 1 file"
    assert summary([UNKNOWN], 4) == "1 problem in 1 file; nothing was changed."
    assert summary([UNKNOWN, WRONG, ELSEWHERE], 4) == "3 problems in 2 files; nothing was changed."
    assert summary([DOUBTFUL], 4) == "1 warning in 1 file."
    assert summary([UNKNOWN, DOUBTFUL], 4) == "1 problem and 1 warning in 1 file; nothing was changed."


def test_programs_get_every_field() -> None:
    shown = as_value([UNKNOWN], 3)
    assert shown == {
        "files": 3,
        "problems": [
            {
                "file": "d/launch.yaml",
                "line": 2,
                "column": 16,
                "length": 7,
                "path": "a.depends_on[0]",
                "severity": "error",
                "rule": "UnknownStep",
                "message": 'unknown step "creatve"',
                "hint": 'did you mean "creative"?',
            }
        ],
    }


def test_code_hosts_get_sarif() -> None:
    log = json.loads(as_sarif([UNKNOWN, DOUBTFUL]))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["Odd", "UnknownStep"]
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("UnknownStep", 1, "error")
    assert first["message"]["text"] == 'unknown step "creatve" (did you mean "creative"?)'
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "d/launch.yaml"
    assert place["region"] == {"startLine": 2, "startColumn": 16, "endColumn": 23}
    assert second["level"] == "warning"
    assert "endColumn" not in second["locations"][0]["physicalLocation"]["region"]
