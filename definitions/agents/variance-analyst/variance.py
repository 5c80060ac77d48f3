"""Where do the books differ from the budget? Reads two CSV artifacts and writes the variance table.

Every account is one line: actual, budget, difference in euros and percent. What is off by more than the threshold is
flagged, and *adverse* means: less revenue or more cost than planned.
"""

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

THRESHOLD_PERCENT = 5

Lines = dict[str, tuple[str, str, int]]
"""Account -> name, kind, amount in euros."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"variance-analyst: {problem}\n")
    sys.exit(BAD_INPUT)


def amounts(place: object) -> Lines:
    """Read an artifact of an earlier step, named `<step>/<artifact>`."""
    inputs = (STEP / "inputs").resolve()
    path = (inputs / str(place)).resolve()
    if not path.is_relative_to(inputs) or not path.is_file():
        refuse(f"there is no artifact {json.dumps(place)} below inputs/")
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        if not {"account", "name", "kind", "amount"} <= set(table.fieldnames or ()):
            refuse(f"{place} needs the columns account, name, kind and amount; it has {table.fieldnames}")
        return {row["account"]: (row["name"], row["kind"], int(row["amount"])) for row in table}


def percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def compare(ledger: Lines, budget: Lines, threshold: float) -> list[dict[str, Any]]:
    compared = []
    for account in sorted(ledger.keys() | budget.keys()):
        name, kind, _ = ledger.get(account) or budget[account]
        actual = ledger[account][2] if account in ledger else 0
        planned = budget[account][2] if account in budget else 0
        share = percent(actual - planned, planned)
        compared.append(
            {
                "account": account,
                "name": name,
                "kind": kind,
                "actual": actual,
                "budget": planned,
                "variance": actual - planned,
                "variance_percent": share,
                "flagged": abs(share) > threshold,
                "adverse": (actual < planned) if kind == "revenue" else (actual > planned),
            }
        )
    return compared


def total(lines: list[dict[str, Any]], kind: str, column: str) -> int:
    return sum(line[column] for line in lines if line["kind"] == kind)


def say(lines: list[dict[str, Any]], totals: dict[str, Any]) -> list[str]:
    said = []
    for kind, word in (("revenue", "Revenue"), ("cost", "Costs"), ("result", "The operating result")):
        sums = totals[kind]
        where = "above" if sums["variance"] > 0 else "below" if sums["variance"] < 0 else "at"
        verb = "were" if kind == "cost" else "was"
        said.append(
            f"{word} {verb} {sums['actual']:,} EUR, {abs(sums['variance']):,} EUR"
            f" ({abs(sums['variance_percent'])} %) {where} budget."
        )
    for line in sorted((line for line in lines if line["flagged"]), key=lambda line: -abs(line["variance"])):
        where = "above" if line["variance"] > 0 else "below"
        effect = "against us" if line["adverse"] else "in our favour"
        said.append(
            f"{line['name']} came in {abs(line['variance_percent'])} % {where} budget"
            f" ({line['actual']:,} EUR against {line['budget']:,} EUR), which is {effect}."
        )
    return said


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    threshold = payload.get("threshold_percent", THRESHOLD_PERCENT)
    if not isinstance(threshold, int | float) or threshold < 0:
        refuse(f"threshold_percent must be a number of at least 0, not {json.dumps(threshold)}")
    lines = compare(amounts(payload.get("ledger")), amounts(payload.get("budget")), threshold)
    if not lines:
        refuse("neither ledger nor budget has a line; is the quarter covered by the books?")

    totals: dict[str, Any] = {}
    for kind in ("revenue", "cost"):
        totals[kind] = {column: total(lines, kind, column) for column in ("actual", "budget", "variance")}
    totals["result"] = {column: totals["revenue"][column] - totals["cost"][column] for column in totals["revenue"]}
    for sums in totals.values():
        sums["variance_percent"] = percent(sums["variance"], abs(sums["budget"]))

    artifacts = STEP / "artifacts"
    artifacts.mkdir(exist_ok=True)
    with (artifacts / "variance.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(lines)
    rows = ["| Account | Actual EUR | Budget EUR | Variance EUR | % | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for line in lines:
        mark = ("against us" if line["adverse"] else "in our favour") if line["flagged"] else ""
        rows.append(
            f"| {line['account']} {line['name']} | {line['actual']:,} | {line['budget']:,}"
            f" | {line['variance']:+,} | {line['variance_percent']:+.1f} | {mark} |"
        )
    (artifacts / "variance.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    output = {"totals": totals, "lines": lines, "statements": say(lines, totals)}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
