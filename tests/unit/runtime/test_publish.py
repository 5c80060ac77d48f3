"""Publishing: versions as high as their change demands, drafts that may change, and a life with refusals."""

from collections.abc import Sequence

import pytest

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.lifecycle import MOVES, Refusal, move
from controller.definition.validate import check_together
from controller.errors import Ambiguous, DefinitionInvalid, NotFound, Refused
from controller.model.names import Lifecycle
from controller.ports.object_store import Published
from controller.runtime.publish import Candidate, Change, publish, set_lifecycle
from controller.wiring.definitions import entries_of
from controller.wiring.publishing import catalogued
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.disk import Disk
from tests.fakes.object_store import InMemoryObjectStore
from tests.unit.definition.reading import documents

AGENT = """
---
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {displayName: %s, process: {argv: [work]}}
"""


def text(version: str, *steps: str, name: str = "one", title: str = "One", more: str = "") -> str:
    listed = ", ".join(f"{{id: {step}, agent: worker}}" for step in steps or ("a",))
    head = "apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\n"
    spec = f"displayName: {title}, description: For tests., version: {version}, steps: [{listed}{more}]"
    return f"---\n{head}metadata: {{name: {name}}}\nspec: {{{spec}}}\n"


class Store:
    """A state directory in memory, as the verbs use it."""

    def __init__(self) -> None:
        disk = Disk()
        self.objects, self.blobs = InMemoryObjectStore(disk), InMemoryBlobStore(disk)
        self.now = 1000

    def known(self) -> tuple[list[tuple[Published, CatalogEntry]], list[AgentEntry]]:
        return catalogued(self.objects)

    def publish(
        self, *texts: str, agent: str = "Worker", activate: bool = False, only: str | None = None
    ) -> list[Change]:
        self.now += 1
        known, known_agents = self.known()
        checked = check_together(documents("".join(texts) + AGENT % agent))
        entries, agents, files = entries_of(checked)
        candidates = [
            Candidate(entry, one.document.location(("spec", "version")))
            for entry, one in zip(entries, checked.orchestrations, strict=True)
            if only in (None, entry.spec.name)
        ]
        return publish(
            candidates, agents, files, known, known_agents, self.objects, self.blobs, self.now, activate=activate
        )

    def move(self, name: str, version: str | None, verb: str) -> Lifecycle:
        known, agents = self.known()
        return set_lifecycle(name, version, verb, known, agents, self.objects, self.now)[1]

    def refused(self, *texts: str, only: str | None = None) -> Sequence[str]:
        before = self.known()
        with pytest.raises(DefinitionInvalid) as caught:
            self.publish(*texts, only=only)
        assert self.known() == before
        return [problem.message for problem in caught.value.problems]

    def latest(self, name: str = "one") -> str:
        known, agents = self.known()
        return Catalog(store=[entry for _, entry in known], store_agents=agents).orchestration(name).spec.version


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.mark.requirement("DEF-059")
def test_publishing_keeps_version_name_and_description(store: Store) -> None:
    changes = store.publish(text("1.0.0"))
    assert changes == [
        Change("Agent", "worker", "", "published", "active"),
        Change("Orchestration", "one", "1.0.0", "published", "draft"),
    ]
    ((published, entry),) = store.known()[0]
    assert (published.version, entry.spec.display_name, entry.spec.description) == ("1.0.0", "One", "For tests.")


@pytest.mark.requirement("DEF-059")
def test_a_draft_is_replaced_and_the_same_again_changes_nothing(store: Store) -> None:
    store.publish(text("1.0.0"))
    assert [one.change for one in store.publish(text("1.0.0", title="Other"))] == ["unchanged", "replaced"]
    ((published, entry),) = store.known()[0]
    assert (published.created_at, published.updated_at, entry.spec.display_name) == (1001, 1002, "Other")
    assert {one.change for one in store.publish(text("1.0.0", title="Other"))} == {"unchanged"}


def test_the_content_of_an_active_version_never_changes(store: Store) -> None:
    store.publish(text("1.0.0"), activate=True)
    assert store.refused(text("1.0.0", title="Other")) == [
        "after one 1.0.0: its content changed: this needs version 1.0.1 or higher, not 1.0.0"
    ]


def test_how_many_runs_are_kept_needs_no_new_version(store: Store) -> None:
    store.publish(text("1.0.0"), activate=True)
    few = text("1.0.0").replace("version:", "successfulRunsHistoryLimit: 3, version:")
    changes = [store.publish(few)[-1].change for _ in range(2)]
    assert changes == ["replaced", "unchanged"]
    ((published, entry),) = store.known()[0]
    assert (published.lifecycle, entry.spec.successful_runs_history_limit) == ("active", 3)


@pytest.mark.requirement("DEF-062")
@pytest.mark.parametrize(
    ("steps", "version", "refusal"),
    [
        (("a", "c"), "1.1.0", 'step "b" was removed or renamed: this needs version 2.0.0 or higher, not 1.1.0'),
        (("a", "b", "c"), "1.0.1", 'step "c" is new: this needs version 1.1.0 or higher, not 1.0.1'),
        (("a", "c"), "2.0.0", None),
        (("a", "b", "c"), "1.1.0", None),
    ],
)
def test_a_change_raises_the_version_as_far_as_it_must(
    store: Store, steps: tuple[str, ...], version: str, refusal: str | None
) -> None:
    store.publish(text("1.0.0", "a", "b"), activate=True)
    if refusal is None:
        assert store.publish(text(version, *steps))[-1].after == "1.0.0"
    else:
        assert store.refused(text(version, *steps)) == [f"after one 1.0.0: {refusal}"]


def test_an_older_line_goes_on_beside_a_newer_one(store: Store) -> None:
    store.publish(text("1.0.0", "a", "b"), activate=True)
    store.publish(text("2.0.0", "a"), activate=True)
    assert store.publish(text("1.1.0", "a", "b", "c"), activate=True)[-1].after == "1.0.0"
    assert store.latest() == "2.0.0"


@pytest.mark.requirement("DEF-060")
def test_only_active_versions_are_the_latest(store: Store) -> None:
    store.publish(text("1.9.0"), activate=True)
    store.publish(text("1.10.0", title="Ten"))
    assert store.latest() == "1.9.0"
    assert store.move("one", None, "activate") == "active"
    assert store.latest() == "1.10.0"
    assert store.move("one", "1.10.0", "deprecate") == "deprecated"
    assert store.latest() == "1.9.0"


@pytest.mark.requirement("DEF-061")
def test_an_archived_version_stays_away_but_can_be_asked_for_exactly(store: Store) -> None:
    store.publish(text("1.0.0"), activate=True)
    assert store.move("one", "1.0.0", "archive") == "archived"
    known, agents = store.known()
    catalog = Catalog(store=[entry for _, entry in known], store_agents=agents)
    assert catalog.orchestration("one", "1.0.0").lifecycle == "archived"
    with pytest.raises(NotFound):
        store.latest()
    with pytest.raises(Refused, match=r"one 1\.0\.0 is archived; what can be done with it: nothing"):
        store.move("one", "1.0.0", "activate")
    assert store.refused(text("1.0.0")) == ["one 1.0.0 was archived; raise the version to publish it again"]


CHILD = ", {id: kpi, type: orchestration, orchestration: {name: two}}"


def test_what_it_plays_must_be_there(store: Store) -> None:
    both = text("1.0.0", more=CHILD), text("1.0.0", name="two")
    assert store.refused(*both, only="one") == ['no orchestration "two"']
    changes = store.publish(*both)
    assert [one.name for one in changes] == ["worker", "one", "two"]
    with pytest.raises(DefinitionInvalid):
        store.move("one", "1.0.0", "activate")
    store.move("two", None, "activate")
    assert store.move("one", None, "activate") == "active"


def test_agents_are_replaced_and_used_by_all(store: Store) -> None:
    store.publish(text("1.0.0"))
    assert store.publish(text("1.0.0"), agent="Better")[0] == Change("Agent", "worker", "", "replaced", "active")
    assert store.known()[1][0].spec.display_name == "Better"


def test_one_of_several_versions_must_be_named(store: Store) -> None:
    store.publish(text("1.0.0"))
    store.publish(text("1.1.0", "a", "b"))
    with pytest.raises(Ambiguous) as caught:
        store.move("one", None, "activate")
    assert caught.value.hint == "name one: one@1.0.0, one@1.1.0"
    with pytest.raises(NotFound, match=r"one 9\.0\.0 is not published"):
        store.move("one", "9.0.0", "activate")
    with pytest.raises(NotFound, match='no orchestration "two" is published'):
        store.move("two", None, "activate")


@pytest.mark.parametrize("verb", ["activate", "deprecate", "archive"])
@pytest.mark.parametrize("lifecycle", list(MOVES))
def test_no_move_but_through_the_table(lifecycle: Lifecycle, verb: str) -> None:
    target = move("one 1.0.0", lifecycle, verb)
    assert target == MOVES[lifecycle].get(verb, target)
    assert isinstance(target, Refusal) == (verb not in MOVES[lifecycle])
