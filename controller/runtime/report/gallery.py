"""Artifacts and receipts on the page."""

from html import escape

from controller.model.digest import short
from controller.runtime.phrases import size_text
from controller.runtime.report.facts import Facts, StepFacts
from controller.runtime.report.inline import shown

MOST_OPEN = 4
"""Artifacts that are open at once; the others open when they are asked for."""


_RANKS = ((".html", ".htm", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"), (".md", ".markdown"), (".csv", ".txt"))


def rank(name: str) -> int:
    """Return how much an artifact is made for people, 0 the most."""
    return next((place for place, suffixes in enumerate(_RANKS) if name.lower().endswith(suffixes)), len(_RANKS))


def artifacts(facts: Facts) -> str:
    """Return the artifacts: what is made for people first, and of that what came last, as a run is for its end."""
    found = [
        (step, artifact)
        for step in reversed(facts.root.all_steps())
        if not step.children
        for artifact in step.artifacts
    ]
    if not found:
        return ""
    listed = sorted(found, key=lambda one: rank(one[1].name))
    cards = [
        f"<details class='card made'{' open' if number < MOST_OPEN else ''}><summary>{escape(artifact.name)}"
        f"<small>{escape(step.path)} · {size_text(artifact.size)} · <span class='digest'>{short(artifact.digest)}</span>"
        f"</small></summary>{shown(artifact)}</details>"
        for number, (step, artifact) in enumerate(listed)
    ]
    return f"<h2>What it made</h2>{''.join(cards)}"


def receipts(facts: Facts) -> str:
    """Return what was changed outside, and how it is undone."""
    rollback = facts.root.entry.spec.error_handling.rollback
    said = f"<p>{escape(rollback_words(facts))}</p>" if rollback.reversible or rollback.description else ""
    steps = [step for whole in facts.root.all_steps() for step in (whole, *whole.instances)]
    rows = "".join(
        f"<tr><td><code>{escape(step.path)}</code></td><td>{_changes(receipt)}</td><td>{escape(how(step, receipt))}</td>"
        f"<td class='digest'>{short(digest)}</td></tr>"
        for step in steps
        for digest, receipt in step.receipts
    )
    if not (rows or said):
        return ""
    head = "<tr><th>Step</th><th>Changed</th><th>Undo</th><th>Receipt</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""
    return f"<h2>Changes and undo</h2><div class='card wide'>{said}{table}</div>"


def rollback_words(facts: Facts) -> str:
    """Return what the definition says about undoing the run."""
    rollback = facts.root.entry.spec.error_handling.rollback
    whom = "by a person" if rollback.manual_only else "by itself when it fails" if rollback.automatic else "on command"
    can = f"The run can be undone, {whom}." if rollback.reversible else "The run is not declared as reversible."
    return f"{can} {rollback.description}" if rollback.description else can


def how(step: StepFacts, receipt: object) -> str:
    """Return what became of a change, or how it can be taken back."""
    undo = receipt.get("undo") if isinstance(receipt, dict) else None
    if step.unit.undo == "Done":
        return "undone"
    if step.unit.undo == "Kept":
        return f"remains: {step.unit.undo_reason}"
    if not isinstance(undo, dict):
        return "as its definition says"
    if undo.get("reversible") is False:
        return f"irreversible: {undo.get('reason') or 'no reason given'}"
    if undo.get("instruction") and not (undo.get("input") or undo.get("argv")):
        return f"by a person: {undo['instruction']}"
    until = f", until {undo['expiresAt']}" if undo.get("expiresAt") else ""
    return f"by its agent{until}"


def _changes(receipt: object) -> str:
    changes = receipt.get("changes", []) if isinstance(receipt, dict) else []
    if not changes:
        return '<span class="muted">nothing</span>'
    return "<br>".join(escape(change if isinstance(change, str) else str(change)) for change in changes[:20])
