"""What does the quarter look like? One SVG: books against budget on the left, the course of each KPI on the right.

Drawn by hand, so that it needs no library and equal figures give equal bytes. Coordinates have one decimal.
"""

from html import escape
from typing import Any

WIDTH, HEIGHT = 960, 440
MOST_PANELS = 6
"""KPI panels; more would be too small to read."""

MOST_DOTS = 14
"""Points with a dot each; with more, only the last one has one."""

INK, MUTED, RULE, PAPER = "#1f2933", "#6b7785", "#e3e8ee", "#ffffff"
ACTUAL, PLANNED, GOOD, BAD = "#2f6f8f", "#b9cfdb", "#3d8b5f", "#c0563b"

STYLE = (
    "text{font-family:'Helvetica Neue',Helvetica,Arial,'DejaVu Sans',sans-serif;fill:" + INK + "}"
    ".muted{fill:" + MUTED + ";font-size:12px}.label{font-size:13px}.value{font-size:13px;font-weight:600}"
    ".head{font-size:15px;font-weight:600}"
)


def text(x: float, y: float, words: str, style: str = "label", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>'


def spoken(value: float) -> str:
    """`4,254,577` -> `4.25 m`, `12,345` -> `12.3 k`; short enough for a chart."""
    for size, unit in ((1_000_000, " m"), (1_000, " k")):
        if abs(value) >= size:
            return f"{value / size:.2f}{unit}" if size > 1_000 else f"{value / size:.1f}{unit}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def books(totals: dict[str, Any], left: float, top: float, width: float) -> list[str]:
    drawn = [
        text(left, top, "Books against budget, EUR", "head"),
        bar(left, top + 16, 12, 12, ACTUAL),
        text(left + 18, top + 26, "actual", "muted"),
        bar(left + 72, top + 16, 12, 12, PLANNED),
        text(left + 90, top + 26, "budget", "muted"),
    ]
    longest = max(abs(sums[column]) for sums in totals.values() for column in ("actual", "budget")) or 1
    room = width - 70  # the figure stands behind its bar
    for place, (kind, label) in enumerate((("revenue", "Revenue"), ("cost", "Costs"), ("result", "Operating result"))):
        sums, y = totals[kind], top + 62 + 108 * place
        good = sums["variance"] <= 0 if kind == "cost" else sums["variance"] >= 0
        drawn.append(text(left, y, label))
        drawn.append(
            f'<text x="{left + width:.1f}" y="{y:.1f}" class="value" text-anchor="end" style="fill:{GOOD if good else BAD}">'
            f"{sums['variance_percent']:+.1f} %</text>"
        )
        for row, (column, colour) in enumerate((("actual", ACTUAL), ("budget", PLANNED))):
            length = max(2.0, room * abs(sums[column]) / longest)
            drawn.append(bar(left, y + 10 + 30 * row, length, 24, colour))
            drawn.append(text(left + length + 8, y + 27 + 30 * row, spoken(sums[column]), "muted"))
    return drawn


def panel(trend: dict[str, Any], left: float, top: float, width: float, height: float) -> list[str]:
    values = [point["value"] for point in trend["points"]]
    low, high = min(values), max(values)
    span = (high - low) or 1
    floor, room = top + height - 34, height - 76
    step = width / max(1, len(values) - 1)
    spots = [(left + step * place, floor - room * (value - low) / span) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    unit = (
        "" if trend["unit"] in {"", trend["label"].lower(), "orders", "customers", "tickets"} else f" {trend['unit']}"
    )
    drawn = [
        text(left, top + 4, trend["label"]),
        text(left + width, top + 4, f"{spoken(values[-1])}{unit}", "value", "end"),
        text(left + width, top + 20, f"{trend['change_percent']:+.1f} %", "muted", "end"),
        f'<line x1="{left:.1f}" y1="{floor + 8:.1f}" x2="{left + width:.1f}" y2="{floor + 8:.1f}" stroke="{RULE}"/>',
    ]
    if len(spots) > 1:
        drawn.append(
            f'<polyline points="{line}" fill="none" stroke="{ACTUAL}" stroke-width="2" stroke-linejoin="round"/>'
        )
    for x, y in spots if len(spots) <= MOST_DOTS else spots[-1:]:
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{ACTUAL}"/>')
    drawn.append(text(left, floor + 24, trend["points"][0]["period"], "muted"))
    drawn.append(text(left + width, floor + 24, trend["points"][-1]["period"], "muted", "end"))
    return drawn


def draw(title: str, totals: dict[str, Any], trends: list[dict[str, Any]]) -> str:
    """Return the SVG document."""
    shown = trends[:MOST_PANELS]
    drawn = books(totals, left=32, top=84, width=360)
    drawn.append(text(456, 84, "Key figures over time", "head"))
    rows = max(1, -(-len(shown) // 2))
    height = 316 / rows
    for place, trend in enumerate(shown):
        drawn += panel(trend, 456 + 248 * (place % 2), 112 + height * (place // 2), 216, min(height - 16, 150))
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    return "\n".join(
        [
            opening,
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
            f'<text x="32" y="42" style="font-size:20px;font-weight:600">{escape(title)}</text>',
            f'<line x1="32" y1="58" x2="{WIDTH - 32}" y2="58" stroke="{RULE}"/>',
            f'<line x1="424" y1="76" x2="424" y2="{HEIGHT - 24}" stroke="{RULE}"/>',
            *drawn,
            "</svg>",
            "",
        ]
    )
