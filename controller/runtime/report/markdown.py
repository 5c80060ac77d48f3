"""The report as Markdown: for pull requests, tickets and terminals."""

from collections.abc import Iterator, Sequence

import orjson

from controller.model.digest import short
from controller.model.states import RunState
from controller.runtime.phrases import size_text
from controller.runtime.report.facts import Facts, StepFacts
from controller.runtime.report.gallery import how, rollback_words
from controller.runtime.report.metrics import attempts, execution_metrics, retries, step_counts
from controller.runtime.report.proofs import commands, evidence_words
from controller.runtime.report.recommend import recommendations
from controller.runtime.report.values import verdict_word
from controller.runtime.report.words import moment, span


def to_markdown(facts: Facts) -> str:
    """Return the report."""
    return "\n".join([*_head(facts), *_trouble(facts), *_steps(facts), *_decisions(facts), *_rest(facts)]) + "\n"


def _head(facts: Facts) -> Iterator[str]:
    root = facts.root
    spec, counts = root.spec, step_counts(root)
    steps = root.all_steps()
    yield f"# {_plain(root.title)}: {verdict_word(facts)}"
    yield ""
    if root.entry.spec.description:
        yield _plain(root.entry.spec.description)
        yield ""
    yield f"- **Run** `{spec.uid}` of {spec.orchestration} {spec.version}, asked for by {_plain(spec.requester)}"
    yield f"- **When** {moment(facts.began)}, {span(facts.until - facts.began)}{'' if facts.settled else ' so far'}"
    cached = f", {counts['cached']} from the cache" if counts["cached"] else ""
    repeated = retries(steps)
    yield f"- **Steps** {counts['completed']} of {counts['total']} settled{cached}; {attempts(steps)} attempts, {repeated} of them retries"
    yield f"- **Undo** {_plain(rollback_words(facts))}"
    yield f"- **Evidence** {evidence_words(facts)}"


def _trouble(facts: Facts) -> Iterator[str]:
    state, listed = facts.root.state, recommendations(facts)
    bad = state.run in {RunState.FAILED, RunState.ABORTED}
    if not (bad or listed):
        return
    yield ""
    yield "## What went wrong" if bad else "## Worth a look"
    yield ""
    if bad and state.message:
        yield f"{_plain(state.message)}."
        yield ""
    for line in listed:
        yield f"- {line}"


def _steps(facts: Facts) -> Iterator[str]:
    yield ""
    yield "## Steps"
    yield ""
    yield from _table(
        ("Phase", "Step", "How it ended", "Attempts", "Took", "Output"),
        [_row(step) for step in facts.root.all_steps()],
    )


def _row(step: StepFacts) -> tuple[str, ...]:
    how_ended = {"cache": " (cache)", "seed": " (kept)", "child": " (child run)"}.get(step.unit.how, "")
    tries = sum(not one.undo for one in step.attempts) + sum(len(one.attempts) for one in step.instances)
    return (
        step.phase or "",
        f"`{step.path}`",
        f"{step.unit.state}{how_ended}",
        str(tries) if tries else "",
        span(step.busy_ms) if tries else "",
        f"`{short(step.unit.output)}`" if step.unit.output else "",
    )


def _decisions(facts: Facts) -> Iterator[str]:
    decisions = facts.decisions()
    if not decisions:
        return
    yield ""
    yield "## Decisions"
    yield ""
    rows = [
        (
            f"`{one.step}`",
            one.question,
            f"**{one.verdict}**{f' by {one.actor}' if one.actor else ''}{f': {one.comment}' if one.comment else ''}",
            moment(one.at) if one.at else "",
            f"`{short(one.digest)}`, record {one.record if one.record is not None else one.request}",
        )
        for one in decisions
    ]
    yield from _table(("Checkpoint", "Question", "Decision", "When", "On exactly"), rows)


def _rest(facts: Facts) -> Iterator[str]:
    steps = facts.root.all_steps()
    made = [(step, one) for step in steps if not step.children for one in step.artifacts]
    if made:
        yield from ("", "## Artifacts", "")
        yield from _table(
            ("Artifact", "Step", "Size", "Digest"),
            [(one.name, f"`{step.path}`", size_text(one.size), f"`{one.digest}`") for step, one in made],
        )
    receipts = [
        (f"`{step.path}`", "; ".join(map(str, receipt.get("changes", []))), how(step, receipt), f"`{short(digest)}`")
        for whole in steps
        for step in (whole, *whole.instances)
        for digest, receipt in step.receipts
    ]
    if receipts:
        yield from ("", "## Changes and undo", "")
        yield from _table(("Step", "Changed", "Undo", "Receipt"), receipts)
    yield from ("", "## Parameters", "")
    parameters = [(f"`{name}`", f"`{_json(value)}`") for name, value in facts.root.parameters.items()]
    yield from _table(("Parameter", "Value"), parameters) if parameters else ["It takes none."]
    figures = execution_metrics(facts)
    yield from ("", "## Metrics", "")
    plain = [(name.replace("_", " "), str(value)) for name, value in figures.items() if not isinstance(value, dict)]
    yield from _table(("Metric", "Value"), [row for row in plain if row[1] != "None"])
    yield from ("", "## How to verify", "", "```")
    for command, what in commands(facts):
        yield f"{command}    # {what.replace('`', '')}"
    yield "```"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(_plain(cell) for cell in row)} |"


def _plain(text: str) -> str:
    """Text of others on one line, which can neither end a cell nor be read as HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _json(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
