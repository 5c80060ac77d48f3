"""How is told what verifying found: to a person, and to a program?"""

from collections.abc import Iterator
from typing import Any

from controller.entrypoints.cli.wording import brief
from controller.runtime.phrases import counted
from controller.runtime.proof.finding import Finding
from controller.runtime.proof.verify import Verification

MOST_FINDINGS = 10
"""Further findings that are told one by one; a tree that was damaged as a whole has thousands."""

_NOUNS = (("artifact", "artifacts"), ("result", "results"), ("receipt", "receipts"), ("definition", "definitions"))


def told(subject: str, found: Verification, *, anchored: bool) -> Iterator[str]:
    """Yield the lines for one run tree; the first answers the question."""
    if found.sound:
        yield f"{subject}: sound. {_extent(found)}, {_matches(found)}."
    else:
        yield f"{subject}: BROKEN{_place(found.findings[0])}"
        yield from _explained(found)
    if not found.runs:
        return
    if found.sound:
        for one in found.approvals:
            step = f"{one.run}/{one.step}" if one.run else one.step
            exactly = "exactly " if one.verdict == "approved" else ""
            yield f"  {step} {one.verdict} by {one.actor} (record {one.record}): {exactly}{brief(one.digest)}"
    root = found.runs[0]
    if found.anchor is not None:
        following = len(root.links) - 1 - found.anchor
        after = f"{counted(following, 'record')} follow it" if following else "nothing follows it"
        yield f"  anchor   record {found.anchor} is the head that was given; {after}"
    elif not anchored and found.sound:
        yield f"  head     {root.head}"
        if root.state is not None and not root.state.run.settled:
            yield "           the run goes on: a cut tail shows only against a head noted elsewhere (--head)"


def _extent(found: Verification) -> str:
    runs, records = len(found.runs), counted(found.records, "record")
    return f"{records}, chain unbroken" if runs == 1 else f"{records} of {runs} runs, chains unbroken"


def _matches(found: Verification) -> str:
    parts = [counted(found.counts[one], one, many) for one, many in _NOUNS if found.counts.get(one)]
    match len(parts):
        case 0:
            return "nothing else to compare"
        case 1:
            return f"{parts[0]} match their digests"
        case _:
            return f"{', '.join(parts[:-1])} and {parts[-1]} match their digests"


def _place(finding: Finding) -> str:
    where = ""
    if finding.record is not None:
        where = f" at record {finding.record}"
    if finding.run:
        where += f" of child run {finding.run}"
    return f"{where} ({finding.event})" if finding.event else where


def _explained(found: Verification) -> Iterator[str]:
    first, *others = found.findings
    yield f"  {first.problem}"
    if first.context:
        yield f"  {first.context}"
    for other in others[:MOST_FINDINGS]:
        yield f"  also{_place(other)}: {other.problem}"
    if len(others) > MOST_FINDINGS:
        yield f"  and {len(others) - MOST_FINDINGS:,} more (-o json lists all)"


def as_value(subject: str, found: Verification) -> dict[str, Any]:
    """Return the findings for programs."""
    return {
        "subject": subject,
        "sound": found.sound,
        "records": found.records,
        "anchor": found.anchor,
        "runs": [run.outline() for run in found.runs],
        "matching": dict(sorted(found.counts.items())),
        "approvals": [one._asdict() for one in found.approvals],
        "findings": [one._asdict() for one in found.findings],
    }
