"""What may an agent leave, and what is said where it is too much or makes no sense?"""

from typing import Any

import pytest

from controller.adapters.process import results
from tests.behaviour.stage import Stage, facts

BIG = results.LARGEST_OUTPUT


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"a": 1, "a": 2}', 'output.json: the key "a" stands twice in one object'),
        ('{"a": ', "output.json: it is not JSON: Expecting value at line 1, column 7"),
        ("NaN", "output.json: NaN is not a JSON number"),
        (str(2**60), f"output.json: the integer {2**60} is beyond 2^53 and would lose digits; write it as a string"),
        ("1.0e+999", "output.json: the number 1.0e+999 is beyond what a double holds; write it as a string"),
        ('"\\ud800"', "output.json: a text holds half of a surrogate pair, which is no character"),
        ("[" * 2000 + "]" * 2000, "output.json: it is nested deeper than 128 levels"),
        ("[" * 200 + "]" * 200, "output.json: it is nested deeper than 128 levels"),
    ],
)
def test_an_answer_that_has_no_exact_form_fails_the_step_and_never_the_run_itself(
    stage: Stage, raw: str, reason: str
) -> None:
    stage.orchestration("one", [{"id": "a", "input": {"payload": {"raw": raw}}}, {"id": "b"}])
    played = stage.play("one")
    (failed,) = played.of("a", "StepFailed")
    assert (facts(failed)["class"], failed.summary) == ("ContractViolated", reason)
    assert played.steps()["b"] == "Succeeded"


PROGRAM = """
import os, pathlib
here = pathlib.Path(os.environ["LIBRETTO_DIR"])
{body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            f"with (here / 'output.json').open('wb') as file: file.truncate({BIG + 1})",
            f"output.json has {BIG + 1} bytes; at most {BIG} are taken",
        ),
        (
            f"with (here / 'receipt.json').open('wb') as file: file.truncate({results.LARGEST_RECEIPT + 1})",
            f"receipt.json has {results.LARGEST_RECEIPT + 1} bytes; at most {results.LARGEST_RECEIPT} are taken",
        ),
        ("(here / 'artifacts' / 'x').symlink_to('/etc/passwd')", "artifact x is a symbolic link"),
        ("os.mkfifo(here / 'artifacts' / 'x')", "artifact x is neither file nor folder"),
        (
            f"with (here / 'artifacts' / 'x').open('wb') as file: file.truncate({results.LARGEST_ARTIFACT + 1})",
            f"artifact x has {results.LARGEST_ARTIFACT + 1} bytes; at most {results.LARGEST_ARTIFACT} are taken",
        ),
        (
            f"[(here / 'artifacts' / str(n)).touch() for n in range({results.MOST_ARTIFACTS + 1})]",
            f"more than {results.MOST_ARTIFACTS} artifacts",
        ),
    ],
)
def test_what_is_too_much_is_not_published_and_the_reason_names_it(stage: Stage, body: str, reason: str) -> None:
    stage.agent("worker")
    program = stage.folder / "definitions" / "agents" / "worker" / "probe.py"
    program.write_text(PROGRAM.format(body=body), encoding="utf-8")
    stage.orchestration("one", [{"id": "a"}])
    (failed,) = stage.play("one").of("a", "StepFailed")
    assert (facts(failed)["class"], failed.summary) == ("PublishFailed", reason)


@pytest.mark.parametrize(("declared", "broken"), [({"type": "object"}, True), ({"type": "array"}, False)])
def test_the_schema_of_the_agent_is_checked_before_its_answer_is_mapped(
    stage: Stage, declared: dict[str, Any], *, broken: bool
) -> None:
    stage.agent("typed", outputSchema=declared)
    step = {"id": "a", "agent": "typed", "outputMapping": {"first": "$[0]"}, "input": {"payload": {"say": [1, 2]}}}
    stage.orchestration("one", [step])
    played = stage.play("one")
    assert played.state == ("Failed" if broken else "Succeeded")
    if broken:
        (line,) = played.of("a", "StepFailed")[0].violations or ()
        assert line == 'output.json (top): [1, 2] is not of type "object"'
    else:
        assert played.output("a") == {"first": 1}


def test_an_input_that_the_agent_does_not_take_starts_nothing(stage: Stage) -> None:
    stage.agent("typed", inputSchema={"required": ["x"]}, modes=["PLAN"])
    stage.orchestration("one", [{"id": "a", "agent": "typed", "mode": "PLAN", "retry": {"maxAttempts": 3}}])
    played = stage.play("one")
    (failed,) = played.of("a", "StepFailed")
    assert facts(failed)["class"] == "Rejected"
    assert failed.summary == 'agent "typed" does not take this input: (top): "x" is a required property'
    assert played.calls == []
