"""What kubectl is told when somebody completes `kubectl libretto ...`."""

import sys
from pathlib import Path

import pytest

from controller.entrypoints.cli import kubectl_completion
from controller.entrypoints.cli.kubectl_completion import candidates


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["exp"], ["explain", "export", ":4"]),
        (["-n", "team", "expo"], ["export", ":4"]),
        (["diff", ""], [":0"]),
        (["pause", "--st"], ["--stop", ":4"]),
    ],
)
def test_verbs_options_and_files(words: list[str], lines: list[str]) -> None:
    assert [line.partition("\t")[0] for line in candidates(words)] == lines


def test_each_candidate_says_what_it_is() -> None:
    (export, _) = candidates(["expo"])
    assert export.startswith("export\tWrite RUN")


def test_where_no_cluster_can_be_reached_nothing_fails(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "kubeconfig")
    assert list(candidates(["--kubeconfig", nowhere, "approve", ""])) == ["latest", ":4"]


def test_a_bug_shows_nothing_in_the_middle_of_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-libretto", "approve", ""])
    monkeypatch.setattr(kubectl_completion, "candidates", lambda _: 1 // 0)
    kubectl_completion.main()
    assert capsys.readouterr().out == ":4\n"
