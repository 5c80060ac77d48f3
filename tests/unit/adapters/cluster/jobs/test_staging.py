"""What lies ready before a Job is made: what is too large for it, and files of agents where couriers look."""

import pytest

from controller.adapters.cluster.jobs.render import LARGEST_INLINE, LARGEST_PLAN
from controller.adapters.cluster.jobs.staging import FEW_FILES, Staging
from controller.adapters.memory import MemoryBlobStore
from controller.errors import AgentUnfit, NotFound, StoreUnavailable
from controller.model.attempt import Launch, StagedFile
from controller.model.digest import Digest, digest_bytes
from tests.unit.adapters.cluster.jobs.pods import DIGEST, PLACE, launch

OTHER = "blake3:" + "b" * 64


class World:
    def __init__(self, error: Exception | None = None) -> None:
        self.blobs = MemoryBlobStore()
        self.offered: list[Digest] = []
        self._error = error
        place = PLACE._replace(inline=lambda digest: "small" if digest == OTHER else None)
        self.staging = Staging(lambda _: place, self.blobs, self._offer)

    def _offer(self, digest: Digest) -> None:
        self.offered.append(digest)
        if self._error is not None:
            raise self._error


def of(**files: Digest) -> Launch:
    return launch()._replace(agent_files=files)


def test_files_that_are_not_in_the_job_are_offered() -> None:
    world = World()
    assert world.staging.place(of(run=DIGEST, note=OTHER)).staged_blob is None
    assert world.offered == [DIGEST]


def test_a_file_that_nobody_published_makes_the_agent_unfit() -> None:
    with pytest.raises(AgentUnfit, match=r"run was not published with its agent: there is none"):
        World(NotFound("there is none")).staging.place(of(run=DIGEST))


def test_a_store_that_is_away_is_no_fault_of_the_agent() -> None:
    with pytest.raises(StoreUnavailable):
        World(StoreUnavailable("away")).staging.place(of(run=DIGEST))


def test_what_is_too_large_for_a_job_is_stored() -> None:
    world = World()
    given = launch(given="x" * LARGEST_INLINE)
    assert world.staging.place(given).input_blob == digest_bytes(given.input)
    assert world.blobs.get(digest_bytes(given.input)) == given.input
    names = [f"inputs/a/{number:04}{'x' * 200}" for number in range(LARGEST_PLAN // 200)]
    many = world.staging.place(launch(staged=[StagedFile(name, DIGEST) for name in names]))
    assert many.staged_blob is not None
    assert len(world.blobs.get(many.staged_blob)) > LARGEST_PLAN
    few = launch(staged=[StagedFile(name, DIGEST) for name in names[:FEW_FILES]])
    assert (world.staging.place(few).input_blob, world.staging.place(few).staged_blob) == (None, None)
