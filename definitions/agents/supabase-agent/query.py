"""Which values did these KPIs have, day by day, week by week or month by month?

Builds the sample database in memory from `schema.sql` and `kpi.csv`, then runs one parametrised, read-only query.
Names and dates are bound, never pasted into the text of the query.
"""

import csv
import difflib
import json
import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

PERIODS = {
    "day": "v.day",
    "week": "date(v.day, 'weekday 0', '-6 days')",  # the Monday on or before the day
    "month": "substr(v.day, 1, 7)",
}

QUERY = """\
SELECT k.name AS kpi, k.label, k.unit, {period} AS period,
       CASE k.aggregate WHEN 'sum' THEN sum(v.value) ELSE round(avg(v.value), 1) END AS value
FROM kpi_value AS v JOIN kpi AS k ON k.name = v.kpi
WHERE v.day BETWEEN ? AND ? AND k.name IN ({marks})
GROUP BY k.name, period
ORDER BY k.name, period"""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"supabase-agent: {problem}\n")
    sys.exit(BAD_INPUT)


def open_database() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.executescript((BESIDE / "schema.sql").read_text(encoding="utf-8"))
    with (BESIDE / "kpi.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    values = [(line[0], kpi, value) for line in lines for kpi, value in zip(header[1:], line[1:], strict=True)]
    database.executemany("INSERT INTO kpi_value VALUES (?, ?, ?)", values)
    database.commit()
    database.execute("PRAGMA query_only = ON")
    return database


def check(payload: dict[str, Any], known: list[str]) -> None:
    """End with 65 where no retry could help."""
    names = payload.get("kpi_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        refuse(f"kpi_names must be a list of at least one name, not {json.dumps(names)}")
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            refuse(f"there is no KPI {name!r}; {hint}")
    for key in ("start_date", "end_date"):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(payload.get(key))):
            refuse(f"{key} must be a date such as 2026-07-01, not {json.dumps(payload.get(key))}")
    if payload["start_date"] > payload["end_date"]:
        refuse(f"start_date {payload['start_date']} is after end_date {payload['end_date']}")
    if payload.get("grouping", "day") not in PERIODS:
        refuse(f"grouping must be one of {', '.join(PERIODS)}, not {json.dumps(payload['grouping'])}")


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    database = open_database()
    check(payload, [row["name"] for row in database.execute("SELECT name FROM kpi ORDER BY name")])

    names = list(dict.fromkeys(payload["kpi_names"]))
    sql = QUERY.format(period=PERIODS[payload.get("grouping", "day")], marks=", ".join("?" * len(names)))
    rows = [dict(row) for row in database.execute(sql, [payload["start_date"], payload["end_date"], *names])]

    (STEP / "artifacts").mkdir(exist_ok=True)
    with (STEP / "artifacts" / "query_results.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["kpi", "label", "unit", "period", "value"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    output = {"query_results": rows, "sql": sql, "row_count": len(rows)}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
