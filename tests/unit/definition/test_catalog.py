"""Names mean the folder's definitions first, then what was published; owners and organizations are respected."""

import pytest

from controller.definition.catalog import Catalog, CatalogEntry
from controller.errors import Ambiguous, InvariantViolated, NotFound
from controller.model.orchestration import OrchestrationSpec
from controller.model.step import Step
from tests.unit.definition.entries import agent, entry, plays


def found(entries: list[CatalogEntry], *args: str | None, **named: str) -> str:
    return Catalog(store=entries).orchestration("flow", *args, **named).spec.version  # type: ignore[arg-type]


@pytest.mark.requirement("DEF-026")
def test_without_a_version_the_latest_active_one_is_meant() -> None:
    entries = [
        entry(version="1.9.0"),
        entry(version="1.10.0"),
        entry(version="1.11.0", lifecycle="deprecated"),
        entry(version="2.0.0", lifecycle="draft"),
        entry(version="3.0.0", lifecycle="archived"),
    ]
    assert found(entries) == "1.10.0"
    assert found(entries[::-1]) == "1.10.0"


@pytest.mark.requirement("DEF-027")
@pytest.mark.parametrize("version", ["1.9.0", "1.10.0", "3.0.0"])
def test_a_version_means_exactly_that_one(version: str) -> None:
    entries = [entry(version="1.9.0"), entry(version="1.10.0"), entry(version="3.0.0", lifecycle="archived")]
    assert found(entries, version) == version


def test_the_folder_wins_and_is_active_whatever_it_says() -> None:
    folder = [entry(version="1.0.0", lifecycle="draft", source="definitions/flow/definition.yaml:3")]
    catalog = Catalog(folder=folder, store=[entry(version="1.0.0"), entry(version="2.0.0"), entry("other")])
    assert catalog.orchestration("flow").source == "definitions/flow/definition.yaml:3"
    assert catalog.orchestration("flow").lifecycle == "active"
    assert catalog.orchestration("flow", "1.0.0").source == "definitions/flow/definition.yaml:3"
    assert catalog.orchestration("flow", "2.0.0").source == "store"
    assert catalog.orchestration("other").source == "store"


OWNED = [
    entry(version="1.0.0", owner="ann"),
    entry(version="2.0.0", owner="bob"),
    entry("shared", "1.0.0"),
    entry("mixed", "1.0.0"),
    entry("mixed", "1.0.0", owner="ann", description="ann's"),
]


def played_by(step: dict[str, object], owner: str | None) -> CatalogEntry:
    parent = entry("parent", owner=owner)
    return Catalog(store=OWNED).child(parent, Step.model_validate(step))


@pytest.mark.requirement("DEF-028")
def test_the_target_names_its_owner() -> None:
    assert played_by(plays("flow", owner="bob"), "ann").owner == "bob"


@pytest.mark.requirement("DEF-029")
def test_without_an_owner_the_parents_is_meant() -> None:
    assert played_by(plays("flow"), "ann").owner == "ann"
    assert played_by(plays("flow"), "bob").owner == "bob"
    with pytest.raises(NotFound) as caught:
        played_by(plays("flow"), "eve")
    assert caught.value.hint == 'it belongs to "ann", "bob"'


@pytest.mark.requirement("DEF-030")
def test_the_steps_agent_wins_over_the_targets_owner() -> None:
    assert played_by(plays("flow", owner="ann", agent="bob"), "ann").owner == "bob"


def test_a_definition_without_an_owner_is_everybodys() -> None:
    assert played_by(plays("shared"), "ann").owner is None
    assert played_by(plays("mixed"), "ann").owner == "ann"
    assert played_by(plays("mixed"), "bob").owner is None
    assert played_by(plays("mixed"), None).owner is None


def test_several_owners_have_to_be_told_apart() -> None:
    catalog = Catalog(store=[entry(owner="ann"), entry(owner="bob")])
    with pytest.raises(Ambiguous) as caught:
        catalog.orchestration("flow")
    assert caught.value.hint == 'name the owner: "ann", "bob"'
    assert catalog.orchestration("flow", owner="bob").owner == "bob"


def test_a_step_may_play_in_another_organization() -> None:
    catalog = Catalog(store=[entry(organization="acme"), entry(version="2.0.0")])
    parent = entry("parent", organization="acme")
    assert catalog.child(parent, Step.model_validate(plays("flow"))).organization == "acme"
    elsewhere = Step.model_validate({**plays("flow"), "organization": "global"})
    assert catalog.child(parent, elsewhere).organization == "global"


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (("flwo",), 'no orchestration "flwo"', 'did you mean "flow"?'),
        (("zzz",), 'no orchestration "zzz"', 'known: "flow", "idle"'),
        (("flow", "9.0.0"), 'no version 9.0.0 of orchestration "flow"', "available: 2.0.0 (draft), 1.10.0, 1.9.0"),
        (("idle",), 'no active version of orchestration "idle"', "available: 1.0.0 (archived)"),
        (
            ("flow", None, None, "acme"),
            'no orchestration "flow" in organization "acme"',
            'there is one in "global"',
        ),
    ],
)
def test_what_is_not_there_is_said_with_what_is(args: tuple[str], message: str, hint: str) -> None:
    versions = [entry(version="1.9.0"), entry(version="1.10.0"), entry(version="2.0.0", lifecycle="draft")]
    catalog = Catalog(store=[*versions, entry("idle", lifecycle="archived")])
    with pytest.raises(NotFound) as caught:
        catalog.orchestration(*args)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_empty_catalog_says_so() -> None:
    with pytest.raises(NotFound) as caught:
        Catalog().orchestration("flow")
    assert caught.value.hint == "none is known"


def test_agents_folder_first_and_by_organization() -> None:
    catalog = Catalog(
        folder_agents=[agent("writer", source="agents/writer/agent.yaml:1")],
        store_agents=[
            agent("writer"),
            agent("reader"),
            agent("writer", organization="acme"),
            agent("x", organization="b"),
        ],
    )
    assert catalog.agent("writer").source == "agents/writer/agent.yaml:1"
    assert catalog.agent("reader").source == "store"
    assert catalog.agent("writer", "acme").organization == "acme"
    for slug, hint in [("raeder", 'did you mean "reader"?'), ("x", 'there is one in "b"'), ("zz", 'known: "reader"')]:
        with pytest.raises(NotFound) as caught:
            catalog.agent(slug)
        assert (caught.value.hint or "").startswith(hint)


def test_only_what_has_a_name_can_be_found() -> None:
    nameless = OrchestrationSpec.model_validate({"steps": [{"id": "a", "agent": "worker"}]})
    with pytest.raises(InvariantViolated):
        Catalog(store=[entry()._replace(spec=nameless)])
    with pytest.raises(InvariantViolated):
        Catalog().child(entry(), entry().spec.steps[0])
