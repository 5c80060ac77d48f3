"""Is what is left of a run tree what once happened? Every digest is computed anew; nothing else is believed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from controller.definition.snapshot import Snapshot
from controller.engine.semantic import semantic_digest
from controller.engine.state import State
from controller.errors import LibrettoError, VerificationFailed
from controller.machine.chain import Link
from controller.model.digest import Digest
from controller.model.record import GENESIS
from controller.model.run import RunSpec
from controller.runtime.member import Member
from controller.runtime.phrases import counted
from controller.runtime.proof import chain, fold
from controller.runtime.proof.contents import Contents, Reference, examine_snapshot, references
from controller.runtime.proof.descent import examine_children, paths
from controller.runtime.proof.evidence import Claim, Evidence
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.rules import approvals
from controller.runtime.proof.words import told


class Approval(NamedTuple):
    """A decision on a checkpoint that the ledger holds."""

    run: str
    step: str
    verdict: str
    """approved, rejected, sent back or lapsed."""
    actor: str
    record: int
    digest: Digest


@dataclass
class Examined:
    """One run, as far as its records are sound."""

    spec: RunSpec
    path: str
    links: Sequence[Link]
    whole: bool
    """Whether its chain is unbroken."""
    start: State | None = None
    """Before the first record; None where the definition is not there."""
    state: State | None = None

    @property
    def head(self) -> Digest:
        """Digest of the last sound record."""
        return self.links[-1].digest if self.links else GENESIS

    @property
    def semantic(self) -> Digest | None:
        """Semantic digest; None while the run is not settled."""
        return semantic_digest(self.state) if self.state is not None and self.state.run.settled else None

    def outline(self) -> dict[str, Any]:
        """Return what is said of it in manifests and to programs."""
        return {
            "uid": self.spec.uid,
            "path": self.path,
            "records": len(self.links),
            "head": self.head,
            "state": self.state.run if self.state is not None else None,
            "semanticDigest": self.semantic,
        }


class Verification(NamedTuple):
    """What verifying a run tree found."""

    runs: Sequence[Examined]
    """The root first."""
    findings: Sequence[Finding]
    """The first bad record first; empty: it is sound."""
    approvals: Sequence[Approval]
    counts: Mapping[str, int] = MappingProxyType({})
    """Kind of content -> how many match their digests."""
    anchor: int | None = None
    """Record that the anchor names."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def records(self) -> int:
        """Sound records of all runs."""
        return sum(len(run.links) for run in self.runs)


def verify(evidence: Evidence, head: Digest | None = None) -> Verification:
    """Return what is wrong with a run tree, all of it. `head` is an anchor: a head that was noted elsewhere.

    Raises StateTooNew.
    """
    try:
        specs = evidence.specs()
    except VerificationFailed as error:
        return Verification((), [Finding(error.message)], ())
    contents, root = Contents(evidence), specs[0]
    snapshot, problems = examine_snapshot(contents, root.snapshot, root.definition)
    findings = [Finding(problem, "", 0, f"run {root.uid} created") for problem in problems]
    runs: list[Examined] = []
    named = paths(specs)
    for spec in specs:
        examined, found = _run(evidence, spec, named[spec.uid], snapshot)
        runs.append(examined)
        findings += found
        findings += _contents(examined, contents)
    findings += examine_children(runs, snapshot, contents)
    anchor = None
    if head is not None:
        anchor = chain.anchored(runs[0].links, head)
        if anchor is None:
            problem = f"no record is {head}: since that head was noted, the chain was rewritten, or cut before it"
            findings.append(Finding(problem))
    order = {run.path: place for place, run in enumerate(runs)}
    findings.sort(key=lambda one: (order.get(one.run, 0), len(runs) if one.record is None else 0, one.record or 0))
    counts = {kind: len(digests) for kind, digests in contents.sound.items()}
    return Verification(runs, findings, list(_approvals(runs)), counts, anchor)


def _run(evidence: Evidence, spec: RunSpec, path: str, snapshot: Snapshot | None) -> tuple[Examined, list[Finding]]:
    records: list[bytes] = []
    damage = None
    try:
        for record in evidence.records(spec.uid):
            records.append(record)  # noqa: PERF402 - what came before the damage counts
    except VerificationFailed as error:
        damage = error.message
    claim = evidence.claim(spec.uid)
    # Where the rest cannot be read, nothing can be said of how it ends.
    links, findings = (
        chain.examine(records, claim, path) if damage is None else chain.torn(records, damage, claim, path)
    )
    examined = Examined(spec, path, links, whole=not findings)
    if links:
        findings += chain.first_record(links[0].record, spec, path, resolved=snapshot is not None)
    if snapshot is None:
        return examined, findings
    try:
        examined.start = Member(spec, snapshot).state
    except (LibrettoError, ValueError, LookupError) as error:
        findings.append(Finding(f"its definition cannot be read: {error}", path, 0))
        return examined, findings
    examined.state, wrong = fold.examine(examined.start, links, spec, path)
    findings += wrong
    if claim is not None and not findings and claim.records == len(links):
        findings += _claimed(examined.state, claim, path)
    return examined, findings


def _claimed(state: State, claim: Claim, path: str) -> Iterator[Finding]:
    if claim.state != state.run:
        yield Finding(f"it is said to be {claim.state}, but its records make it {state.run}", path)
    if claim.semantic is not None or state.run.settled:
        semantic = semantic_digest(state)
        if claim.semantic != semantic:
            yield Finding(f"its semantic digest is {semantic}, but it is said to be {claim.semantic}", path)


def _contents(run: Examined, contents: Contents) -> Iterator[Finding]:
    """Each damaged blob is told once, at the first record that names it."""
    seen: set[Digest] = set()
    count = counted(len(run.links), "record")
    for link in run.links:
        for reference in references(link.record):
            if reference.digest in seen:
                continue
            seen.add(reference.digest)
            for problem in contents.examine(reference):
                about = [f"the chain of {count} is sound"] if run.whole else []
                about += _approved(run, link, reference)
                yield Finding(problem, run.path, link.record.seq, told(link.record), "; ".join(about))


def _approved(run: Examined, link: Link, reference: Reference) -> Iterator[str]:
    for one in run.links:
        decision = approvals(one.record)
        if decision is None or one.record.step != link.record.step:
            continue
        if decision == ("approved", reference.digest):
            yield f"this is not what was approved (record {one.record.seq})"


def _approvals(runs: Sequence[Examined]) -> Iterator[Approval]:
    for run in runs:
        for link in run.links:
            record = link.record
            decision = approvals(record)
            if decision is not None:
                word, digest = decision
                yield Approval(run.path, record.step or "", word, record.actor.id, record.seq, digest)
