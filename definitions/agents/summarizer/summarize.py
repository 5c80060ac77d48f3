"""What are the few sentences that say the most? An extractive summary: nothing is invented, sentences are only chosen.

A sentence scores by how often its words occur in the whole, by its focus words, by figures and by opening the text.
Ties go to the earlier sentence, so equal input always gives the equal summary.
"""

import hashlib
import json
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

SHORTEST_SENTENCE = 4
"""Words. What is shorter is a label or a heading."""

LONGEST_POST = 280
"""Characters of a social post; the tightest of the large networks."""

STOP_WORDS = frozenset((Path(__file__).parent / "stop_words.txt").read_text(encoding="utf-8").split())


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"summarizer: {problem}\n")
    sys.exit(BAD_INPUT)


def texts_in(value: Any) -> Iterator[str]:
    """Every string inside a JSON value, depth first, in the order in which it was written."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts_in(member)
    elif isinstance(value, list):
        for element in value:
            yield from texts_in(element)


def sentences_in(text: str) -> Iterator[str]:
    prose = [line for line in text.splitlines() if not re.match(r"\s*(#|\||>|```)", line)]
    plain = re.sub(r"^\s*([-*]|\d+\.)\s+", "\n\n", "\n".join(prose), flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", plain):
        flat = re.sub(r"[*_`]", "", " ".join(paragraph.split()))
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"“])", flat):
            if sentence.endswith((".", "!", "?")) and len(sentence.split()) >= SHORTEST_SENTENCE:
                yield sentence


def words_of(sentence: str) -> list[str]:
    return [word for word in re.findall(r"[a-z][a-z'-]+", sentence.lower()) if len(word) > 2 and word not in STOP_WORDS]


def best(sentences: list[str], focus: list[str], count: int) -> list[str]:
    frequency = Counter(word for sentence in sentences for word in words_of(sentence))
    wanted = {word for phrase in focus for word in words_of(phrase)}

    def score(place: int) -> tuple[float, int]:
        words = set(words_of(sentences[place]))
        common = sum(frequency[word] for word in words) / math.sqrt(len(words) or 1)
        figures = 1 if re.search(r"\d", sentences[place]) else 0
        return (round(common + 2 * len(words & wanted) + figures + (2 if place == 0 else 0), 6), -place)

    chosen = sorted(range(len(sentences)), key=score, reverse=True)[:count]
    return [sentences[place] for place in sorted(chosen)]


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def make_assets(payload: dict[str, Any], title: str, chosen: list[str]) -> dict[str, Any]:
    """Posts and a mail made of the chosen sentences, for who asked for `assets`."""
    action = str(payload.get("call_to_action") or "").rstrip(".")
    tag = "".join(word.capitalize() for word in re.findall(r"\w+", str(payload.get("primary_keyword") or "")))
    tail = " ".join(part for part in (f"{action}." if action else "", f"#{tag}" if tag else "") if part)
    assets: dict[str, Any] = {}
    if "social" in payload["assets"]:
        assets["social"] = [f"{shortened(text, LONGEST_POST - len(tail) - 1)} {tail}".strip() for text in chosen[:3]]
    if "email" in payload["assets"]:
        body = "\n\n".join(["Hello,", *chosen[:3], *([f"{action}."] if action else []), "Kind regards"])
        assets["email"] = {"subject": shortened(title, 60), "preview": shortened(chosen[0], 90), "body": body}
    return assets


def appendix(place: str) -> str:
    """The text of an artifact of an earlier step, so that who approves the summary also approves what it rests on."""
    inputs = (STEP / "inputs").resolve()
    path = (inputs / place).resolve()
    if not path.is_relative_to(inputs) or not path.is_file():
        refuse(f"there is no artifact {place!r} below inputs/ to append")
    return path.read_text(encoding="utf-8")


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    count, title = payload.get("max_sentences", 5), payload.get("title", "Summary")
    focus, wanted = payload.get("focus", []), payload.get("assets", [])
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        refuse(f"max_sentences must be a whole number of at least 1, not {json.dumps(count)}")
    if not isinstance(focus, list) or not isinstance(wanted, list) or not set(wanted) <= {"social", "email"}:
        refuse("focus must be a list of phrases, and assets a list that holds social or email or both")
    texts = texts_in([payload.get("text"), payload.get("context")])
    sentences = list(dict.fromkeys(sentence for text in texts for sentence in sentences_in(text)))
    if not sentences:
        refuse("neither text nor context holds a whole sentence, so there is nothing to sum up")

    chosen = best(sentences, focus, count)
    summary = " ".join(chosen)
    output: dict[str, Any] = {
        "summary": summary,
        "summary_deliverable_id": f"summary-{hashlib.sha256(summary.encode()).hexdigest()[:12]}",
        "sentences": chosen,
        "source_sentences": len(sentences),
    }
    page = [f"# {title}", *(f"- {sentence}" for sentence in chosen)]
    if wanted:
        output["assets"] = make_assets(payload, title, chosen)
    artifacts = STEP / "artifacts"
    artifacts.mkdir(exist_ok=True)
    if "social" in wanted:
        posts = "\n\n---\n\n".join(output["assets"]["social"])
        (artifacts / "social.md").write_text(posts + "\n", encoding="utf-8")
    if "email" in wanted:
        mail = output["assets"]["email"]
        (artifacts / "email.md").write_text(f"Subject: {mail['subject']}\n\n{mail['body']}\n", encoding="utf-8")
    text = page[0] + "\n\n" + "\n".join(page[1:]) + "\n"
    if "appendix" in payload:
        text += f"\n## {payload.get('appendix_title', 'Appendix')}\n\n{appendix(str(payload['appendix']))}"
    (artifacts / "summary.md").write_text(text, encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
