"""How is the quarter told to people who decide? A brief as Markdown and as a page, with one chart, from given figures."""

import hashlib
import json
import os
import sys
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NoReturn

from chart import draw, spoken

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

KINDS = (("revenue", "Revenue"), ("cost", "Costs"), ("result", "Operating result"))
NOTE = "Shaded accounts are off budget by more than the threshold. Every figure comes from the steps of this run."


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"brief-writer: {problem}\n")
    sys.exit(BAD_INPUT)


def favourable(kind: str, variance: float) -> bool:
    return variance <= 0 if kind == "cost" else variance >= 0


def as_markdown(title: str, subtitle: str, points: list[str], variance: dict[str, Any]) -> str:
    lines = [f"# {title}", "", f"*{subtitle}*", "", "## In short", "", *(f"- {point}" for point in points), ""]
    lines += ["## The figures", "", f"![{title}](quarter.svg)", "", "| | Actual EUR | Budget EUR | Variance EUR | % |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for kind, label in KINDS:
        sums = variance["totals"][kind]
        lines.append(
            f"| **{label}** | {sums['actual']:,} | {sums['budget']:,} | {sums['variance']:+,} |"
            f" {sums['variance_percent']:+.1f} |"
        )
    for line in variance["lines"]:
        lines.append(
            f"| {line['name']}{' ⚑' if line['flagged'] else ''} | {line['actual']:,} | {line['budget']:,} |"
            f" {line['variance']:+,} | {line['variance_percent']:+.1f} |"
        )
    return "\n".join([*lines, "", NOTE.replace("Shaded", "Flagged"), ""])


def as_page(title: str, subtitle: str, points: list[str], variance: dict[str, Any], chart: str) -> str:
    cards, rows = [], []
    for kind, label in KINDS:
        sums = variance["totals"][kind]
        mood = "good" if favourable(kind, sums["variance"]) else "bad"
        cards.append(
            f"<li><span>{label}, EUR</span><strong>{spoken(sums['actual'])}</strong>"
            f'<span class="{mood}">{sums["variance_percent"]:+.1f} % against budget</span></li>'
        )
    for line in variance["lines"]:
        good = favourable(line["kind"], line["variance"])
        shade = f' class="flagged{" favourable" if good else ""}"' if line["flagged"] else ""
        mood = f' class="{"good" if good else "bad"}"' if line["flagged"] else ""
        rows.append(
            f"<tr{shade}><td>{escape(line['name'])}</td><td>{line['actual']:,}</td><td>{line['budget']:,}</td>"
            f"<td{mood}>{line['variance']:+,}</td><td{mood}>{line['variance_percent']:+.1f}</td></tr>"
        )
    return Template((BESIDE / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        cards="\n".join(cards),
        points="\n".join(f"<li>{escape(point)}</li>" for point in points),
        chart=chart.strip(),
        rows="\n".join(rows),
        note=escape(NOTE),
    )


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    title, subtitle = payload.get("title"), payload.get("subtitle", "")
    points, variance, trends = payload.get("points"), payload.get("variance"), payload.get("trends")
    if not isinstance(title, str) or not title.strip():
        refuse(f"title must be a text, not {json.dumps(title)}")
    if not isinstance(points, list) or not points or not all(isinstance(point, str) for point in points):
        refuse(f"points must be a list of sentences, not {json.dumps(points)}")
    if not isinstance(variance, dict) or not {"totals", "lines"} <= variance.keys():
        refuse("variance must be what variance-analyst gave: an object with totals and lines")
    if not isinstance(trends, list) or not all(isinstance(trend, dict) and trend.get("points") for trend in trends):
        refuse("trends must be a list of what trend-analyst gave: objects with points")

    chart = draw(title, variance["totals"], trends)
    artifacts = STEP / "artifacts"
    artifacts.mkdir(exist_ok=True)
    (artifacts / "quarter.svg").write_text(chart, encoding="utf-8")
    (artifacts / "brief.md").write_text(as_markdown(title, subtitle, points, variance), encoding="utf-8")
    (artifacts / "brief.html").write_text(as_page(title, subtitle, points, variance, chart), encoding="utf-8")
    summary = " ".join(points)
    output = {
        "executive_summary": summary,
        "summary_deliverable_id": f"brief-{hashlib.sha256(summary.encode()).hexdigest()[:12]}",
        "artifacts": ["brief.html", "brief.md", "quarter.svg"],
    }
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
