"""What does a campaign need to go out? Research on an audience, a landing page and a sequence of mails, from templates.

One agent with three tasks, so that a definition can run the page and the mails beside each other on the same research.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import date, timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BESIDE = Path(__file__).parent
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

MAILS = (
    (-7, "teaser", "Soon: {offer}", "From {day} on you can use {offer}. It was made for people who want to {goal}."),
    (0, "launch", "{campaign} is here", "Today {campaign} starts: {offer}. No more worrying about {worry}. {proof}"),
    (
        5,
        "reminder",
        "Did you see {campaign}?",
        "Many {audience}s want to {second_goal}. Our offer, {offer}, helps with that, too.",
    ),
)
"""Days from the launch, name, subject, text."""

CARDS = ("What you gain", "And that, too", "What you leave behind", "And this with it")
"""Headings on the landing page: of two goals, then of two worries."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"marketing-swarm: {problem}\n")
    sys.exit(BAD_INPUT)


def need(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value.strip():
        refuse(f"{name} must be a text, not {json.dumps(value)}")
    return value.strip()


def need_research(payload: dict[str, Any]) -> dict[str, Any]:
    given = payload.get("research")
    if not isinstance(given, dict) or not {"audience", "goals", "worries", "proof"} <= given.keys():
        refuse("research must be what the task research gave: an object with audience, goals, worries and proof")
    return given


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def write(name: str, text: str) -> str:
    path = STEP / "artifacts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


def research(payload: dict[str, Any]) -> dict[str, Any]:
    campaign, audience = need(payload, "campaign_name"), need(payload, "target_audience")
    personas = json.loads((BESIDE / "personas.json").read_text(encoding="utf-8"))
    if audience not in personas:
        refuse(f"nothing is known about {audience!r}; known audiences are {', '.join(personas)}")
    persona = personas[audience]
    channels = payload.get("preferred_channels") or persona["channels"]
    statements = [
        f"A {audience} wants to {persona['goals'][0]} and to {persona['goals'][1]}.",
        f"What keeps a {audience} awake is {persona['worries'][0]}, and {persona['worries'][1]}.",
        persona["proof"],
        f"The campaign {campaign} reaches a {audience} best through {' and '.join(channels)}.",
    ]
    page = [f"# Research for {campaign}", "", *(f"- {statement}" for statement in statements), ""]
    write("research.md", "\n".join(page))
    return {"audience": audience, **persona, "channels": channels, "statements": statements}


def landing_page(payload: dict[str, Any]) -> dict[str, Any]:
    campaign, offer, known = need(payload, "campaign_name"), need(payload, "primary_offer"), need_research(payload)
    headline = f"{capital(offer)}, for every {known['audience']}"
    lead = f"{campaign} helps you {known['goals'][0]}."
    points = list(zip(CARDS, [*known["goals"], *known["worries"]], strict=False))
    action = payload.get("call_to_action") or "Talk to us"
    cards = "\n".join(f"<li><h2>{escape(title)}</h2><p>{escape(capital(text))}.</p></li>" for title, text in points)
    template = Template((BESIDE / "landing.html").read_text(encoding="utf-8"))
    values = {"campaign": campaign, "headline": headline, "lead": lead, "action": action, "proof": known["proof"]}
    footer = f"{campaign} starts on {payload['launch_date']}." if payload.get("launch_date") else campaign
    page = template.substitute({k: escape(v) for k, v in values.items()}, cards=cards, footer=escape(footer))
    write("landing-page.html", page)
    copy = [headline + ".", lead, *(f"{title}: {text}." for title, text in points), known["proof"]]
    return {"headline": headline, "copy": copy, "call_to_action": action, "artifact": "landing-page.html"}


def email_sequence(payload: dict[str, Any]) -> dict[str, Any]:
    campaign, offer, known = need(payload, "campaign_name"), need(payload, "primary_offer"), need_research(payload)
    try:
        launch = date.fromisoformat(need(payload, "launch_date"))
    except ValueError:
        refuse(f"launch_date must be a date such as 2026-11-02, not {json.dumps(payload['launch_date'])}")
    words = {
        "campaign": campaign,
        "offer": offer,
        "audience": known["audience"],
        "goal": known["goals"][0],
        "second_goal": known["goals"][-1],
        "worry": known["worries"][0],
        "proof": known["proof"],
        "day": launch.isoformat(),
    }
    mails = []
    for number, (days, name, subject, text) in enumerate(MAILS, start=1):
        send_on = (launch + timedelta(days)).isoformat()
        mail = {
            "name": name,
            "send_on": send_on,
            "subject": capital(subject.format(**words)),
            "body": capital(text.format(**words)),
        }
        page = f"---\nsend_on: {send_on}\nsubject: {mail['subject']}\n---\n\nHello,\n\n{mail['body']}\n\nKind regards\n"
        mails.append({**mail, "artifact": write(f"emails/{number}-{name}.md", page)})
    return {"emails": mails, "copy": [mail["body"] for mail in mails]}


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "research": research,
    "landing-page": landing_page,
    "email-sequence": email_sequence,
}


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    if payload.get("task") not in TASKS:
        refuse(f"task must be one of {', '.join(TASKS)}, not {json.dumps(payload.get('task'))}")
    output = TASKS[payload["task"]](payload)
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
