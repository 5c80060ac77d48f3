"""May this draft be published? Checks it against the house rules and reports every finding with its line.

A finding of severity high fails the draft; others are advice. The rules are data (`rules.json`): patterns that must not
occur, each with what to do about it. Length, reading ease and the wanted keyword are checked here.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

LONGEST_SENTENCE = 35
"""Words. Readers lose the beginning of a longer one."""

LENGTH_TOLERANCE_PERCENT = 40
"""How far a draft may be from its target before that is mentioned."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"hr_assistant: {problem}\n")
    sys.exit(BAD_INPUT)


def finding(rule: str, severity: str, line: int, quote: str, advice: str) -> dict[str, Any]:
    return {"rule": rule, "severity": severity, "line": line, "quote": quote, "advice": advice}


def forbidden(lines: list[str], rules: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        finding(rule["id"], rule["severity"], number, hit.group(0), rule["advice"])
        for number, line in enumerate(lines, start=1)
        for rule in rules
        for hit in re.finditer(rule["pattern"], line, re.IGNORECASE)
    ]


def hard_to_read(lines: list[str]) -> list[dict[str, Any]]:
    return [
        finding(
            "long-sentence", "low", number, " ".join(words[:6]) + " …", f"{len(words)} words; make two sentences of it."
        )
        for number, line in enumerate(lines, start=1)
        for sentence in re.split(r"(?<=[.!?])\s+", line)
        if len(words := sentence.split()) > LONGEST_SENTENCE
    ]


def against_brief(text: str, keyword: str | None, target: int | None) -> list[dict[str, Any]]:
    found = []
    if keyword and keyword.lower() not in text.lower():
        found.append(finding("keyword", "medium", 0, keyword, "The primary keyword does not occur."))
    count = len(text.split())
    if target and abs(count - target) * 100 > LENGTH_TOLERANCE_PERCENT * target:
        found.append(finding("length", "low", 0, f"{count} words", f"The target is {target} words."))
    return found


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    content = payload.get("content")
    keyword, target = payload.get("primary_keyword"), payload.get("target_word_count")
    if not isinstance(content, str) or not content.strip():
        refuse(f"content must be the text to review, not {json.dumps(content)}")
    if not isinstance(target, int | None):
        refuse(f"target_word_count must be a whole number, not {json.dumps(target)}")
    rules = json.loads((BESIDE / "rules.json").read_text(encoding="utf-8"))

    lines = content.splitlines()
    found = forbidden(lines, rules) + hard_to_read(lines) + against_brief(content, keyword, target)
    counts = {severity: sum(f["severity"] == severity for f in found) for severity in ("high", "medium", "low")}
    status = "fail" if counts["high"] else "pass"
    verdict = "may be published" if status == "pass" else "must not be published"
    report: dict[str, Any] = {
        "status": status,
        "summary": f"The draft {verdict}: {counts['high']} findings of severity high, {len(found)} in all.",
        "findings": found,
        "counts": counts,
        "rules_checked": len(rules) + 3,
    }
    page = [f"# Compliance report: {status}", "", report["summary"], ""]
    page += [f"- **{f['rule']}** ({f['severity']}, line {f['line']}): “{f['quote']}”. {f['advice']}" for f in found]
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "qa_report.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps({"qa_report": report}), encoding="utf-8")


if __name__ == "__main__":
    main()
