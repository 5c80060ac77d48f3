"""Where an outcomes file says that an output came from the cache, it does; where it says how the step ran, it does not."""

from controller.model.digest import Digest
from controller.model.outcomes import Outcome, Outcomes
from controller.ports.blob_store import BlobStore
from controller.ports.result_cache import CacheEntry, ResultCache
from controller.runtime.caching import LONGEST_TTL_MS
from controller.runtime.contents import Contents
from controller.runtime.member import Member
from controller.runtime.prepare import Preparer
from controller.runtime.simulation.addresses import Addresses
from controller.runtime.simulation.artifacts import artifacts_of


class ScriptedPreparer(Preparer):
    """A preparer whose cache follows a file. What the file does not mention is served from what the run itself kept."""

    def __init__(self, contents: Contents, cache: ResultCache, outcomes: Outcomes, addresses: Addresses) -> None:
        super().__init__(contents, cache)
        self._outcomes = outcomes
        self._addresses = addresses

    def look_up(self, member: Member, unit: int, key: Digest, now: int) -> CacheEntry | None:
        name = member.name(unit)
        address = self._addresses.of(member.spec.uid, name)
        given = self._outcomes.given(address)
        if given is not None and given.source == "cache":
            digest = given_output(given, self._contents)
            return CacheEntry(key, digest, member.spec.uid, name, now, now + LONGEST_TTL_MS)
        # Of a `foreach` step the file says how its instances ran.
        ran = self._outcomes.mentions(address) or self._outcomes.mentions(f"{address}[0]")
        return None if ran else super().look_up(member, unit, key, now)


def given_output(given: Outcome, contents: Contents) -> Digest:
    """Store the result document of an output that comes without an attempt and return its digest."""
    return contents.put_result(given.output, dict(artifacts_of(given, contents.blobs)))


def seeds_of(outcomes: Outcomes, blobs: BlobStore) -> dict[str, Digest]:
    """Return the outputs that a rerun took over from the run that it repeats, by step."""
    contents = Contents(blobs)
    return {
        address: given_output(given, contents)
        for address in outcomes.outcomes
        if "/" not in address and (given := outcomes.given(address)) is not None and given.source == "seed"
    }
