"""How do tonight's orders get into the warehouse? Three tasks, extract, transform and load, and the undo of each.

Everything outside the step lies in `outbox/<run>/nightly/`, below the folder that holds the state directory. `load` fails
as databases do when an order is there already, unless its payload says `mode: upsert`.
"""

import csv
import hashlib
import io
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
PLACE = Path("outbox", os.environ.get("LIBRETTO_RUN", "run"), "nightly")
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

COLUMNS = ("id", "customer", "country", "amount", "status")
INSERT = {
    "insert": "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
    "upsert": "INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET customer = excluded.customer,"
    " country = excluded.country, amount = excluded.amount, status = excluded.status",
}

Answer = tuple[dict[str, Any], dict[str, Any]]
"""Output and receipt."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"etl-worker: {problem}\n")
    sys.exit(BAD_INPUT)


def fail(problem: str) -> NoReturn:
    sys.stderr.write(f"{problem}\n")
    sys.exit(1)


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        refuse(f"there is no {path.name} from the step before")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def stage(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the rows as artifact and into the staging area; return the receipt that can take the latter back."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    content = text.getvalue().encode()
    for path in (STEP / "artifacts" / name, PLACE / name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    change = {"created": (PLACE / name).as_posix(), "digest": sha256(content)}
    return {"changes": [change], "undo": {"input": {"task": "unstage", "name": name}, "reversible": True}}


def extract(_: dict[str, Any]) -> Answer:
    rows = read_rows(BESIDE / "orders.csv")
    return {"rows": len(rows), "artifact": "orders.csv"}, stage("orders.csv", rows)


def transform(_: dict[str, Any]) -> Answer:
    """Trim, bring codes to one case and amounts to cents, and leave out what was cancelled."""
    clean: list[dict[str, Any]] = []
    for row in read_rows(STEP / "inputs" / "extract" / "orders.csv"):
        status = row["status"].strip().lower()
        if status != "cancelled":
            whole, _point, part = row["amount"].strip().partition(".")
            cents = int(whole) * 100 + int(part.ljust(2, "0") or 0)
            country = row["country"].strip().upper()
            clean.append(
                {**row, "customer": row["customer"].strip(), "country": country, "amount": cents, "status": status}
            )
    total = sum(order["amount"] for order in clean)
    return {"rows": len(clean), "total_cents": total, "artifact": "orders_clean.csv"}, stage("orders_clean.csv", clean)


def open_warehouse() -> sqlite3.Connection:
    PLACE.mkdir(parents=True, exist_ok=True)
    new = not (PLACE / "warehouse.db").exists()
    warehouse = sqlite3.connect(PLACE / "warehouse.db", isolation_level=None)
    if new:
        warehouse.executescript(f"BEGIN; {(BESIDE / 'warehouse.sql').read_text(encoding='utf-8')} COMMIT;")
    return warehouse


def load(payload: dict[str, Any]) -> Answer:
    mode = payload.get("mode", "insert")
    if mode not in INSERT:
        refuse(f"mode must be insert or upsert, not {json.dumps(mode)}")
    rows = read_rows(STEP / "inputs" / "transform" / "orders_clean.csv")
    key = os.environ.get("LIBRETTO_IDEMPOTENCY_KEY", "")
    warehouse = open_warehouse()
    warehouse.execute("BEGIN IMMEDIATE")
    if done := warehouse.execute("SELECT output, receipt FROM loads WHERE key = ?", [key]).fetchone():
        return json.loads(done[0]), json.loads(done[1])
    ids = [int(row["id"]) for row in rows]
    marks = ", ".join("?" * len(ids))
    before = warehouse.execute(f"SELECT * FROM orders WHERE id IN ({marks}) ORDER BY id", ids).fetchall()  # noqa: S608
    try:
        warehouse.executemany(INSERT[mode], [[row[column] for column in COLUMNS] for row in rows])
    except sqlite3.IntegrityError:
        # SQLite names the column, not the constraint; the words are those of the database that this one stands for.
        fail('duplicate key value violates unique constraint "orders_pkey"')
    known = {row[0] for row in before}
    output = {"mode": mode, "rows": len(rows), "inserted": len(ids) - len(known), "updated": len(known)}
    undo = {"task": "unload", "key": key, "delete": [i for i in ids if i not in known], "restore": before}
    receipt = {"changes": [{"table": "orders", **output}], "undo": {"input": undo, "reversible": True}}
    warehouse.execute("INSERT INTO loads VALUES (?, ?, ?)", [key, json.dumps(output), json.dumps(receipt)])
    warehouse.execute("COMMIT")
    return output, receipt


def unstage(undo: dict[str, Any]) -> dict[str, Any]:
    (PLACE / Path(undo["name"]).name).unlink(missing_ok=True)
    return {"removed": undo["name"]}


def unload(undo: dict[str, Any]) -> dict[str, Any]:
    """Delete what was inserted and restore what was updated, in one transaction; repeating it changes nothing."""
    warehouse = open_warehouse()
    warehouse.execute("BEGIN IMMEDIATE")
    warehouse.executemany("DELETE FROM orders WHERE id = ?", [[i] for i in undo["delete"]])
    warehouse.executemany("REPLACE INTO orders VALUES (?, ?, ?, ?, ?)", undo["restore"])
    warehouse.execute("DELETE FROM loads WHERE key = ?", [undo["key"]])
    warehouse.execute("COMMIT")
    return {"deleted": len(undo["delete"]), "restored": len(undo["restore"])}


DO: dict[str, Callable[[dict[str, Any]], Answer]] = {"extract": extract, "transform": transform, "load": load}
UNDO: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"unstage": unstage, "unload": unload}


def main() -> None:
    if os.environ.get("LIBRETTO_ROLE") == "undo":
        receipt = json.loads((STEP / "inputs" / "receipt.json").read_text(encoding="utf-8"))
        undo = receipt["undo"]["input"]
        output = UNDO[undo["task"]](undo)
    else:
        payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
        if payload.get("task") not in DO:
            refuse(f"task must be one of {', '.join(DO)}, not {json.dumps(payload.get('task'))}")
        output, receipt = DO[payload["task"]](payload)
        (STEP / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
