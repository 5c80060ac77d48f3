"""Can these query results be trusted? Looks for missing periods, jumps and impossible values, and says what it found."""

import json
import os
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

LARGEST_JUMP_PERCENT = 40
"""From one period to the next. Weekends alone move daily sales by about 35 %, so less would cry wolf."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"data-checker: {problem}\n")
    sys.exit(BAD_INPUT)


def findings_in(rows: list[dict[str, Any]], wanted: list[str], largest_jump: float) -> list[dict[str, str]]:
    series: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        series[row["kpi"]][row["period"]] = row["value"]
    periods = sorted({row["period"] for row in rows})
    found = []
    for kpi in dict.fromkeys(wanted):
        values = series.get(kpi, {})
        if not values:
            found.append({"kpi": kpi, "period": "", "finding": "missing", "detail": "no values at all"})
            continue
        for period in periods:
            if period not in values:
                found.append({"kpi": kpi, "period": period, "finding": "missing", "detail": "no value"})
            elif values[period] < 0:
                found.append({"kpi": kpi, "period": period, "finding": "negative", "detail": f"{values[period]:g}"})
        present = sorted(values)
        for before, after in pairwise(present):
            if values[before] > 0 and abs(jump := 100 * (values[after] / values[before] - 1)) > largest_jump:
                found.append({"kpi": kpi, "period": after, "finding": "jump", "detail": f"{jump:+.1f} %"})
    return found


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    rows, wanted = payload.get("query_results"), payload.get("kpi_names")
    largest_jump = payload.get("largest_jump_percent", LARGEST_JUMP_PERCENT)
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and {"kpi", "period", "value"} <= set(row) for row in rows
    ):
        refuse("query_results must be a list of rows with kpi, period and value")
    if not isinstance(wanted, list):
        refuse(f"kpi_names must be a list, not {json.dumps(wanted)}")
    if not isinstance(largest_jump, int | float) or largest_jump <= 0:
        refuse(f"largest_jump_percent must be a number above 0, not {json.dumps(largest_jump)}")

    found = findings_in(rows, wanted, largest_jump)
    lines = [f"{len(rows)} rows checked, {len(found)} findings.", ""]
    lines += ["| KPI | Period | Finding | Detail |", "| --- | --- | --- | --- |"] if found else []
    lines += [f"| {f['kpi']} | {f['period']} | {f['finding']} | {f['detail']} |" for f in found]
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "data_check.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    output = {"verdict": "look" if found else "clean", "row_count": len(rows), "findings": found}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
