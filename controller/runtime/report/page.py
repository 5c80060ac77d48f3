"""The report as one page that needs nothing else: no script, no font, no picture from anywhere."""

from collections.abc import Iterator
from html import escape
from typing import Any

import orjson

from controller.model.digest import short
from controller.model.states import RunState, StepState
from controller.runtime.phrases import counted
from controller.runtime.report.facts import Attempt, Facts, StepFacts
from controller.runtime.report.gallery import artifacts, receipts
from controller.runtime.report.metrics import attempts, execution_metrics, handoffs, phase_counts, retries, step_counts
from controller.runtime.report.proofs import proof
from controller.runtime.report.prose import inline
from controller.runtime.report.recommend import recommendations
from controller.runtime.report.style import STYLE
from controller.runtime.report.svg import timeline
from controller.runtime.report.values import verdict_word
from controller.runtime.report.words import moment, span

_SKIPPED = {
    "ConditionFalse": "its condition was false",
    "PhaseSkipped": "as its phase was",
    "Person": "by a person",
}
NOTABLE_MS = 500
"""A shorter wait for people is none."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"


def to_page(facts: Facts) -> str:
    """Return the page."""
    root = facts.root
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(root.title)}: {escape(verdict_word(facts))}</title>",
            f"<style>{STYLE}</style></head><body><main>",
            _header(facts),
            _tiles(facts),
            _trouble(facts),
            f"<h2>Timeline</h2><div class='card wide'>{timeline(facts)}{_LEGEND}</div>",
            _steps(facts),
            _decisions(facts),
            artifacts(facts),
            receipts(facts),
            _inputs(facts),
            proof(facts),
            f"<footer>Made by Libretto from the ledger of run {escape(root.spec.uid)}; all times are UTC.</footer>",
            "</main></body></html>",
            "",
        ]
    )


_LEGEND = (
    '<div class="legend"><span><i style="background:var(--ok)"></i>succeeded</span>'
    '<span><i style="background:var(--bad)"></i>failed attempt</span>'
    '<span><i style="background:var(--gate)"></i>waits for a person</span>'
    '<span><i style="background:var(--undo)"></i>undo</span>'
    '<span><i style="border:2px solid var(--run);border-radius:50%;width:10px"></i>from the cache</span></div>'
)


def _header(facts: Facts) -> str:
    root = facts.root
    spec, definition = root.spec, root.entry.spec
    asked = f"asked for by {escape(spec.requester)}"
    length = span(facts.until - facts.began)
    when = f"{moment(facts.began)}, {length}" if facts.settled else f"since {moment(facts.began)} ({length})"
    lead = f'<p class="lead">{escape(definition.description)}</p>' if definition.description else ""
    return (
        f'<header><div><div class="kicker">{"Run report" if facts.settled else "Status report"} · '
        f"{escape(spec.orchestration)} {escape(spec.version)}</div><h1>{escape(root.title)}</h1>{lead}"
        f'<p class="muted">{when} · {asked} · run <code>{escape(spec.uid)}</code></p></div>'
        f'<div class="verdict {_word(root.state.run)}">{escape(verdict_word(facts))}</div></header>'
    )


def _tiles(facts: Facts) -> str:
    counts, figures, steps = step_counts(facts.root), execution_metrics(facts), facts.root.all_steps()
    phases = phase_counts(facts.root.phases)
    decided = facts.decisions()
    waited = sum((one.at or facts.until) - one.opened for one in decided)
    approved = sum(one.verdict == "approved" for one in decided)
    repeated = retries(steps)
    sent, validated = handoffs(steps)
    cached = f", {counts['cached']} from the cache" if counts["cached"] else ""
    tiles = [
        (f"{counts['completed']}/{counts['total']}", f"steps settled{cached}"),
        (str(attempts(steps)), f"attempts, {counted(repeated, 'retry', 'retries')}"),
        (span(facts.until - facts.began), f"{span(waited)} of it for people" if waited >= NOTABLE_MS else "in all"),
        (str(approved), "approval" if approved == 1 else "approvals"),
        (str(figures["artifacts"]["total"]), "artifacts"),
        (f"{validated}/{sent}", "hand-offs validated"),
    ]
    if phases["total"]:
        skipped = f", {phases['skipped']} skipped" if phases["skipped"] else ""
        tiles.insert(1, (f"{phases['completed']}/{phases['total']}", f"phases{skipped}"))
    made = "".join(f'<div class="tile"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for big, small in tiles)
    return f'<div class="tiles">{made}</div>'


def _trouble(facts: Facts) -> str:
    state, listed = facts.root.state, recommendations(facts)
    if not listed and state.run not in {RunState.FAILED, RunState.ABORTED}:
        return ""
    bad = state.run in {RunState.FAILED, RunState.ABORTED}
    message = f": {escape(state.message)}" if state.message else ""
    title = f"{escape(verdict_word(facts))}{message}" if bad else "Worth a look"
    items = "".join(f"<li>{inline(one)}</li>" for one in listed)
    return (
        f'<div class="card{" trouble" if bad else ""}" style="margin-top:26px"><h3>{title}</h3>'
        f"{f'<ul>{items}</ul>' if items else ''}</div>"
    )


def _steps(facts: Facts) -> str:
    rows = "".join(_step_row(step) for step in facts.root.all_steps())
    head = "<tr><th>Step</th><th>How it ended</th><th>Played by</th><th class='number'>Took</th><th>Output</th></tr>"
    return f"<h2>Steps</h2><div class='card wide'><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"


def _step_row(step: StepFacts) -> str:
    label = f'<span class="muted">{escape(step.step.name)}</span>' if step.step.name else ""
    took = span(step.busy_ms) if step.attempts or step.instances else ""
    played = step.step.agent or ""
    if step.step.orchestration is not None:
        played = f"child run: {step.step.orchestration.name}"
    return (
        f"<tr><td><code>{escape(step.path)}</code>{label}</td>"
        f'<td><span class="state {_word(step.unit.state)}">{escape(_ended(step))}</span>{_notes(step)}</td>'
        f"<td>{escape(played)}</td><td class='number'>{took}</td><td>{_output(step)}</td></tr>"
    )


def _ended(step: StepFacts) -> str:
    how = {"cache": ", from the cache", "seed": ", kept", "child": ", as a child run"}.get(step.unit.how, "")
    return f"{step.unit.state}{how if step.unit.state is StepState.SUCCEEDED else ''}"


def _notes(step: StepFacts) -> str:
    notes = []
    if step.unit.state is StepState.SKIPPED:
        notes.append(_SKIPPED.get(step.unit.reason, ""))
    if step.instances:
        notes.append(counted(len(step.instances), "instance"))
    tries = sum(not one.undo for one in step.attempts)
    if tries > 1:
        notes.append(f"{tries} attempts")
    notes += [_failed(one) for one in step.attempts if one.outcome not in {"Succeeded", "Undone", "Running"}]
    notes += [line for line in (*step.violations, *step.warnings) if line not in " ".join(notes)]
    if step.unit.undo_reason and step.unit.undo == "Kept":
        notes.append(f"not undone: {step.unit.undo_reason}")
    return "".join(f'<span class="muted">{escape(note)}</span>' for note in notes if note)


def _failed(one: Attempt) -> str:
    return one.reason if one.undo and one.reason else f"{one.outcome}: {one.reason}"


def _output(step: StepFacts) -> str:
    if step.unit.output is None or step.unit.state is StepState.SKIPPED:
        return ""
    text = orjson.dumps(step.output, option=orjson.OPT_INDENT_2).decode()
    if len(text) > 20_000:
        text = text[:20_000] + "\n…"
    summary = f'<summary class="digest">{short(step.unit.output)}</summary>'
    return f"<details>{summary}<pre>{escape(text)}</pre></details>"


def _decisions(facts: Facts) -> str:
    decisions = facts.decisions()
    if not decisions:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(one.step)}</code><span class='muted'>{escape(one.question)}</span></td>"
        f"<td>{escape(one.severity)}</td><td><b>{escape(one.verdict)}</b>"
        f"{f' by {escape(one.actor)}' if one.actor else ''}"
        f"<span class='muted'>{escape(one.comment)}</span></td>"
        f"<td>{moment(one.at) if one.at else 'open'}"
        f"<span class='muted'>after {span((one.at or facts.until) - one.opened)}</span></td>"
        f"<td class='digest'>{short(one.digest)}<span class='muted'>asked in record {one.request}"
        f"{f', decided in record {one.record}' if one.record is not None else ''}</span></td></tr>"
        for one in decisions
    )
    head = "<tr><th>Checkpoint</th><th>Severity</th><th>Decision</th><th>When</th><th>On exactly</th></tr>"
    return f"<h2>Decisions</h2><div class='card wide'><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"


def _inputs(facts: Facts) -> str:
    rows = "".join(_pair(name, value) for name, value in facts.root.parameters.items())
    parameters = f"<dl>{rows}</dl>" if rows else '<p class="muted">It takes none.</p>'
    more = "".join(_audit(facts))
    return f"<h2>Parameters</h2><div class='card'>{parameters}</div>{more}"


def _audit(facts: Facts) -> Iterator[str]:
    spec = facts.root.spec
    if spec.request_metadata or spec.task:
        held = {**spec.request_metadata, **({"task": spec.task} if spec.task else {})}
        rows = "".join(_pair(name, value) for name, value in held.items())
        yield f"<h2>Kept with the request</h2><div class='card'><dl>{rows}</dl></div>"
    if facts.root.outputs is not None:
        rows = "".join(_pair(name, value) for name, value in facts.root.outputs.items())
        yield f"<h2>Outputs of the run</h2><div class='card'><dl>{rows}</dl></div>"


def _pair(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"


def _word(state: str) -> str:
    return state.lower()
