"""Frame: the dashboard as lines of a given width and height. Text of others is data here: never markup, never control codes."""

from rich.text import Text

from controller.engine.units import index_of
from controller.entrypoints.cli.dashboard import Current, Dashboard
from controller.entrypoints.cli.gauge import in_words
from controller.entrypoints.cli.news import News
from controller.entrypoints.cli.tiers import Tier
from controller.entrypoints.cli.wording import clock, one_line, short, span
from controller.model.states import RunState, StepState
from controller.runtime.phrases import counted

BAR = 10
WIDEST_LABEL = 28
MOST_CURRENT = 6
"""Running steps that get a line; more are counted."""
MOST_STEPS = 12
"""Steps of a tier that are listed behind its bar; of larger tiers only those that failed."""
MOST_EVENTS = 6
SMALLEST_EVENTS = 3

_WORD_STYLES = {
    "succeeded": "green",
    "approved": "green",
    "undone": "green",
    "cached": "cyan",
    "reused": "cyan",
    "failed": "red",
    "rejected": "red",
    "NOT undone": "red",
    "aborted": "red",
    "refused": "red",
    "waiting": "yellow",
}
_VERDICT_STYLES = {
    RunState.SUCCEEDED: "bold green",
    RunState.ROLLED_BACK: "bold green",
    RunState.FAILED: "bold red",
    RunState.ABORTED: "bold red",
}


def header(board: Dashboard) -> Text:
    """Return the first line: what runs, and where."""
    top = board.tree.top
    groups = f" in {counted(len(top.graph.phases), 'phase')}" if top.graph.phases else ""
    name = Text(f"{top.spec.orchestration} {top.spec.version}", "bold")
    rest = f", {counted(top.graph.ordinary, 'step')}{groups}, run {short(top.spec.uid)}"
    return Text("Libretto: ").append_text(name).append(rest)


def bars(board: Dashboard, width: int) -> list[Text]:
    """Return one line per tier: number, name, bar, count, and what its steps came to."""
    tiers = board.tiers.all
    numbers = max(len(tier.number) for tier in tiers)
    label = min(max(len(tier.name) for tier in tiers), WIDEST_LABEL, max(8, width // 4))
    return [_bar_line(board, tier, numbers, label, width) for tier in tiers]


def _bar_line(board: Dashboard, tier: Tier, numbers: int, label: int, width: int) -> Text:
    number = f"{tier.number:>{numbers}} " if numbers else ""
    line = Text(f"  {number}{_fit(tier.name, label):<{label}}  ")
    if tier.units and not tier.total:
        return _crop(
            line.append("skipped: its condition is false" if "-" not in tier.number else "skipped", "dim"), width
        )
    if tier.waiting and (gate := _waiting(board, tier)):
        return _crop(line.append("◇ ", "yellow").append(gate, "yellow"), width)
    line.append_text(_bar(tier)).append(f" {tier.done}/{tier.total}   ")
    line.append_text(_steps(board, tier, width - line.cell_len))
    return _crop(line, width)


def _bar(tier: Tier) -> Text:
    total = max(1, tier.total)
    done = BAR * tier.done // total
    failed = min(BAR - done, -(-BAR * tier.failed // total))
    line = Text().append("█" * done, "green").append("█" * failed, "red")
    return line.append("░" * (BAR - done - failed), "dim")


def _waiting(board: Dashboard, tier: Tier) -> str:
    top = board.tree.top
    for unit in tier.units:
        gate = top.graph.steps[index_of(unit)].gate
        if top.state.unit(unit).state is StepState.AWAITING_APPROVAL and gate is not None:
            return f'waiting: {top.name(unit)}, severity {gate.severity}: "{one_line(gate.question)}"'
    return ""


def _steps(board: Dashboard, tier: Tier, width: int) -> Text:
    """What the steps of a tier came to, failed ones first, as many as fit."""
    line = Text()
    state = board.tree.top.state
    if len(tier.units) > MOST_STEPS:
        settled = [unit for unit in tier.units if tier.failed and state.unit(unit).state is StepState.FAILED]
    else:
        settled = [unit for unit in tier.units if state.unit(unit).state not in (StepState.PENDING, StepState.RUNNING)]
    settled.sort(key=lambda unit: state.unit(unit).state is not StepState.FAILED)
    for unit in settled:
        if line.cell_len >= width:
            break
        line.append_text(_step(board, unit)).append("   ")
    line.rstrip()
    return line


def _step(board: Dashboard, unit: int) -> Text:
    top = board.tree.top
    known, name = top.state.unit(unit), top.name(unit)
    took = board.took(name)
    time = f" {span(took)}" if took is not None else ""
    match known.state:
        case StepState.SKIPPED:
            return Text(f"{name} skipped", "dim")
        case StepState.FAILED | StepState.ABORTED:
            return Text(f"{name} {known.state.lower()}", "red")
        case StepState.ROLLED_BACK:
            return Text(f"{name} undone", "cyan")
        case _:
            pass
    if name in board.decided:
        return Text(f"{name} ").append(board.decided[name], "green")
    if known.how in ("cache", "seed"):
        return Text(name).append(" cached" if known.how == "cache" else " reused", "cyan")
    if known.child is not None and (child := board.tree.members.get(known.child.run)) is not None:
        return Text(name).append(f"{time} (child run, {counted(child.graph.ordinary, 'step')})", "dim")
    return Text(name).append(time, "dim")


def now_lines(board: Dashboard, width: int) -> list[Text]:
    """Return what runs now, how far the whole is, and when it will be over."""
    current = list(board.current())
    names = min(max((len(one.path) for one in current), default=0), max(12, width // 3))
    agents = min(max((len(one.agent) for one in current), default=0), max(8, width // 5))
    lines = [_crop(_current(one, names, agents), width) for one in current[:MOST_CURRENT]]
    if len(current) > MOST_CURRENT:
        lines.append(Text(f"    and {len(current) - MOST_CURRENT} more running", "dim"))
    return [*lines, _crop(_whole(board, bool(current)), width)]


def _current(one: Current, names: int, agents: int) -> Text:
    line = (
        Text("  ▸ ", "cyan")
        .append(f"{_fit(one.path, names):<{names}}  ", "bold")
        .append(f"{_fit(one.agent, agents):<{agents}}  ", "dim")
    )
    late = one.usual_ms is not None and one.elapsed_ms > 1.5 * one.usual_ms
    line.append(f"{span(one.elapsed_ms):>6}", "yellow" if late else "")
    line.append(f" of about {span(one.usual_ms)}" if one.usual_ms is not None else "", "dim")
    if told := in_words(one.progress):
        line.append(f"   {told}")
    if one.attempt > 1:
        line.append(f"   attempt {one.attempt}" + (f" of {one.most}" if one.attempt <= one.most else ""), "yellow")
    return line


def _whole(board: Dashboard, running: bool) -> Text:
    top = board.tree.top
    state = top.state
    total = sum(tier.total for tier in board.tiers.all)
    done = sum(tier.done for tier in board.tiers.all)
    line = Text().append(f"    {done} of {counted(total, 'step')}, {100 * done // max(1, total)} %")
    if state.first_started_at:
        line.append(f" · {span(max(0, board.tree.session.local.clock.now() - state.first_started_at))} so far")
    if state.run is RunState.ROLLING_BACK:
        return line.append(" · undoing", "yellow")
    if state.open_gates and not running:
        return line.append(" · waiting for a decision", "yellow")
    if state.suspended:
        return line.append(" · paused", "yellow")
    outlook = board.outlook()
    if outlook.left_ms is not None and not state.run.settled:
        line.append(f", about {span(outlook.left_ms)} to go")
        if outlook.on_track is not None:
            line.append(" · ").append(
                "on track" if outlook.on_track else "slower than usual", "green" if outlook.on_track else "yellow"
            )
    return line


def event_lines(board: Dashboard, most: int, width: int) -> list[Text]:
    """Return the latest events with their times, newest last."""
    events = list(board.events)[-most:] if most > 0 else []
    names = min(max((len(event.name) for event in events), default=0), max(12, width // 3))
    return [_crop(event_line(event, names), width) for event in events]


def event_line(event: News, names: int) -> Text:
    """Return one event."""
    line = Text().append(f"  {clock(event.time)}  ", "dim")
    if not event.name:
        return line.append(f"run {event.word}")
    line.append(f"{_fit(event.name, names):<{names}}  ")
    return line.append(f"{event.word:<9} ", _WORD_STYLES.get(event.word, "")).append(event.detail, "dim")


def frame(board: Dashboard, prompt: str | None, width: int, height: int) -> list[Text]:
    """Return all lines for a screen; what matters least is left out first when it is small."""
    top, shown = [header(board), Text()], bars(board, width)
    if prompt is not None:
        place = next((number for number, tier in enumerate(board.tiers.all) if tier.waiting), len(shown) - 1)
        shown.insert(place + 1, _question(prompt, width))
    now = now_lines(board, width)
    room = height - 1 - len(top) - len(shown) - len(now) - 1
    if room < 0:
        top = top[:1]
    events = event_lines(board, min(MOST_EVENTS, room - 1), width) if room > SMALLEST_EVENTS else []
    lines = [*top, *shown, Text(), *now, *([Text(), *events] if events else [])]
    return [_crop(line, width) for line in _shortened(lines, height - 1)]


def _shortened(lines: list[Text], most: int) -> list[Text]:
    """On a screen that is too small the end is what people look at."""
    return lines if len(lines) <= most else lines[len(lines) - max(1, most) :]


def _question(prompt: str, width: int) -> Text:
    text = "      " + prompt
    # The end is where one types.
    shown = text if len(text) < width else "      …" + text[-(width - 9) :]
    return Text().append(shown, "bold").append("▏", "blink")


def closing_lines(lines: list[str], verdict: RunState) -> list[Text]:
    """Return the summary with its first word in colour."""
    style = _VERDICT_STYLES.get(verdict, "bold yellow")
    texts = [Text(line) for line in lines]
    if texts:
        texts[0].stylize(style, 0, len(lines[0].split(" ", 1)[0]))
    return texts


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _crop(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line
