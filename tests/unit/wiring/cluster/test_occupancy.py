"""Who has places: whatever lives, whoever made it, and nobody else for longer than its tree wants them."""

from typing import Any

import pytest

from controller.adapters.cluster.names import KEY, ROOT_UID, SLOTS
from controller.errors import NotFound, VerificationFailed
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.occupancy import ATTEMPTS, Occupancy
from tests.unit.wiring.cluster.crew import Crew, played, root

Json = dict[str, Any]


def key(run: str, step: str = "load") -> AttemptKey:
    return AttemptKey(run, step, Role.DO, 1)


def job(run: str, step: str = "load", *, version: int = 1, ended: str = "", slots: str = "", **metadata: Any) -> Json:
    notes = {KEY: f"{run} {step} do 1"} | ({SLOTS: slots} if slots else {})
    name = f"{run}-{step}"
    return {
        "metadata": {
            "name": name,
            "namespace": "space",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "labels": {ROOT_UID: run},
            "annotations": notes,
            **metadata,
        },
        "status": {"conditions": [{"type": ended, "status": "True"}]} if ended else {},
    }


class Scene:
    """The places of a namespace of which two attempts may live at one time, and the Jobs that are known."""

    def __init__(self, *jobs: Json, most: int = 2) -> None:
        self.woken: list[tuple[str, str]] = []
        self.caches = Caches(lambda *_: None, lambda _: None, job_seen=self._seen)
        configuration = Configuration("", "", max_jobs=most)
        self.places = Occupancy(self.caches, configuration, lambda *whom: self.woken.append(whom))
        for one in jobs:
            self.caches.jobs.put(one)

    def _seen(self, old: Json | None, new: Json | None) -> None:
        self.places.changed(old, new)

    def may(self, run: str, step: str = "load") -> bool:
        return self.places.of("space").of(run).acquire(ATTEMPTS, 2, key(run, step))


def test_a_new_leader_gives_what_lives_its_places_before_anybody_asks() -> None:
    scene = Scene(job("a"), job("b"), job("c", ended="Complete"))
    scene.places.begin()
    assert not scene.may("d")
    assert scene.may("a")


def test_one_that_does_not_lead_counts_nothing() -> None:
    scene = Scene(job("a"), job("b"))
    scene.caches.jobs.put(job("c"))
    assert scene.may("d")
    scene.places.begin()
    scene.places.end()
    assert scene.may("d")


@pytest.mark.parametrize(
    "how", ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget", "deleted", "being deleted"]
)
def test_what_has_ended_gives_its_place_to_who_waits(how: str) -> None:
    """Also where nobody drives its tree: a run that a person must mend, or that is gone."""
    scene = Scene(job("a"), job("b"))
    scene.places.begin()
    assert not scene.may("d")
    if how == "deleted":
        scene.caches.jobs.remove(job("a"))
    elif how == "being deleted":
        scene.caches.jobs.put(job("a", version=2, deletionTimestamp="2026-01-01T00:00:00Z"))
    else:
        scene.caches.jobs.put(job("a", version=2, ended=how))
    assert scene.woken == [("space", "d")]
    assert scene.may("d")


def test_a_job_that_is_seen_only_later_counts_too() -> None:
    """Its creation was cut off: nobody knew whether it was made."""
    scene = Scene(job("a"))
    scene.places.begin()
    scene.caches.jobs.put(job("b"))
    assert not scene.may("d")


def test_an_echo_of_what_has_ended_takes_no_place_again() -> None:
    scene = Scene(job("a"))
    scene.places.begin()
    scene.places.of("space").release(key("a"))
    scene.caches.jobs.put(job("a", version=2))
    assert scene.may("d")
    assert scene.may("e")


def test_places_of_agents_and_orchestrations_are_told_by_the_job() -> None:
    scene = Scene(job("a", slots="agent/space/one orchestration/space/nightly"), most=0)
    scene.places.begin()
    of_tree = scene.places.of("space").of("b")
    for limit in ("agent/space/one", "orchestration/space/nightly"):
        assert not of_tree.acquire(limit, 1, key("b"))
    assert scene.places.shared == ()
    assert of_tree.acquire(ATTEMPTS, 1, key("b"))


def test_namespaces_have_places_of_their_own() -> None:
    scene = Scene(job("a"), job("b"))
    scene.places.begin()
    assert scene.places.of("other").of("d").acquire(ATTEMPTS, 2, key("d"))


def test_jobs_that_are_no_attempts_count_nothing() -> None:
    without, wrong = job("a"), job("b")
    without["metadata"]["annotations"] = {}
    wrong["metadata"]["annotations"] = {KEY: "somebody else's"}
    scene = Scene(without, wrong)
    scene.places.begin()
    assert scene.may("d")
    assert scene.may("e")
    for tree in ("a", "b"):
        scene.places.abandon("space", tree)
    assert not scene.may("f")


def test_what_nobody_drives_keeps_the_places_of_what_lives_and_no_other() -> None:
    scene = Scene(job("a", "lives"))
    scene.places.begin()
    assert scene.may("a", "about to start")
    assert not scene.may("d")
    assert not scene.may("a", "waits")
    scene.places.abandon("space", "a")
    assert scene.woken == [("space", "d")]
    assert not scene.may("e")
    scene.places.abandon("elsewhere", "a")


@pytest.mark.parametrize("error", [VerificationFailed("damaged"), NotFound("run a is gone")])
def test_a_run_that_does_not_go_on_holds_no_other_up(error: Exception) -> None:
    @played
    async def test() -> None:
        crew = Crew(root("a", state="Running"), root("b", state="Running"), max_jobs=1)
        occupancy = crew.operator.shared.occupancy
        granted: list[bool] = []

        def asks(tree: Any) -> int | None:
            granted.append(occupancy.of("space").of(tree.key.root).acquire(ATTEMPTS, 1, key(tree.key.root)))
            return None

        crew.plays = {"a": [asks, error], "b": [asks, asks]}
        await crew.lead()
        await crew.quiet()
        assert granted == [True, False]
        if isinstance(error, NotFound):
            crew.delete("a")
        else:
            crew.operator.wake(next(one for one in crew.operator.trees if one.root == "a"))
        await crew.quiet()
        assert granted == [True, False, True]

    test()
