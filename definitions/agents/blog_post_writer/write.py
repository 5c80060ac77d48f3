"""How does a topic become an outline, and an outline a draft? From templates, to the wanted length, in one of three tones."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

TARGET_WORDS = 450


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"blog_post_writer: {problem}\n")
    sys.exit(BAD_INPUT)


def need(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value.strip():
        refuse(f"{name} must be a text, not {json.dumps(value)}")
    return value.strip()


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def title_of(topic: str) -> str:
    return capital(topic) + ": a practical guide"


def outline(payload: dict[str, Any], templates: dict[str, Any]) -> dict[str, Any]:
    """Choose as many sections as the target length can carry and share the words out among them."""
    topic, audience, keyword = (need(payload, name) for name in ("topic", "audience", "primary_keyword"))
    target = payload.get("target_word_count") or TARGET_WORDS
    if not isinstance(target, int) or isinstance(target, bool) or target < 1:
        refuse(f"target_word_count must be a whole number above 0, not {json.dumps(target)}")
    words = {"topic": topic, "audience": audience, "keyword": keyword}
    sections: list[dict[str, Any]] = []
    budget = target
    for section in templates["sections"]:
        length = sum(len(paragraph.split()) for paragraph in section["paragraphs"])
        if sections and budget < length / 2:
            break
        heading = capital(section["heading"].format(**words))
        sections.append({"heading": heading, "words": length, "points": len(section["paragraphs"])})
        budget -= length
    return {
        "title": title_of(topic),
        "slug": re.sub(r"[^a-z0-9]+", "-", topic.lower()).strip("-"),
        "sections": sections,
        "target_word_count": target,
    }


def draft(payload: dict[str, Any], templates: dict[str, Any]) -> dict[str, Any]:
    """Fill in the sections of the outline. The call to action stands at the end, in the author's words."""
    topic, audience, keyword = (need(payload, name) for name in ("topic", "audience", "primary_keyword"))
    plan = payload.get("outline")
    if not isinstance(plan, dict) or not isinstance(plan.get("sections"), list):
        refuse("outline must be what the task outline gave: an object with sections")
    tone = payload.get("tone") or "plain"
    if tone not in templates["tones"]:
        refuse(f"tone must be one of {', '.join(templates['tones'])}, not {json.dumps(tone)}")
    words = {"topic": topic, "Topic": capital(topic), "audience": audience, "keyword": keyword}
    voice = {place: capital(text.format(**words)) for place, text in templates["tones"][tone].items()}

    parts = [f"# {plan['title']}", f"{voice['opening']} {voice['turn']}"]
    for section, template in zip(plan["sections"], templates["sections"], strict=False):
        parts.append(f"## {section['heading']}")
        parts += [capital(paragraph.format(**words)) for paragraph in template["paragraphs"]]
    action = payload.get("call_to_action")
    parts.append(f"{voice['close']} {capital(action.rstrip('.')) + '.' if action else ''}".strip())
    content = "\n\n".join(parts) + "\n"
    return {"title": plan["title"], "content": content, "word_count": len(content.split()), "tone": tone}


def as_markdown(plan: dict[str, Any]) -> str:
    lines = [f"# {plan['title']}", ""]
    lines += [f"{n}. {part['heading']} ({part['words']} words)" for n, part in enumerate(plan["sections"], start=1)]
    return "\n".join(lines) + "\n"


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    templates = json.loads((BESIDE / "templates.json").read_text(encoding="utf-8"))
    artifacts = STEP / "artifacts"
    match payload.get("task"):
        case "outline":
            output = outline(payload, templates)
            name, text = "outline.md", as_markdown(output)
        case "draft":
            output = draft(payload, templates)
            name, text = "draft.md", output["content"]
        case other:
            refuse(f"task must be outline or draft, not {json.dumps(other)}")
    artifacts.mkdir(exist_ok=True)
    (artifacts / name).write_text(text, encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
