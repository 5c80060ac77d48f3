"""Is everything that records name by digest there, and is it what its digest says?"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from controller.definition.identity import agent_revision, definition_digest
from controller.definition.snapshot import Snapshot
from controller.errors import LibrettoError, VerificationFailed
from controller.model.digest import DIGEST_PATTERN, Digest, digest_bytes, short
from controller.model.record import Record
from controller.runtime.proof.evidence import Evidence


class Reference(NamedTuple):
    """A digest that a record names."""

    member: str
    """Where the record names it, e.g. `outputDigest`."""
    digest: Digest
    kind: str
    """result, value, receipt, patch or artifact."""


def references(record: Record) -> Iterator[Reference]:
    """Yield what a record names and what must be there. Inputs of attempts are digests only, nobody keeps them."""
    data = record.data or {}
    if record.output_digest is not None:
        yield Reference("outputDigest", record.output_digest, "result" if record.step is not None else "value")
    if record.input_digest is not None and record.kind in {"RunCreated", "StepExpanded"}:
        yield Reference("inputDigest", record.input_digest, "value")
    for member, kind in (("receipt", "receipt"), ("patch", "patch"), ("requestMetadata", "value")):
        if isinstance(data.get(member), str):
            yield Reference(member, data[member], kind)
    for handoff in data.get("handoffs", ()):
        for name, digest in handoff.get("artifacts", {}).items():
            yield Reference(f'hand-off "{name}"', digest, "artifact")


class Contents:
    """Bytes by digest, each hashed once."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._found: dict[Digest, Digest | None] = {}
        self._illegible: dict[Digest, str] = {}
        """What cannot even be read, and why."""
        self._told: set[Digest] = set()
        self.sound: dict[str, set[Digest]] = {}
        """Kind -> what was found to be sound."""

    def get(self, digest: Digest) -> bytes | None:
        """Return the bytes behind a digest; None where they are missing or not what it says."""
        try:
            content = self._evidence.blob(digest) if DIGEST_PATTERN.fullmatch(digest) else None
        except VerificationFailed as error:
            content, self._illegible[digest] = None, error.message
        found = None if content is None else digest_bytes(content)
        self._found[digest] = found
        return content if found == digest else None

    def value(self, digest: Digest) -> Any:
        """Return the JSON value behind a digest. Raises ValueError."""
        content = self.get(digest)
        if content is None:
            raise ValueError(f"{digest} is missing or damaged")
        return orjson.loads(content)

    def problem(self, digest: Digest, kind: str) -> str | None:
        """Return what is wrong with a blob, as a clause; None for nothing."""
        if digest not in self._found:
            self.get(digest)
        found = self._found[digest]
        if found == digest:
            self.sound.setdefault(kind, set()).add(digest)
            return None
        if digest in self._illegible:
            return f"the {kind} cannot be read from {self._evidence.place}: {self._illegible[digest]}"
        if found is None:
            return f"the {kind} is missing from {self._evidence.place}"
        return f"the {kind} in {self._evidence.place} is {short(found)}"

    def _first_problem(self, digest: Digest, kind: str) -> str | None:
        """What is damaged is told once, however often it is named."""
        wrong = None if digest in self._told else self.problem(digest, kind)
        if wrong is not None:
            self._told.add(digest)
        return wrong

    def examine(self, reference: Reference) -> Iterator[str]:
        """Yield what is wrong with a referenced blob, and with the artifacts that it names where it is a result."""
        wrong = self._first_problem(reference.digest, reference.kind)
        says = f"the record says {reference.member} {short(reference.digest)}"
        if wrong is not None:
            yield f"{says}, {wrong}"
        elif reference.kind == "result" and reference.digest not in self._told:
            yield from self._result(reference.digest)

    def _result(self, digest: Digest) -> Iterator[str]:
        try:
            artifacts: Mapping[str, Digest] = self.value(digest)["artifacts"]
            named = sorted(artifacts.items())
        except (ValueError, KeyError, TypeError, AttributeError):
            yield f"outputDigest {short(digest)} is not a result document"
            return
        for name, one in named:
            wrong = self._first_problem(one, "artifact")
            if wrong is not None:
                says = f'its result names artifact "{name}" as {short(one)}'
                yield f"{says}, {wrong}"


def examine_snapshot(contents: Contents, digest: Digest, definition: Digest) -> tuple[Snapshot | None, list[str]]:
    """Return the snapshot of a run tree, with everything that is wrong with it."""
    content = contents.get(digest)
    if content is None:
        wrong = contents.problem(digest, "definition snapshot")
        return None, [f"the run executes {short(digest)}, {wrong}"]
    try:
        snapshot = Snapshot.decode(content)
    except LibrettoError as error:
        return None, [error.message]
    contents.problem(digest, "definition snapshot")
    problems = []
    if snapshot.root != definition:
        problems.append(f"the snapshot holds definition {snapshot.root}, not {definition}")
    for one, entry in snapshot.orchestrations():
        if definition_digest(entry.spec) != one:
            problems.append(f"definition {entry.title} does not match its digest {short(one)}")
        else:
            contents.sound.setdefault("definition", set()).add(one)
    for agent in snapshot.agents():
        if agent_revision(agent.spec, agent.files) != agent.revision:
            problems.append(f"agent {agent.spec.slug} does not match its digest {short(agent.revision)}")
        else:
            contents.sound.setdefault("agent", set()).add(agent.revision)
        for name, file in sorted(agent.files.items()):
            damage = contents.problem(file, "file")
            if damage is not None:
                problems.append(f"agent {agent.spec.slug} has {name} as {short(file)}, {damage}")
    return snapshot, problems
