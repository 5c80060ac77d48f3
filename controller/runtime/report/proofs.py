"""How a reader of the report can check that it is true."""

from html import escape

from controller.runtime.phrases import counted
from controller.runtime.report.facts import Facts


def evidence_words(facts: Facts) -> str:
    """Return what was checked when the report was made."""
    found = facts.verification
    if not found.sound:
        first = found.findings[0]
        where = "" if first.record is None else f" at record {first.record}"
        return f"The evidence is BROKEN{where}: {first.problem}."
    parts = [
        counted(found.records, "record"),
        *(
            counted(found.counts[kind], kind)
            for kind in ("result", "artifact", "receipt", "definition")
            if kind in found.counts
        ),
    ]
    return f"When this report was made, {', '.join(parts)} matched their digests and every chain was unbroken."


def commands(facts: Facts) -> list[tuple[str, str]]:
    """Return commands that prove the report, with what they do."""
    run, head = facts.root.spec.uid, facts.verification.runs[0].head
    return [
        (f"{facts.program} verify {run} --head {head}", "checks every byte of the evidence against this head"),
        (f"{facts.program} export {run} -o run.zip", "takes it along; `libretto verify run.zip` needs no network"),
    ]


def proof(facts: Facts) -> str:
    """Return the section of the page."""
    first = facts.verification.runs[0]
    semantic = f"<dt>semantic digest</dt><dd class='digest'>{first.semantic}</dd>" if first.semantic else ""
    lines = "\n".join(f"{command}\n    # {what.replace('`', '')}" for command, what in commands(facts))
    definition = facts.root.spec.definition
    return (
        f"<h2>How to verify</h2><div class='card'><p>{escape(evidence_words(facts))}</p>"
        f"<pre>{escape(lines)}</pre><dl style='margin-top:14px'><dt>ledger head</dt><dd class='digest'>{first.head}</dd>"
        f"{semantic}<dt>definition</dt><dd class='digest'>{definition}</dd></dl></div>"
    )
