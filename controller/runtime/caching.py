"""Results that are kept: for which steps and how long, under which key, and what may be served again."""

from collections.abc import Sequence

from controller.definition.template import uses_run
from controller.engine.units import index_of, instance_of, unit_of
from controller.model.digest import Digest, digest_value
from controller.model.orchestration import LONGEST_TTL_SECONDS
from controller.model.states import StepState
from controller.ports.result_cache import CacheEntry, ResultCache
from controller.runtime.contents import Contents
from controller.runtime.contract import broken_by
from controller.runtime.member import Member

LONGEST_TTL_MS = LONGEST_TTL_SECONDS * 1000


def cache_ttl_ms(member: Member, unit: int) -> int:
    """Return how long an output of the step is kept, in milliseconds; 0: it is not cached.

    Child runs, finalizers and inputs that name the run itself are not: no two runs have the same.
    """
    caching = member.entry.spec.execution.caching
    step = member.graph.steps[index_of(unit)]
    if not caching.enabled or step.child or step.finalizer or uses_run(member.step(unit).input.model_dump()):
        return 0
    listed = next((one for one in caching.steps if one.id == step.id), None)
    if listed is None:
        only_listed = caching.strategy == "per_step" or (caching.strategy is None and bool(caching.steps))
        return 0 if only_listed else min(caching.ttl_seconds * 1000, LONGEST_TTL_MS)
    if listed.enabled is False:
        return 0
    seconds = caching.ttl_seconds if listed.ttl_seconds is None else listed.ttl_seconds
    return min(seconds * 1000, LONGEST_TTL_MS)


def cache_key(member: Member, unit: int, inputs: Digest | Sequence[Digest]) -> Digest:
    """Return what a result is kept under: everything that decides about it.

    That is the organization, the agent with its files, the mapping of its answer, and the digest of the input (mode,
    payload, message, staged artifacts); of a `foreach` step the list of the inputs of all its instances.
    """
    step, agent = member.step(unit), member.agent(unit)
    organization = step.organization or member.entry.organization
    given = inputs if isinstance(inputs, str) else list(inputs)
    return digest_value([organization, agent.revision, given, dict(step.output_mapping)])


def servable(member: Member, unit: int, entry: CacheEntry, contents: Contents) -> bool:
    """Return whether a kept result is whole and keeps the contract that the step has today."""
    if not contents.blobs.has(entry.output_digest):
        return False
    artifacts = contents.artifacts(entry.output_digest)
    if not all(map(contents.blobs.has, artifacts.values())):
        return False
    return not broken_by(member.step(unit).contract, contents.output(entry.output_digest), artifacts, contents)


def keep(member: Member, unit: int, output: Digest, cache: ResultCache, now: int) -> None:
    """Keep the output of a step that has just ended, where it is cached. Needs nothing but the ledger's own state."""
    ttl_ms = cache_ttl_ms(member, unit) if instance_of(unit) < 0 else 0
    inputs = _inputs(member, unit) if ttl_ms else None
    if inputs is not None:
        key = cache_key(member, unit, inputs)
        cache.put(CacheEntry(key, output, member.spec.uid, member.name(unit), now, now + ttl_ms))


def _inputs(member: Member, unit: int) -> Digest | list[Digest] | None:
    """The input of the attempt that made the output; None where something else than attempts made part of it."""
    known = member.state.unit(unit)
    if known.instances < 0:
        return known.input
    found: list[Digest] = []
    for number in range(known.instances):
        instance = member.state.unit(unit_of(index_of(unit), number))
        # A person may have put something in place of what an instance did not bring.
        if instance.state is not StepState.SUCCEEDED or instance.how != "ran" or instance.input is None:
            return None
        found.append(instance.input)
    return found or None
