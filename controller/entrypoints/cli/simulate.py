"""`libretto simulate`: what would a run do if its steps ended and people decided as given?"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.files import READ, WRITTEN
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.history import History, Row
    from controller.model.outcomes import Outcomes
    from controller.wiring.simulation import Simulated

_WIDEST_NAME = 32


@click.command(name="simulate", epilog="Example: libretto simulate definitions/nightly --outcomes outcomes.yaml")
@click.argument("target")
@click.option(
    "--outcomes",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="How attempts end and what people decide.",
)
@click.option("--param", "texts", multiple=True, metavar="KEY=VALUE", help="A parameter; JSON, else text.")
@click.option("--params", "params", type=READ, metavar="FILE", help="Parameters (YAML, JSON).")
@click.option("--approve-all", is_flag=True, help="Approve checkpoints that the outcomes do not mention.")
@click.option("--svg", type=WRITTEN, metavar="FILE", help="Write the chart as a picture too.")
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    file: Path | None,
    texts: tuple[str, ...],
    params: Path | None,
    approve_all: bool,
    svg: Path | None,
    form: str,
) -> None:
    """Play TARGET without doing anything: a definition file, its folder, or something published.

    Steps end as the outcomes file says; those that it does not mention succeed with the output null, after the time that
    they usually take here, else after a second. Shows every transition with its time, a chart, and the verdict with its
    semantic digest, which a real run with the same outcomes has too. Exit codes are those of `run`; 7 when the
    simulation stands still until a person does something.
    """
    from controller.entrypoints.cli.history import History
    from controller.entrypoints.cli.outlet import Outlet
    from controller.entrypoints.cli.parameters import given
    from controller.entrypoints.cli.session import emit, session
    from controller.model.outcomes import Outcomes
    from controller.runtime.estimate import usual_durations
    from controller.wiring.definitions import find
    from controller.wiring.local import person
    from controller.wiring.simulation import simulate

    outcomes = Outcomes() if file is None else _read(file)
    with session(ctx, read_only=True) as opened:
        local = opened.local
        found = find(target, local.stores.objects)
        usual = usual_durations(local.stores.objects, local.stores.ledger, found.entry.spec.name or "", "")
        history = History()
        simulated = simulate(
            found,
            outcomes,
            requester=person().id,
            now=local.clock.now(),
            parameters=given(texts, params),
            max_parallel=local.configuration.max_parallel,
            usual=usual,
            approve_all=approve_all,
            on_records=history.add,
        )
    history.close()
    if svg is not None:
        _draw(svg, history, simulated)
    if form == "text":
        _show(Outlet(), simulated, history, outcomes)
    else:
        emit(_facts(simulated, history, outcomes), form)
    sys.exit(_code(simulated))


def _read(path: Path) -> "Outcomes":
    from controller.adapters.documents.definition_files import load
    from controller.errors import DefinitionInvalid, NotFound
    from controller.model.outcomes import read_outcomes

    if not path.exists():
        raise NotFound(f"{path} does not exist", hint="libretto export RUN --outcomes FILE makes one of a run")
    document, *further = load(path)
    problems = [problem for one in (document, *further) for problem in one.problems]
    if problems:
        raise DefinitionInvalid(problems)
    return read_outcomes(document.data, str(path), document.location)


def _code(simulated: "Simulated") -> int:
    from controller.entrypoints.cli import exits

    return exits.BY_STATE.get(simulated.root.state.run, exits.WAITING)


def _show(out: Any, simulated: "Simulated", history: "History", outcomes: "Outcomes") -> None:
    from shutil import get_terminal_size

    from controller.entrypoints.cli.gantt import text_chart

    width = min(_WIDEST_NAME, max((len(row.step) for row in history.rows), default=0))
    out.write("".join(f"{_line(row, width)}\n" for row in history.rows))
    out.line()
    for line in text_chart(history.bars, get_terminal_size((110, 24)).columns):
        out.line(line)
    out.line()
    for line in _verdict(simulated, history, outcomes):
        out.line(line)


def _line(row: "Row", width: int) -> str:
    record = row.record
    moved = f"{record.source} -> {record.target}" if record.target is not None else record.kind
    return f"{row.at / 1000:>10.3f}s  {row.step or 'run':<{width}}  {moved:<28} {_detail(row)}".rstrip()


def _detail(row: "Row") -> str:
    from controller.entrypoints.cli.wording import one_line

    record, data = row.record, row.record.data or {}
    parts = [f"attempt {record.attempt}" if record.attempt else ""]
    parts += [str(data[name]) for name in ("how", "class", "phase", "reason") if data.get(name) not in (None, "ran")]
    if "retryAt" in data:
        parts.append(f"again in {max(0, data['retryAt'] - record.time) / 1000:g}s")
    parts.append(f"by {record.actor.id}" if record.actor.type == "person" else "")
    parts.append(record.summary or "")
    return one_line(", ".join(dict.fromkeys(filter(None, parts))))


def _verdict(simulated: "Simulated", history: "History", outcomes: "Outcomes") -> list[str]:
    from controller.engine.semantic import semantic_digest
    from controller.engine.status import open_gates
    from controller.entrypoints.cli.wording import span
    from controller.runtime.phrases import counted

    state = simulated.root.state
    took = history.rows[-1].at if history.rows else 0
    counts = f"{counted(state.graph.ordinary, 'step')}, {counted(len(history.rows), 'transition')}"
    lines = [f"{state.run} after {span(took)} of simulated time · {counts}"]
    if state.reason or state.message:
        lines.append(f"  reason           {': '.join(filter(None, [state.reason, state.message]))}")
    if state.run.settled:
        lines.append(f"  semantic digest  {semantic_digest(state)}")
        if outcomes.semantic_digest is not None:
            same = outcomes.semantic_digest == semantic_digest(state)
            told = "the same" if same else f"another: {outcomes.semantic_digest}"
            lines.append(f"  taken from       a run with {told}")
    elif state.suspended:
        lines.append("  stands still     it is paused, and no command resumes it")
    else:
        gates = ", ".join(gate.gate for gate in open_gates(state))
        lines.append(f"  stands still     {gates}: nobody decides (the outcomes may, or --approve-all)")
    return [*lines, *(f"  note             {note}" for note in simulated.notes)]


def _facts(simulated: "Simulated", history: "History", outcomes: "Outcomes") -> dict[str, Any]:
    from controller.engine.semantic import semantic_digest
    from controller.engine.status import open_gates
    from controller.entrypoints.cli.history import bar_facts, row_facts

    state = simulated.root.state
    return {
        "state": state.run.value,
        "reason": state.reason or None,
        "message": state.message or None,
        "suspended": state.suspended,
        "orchestration": state.graph.name,
        "version": state.graph.version,
        "definition": state.graph.digest,
        "tookMs": history.rows[-1].at if history.rows else 0,
        "semanticDigest": semantic_digest(state) if state.run.settled else None,
        "expectedSemanticDigest": outcomes.semantic_digest,
        "outputs": simulated.driver.contents.get(state.outputs) if state.outputs is not None else None,
        "gates": [gate.gate for gate in open_gates(state)],
        "notes": list(simulated.notes),
        "trace": [row_facts(row) for row in history.rows],
        "chart": [bar_facts(bar) for bar in history.bars],
    }


def _draw(path: Path, history: "History", simulated: "Simulated") -> None:
    from controller.entrypoints.cli.gantt import svg_chart
    from controller.errors import StoreUnavailable

    graph = simulated.root.graph
    try:
        path.write_text(svg_chart(history.bars, f"{graph.name} {graph.version}"), encoding="utf-8")
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error}") from error
