"""Where is this KPI going? First and last value, change, extremes, and one sentence that says it."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

STEADY_PERCENT = 1.0
"""A smaller change is called steady: it is within what one unusual day does to a month."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"trend-analyst: {problem}\n")
    sys.exit(BAD_INPUT)


def spoken(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}"


def trend_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    points = [{"period": row["period"], "value": row["value"]} for row in sorted(rows, key=lambda row: row["period"])]
    first, last = points[0], points[-1]
    low, high = min(points, key=lambda p: p["value"]), max(points, key=lambda p: p["value"])
    change = round(100 * (last["value"] - first["value"]) / first["value"], 1) if first["value"] else 0.0
    direction = "steady" if abs(change) < STEADY_PERCENT else "up" if change > 0 else "down"
    label, unit = rows[0].get("label", rows[0]["kpi"]), rows[0].get("unit", "")
    moved = {"up": f"rose by {abs(change)} %", "down": f"fell by {abs(change)} %", "steady": "held steady"}[direction]
    statement = (
        f"{label} {moved} from {spoken(first['value'], unit)} in {first['period']}"
        f" to {spoken(last['value'], unit)} in {last['period']}"
    )
    if low["period"] not in {first["period"], last["period"]}:
        statement += f", after a low of {spoken(low['value'], unit)} in {low['period']}"
    elif high["period"] not in {first["period"], last["period"]}:
        statement += f", after a peak of {spoken(high['value'], unit)} in {high['period']}"
    return {
        "label": label,
        "unit": unit,
        "points": points,
        "change_percent": change,
        "direction": direction,
        "lowest": low,
        "highest": high,
        "statement": statement + ".",
    }


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    kpi, rows = payload.get("kpi"), payload.get("query_results")
    if not isinstance(kpi, str):
        refuse(f"kpi must be a name, not {json.dumps(kpi)}")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and {"kpi", "period", "value"} <= set(row) for row in rows
    ):
        refuse("query_results must be a list of rows with kpi, period and value")
    own = [row for row in rows if row["kpi"] == kpi]
    if not own:
        refuse(f"query_results have no values of {kpi!r}; is the time between start and end date covered by data?")
    (STEP / "output.json").write_text(json.dumps({"kpi": kpi, **trend_of(own)}), encoding="utf-8")


if __name__ == "__main__":
    main()
