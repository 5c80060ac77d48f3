"""Does the API server prove who decides? It is asked, by a forged decision that it must refuse."""

from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.resources import APPROVALS, INTERVENTIONS, Resource
from controller.errors import Forbidden, LibrettoError, Throttled, Transient
from controller.model.record import GENESIS
from controller.ports.clock import Clock

Json = dict[str, Any]

FRESH_MS = 60_000
"""How long an answer holds. It is asked only while somebody decides, so a quiet cluster is not asked at all."""

NOBODY = "libretto:nobody"
"""User name that no authenticator gives out."""

PROOF = "must be you"
"""Part of what the admission policy answers; a refusal for any other reason proves nothing."""


class Protection:
    """Whether decisions of a namespace can be believed now."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[int, bool]] = {}

    def of(self, namespace: str) -> bool:
        """Return whether forged decisions are refused in a namespace. Raises Transient and Throttled: then nobody knows, and
        a decision must wait, but it is not to be taken for forged.
        """
        known = self._known.get(namespace)
        if known is None or self._clock.monotonic() - known[0] >= FRESH_MS:
            proved = fiber.wait(self._ask(namespace))
            known = self._known[namespace] = (self._clock.monotonic(), proved)
        return known[1]

    async def _ask(self, namespace: str) -> bool:
        return await self._refused(APPROVALS, namespace, _approval()) and await self._refused(
            INTERVENTIONS, namespace, _intervention()
        )

    async def _refused(self, resource: Resource, namespace: str, body: Json) -> bool:
        try:
            await self._client.create(resource, namespace, body, dry_run=True)
        except Forbidden as error:
            return PROOF in error.message
        except (Transient, Throttled):
            raise
        except LibrettoError:
            return False
        return False


def _approval() -> Json:
    return _object(
        APPROVALS,
        {
            "gate": "none",
            "digest": GENESIS,
            "request": 0,
            "decision": "approve",
            "approver": {"name": NOBODY},
        },
    )


def _intervention() -> Json:
    return _object(INTERVENTIONS, {"verb": "abort", "actor": {"name": NOBODY}})


def _object(resource: Resource, spec: Json) -> Json:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"generateName": "libretto-forged-"},
        "spec": {"runRef": {"name": "none", "uid": "none"}, **spec},
    }
