"""Do the catalogue and the library agree, and would the check find it if they did not?"""

import pytest

from controller.model.orchestration import OrchestrationSpec
from tests.definitions.agent import LIBRARY
from tests.definitions.catalogue import disagreements, orchestrations, read_library

PAGE = (LIBRARY / "README.md").read_text(encoding="utf-8")
CHECKED = read_library(LIBRARY)
SPECS = orchestrations(CHECKED)
AGENTS = {agent.spec.slug or "": agent.spec.description for agent in CHECKED.agents}


def found(page: str = PAGE, specs: dict[str, OrchestrationSpec] = SPECS, agents: dict[str, str | None] = AGENTS) -> str:
    return "\n".join(disagreements(page, specs, agents))


@pytest.mark.requirement("DEF-012", "DEF-067")
def test_the_catalogue_holds_every_definition_with_its_parameters_and_nothing_else() -> None:
    assert found() == ""


def test_every_folder_of_the_library_holds_an_orchestration() -> None:
    folders = {path.name for path in LIBRARY.iterdir() if path.is_dir()} - {"agents"}
    assert folders == SPECS.keys()


@pytest.mark.requirement("DEF-067")
@pytest.mark.parametrize("name", SPECS)
def test_a_definition_that_is_missing_on_either_side_is_found(name: str) -> None:
    assert f'"{name}" is in the library, not in the catalogue' in found(PAGE.replace(f"### {name}\n", "### other\n"))
    assert f'"{name}" is in the catalogue, not in the library' in found(
        specs={other: spec for other, spec in SPECS.items() if other != name}
    )


@pytest.mark.requirement("DEF-012")
def test_a_parameter_that_is_missing_or_different_is_found() -> None:
    assert "parameter ['`prompt`', 'string', 'required'] is not in the catalogue so" in found(
        PAGE.replace("| `prompt` | string | required |", "| `prompt` | string | none |")
    )
    assert "parameter ['`mode`', 'string', '`\"insert\"`'] is not in the catalogue so" in found(
        PAGE.replace("| `mode` |", "| `way` |")
    )
    assert "parameter ['`way`'" in found(PAGE.replace("| `mode` |", "| `way` |"))


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("`nightly` 1.0.0", "`nightly` 0.9.0", '"nightly": the catalogue does not name version 1.0.0'),
        ("| `warn-team` |", "| `tell-team` |", "step ['`warn-team`'] is not in the catalogue so"),
        ("Outputs: `inserted`, ", "Outputs: ", "outputs are ['inserted', 'updated']"),
        ("| `mailer` |", "| `postman` |", 'agent "mailer" is in the library, not in the catalogue'),
        ("| `mailer` |", "| `postman` |", 'agent "postman" is in the catalogue, not in the library'),
    ],
)
def test_every_other_difference_is_found(before: str, after: str, problem: str) -> None:
    assert before in PAGE
    assert problem in found(PAGE.replace(before, after))
