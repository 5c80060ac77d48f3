"""Generated stories on a cluster: all of them at once on one operator, and each means what it means elsewhere."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.engine.semantic import semantic_digest
from controller.wiring.simulation import simulate
from tests.cluster import waiting
from tests.cluster.control_plane import ControlPlane
from tests.cluster.examples.played import command, decide, exported
from tests.cluster.operators import Bench, OperatorProcess, grant, orchestration, run
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.writing import leave_namespace, make_namespace
from tests.differential.generated import generate
from tests.differential.stage import MARA, Real, play_real
from tests.differential.story import Story
from tests.differential.test_generated import SEEDS
from tests.differential.workshop import packed

Json = dict[str, Any]

MAX_PARALLEL = 2
"""As the real runs and the simulations have it."""

SECONDS = 300
"""After which the stories hang: their 229 pods took 96 seconds on two cores that others used, too."""

LOOK_EVERY = 1.0
"""Seconds: a look is a call of kubectl, and thirty stories keep the machine busy enough."""


@dataclass(frozen=True)
class Played:
    """What all stories came to."""

    bench: Bench
    stories: Mapping[int, Story]
    statuses: Mapping[int, Json]
    """Of the Run of each story, once it has settled and everybody has said what the story has them say."""
    real: Mapping[int, Real]
    """What each came to on one machine."""
    folder: Path


class Audience:
    """What people do in one story: they answer each gate of its runs, and command when it has settled."""

    def __init__(self, bench: Bench, name: str, story: Story) -> None:
        self._bench = bench
        self._name = name
        self._story = story
        self._openings: Counter[tuple[str, str]] = Counter()
        self._answered: set[tuple[str, int]] = set()
        self._commands = list(story.commands)
        self._commanded: str | None = None

    def done(self, runs: Mapping[str, Json], answered: frozenset[str]) -> bool:
        """Do what is to be done now, given all runs by name and the interventions that are answered; whether that was all."""
        self._decide(runs[self._name])
        status = runs[self._name].get("status") or {}
        if status.get("endedAt") is None or "semanticDigest" not in status:
            return False
        if self._commanded is not None and self._commanded not in answered:
            return False
        if self._commands:
            self._commanded = command(self._bench, runs[self._name], self._commands.pop(0))
            return False
        return True

    def _decide(self, one: Json) -> None:
        """The gates of child runs stand in their root, too."""
        for gate in (one.get("status") or {}).get("gates") or ():
            run = gate["run"]
            if (run, gate["request"]) in self._answered:
                continue
            self._answered.add((run, gate["request"]))
            answers = self._story.decisions.get(gate["gate"], ())
            opening = self._openings[run, gate["gate"]]
            self._openings[run, gate["gate"]] += 1
            decide(self._bench, one, gate, answers[opening] if opening < len(answers) else "approve")


@pytest.fixture(scope="module")
def played(
    cluster: ControlPlane, process_node: SharedProcessNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """All stories, played together on one operator while they are also played as programs of this machine."""
    del process_node
    namespace, folder = f"generated-{os.getpid()}", tmp_path_factory.mktemp("generated")
    make_namespace(cluster, namespace)
    grant(cluster, namespace)
    bench, operator = Bench(cluster, namespace), OperatorProcess(cluster, folder, namespace)
    stories = {seed: generate(seed).named(str(seed)) for seed in SEEDS}
    try:
        operator.start()
        with ThreadPoolExecutor(2) as machine:
            real = {seed: machine.submit(_play_here, folder, seed, story) for seed, story in stories.items()}
            objects = [one for seed, story in stories.items() for one in _objects(_place(folder, seed), story)]
            bench.apply(*objects)
            bench.apply(
                *(run(_run(seed), story.specs[0]["name"], maxParallel=MAX_PARALLEL) for seed, story in stories.items())
            )
            statuses = _follow(bench, stories, operator)
            yield Played(bench, stories, statuses, {seed: one.result() for seed, one in real.items()}, folder)
    finally:
        operator.kill()
        leave_namespace(cluster, namespace)


def _run(seed: int) -> str:
    return f"story-{seed}"


def _place(folder: Path, seed: int) -> Path:
    place = folder / str(seed)
    place.mkdir(exist_ok=True)
    return place


def _play_here(folder: Path, seed: int, story: Story) -> Real:
    place = _place(folder, seed) / "real"
    place.mkdir()
    return play_real(place / "state", story.found(place), story.people)


def _objects(place: Path, story: Story) -> Iterator[Json]:
    """The story's definitions; its programs carry their table with them."""
    packing = place / "packed"
    packing.mkdir()
    story.found(packing)
    script = packed(packing).replace("$", "$$")
    for agent in story.agents:
        image = {"name": "busybox", "command": ["sh", "-c", script]}
        yield {
            "apiVersion": "libretto.dev/v1alpha1",
            "kind": "Agent",
            "metadata": {"name": agent["slug"]},
            "spec": {"image": image},
        }
    for spec in story.specs:
        fields = {name: value for name, value in spec.items() if name not in ("name", "steps")}
        yield orchestration(spec["name"], *spec["steps"], **fields)


def _follow(bench: Bench, stories: Mapping[int, Story], operator: OperatorProcess) -> dict[int, Json]:
    audiences = {seed: Audience(bench, _run(seed), story) for seed, story in stories.items()}
    statuses: dict[int, Json] = {}

    def all_done() -> bool:
        # In this order: a command that is answered has had its effect on the run.
        found = bench.all("interventions,runs")
        answered = frozenset(
            one["metadata"]["name"] for one in found if one["kind"] == "Intervention" and one.get("status") is not None
        )
        runs = {one["metadata"]["name"]: one for one in found if one["kind"] == "Run"}
        for seed in [one for one in audiences if one not in statuses]:
            if audiences[seed].done(runs, answered):
                statuses[seed] = runs[_run(seed)]["status"]
        return len(statuses) == len(stories)

    def evidence() -> str:
        missing = sorted(set(stories) - set(statuses))
        told = bench.kubectl("get", "run", _run(missing[0]), "-o", "yaml")[-2500:]
        return f"still open: {missing}\n{told}\n{operator.log()[-3000:]}"

    try:
        waiting.until(all_done, "all stories settle", SECONDS, LOOK_EVERY)
    except waiting.NeverCame as error:
        raise AssertionError(f"{error}\n{evidence()}") from error
    return statuses


@pytest.mark.parametrize("seed", SEEDS)
def test_a_story_means_the_same_everywhere(seed: int, played: Played) -> None:
    story, digest = played.stories[seed], played.statuses[seed]["semanticDigest"]
    assert played.real[seed].digest == digest
    found = story.found(_place(played.folder, seed))
    for outcomes in (story.outcomes, exported(played.bench, _run(seed))):
        simulated = simulate(found, outcomes, requester=MARA.id, now=1_700_000_000_000, max_parallel=MAX_PARALLEL)
        assert semantic_digest(simulated.root.state) == digest
