"""What do the people we want to reach suffer from, wish for and read? Counts the answers of a small survey.

The survey (`survey.csv`) is sample data: one line per respondent. Equal counts are ordered by name.
"""

import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

QUESTIONS = ("pain", "wish", "channel")


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"marketing-researcher: {problem}\n")
    sys.exit(BAD_INPUT)


def ranking(answers: list[dict[str, str]], question: str) -> list[dict[str, Any]]:
    counts = Counter(answer[question] for answer in answers)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"answer": answer, "count": count, "percent": round(100 * count / len(answers))} for answer, count in ordered
    ]


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    campaign, audience = payload.get("campaign_name"), payload.get("target_audience")
    if not isinstance(campaign, str) or not campaign.strip():
        refuse(f"campaign_name must be a text, not {json.dumps(campaign)}")
    with (BESIDE / "survey.csv").open(encoding="utf-8", newline="") as file:
        answers = list(csv.DictReader(file))
    names = sorted({answer["segment"] for answer in answers})
    if audience is not None and audience not in names:
        refuse(f"the survey has no segment {json.dumps(audience)}; it has {', '.join(names)}")

    segments: list[dict[str, Any]] = []
    for name in names if audience is None else [audience]:
        own = [answer for answer in answers if answer["segment"] == name]
        segments.append({"segment": name, "respondents": len(own), **{q: ranking(own, q) for q in QUESTIONS}})
    segments.sort(key=lambda segment: (-segment["respondents"], segment["segment"]))
    statements = [
        f"Of {s['respondents']} asked, {s['pain'][0]['percent']} % of the {s['segment']}s name {s['pain'][0]['answer']} as"
        f" their main trouble, and most wish for {s['wish'][0]['answer']}; {s['channel'][0]['answer']} reaches them best."
        for s in segments
    ]
    page = [f"# Audience insights for {campaign}", "", *(f"- {statement}" for statement in statements), ""]
    page += ["| Segment | Asked | Trouble | Wish | Channel |", "| --- | ---: | --- | --- | --- |"]
    page += [
        f"| {s['segment']} | {s['respondents']} | "
        + " | ".join(f"{s[q][0]['answer']} ({s[q][0]['percent']} %)" for q in QUESTIONS)
        + " |"
        for s in segments
    ]
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "insights.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    insights = {"respondents": sum(s["respondents"] for s in segments), "segments": segments, "statements": statements}
    (STEP / "output.json").write_text(json.dumps({"audience_insights": insights}), encoding="utf-8")


if __name__ == "__main__":
    main()
