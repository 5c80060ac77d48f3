"""Is a ledger unbroken, does it belong to its run, and does it end where it is said to end?"""

from collections.abc import Iterator, Sequence

from controller.errors import StateTooNew
from controller.machine.chain import Link, check
from controller.model.digest import Digest, digest_bytes, digest_value
from controller.model.record import GENESIS, SCHEMA_VERSION, Record, decode
from controller.model.run import RunSpec
from controller.runtime.phrases import counted
from controller.runtime.proof.evidence import Claim
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.words import told


def examine(contents: Sequence[bytes], claim: Claim | None, path: str) -> tuple[Sequence[Link], list[Finding]]:
    """Return the sound records of a ledger, and the first break where it has one."""
    report = check(contents)
    broken = report.broken
    if broken is not None:
        seq, problem, record = broken.seq, broken.problem, broken.record
        if record is not None and record.seq == seq and seq and record.prev != report.head:
            seq, problem, record = _culprit(contents, report.links, record, claim) or (seq, problem, record)
        sound = f"records 0 to {seq - 1} are sound" if seq else ""
        return report.links[:seq], [Finding(problem, path, seq, told(record) if record else "", sound)]
    if not contents:
        # Nothing at all is what a crash before the first record leaves.
        return (), [] if claim is None else [Finding("its ledger is gone", path)]
    return report.links, list(_ends(report.links, claim, path))


def torn(
    contents: Sequence[bytes], damage: str, claim: Claim | None, path: str
) -> tuple[Sequence[Link], list[Finding]]:
    """Return the sound records of a ledger that cannot be read to its end, with the first break, and why."""
    links, findings = examine(contents, None, path)
    missing = not findings and (claim is None or len(links) < claim.records)
    sound = f"records 0 to {len(links) - 1} are sound" if links and not findings else ""
    return links, [*findings, Finding(damage, path, len(links) if missing else None, "", sound)]


def _culprit(
    contents: Sequence[bytes], sound: Sequence[Link], record: Record, claim: Claim | None
) -> tuple[int, str, Record] | None:
    """A record that does not follow the one before: which of the two was changed?

    What comes after vouches for this one; then it is the one before that is not what it was.
    """
    digest, seq = digest_bytes(contents[record.seq]), record.seq
    if seq + 1 < len(contents):
        try:
            vouched = decode(contents[seq + 1]).prev == digest
        except ValueError:
            return None
    else:
        vouched = claim is not None and claim.head == digest
    if not vouched:
        return None
    changed = sound[-1]
    problem = f"its bytes were changed: record {seq} follows {record.prev}, but this record is {changed.digest}"
    return seq - 1, problem, changed.record


def _ends(links: Sequence[Link], claim: Claim | None, path: str) -> Iterator[Finding]:
    if claim is None:
        return
    count = len(links)
    if claim.records > count:
        problem = f"the ledger ends at record {count - 1}, but {counted(claim.records, 'record')} are claimed: its tail was cut"
        yield Finding(problem, path, count - 1, told(links[-1].record))
        return
    found = links[claim.records - 1].digest if claim.records else GENESIS
    if found != claim.head:
        problem = f"it is {found}, but the head is said to be {claim.head}"
        yield Finding(problem, path, claim.records - 1, told(links[claim.records - 1].record))


def first_record(record: Record, spec: RunSpec, path: str, *, resolved: bool) -> Iterator[Finding]:
    """Yield everything in which record 0 does not say what the run's spec says. Where the definition is not there, its
    defaults are not `resolved` everywhere: a cluster's Run says only what was given.

    Raises StateTooNew for a ledger of a newer version.
    """
    data = record.data or {}
    if record.kind != "RunCreated":
        yield Finding("a ledger begins with the creation of its run", path, 0, told(record))
        return
    schema = data.get("schema")
    if isinstance(schema, int) and schema > SCHEMA_VERSION:
        raise StateTooNew(
            f"the ledger has version {schema}; this Libretto knows up to {SCHEMA_VERSION}",
            hint="verify it with the Libretto that wrote it, or a newer one",
        )
    parameters = digest_value(spec.parameters)
    metadata = digest_value(spec.request_metadata) if spec.request_metadata else None
    expected = {
        "run": (data.get("run"), spec.uid),
        "definition": (data.get("definition"), spec.definition),
        "snapshot": (data.get("snapshot"), spec.snapshot),
        "orchestration": (data.get("orchestration"), spec.orchestration),
        "version": (data.get("version"), spec.version),
        "parent": (data.get("parent"), spec.parent),
        "parameters": (record.input_digest, parameters),
        "request metadata": (data.get("requestMetadata"), metadata),
        "task": (data.get("task"), spec.task),
        "rerun of": (data.get("rerunOf"), spec.rerun_of),
    }
    if not resolved:
        del expected["parameters"]
    if spec.parent is None:
        expected["requester"] = (record.actor.id, spec.requester)
    for name, (said, meant) in expected.items():
        if said != meant:
            yield Finding(f"{name}: the record says {said}, the run's spec {meant}", path, 0, told(record))


def anchored(links: Sequence[Link], head: Digest) -> int | None:
    """Return the record that an anchor names; None where the chain does not hold it."""
    return next((link.record.seq for link in links if link.digest == head), None)
