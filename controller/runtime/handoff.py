"""Hand-offs: what a step promised is checked again before a consumer starts, and what is transferred is on record."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.definition.transforms import TRANSFORMS
from controller.engine.units import unit_of
from controller.model.attempt import StagedFile
from controller.model.digest import Digest
from controller.model.step import Contract
from controller.runtime.contents import Contents
from controller.runtime.contract import broken_by
from controller.runtime.member import Member

MOST_REMEMBERED = 1024
"""Hand-offs that are remembered: the instances of a `foreach` step all ask for the same few."""


class Handoff(NamedTuple):
    """What goes from one step to the next."""

    staged: tuple[StagedFile, ...]
    record: Mapping[str, Any] | None
    """For the ledger: `{from, validated, digest, artifacts?: {name: digest}}`; None where there is no output."""
    violations: tuple[str, ...]


class _Wish(NamedTuple):
    """What a consumer gets of one step."""

    everything: bool
    named: frozenset[str]
    """Artifacts that it asks for by name: without them it cannot start."""

    def covers(self, name: str) -> bool:
        return self.everything or name in self.named


class Handoffs:
    """Makes hand-offs. One and the same is checked and transformed once, however many consumers ask for it."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._known: dict[tuple[str, str, Digest, _Wish], Handoff] = {}

    def to(self, member: Member, unit: int) -> list[Handoff]:
        """Return one hand-off per step that the unit gets something from: direct dependencies and declared `inputs`."""
        wanted = _wanted(member, unit)
        return [self._from(member, source, wish) for source, wish in wanted.items()]

    def _from(self, member: Member, source: str, wish: _Wish) -> Handoff:
        known = member.state.unit(unit_of(member.graph.by_id[source]))
        if known.output is None:
            # Skipped, or it failed before a finalizer: nothing is there to be handed over.
            return Handoff((), None, ())
        place = (member.spec.uid, source, known.output, wish)
        if place not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[place] = self._made(member, source, known.output, wish)
        return self._known[place]

    def _made(self, member: Member, source: str, result: Digest, wish: _Wish) -> Handoff:
        contract, contents = member.steps[source].contract, self._contents
        artifacts = contents.artifacts(result)
        broken = list(broken_by(contract, contents.output(result), artifacts, contents))
        broken += [
            f'artifact "{name}" was asked for, but "{source}" left none of that name'
            for name in sorted(wish.named - artifacts.keys())
        ]
        sent: dict[str, Digest] = {}
        for name, digest in sorted(artifacts.items()):
            if wish.covers(name):
                try:
                    sent[name] = self._transformed(contract, name, digest)
                except ValueError as error:
                    broken.append(f'artifact "{name}": {error}')
        record: dict[str, Any] = {"from": source, "validated": not broken, "digest": result}
        if sent:
            record["artifacts"] = sent
        staged = tuple(StagedFile(f"inputs/{source}/{name}", digest) for name, digest in sent.items())
        return Handoff(staged, record, tuple(f'hand-off from "{source}": {line}' for line in broken))

    def _transformed(self, contract: Contract | None, name: str, digest: Digest) -> Digest:
        word = next((one.transform for one in contract.artifacts if one.name == name), None) if contract else None
        if word is None:
            return digest
        if word not in TRANSFORMS:
            raise ValueError(f'there is no transformation "{word}"')
        return self._contents.blobs.put(TRANSFORMS[word](self._contents.blobs.get(digest)))


def _wanted(member: Member, unit: int) -> dict[str, _Wish]:
    """Return what the unit gets of which step."""
    step = member.step(unit)
    # The definition's, not the graph's: a finalizer waits for no ordinary step, and yet gets what it left.
    direct = sorted(step.depends_on, key=member.graph.by_id.__getitem__)
    wanted = dict.fromkeys(direct, _Wish(everything=True, named=frozenset()))
    for declared in step.inputs:
        known = wanted.get(declared.step, _Wish(everything=False, named=frozenset()))
        named = known.named if declared.artifact is None else known.named | {declared.artifact}
        wanted[declared.step] = _Wish(known.everything or declared.artifact is None, named)
    return wanted
