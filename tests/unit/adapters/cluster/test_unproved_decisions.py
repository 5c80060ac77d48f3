"""Who decided while nothing proved it is never believed afterwards; who decided while nobody could ask waits, and is."""

import asyncio
from typing import Any, cast

import pytest

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.gates import UNPROTECTED, UNPROVED, Gates
from controller.adapters.cluster.protection import Protection
from controller.errors import Forbidden, LibrettoError, ServerUnavailable, Throttled
from controller.model.run import GateNeeds
from tests.fakes.clock import SettableClock

Json = dict[str, Any]
NEEDS = GateNeeds(count=2)
RUN: Json = {"spec": {}}


def approval(person: str, waiting: str | None = None) -> Json:
    spec = {"gate": "a", "digest": "d", "request": 3, "decision": "approve", "approver": {"name": person}}
    metadata = {"name": person, "namespace": "space", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"kind": "Approval", "metadata": metadata, "spec": spec, "status": {"waiting": waiting} if waiting else {}}


def gates(*, protected: bool = True) -> Gates:
    return Gates(lambda _: protected, lambda: "2026-01-01T00:00:00.000Z")


def test_what_was_not_proved_never_counts() -> None:
    assert gates(protected=False).weigh(RUN, approval("mara"), [], NEEDS).missing == UNPROTECTED
    for said in (UNPROTECTED, UNPROVED):
        assert gates().weigh(RUN, approval("mara", said), [], NEEDS).missing == UNPROVED


def test_nor_does_it_complete_a_quorum() -> None:
    mara, joe = approval("mara", UNPROVED), approval("joe")
    ann = approval("ann", "1 of 2 approvals are there (ann)")
    assert gates().weigh(RUN, joe, [mara, joe], NEEDS).missing == "1 of 2 approvals are there (joe)"
    assert gates().weigh(RUN, joe, [ann, joe], NEEDS).missing is None


class Server:
    def __init__(self, error: LibrettoError | None) -> None:
        self.error = error

    async def create(self, *_: Any, **__: Any) -> Json:
        if self.error is not None:
            raise self.error
        return {}


def asked(error: LibrettoError | None) -> bool:
    protection = Protection(cast("Client", Server(error)), SettableClock())

    async def ask() -> bool:
        return bool(await fiber.run(protection.of, "space"))

    return asyncio.run(ask())


def test_only_a_refusal_of_the_forgery_is_a_proof() -> None:
    assert asked(Forbidden('spec.approver.name: must be you: "libretto", not "libretto:nobody"'))
    assert not asked(Forbidden("no right to create approvals"))
    assert not asked(None)


@pytest.mark.parametrize("error", [ServerUnavailable("down"), Throttled("later", retry_after=1)], ids=["down", "busy"])
def test_no_answer_is_neither(error: LibrettoError) -> None:
    with pytest.raises(type(error)):
        asked(error)
