"""What objects of definitions mean, read once per generation, and what is wrong with them."""

from typing import Any

import pytest

from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.errors import NotFound
from controller.wiring.cluster import definitions as module
from controller.wiring.cluster.definitions import Definitions, defined

Json = dict[str, Any]

STEPS = [{"id": "load", "agent": "loader"}]


def definition(
    kind: str = "Orchestration",
    name: str = "nightly",
    *,
    namespace: str = "space",
    generation: int = 1,
    created: str = "2026-01-01T00:00:00Z",
    **spec: Any,
) -> Json:
    given: Json = {"process": {"argv": ["./load"]}} if kind == "Agent" else {"steps": STEPS}
    return {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{kind}-{name}",
            "generation": generation,
            "creationTimestamp": created,
        },
        "spec": given | spec,
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the objects that were read, each time."""
    found: list[str] = []
    before = module.defined

    def noted(one: Json) -> module.Defined:
        found.append(one["metadata"]["name"])
        return before(one)

    monkeypatch.setattr(module, "defined", noted)
    return found


def test_an_orchestration_belongs_to_its_namespace() -> None:
    entry, problems = defined(definition(version="2.1.0"))
    assert isinstance(entry, CatalogEntry)
    assert (entry.spec.name, entry.spec.version, entry.organization) == ("nightly", "2.1.0", "space")
    assert (entry.lifecycle, entry.source, list(problems)) == ("active", "Orchestration/space/nightly", [])


def test_an_agent_has_its_files() -> None:
    files = {"bin/load": {"digest": "blake3:one", "size": 3}}
    entry, _ = defined(definition("Agent", "loader", files=files))
    assert isinstance(entry, AgentEntry)
    assert (entry.spec.slug, entry.organization, entry.files) == ("loader", "space", {"bin/load": "blake3:one"})
    other, _ = defined(definition("Agent", "loader", files={"bin/load": {"digest": "blake3:two", "size": 3}}))
    assert isinstance(other, AgentEntry)
    assert entry.revision != other.revision


def test_where_it_was_made_does_not_change_what_it_is() -> None:
    here, there = defined(definition()).entry, defined(definition(namespace="other", created="later")).entry
    assert isinstance(here, CatalogEntry)
    assert isinstance(there, CatalogEntry)
    assert here.digest == there.digest


@pytest.mark.parametrize(
    "broken",
    [
        definition(steps=[]),
        definition(steps=[{"id": "a", "dependsOn": ["nowhere"], "agent": "x"}]),
        definition(unknown="field"),
        definition("Agent", process=None),
        {**definition(), "spec": None},
    ],
    ids=["no steps", "an unknown step", "an unknown field", "an agent that runs nowhere", "no spec"],
)
def test_what_is_wrong_is_told_and_is_no_entry(broken: Json) -> None:
    entry, problems = defined(broken)
    assert entry is None
    assert any(problem.severity == "error" for problem in problems)


def test_an_object_is_read_once_per_generation(read: list[str]) -> None:
    known = Definitions()
    first = known.of(definition())
    assert known.of({**definition(), "status": {"observedGeneration": 1}}) is first
    assert known.of(definition(generation=2, version="9.0.0")) is not first
    assert read == ["nightly"] * 2


def test_a_deleted_object_is_forgotten(read: list[str]) -> None:
    known = Definitions()
    assert known.catalog("space", [definition()]).orchestration("nightly", None, None, "space")
    known.forget(definition())
    with pytest.raises(NotFound):
        known.catalog("space", []).orchestration("nightly", None, None, "space")
    known.of(definition())
    assert read == ["nightly"] * 2


def test_the_catalog_of_a_namespace_is_made_once_until_something_changes() -> None:
    known = Definitions()
    first = known.catalog("space", [definition()])
    assert known.catalog("space", []) is first
    known.changed("other")
    assert known.catalog("space", []) is first
    known.changed("space")
    assert known.catalog("space", [definition()]) is not first


def test_a_new_generation_is_in_the_catalog() -> None:
    known = Definitions()
    known.catalog("space", [definition(version="1.0.0")])
    newer = definition(version="2.0.0", generation=2)
    known.of(newer)
    found = known.catalog("space", [newer]).orchestration("nightly", None, None, "space")
    assert found.spec.version == "2.0.0"


def test_what_is_wrong_is_in_no_catalog_and_spoils_none() -> None:
    catalog = Definitions().catalog("space", [definition(), definition(name="broken", steps=[])])
    assert catalog.orchestration("nightly", None, None, "space").spec.name == "nightly"
    with pytest.raises(NotFound):
        catalog.orchestration("broken", None, None, "space")


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_with_one_identity_the_older_counts(turned: bool) -> None:
    """Whichever of them a list happens to have first: else a restart could change what a name means."""
    objects = []
    for day, name in enumerate(("older", "younger"), 1):
        one = definition(name=name, created=f"2026-01-0{day}T00:00:00Z", description=f"the {name}")
        one["spec"]["name"] = "nightly"
        objects.append(one)
    catalog = Definitions().catalog("space", objects[::-1] if turned else objects)
    assert catalog.orchestration("nightly", None, None, "space").spec.description == "the older"
