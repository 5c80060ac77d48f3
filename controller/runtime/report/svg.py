"""The timeline as SVG. Colours are classes that the page's style sheet knows, so light and dark need one picture."""

from html import escape

from controller.runtime.report.facts import Facts
from controller.runtime.report.timeline import Bar, Row, Scale, rows_of, scale_of
from controller.runtime.report.words import about, span, tick

WIDTH = 1040
LEFT = 250
RIGHT = 96
"""Room behind the bars for how long a step took."""
ROW, HEADING, TOP = 26, 30, 36
_PATTERN = (
    '<defs><pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="wait-ground" width="6" height="6"/><rect class="wait-line" width="2.4" height="6"/>'
    "</pattern></defs>"
)
_BAR = 12
_LEAST = 3.0
"""Narrower bars would not be seen."""


def timeline(facts: Facts) -> str:
    """Return the SVG element."""
    rows, more = rows_of(facts)
    scale = scale_of(facts)
    tops, y = [], TOP
    for row in rows:
        tops.append(y)
        y += HEADING if row.heading else ROW
    height = y + (24 if more else 6)
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Timeline of the run">',
        _PATTERN,
        *_axis(scale, height),
    ]
    for row, top in zip(rows, tops, strict=True):
        parts += _row(row, top, scale)
    if more:
        parts.append(f'<text class="muted" x="0" y="{height - 6}">and {more:,} more steps</text>')
    return "\n".join([*parts, "</svg>"])


def _x(place: float) -> float:
    return LEFT + place * (WIDTH - LEFT - RIGHT)


def _axis(scale: Scale, height: int) -> list[str]:
    parts = []
    first_gap = scale.place(scale.gaps[0].start) if scale.gaps else 2.0
    for place, offset in scale.ticks():
        x = _x(place)
        mark = tick(offset) if place < first_gap else f"+{tick(offset)}"
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{TOP - 14}">{mark}</text>')
    for gap in scale.gaps:
        a, b = _x(scale.place(gap.start)), _x(scale.place(gap.end))
        parts.append(f'<rect class="gap" x="{a:.1f}" width="{b - a:.1f}" y="{TOP - 8}" height="{height - TOP + 8}"/>')
        parts.append(
            f'<text class="gap-label" x="{(a + b) / 2:.1f}" y="{TOP - 14}">{about(gap.end - gap.start)}</text>'
        )
    return parts


def _row(row: Row, top: int, scale: Scale) -> list[str]:
    x = row.level * 16
    if row.heading:
        state = "" if row.state in {"", "ended"} else f" · {row.state}"
        y = top + HEADING - 9
        return [
            f'<text class="phase" x="{x}" y="{y}">{escape(row.name)}{state}</text>',
            f'<line class="rule" x1="{x}" x2="{WIDTH}" y1="{y + 6}" y2="{y + 6}"/>',
        ]
    middle = top + ROW / 2
    parts = [
        f'<circle class="dot {row.state.lower()}" cx="{x + 5}" cy="{middle:.1f}" r="4"/>' if row.state else "",
        f'<text class="step" x="{x + 16}" y="{middle + 4.5:.1f}">{escape(_shortened(row.name, row.level))}</text>',
    ]
    end = 0.0
    worked = 0
    for bar in row.bars:
        a, b = _x(scale.place(bar.start)), _x(scale.place(bar.end))
        parts.append(_bar(bar, a, b, middle))
        end = max(end, b, a + _LEAST)
        worked += 0 if bar.kind in {"waiting", "cached"} else bar.end - bar.start
    if row.note:
        parts.append(f'<text class="note" x="{max(end, LEFT) + 8:.1f}" y="{middle + 4:.1f}">{row.note}</text>')
    elif worked or row.bars:
        parts.append(f'<text class="note" x="{end + 8:.1f}" y="{middle + 4:.1f}">{span(worked)}</text>')
    return [part for part in parts if part]


def _bar(bar: Bar, a: float, b: float, middle: float) -> str:
    title = f"<title>{escape(bar.label)}, {span(bar.end - bar.start)}</title>"
    if bar.kind == "cached":
        return f'<circle class="bar cached" cx="{a:.1f}" cy="{middle:.1f}" r="4.5">{title}</circle>'
    width, y = max(b - a, _LEAST), middle - _BAR / 2
    fill = ' fill="url(#wait)"' if bar.kind == "waiting" else ""
    return (
        f'<rect class="bar {bar.kind}{" whole" if bar.whole else ""}"{fill} x="{a:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}" rx="2.5">'
        f"{title}</rect>"
    )


def _shortened(name: str, level: int) -> str:
    most = 32 - 2 * level
    return name if len(name) <= most else name[: most - 1] + "…"
