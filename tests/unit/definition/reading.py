"""Text in, what checking says out."""

from textwrap import dedent

from controller.adapters.documents.read import read
from controller.definition.checked import Checked
from controller.definition.validate import check
from controller.model.document import Document
from controller.model.orchestration import OrchestrationSpec

HEAD = "apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\nmetadata: {name: sample}\n"


def documents(text: str, file: str = "definition.yaml") -> list[Document]:
    return read(file, dedent(text).encode())


def checked(text: str, file: str = "definition.yaml") -> Checked:
    return check(documents(text, file))


def said(text: str, file: str = "definition.yaml") -> list[str]:
    """Every problem as `line:column message (hint)`, a warning marked as such."""
    return [
        f"{problem.location.line}:{problem.location.column} "
        + ("" if problem.severity == "error" else "warning: ")
        + problem.message
        + (f" ({problem.hint})" if problem.hint else "")
        for problem in checked(text, file).problems
    ]


def rules(text: str, file: str = "definition.yaml") -> list[str]:
    return [problem.rule for problem in checked(text, file).problems]


def spec(text: str, file: str = "definition.yaml") -> OrchestrationSpec:
    """The specification of the one orchestration in a text without errors."""
    result = checked(text, file)
    assert result.errors == ()
    (orchestration,) = result.orchestrations
    return orchestration.spec
