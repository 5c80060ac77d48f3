"""Models know what is written about their fields where it was asked for before they were read, and nowhere else."""

import subprocess
import sys

import pytest


def ran(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("first", "documented"), [("import json", "False"), ("import tools", "True")])
def test_only_tools_read_the_sources_of_models(first: str, documented: str) -> None:
    told = ran(
        f"{first}\nfrom controller.model.orchestration import OrchestrationSpec as S\n"
        "print(any(field.description for field in S.model_fields.values()))"
    )
    assert told.stdout.strip() == documented, told.stderr


def test_who_asks_too_late_is_told() -> None:
    told = ran("import controller.model.orchestration\nimport tools")
    assert told.returncode == 1
    assert "ImportError: models were read without their documentation" in told.stderr
