"""What does this SELECT say about the sample books? The answer is a CSV artifact, with a short output beside it.

The query comes from the definition, so it is not trusted: SQLite's authorizer lets it read and nothing else. Values
come in through named parameters (`:start`).
"""

import csv
import json
import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

TABLES = ("ledger", "budget")
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"sql-agent: {problem}\n")
    sys.exit(BAD_INPUT)


def only_reading(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def open_books() -> sqlite3.Connection:
    books = sqlite3.connect(":memory:")
    books.executescript((BESIDE / "schema.sql").read_text(encoding="utf-8"))
    for table in TABLES:
        with (BESIDE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            _, *lines = csv.reader(file)
        books.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", lines)  # noqa: S608 (one of TABLES)
    books.commit()
    books.set_authorizer(only_reading)
    return books


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    sql, values, name = payload.get("sql"), payload.get("parameters", {}), payload.get("artifact", "rows.csv")
    if not isinstance(sql, str) or not sql.strip():
        refuse(f"sql must be the text of one SELECT, not {json.dumps(sql)}")
    if not isinstance(values, dict):
        refuse(f"parameters must map names to values, not {json.dumps(values)}")
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]+\.csv", name):
        refuse(f"artifact must be a file name such as rows.csv, not {json.dumps(name)}")
    try:
        found = open_books().execute(sql, values)
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        refuse(f"the query was refused: {error}")

    (STEP / "artifacts").mkdir(exist_ok=True)
    with (STEP / "artifacts" / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    output = {"columns": columns, "row_count": len(rows), "sql": sql, "artifact": name}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
