"""One hand-off is made once, however many ask for it; what is not asked for does not go along."""

from typing import Any

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.engine.units import unit_of
from controller.model.attempt import Launch, StagedFile
from controller.model.digest import Digest, canonical
from controller.runtime.contents import Contents
from controller.runtime.handoff import Handoffs
from controller.runtime.member import Member
from tests.behaviour.rehearsal import Rehearsal
from tests.fakes.blob_store import InMemoryBlobStore


class CountingBlobs(InMemoryBlobStore):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.gets: list[Digest] = []

    def get(self, digest: Digest) -> bytes:
        self.gets.append(digest)
        return super().get(digest)


def world(*steps: dict[str, Any]) -> tuple[Member, Handoffs, CountingBlobs]:
    """Steps that all leave `a.json` and `b.txt`."""
    rehearsal = Rehearsal()
    blobs = CountingBlobs(rehearsal.disk)
    files = {"a.json": b"[1]", "b.txt": b"B"}
    rehearsal.disk.files.update({f"/left/{name}": content for name, content in files.items()})

    def fate(launch: Launch) -> Scripted:
        left = tuple((name, f"/left/{name}", len(content)) for name, content in files.items())
        return Scripted(1, output=canonical(launch.key.step), artifacts=left)

    rehearsal.fate = fate
    member = rehearsal.drive(rehearsal.admit({"steps": list(steps)})).root
    return member, Handoffs(Contents(blobs)), blobs


MAKES = {"id": "make", "contract": {"artifacts": [{"name": "a.json", "schema": {"type": "array"}}]}}


def test_ten_thousand_instances_ask_once() -> None:
    member, handoffs, blobs = world(MAKES, {"id": "use", "dependsOn": ["make"], "foreach": "[1, 2]"})
    made = [handoffs.to(member, unit_of(1, instance)) for instance in range(10_000)]
    assert all(one[0] is made[0][0] for one in made)
    assert len(blobs.gets) == 2  # the result document and the artifact


@pytest.mark.parametrize(
    ("inputs", "staged"),
    [
        ([], ["inputs/make/a.json", "inputs/make/b.txt"]),
        ([{"step": "make", "artifact": "a.json"}], ["inputs/make/a.json", "inputs/make/b.txt"]),
        ([{"step": "first", "artifact": "b.txt"}], ["inputs/make/a.json", "inputs/make/b.txt", "inputs/first/b.txt"]),
        (
            [{"step": "first", "artifact": "b.txt"}, {"step": "first"}],
            ["inputs/make/a.json", "inputs/make/b.txt", "inputs/first/a.json", "inputs/first/b.txt"],
        ),
    ],
)
def test_what_goes_along(inputs: list[dict[str, str]], staged: list[str]) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "first"},
        {**MAKES, "dependsOn": ["first"]},
        {"id": "use", "dependsOn": ["make"], "inputs": inputs},
    ]
    member, handoffs, _ = world(*steps)
    found = handoffs.to(member, unit_of(2))
    assert [file.path for one in found for file in one.staged] == staged
    assert all(isinstance(file, StagedFile) for one in found for file in one.staged)


def test_what_is_broken_is_said_with_its_source() -> None:
    member, handoffs, _ = world(
        {"id": "make"}, {"id": "use", "dependsOn": ["make"], "inputs": [{"step": "make", "artifact": "c"}]}
    )
    (handoff,) = handoffs.to(member, unit_of(1))
    assert handoff.violations == (
        'hand-off from "make": artifact "c" was asked for, but "make" left none of that name',
    )
    assert (handoff.record or {})["validated"] is False
