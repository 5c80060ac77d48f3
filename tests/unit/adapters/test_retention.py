"""What goes, what stays, and that nothing which stays loses a blob."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.file_lock_leadership import FileLockLeadership
from controller.adapters.retention import GRACE_MS, Cleaned, Cleaner, Tree, plan
from controller.adapters.sqlite import LocalStores
from controller.errors import StoreUnavailable
from controller.model.digest import Digest
from controller.model.retention import Retention
from controller.model.states import RunState
from controller.ports.ledger_store import Write
from tests.contract.scenarios import LARGE, entry, published, spec, status
from tests.fakes.clock import START, SettableClock

DAY = 86_400_000
EVERYTHING = Retention(runs=0)
TREES = [
    Tree("old", ("old",), True, START - 3 * DAY, 100),
    Tree("running", ("running",), False, START - 9 * DAY, 1000),
    Tree("new", ("new",), True, START - 1 * DAY, 100),
    Tree("middle", ("middle", "child"), True, START - 2 * DAY, 100),
]

PLANS: dict[str, tuple[Retention, list[tuple[str, str]]]] = {
    "no limit": (Retention(), []),
    "by age": (Retention(age_ms=DAY), [("old", "age"), ("middle", "age")]),
    "by age, to the millisecond": (Retention(age_ms=2 * DAY), [("old", "age")]),
    "by count": (Retention(runs=1), [("old", "runs"), ("middle", "runs")]),
    "all": (Retention(runs=0), [("old", "runs"), ("middle", "runs"), ("new", "runs")]),
    "by size, running trees counted but kept": (Retention(size=1200), [("old", "size")]),
    "by a size that cannot be reached": (Retention(size=10), [("old", "size"), ("middle", "size"), ("new", "size")]),
    "the first limit that is broken": (Retention(age_ms=3 * DAY - 1, runs=1), [("old", "age"), ("middle", "runs")]),
}


@pytest.mark.parametrize(("retention", "removed"), PLANS.values(), ids=PLANS)
def test_plan(retention: Retention, removed: list[tuple[str, str]]) -> None:
    assert [(removal.tree.root, removal.limit) for removal in plan(TREES, retention, START)] == removed


trees = st.builds(
    Tree,
    st.uuids().map(str),
    st.just(("run",)),
    st.booleans(),
    st.integers(START - 10 * DAY, START),
    st.integers(0, 1000),
)
limits = st.none() | st.integers(0, 5000)


@given(st.lists(trees, max_size=12, unique_by=lambda tree: tree.root), limits, limits, limits)
def test_what_stays_is_within_the_limits(
    found: list[Tree], age: int | None, runs: int | None, size: int | None
) -> None:
    retention = Retention(None if age is None else age * DAY // 500, runs, size)
    removed = {removal.tree.root for removal in plan(found, retention, START)}
    kept = [tree for tree in found if tree.root not in removed]
    settled = [tree for tree in kept if tree.settled]
    assert all(tree.settled for tree in found if tree.root in removed)
    assert retention.age_ms is None or all(START - tree.ended_at <= retention.age_ms for tree in settled)
    assert runs is None or len(settled) <= runs
    assert size is None or not settled or sum(tree.size for tree in kept) <= size


class Place:
    """A state directory with runs in it."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.clock = SettableClock()
        self.stores = LocalStores.open(folder, self.clock, lambda _: True)
        self.working: set[str] = set()
        self.leadership = FileLockLeadership(self.runs)
        self.cleaner = Cleaner(
            self.stores.objects,
            self.stores.ledger,
            self.stores.blobs,
            self.stores.cache.outputs,
            FileLockLeadership(self.runs),
            self.working.__contains__,
            self.runs,
        )

    def blob(self, text: str) -> Digest:
        return self.stores.blobs.put(text.encode())

    def run(self, uid: str, *, root: str | None = None, state: RunState = RunState.SUCCEEDED) -> dict[str, Digest]:
        """Make a run with a snapshot, an output document and the artifact that it names."""
        made = {
            "snapshot": self.blob(f'{{"definition of":"{uid}"}}'),
            "rows": self.stores.blobs.put(LARGE + uid.encode()),
        }
        made["document"] = self.blob(f'{{"artifacts":{{"rows":"{made["rows"]}"}}}}')
        run = spec(uid, root=root or uid, parent=root, snapshot=made["snapshot"], definition=made["snapshot"])
        self.stores.objects.create_run(run)
        record = b'{"seq":0,"outputDigest":"%s"}' % made["document"].encode()
        last = status(state=state, ended_at=START if state.settled else None)
        self.stores.ledger.append([Write(uid, 0, [record], [made["document"]], last)])
        self.stores.ledger.flush()
        folder = self.runs / (root or uid) / "steps" / uid
        folder.mkdir(parents=True)
        (folder / "log").write_text("x" * 1000)
        return made

    def clean(self, retention: Retention = EVERYTHING, *, dry_run: bool = False) -> Cleaned:
        return self.cleaner.clean(retention, self.clock.now(), dry_run=dry_run)

    def kept(self) -> set[str]:
        return {run.uid for run, _ in self.stores.objects.runs()}

    def has(self, made: dict[str, Digest]) -> set[bool]:
        return {self.stores.blobs.has(digest) for digest in made.values()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.stores.close()


def test_a_tree_goes_with_all_that_belongs_to_it(place: Place) -> None:
    gone = [place.run("a"), place.run("a-child", root="a")]
    kept = place.run("b", state=RunState.AWAITING_APPROVAL)
    place.clock.advance(2 * GRACE_MS)
    cleaned = place.clean()
    assert [removal.tree.root for removal in cleaned.removed] == ["a"]
    assert place.kept() == {"b"}
    assert [place.has(made) for made in (*gone, kept)] == [{False}, {False}, {True}]
    assert [folder.name for folder in place.runs.iterdir()] == ["b"]
    assert (cleaned.blobs, cleaned.blob_bytes > 2 * len(LARGE)) == (6, True)


def test_a_dry_run_tells_the_same_and_removes_nothing(place: Place) -> None:
    made = place.run("a")
    place.clock.advance(2 * GRACE_MS)
    told = place.clean(dry_run=True)
    assert (place.kept(), place.has(made), (place.runs / "a").is_dir()) == ({"a"}, {True}, True)
    assert place.clean() == told
    assert place.clean() == Cleaned((), (), 0, 0)


@pytest.mark.parametrize("state", [state for state in RunState if not state.settled])
def test_a_tree_with_an_unsettled_run_stays(place: Place, state: RunState) -> None:
    place.run("a")
    place.run("a-child", root="a", state=state)
    assert place.clean() == Cleaned((), (), 0, 0)
    assert place.kept() == {"a", "a-child"}


def test_a_run_without_a_status_stays(place: Place) -> None:
    place.stores.objects.create_run(spec("a"))
    assert place.clean().removed == ()


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("use", ["driven", "steps run"])
def test_a_tree_in_use_stays(place: Place, use: str, dry_run: bool) -> None:
    place.run("a")
    place.run("b")
    if use == "driven":
        place.leadership.acquire("a")
    else:
        place.working.add("a")
    cleaned = place.clean(dry_run=dry_run)
    assert ([tree.root for tree in cleaned.busy], [one.tree.root for one in cleaned.removed]) == (["a"], ["b"])
    assert "a" in place.kept()
    assert (place.runs / "a" / "steps" / "a" / "log").exists()


def test_a_tree_that_went_on_since_it_was_looked_at_stays(place: Place) -> None:
    place.run("a", state=RunState.FAILED)
    (tree,) = place.cleaner.survey()
    place.stores.ledger.append([Write("a", 1, [b"{}"], ["x"], status(1, state=RunState.RUNNING))])
    assert place.cleaner._remove(tree) is False
    assert place.kept() == {"a"}


def test_blobs_that_others_name_stay(place: Place) -> None:
    place.run("a")
    shared = {name: place.blob(name) for name in ("cached", "agent file")}
    place.stores.cache.put(entry()._replace(output_digest=shared["cached"]))
    place.stores.objects.publish(published(kind="Agent", files={"run.py": shared["agent file"]}))
    stray = {"stray": place.blob("stray")}
    place.stores.ledger.flush()
    place.clock.advance(2 * GRACE_MS)
    place.clean()
    assert (place.has(shared), place.has(stray)) == ({True}, {False})


def test_blobs_that_were_just_stored_stay(place: Place) -> None:
    """A run that goes on beside the cleaning names them in a moment."""
    fresh = {"small": place.blob("fresh"), "large": place.stores.blobs.put(LARGE)}
    place.stores.ledger.flush()
    place.clock.advance(GRACE_MS)
    assert place.clean().blobs == 0
    assert place.has(fresh) == {True}
    place.clock.advance(1)
    assert place.clean().blobs == 2


def test_what_steps_made_read_only_goes_and_links_are_not_followed(place: Place, tmp_path: Path) -> None:
    place.run("a")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    steps = place.runs / "a" / "steps"
    (steps / "link").symlink_to(precious)
    (steps / "a").chmod(0o500)
    steps.chmod(0o500)
    place.clean()
    assert not (place.runs / "a").exists()
    assert (precious / "file").exists()
    assert precious.stat().st_mode & 0o777 != 0o500


def test_a_folder_that_cannot_be_removed_keeps_its_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run("a")

    def refuse(folder: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(folder))

    with monkeypatch.context() as guarded:
        guarded.setattr("shutil.rmtree", refuse)
        with pytest.raises(StoreUnavailable, match="cannot remove"):
            place.clean()
    assert place.kept() == {"a"}
    place.clean()
    assert place.kept() == set()


def test_sizes_are_those_of_the_folder_and_the_ledgers(place: Place) -> None:
    place.run("a")
    place.run("a-child", root="a")
    (tree,) = place.cleaner.survey()
    assert tree.runs == ("a-child", "a")
    assert tree.size == 2000 + sum(place.stores.ledger.size(run) for run in tree.runs)
    assert tree.ended_at == START
