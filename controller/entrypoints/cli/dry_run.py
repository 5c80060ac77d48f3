"""`libretto run --dry-run`: what a run would do, shown before anything is done."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.outlet import Outlet
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session, emit
from controller.entrypoints.cli.wording import one_line
from controller.runtime.phrases import counted, listed

if TYPE_CHECKING:
    from controller.runtime.forecast.words import RunForecast, StepForecast, Wait
    from controller.wiring.definitions import Found

_WIDEST_NAME = 36
_SIGNS = {"run": "▶", "cache": "◆", "skip": "·", "open": "?", "refuse": "✗", "unreached": "-"}
_SUMMED = {
    "run": "would run",
    "cache": "from the cache",
    "skip": "skipped",
    "open": "not decided yet",
    "refuse": "would be refused",
    "unreached": "not reached",
}


def show_dry_run(session: Session, found: "Found", parameters: Mapping[str, Any], form: str) -> int:
    """Show the forecast of a run and return the exit code: that of a failed run when it would fail for certain."""
    from controller.wiring.dry_run import dry_run
    from controller.wiring.local import person

    forecast = dry_run(session.local, found, parameters, requester=person().id)
    if form == "text":
        out = Outlet()
        for line in _lines(forecast):
            out.line(line)
    else:
        emit(_facts(forecast), form)
    return exits.FAILED if any(step.fate in {"refuse", "unreached"} for step in forecast.all()) else exits.OK


def _lines(forecast: "RunForecast") -> Iterator[str]:
    everything = forecast.all()
    yield f"{forecast.orchestration} {forecast.version}: dry run, nothing is started and nothing is written"
    width = min(_WIDEST_NAME, max(len(step.step) for step in everything))
    phase = None
    for step in everything:
        if step.phase != phase and "/" not in step.step:
            phase = step.phase
            yield f"phase {phase}" if phase is not None else "finally, or in no phase"
        yield from _step(step, width)
    yield ""
    counts = Counter(step.fate for step in everything)
    yield ", ".join([counted(len(everything), "step"), *(f"{counts[fate]} {_SUMMED[fate]}" for fate in counts)])
    when = (
        "as soon as it fails"
        if forecast.automatic_undo
        else f"when a person commands it ({command_line('undo', 'RUN')})"
    )
    yield f"A run that fails is undone {when}, last in the order of dependencies first."


def _step(step: "StepForecast", width: int) -> Iterator[str]:
    calls = f"  [{step.calls}]" if step.calls else ""
    many = f" {counted(step.instances, 'instance')}" if step.instances is not None else ""
    yield f"  {_SIGNS[step.fate]} {step.step:<{width}}  {step.fate}{many}: {one_line(step.why)}{calls}"
    below = f"    {'':<{width}}  "
    if step.decided_by:
        have = "has" if len(step.decided_by) == 1 else "have"
        yield f"{below}{'decided' if step.fate == 'open' else 'known'} when {listed(step.decided_by)} {have} run"
    for wait in step.waits:
        yield f"{below}{_wait(wait)}"
    if step.undo:
        yield f"{below}undo: {one_line(step.undo)}"


def _wait(wait: "Wait") -> str:
    text = ", ".join(wait.what)
    match wait.kind:
        case "dependency":
            return f"after {text}"
        case "phase":
            return f"after phase {text}"
        case "slot":
            return f"may wait for a slot: {text}"
        case _:
            return f"then waits for approval: {one_line(text)}"


def _facts(forecast: "RunForecast") -> dict[str, Any]:
    everything = forecast.all()
    counts = Counter(step.fate for step in everything)
    return {
        "orchestration": forecast.orchestration,
        "version": forecast.version,
        "parameters": forecast.parameters,
        "automaticUndo": forecast.automatic_undo,
        "counts": {fate.value: number for fate, number in counts.items()},
        "steps": [_step_facts(step) for step in forecast.steps],
    }


def _step_facts(step: "StepForecast") -> dict[str, Any]:
    return {
        "step": step.step,
        "fate": step.fate.value,
        "why": step.why,
        "decidedBy": list(step.decided_by),
        "phase": step.phase,
        "calls": step.calls,
        "instances": step.instances,
        "waits": [{"for": wait.kind, "what": list(wait.what)} for wait in step.waits],
        "undo": step.undo or None,
        "steps": [_step_facts(one) for one in step.steps],
    }
