"""Bundle: a run tree with everything that proves it, as named members; how they are made and how they are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import orjson
from pydantic import ValidationError

from controller.errors import StateTooNew, VerificationFailed
from controller.model.digest import Digest, canonical, digest_bytes
from controller.model.run import RunSpec
from controller.runtime.proof.evidence import Claim, Evidence, Log
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.inventory import inventory
from controller.runtime.proof.verify import Verification, verify

MANIFEST = "manifest.json"
VERSION = 1
"""Version of the form of bundles; newer ones are refused."""

Member = tuple[str, bytes]


class Members(Protocol):
    """A container that is read."""

    @property
    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes | None:
        """Return a member as it lies there. Raises VerificationFailed."""

    def deviation(self) -> str | None:
        """Return what is wrong with the container itself."""


def members(evidence: Evidence, verification: Verification) -> Iterator[Member]:
    """Yield the members of the bundle of a run tree that was found to be sound, in their order, the manifest last."""
    listed: list[dict[str, Any]] = []

    def member(path: str, content: bytes, what: str) -> Member:
        listed.append({"path": path, "digest": digest_bytes(content), "size": len(content), "what": what})
        return path, content

    for digest, what in sorted(inventory(evidence, verification).items()):
        content = evidence.blob(digest)
        if content is None or digest_bytes(content) != digest:
            raise VerificationFailed(f"{what} is missing or damaged: {digest}")
        yield member(_blob(digest), content, what)
    runs = sorted(verification.runs, key=lambda run: run.spec.uid)
    for run in runs:
        for log in sorted(evidence.logs(run.spec.uid)):
            yield member(f"logs/{run.spec.uid}/{log.name}.log", log.content, "what an attempt printed")
    for run in runs:
        ledger = b"".join(link.content + b"\n" for link in run.links)
        yield member(f"runs/{run.spec.uid}/ledger.jsonl", ledger, "records of the run, one a line")
        spec = canonical(run.spec.model_dump(mode="json", by_alias=True))
        yield member(f"runs/{run.spec.uid}/run.json", spec, "what was asked for")
    yield MANIFEST, _manifest(verification, listed)


def _manifest(verification: Verification, listed: Sequence[Mapping[str, Any]]) -> bytes:
    root = verification.runs[0].spec
    body: dict[str, Any] = {
        "kind": "Bundle",
        "version": VERSION,
        "root": root.uid,
        "orchestration": f"{root.orchestration} {root.version}",
        "runs": [run.outline() for run in verification.runs],
        "members": listed,
    }
    return canonical({**body, "digest": digest_bytes(canonical(body))})


def _blob(digest: Digest) -> str:
    return f"blobs/{digest.removeprefix('blake3:')}"


class BundledEvidence:
    """A run tree in a bundle."""

    place = "the bundle"

    def __init__(self, held: Members) -> None:
        self._held = held
        self.problems: list[str] = []
        """What is wrong with the manifest, and with members that are not what it lists."""
        self._claims = self._examine_manifest()

    def _read(self, name: str) -> bytes | None:
        try:
            return self._held.read(name)
        except VerificationFailed as error:
            self.problems.append(error.message)
            return None

    def _examine_manifest(self) -> dict[str, Claim]:
        content = self._read(MANIFEST)
        try:
            body = orjson.loads(content or b"")
            digest = body.pop("digest")
            listed = {one["path"]: (one["digest"], one["size"]) for one in body["members"]}
            claims = {
                one["uid"]: Claim(one["records"], one["head"], one["state"], one["semanticDigest"])
                for one in body["runs"]
            }
            sound = canonical({**body, "digest": digest}) == content and digest_bytes(canonical(body)) == digest
            version = int(body["version"])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self.problems.append(f"{MANIFEST} is missing or damaged: {error}")
            return {}
        if not sound:
            self.problems.append(f"{MANIFEST} does not match its own digest: it was changed")
        elif version > VERSION:
            raise StateTooNew(
                f"the bundle has version {version}; this Libretto knows up to {VERSION}", hint="update Libretto"
            )
        self._examine_members(listed)
        return claims

    def _examine_members(self, listed: Mapping[str, tuple[Digest, int]]) -> None:
        # Folders, which other tools add, are the container's business.
        there = {name for name in self._held.names if not name.endswith("/")} - {MANIFEST}
        self.problems += [f"{name} is listed, but not there" for name in sorted(listed.keys() - there)]
        self.problems += [f"{name} is not listed in {MANIFEST}" for name in sorted(there - listed.keys())]
        for name in sorted(listed.keys() & there):
            content = self._read(name)
            if content is not None and (digest_bytes(content), len(content)) != listed[name]:
                self.problems.append(f"{name} is not what {MANIFEST} lists: it was changed")

    def specs(self) -> Sequence[RunSpec]:
        found: dict[str, RunSpec] = {}
        for name in self._held.names:
            if not (name.startswith("runs/") and name.endswith("/run.json")):
                continue
            try:
                spec = RunSpec.model_validate_json(self._read(name) or b"")
            except ValidationError as error:
                raise VerificationFailed(f"{name} is not a run: {error.errors()[0]['msg']}") from error
            found[spec.uid] = spec
        return _ordered(found)

    def records(self, run: str) -> Sequence[bytes]:
        content = self._read(f"runs/{run}/ledger.jsonl")
        if content is None:
            return ()
        return content.removesuffix(b"\n").split(b"\n") if content else ()

    def blob(self, digest: Digest) -> bytes | None:
        return self._read(_blob(digest))

    def claim(self, run: str) -> Claim | None:
        return self._claims.get(run)

    def logs(self, run: str) -> Iterable[Log]:
        prefix = f"logs/{run}/"
        for name in self._held.names:
            if name.startswith(prefix):
                yield Log(name.removeprefix(prefix).removesuffix(".log"), self._read(name) or b"")


def _ordered(found: Mapping[str, RunSpec]) -> list[RunSpec]:
    """The root first, parents before their children. Raises VerificationFailed where they make no tree."""
    roots = [spec for spec in found.values() if spec.parent is None]
    if len(roots) != 1:
        raise VerificationFailed(f"it holds {len(roots)} root runs, not one")
    ordered, below = [], [roots[0]]
    while below:
        spec = below.pop(0)
        ordered.append(spec)
        below += [one for one in found.values() if one.parent == spec.uid and one is not spec]
    strays = sorted(found.keys() - {spec.uid for spec in ordered})
    if strays:
        raise VerificationFailed(f"run {strays[0]} belongs to no run of the tree")
    return ordered


def verify_bundle(held: Members, head: Digest | None = None) -> Verification:
    """Verify a bundle: what it holds, its manifest, and every byte of its container. Raises StateTooNew."""
    evidence = BundledEvidence(held)
    verification = verify(evidence, head)
    findings = [*verification.findings, *(Finding(problem) for problem in dict.fromkeys(evidence.problems))]
    deviation = held.deviation()
    if deviation is not None:
        findings.append(Finding(deviation))
    return verification._replace(findings=findings)
