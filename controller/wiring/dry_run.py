"""Dry run: the stores that are there are read, and everything that would be written goes to memory and is forgotten."""

from collections.abc import Mapping
from typing import Any

from controller.adapters.memory import OverlaidBlobStore
from controller.runtime.admit import admit, snapshot_of
from controller.runtime.contents import Contents
from controller.runtime.forecast.walk import Walk
from controller.runtime.forecast.words import RunForecast
from controller.runtime.member import Member
from controller.runtime.prepare import Preparer
from controller.wiring.definitions import Found
from controller.wiring.local import Local

NO_RUN = "DRYRUN"
"""Uid of a run that will never be."""


def dry_run(local: Local, found: Found, parameters: Mapping[str, Any], *, requester: str) -> RunForecast:
    """Return what a run of `found` would do now. `local` should be opened read-only.

    Raises ParametersInvalid, DefinitionInvalid, NotFound, StoreUnavailable.
    """
    blobs, now = OverlaidBlobStore(local.stores.blobs), local.clock.now()
    spec = admit(
        found.entry,
        found.catalog,
        blobs,
        uid=NO_RUN,
        parameters=parameters,
        requester=requester,
        now=now,
        max_parallel=local.configuration.max_parallel,
        files=found.files,
    )
    contents = Contents(blobs)
    return Walk(Preparer(contents, local.stores.cache), contents, now).root(Member(spec, snapshot_of(blobs, spec)))
