"""A Gantt chart: when each step ran, waited for a person and was undone, as text or as SVG."""

from collections.abc import Iterator, Sequence
from html import escape

from controller.entrypoints.cli.history import Bar
from controller.entrypoints.cli.wording import span

MOST_ROWS = 200
"""Steps that a chart of text shows; who wants more wants a picture."""

LEGEND = "█ ran  ▒ failed  ░ waited for a decision  ◄ undone  ◆ cached or reused  · skipped or refused"

_WIDEST_NAME = 40
_NARROWEST_CHART = 20
_AHEAD = frozenset({"Cached", "Reused"})
_COLOURS = {"do": "#3b7dd8", "failed": "#c8442f", "gate": "#d9a520", "undo": "#8458b3", "mark": "#777777"}
_FONT = 'font-family="sans-serif" font-size="12"'
_ROW, _LEFT, _RIGHT, _TOP = 18, 260, 900, 28


def rows_of(bars: Sequence[Bar]) -> dict[str, list[Bar]]:
    """Return the bars by step, the step that began first on top."""
    rows: dict[str, list[Bar]] = {}
    for bar in sorted(bars, key=lambda bar: bar.start):
        rows.setdefault(bar.step, []).append(bar)
    return rows


def text_chart(bars: Sequence[Bar], width: int) -> Iterator[str]:
    """Yield the lines of a chart that is `width` characters wide."""
    rows = rows_of(bars)
    total = max((bar.end for bar in bars), default=0)
    shown = list(rows)[:MOST_ROWS]
    names = min(_WIDEST_NAME, max((len(name) for name in shown), default=0))
    room = max(_NARROWEST_CHART, width - names - 4)
    yield f"{'':{names}}  0s{span(total):>{room - 2}}"
    for name in shown:
        line = [" "] * room
        for bar in rows[name]:
            _draw(line, bar, total, room)
        cut = name if len(name) <= names else "…" + name[1 - names :]
        yield f"{cut:<{names}}  {''.join(line)}".rstrip()
    if len(rows) > len(shown):
        yield f"and {len(rows) - len(shown):,} steps more; all of them are in a picture: --svg FILE"
    yield LEGEND


def _draw(line: list[str], bar: Bar, total: int, room: int) -> None:
    first = min(room - 1, bar.start * room // total) if total else 0
    last = min(room - 1, max(first, (bar.end * room - 1) // total)) if total else 0
    for column in range(first, last + 1):
        line[column] = _sign(bar)


def _sign(bar: Bar) -> str:
    match bar.what:
        case "gate":
            return "░"
        case "undo":
            return "◄"
        case "mark":
            return "◆" if bar.outcome in _AHEAD else "·"
        case _:
            return "█" if bar.outcome in ("Succeeded", "") else "▒"


def svg_chart(bars: Sequence[Bar], title: str) -> str:
    """Return the chart as a picture; every bar tells step, attempt, times and outcome when it is pointed at."""
    rows = rows_of(bars)
    total = max((bar.end for bar in bars), default=0) or 1
    height = _TOP + _ROW * len(rows) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _RIGHT + 20}" height="{height}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<text x="4" y="16">{escape(title)}</text>',
        f'<text x="{_LEFT + _RIGHT}" y="16" text-anchor="end">{span(total)}</text>',
    ]
    for number, (name, row) in enumerate(rows.items()):
        top = _TOP + number * _ROW
        lines.append(f'<text x="4" y="{top + 12}">{escape(name)}</text>')
        lines += [_rectangle(bar, top, total) for bar in row]
    return "\n".join([*lines, "</svg>", ""])


def _rectangle(bar: Bar, top: int, total: int) -> str:
    left = _LEFT + _RIGHT * bar.start / total
    wide = max(2.0, _RIGHT * (bar.end - bar.start) / total)
    failed = bar.what == "do" and bar.outcome not in ("Succeeded", "")
    told = f"{bar.step}: {bar.what} {bar.attempt or ''} {bar.outcome}, {span(bar.start)} to {span(bar.end)}"
    return (
        f'<rect x="{left:.1f}" y="{top + 2}" width="{wide:.1f}" height="{_ROW - 5}"'
        f' fill="{_COLOURS["failed" if failed else bar.what]}"><title>{escape(told)}</title></rect>'
    )
