"""What follows from the insights? A creative brief: whom to reach, with what message, in which tone, and when."""

import json
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

ANSWERS = {
    "too many spreadsheets": ("one place for every order", "order tracking"),
    "late deliveries": ("delivery dates that hold", "reliable delivery"),
    "unclear prices": ("prices that are known beforehand", "clear pricing"),
    "missing spare parts": ("spare parts within a day", "spare parts"),
}
"""Trouble of the audience -> what we can say to it, and the keyword that people search for."""

ACTIONS = {
    "one clear price": "See the price list",
    "a fixed delivery date": "Ask for your delivery date",
    "a person to call": "Book a call with an engineer",
    "a trial period": "Start a four-week trial",
}
"""Wish of the audience -> call to action."""

TONES = {"workshop owner": "friendly", "facility manager": "plain", "plant engineer": "expert"}

MILESTONES = (
    (-21, "brief the sales team"),
    (-14, "publish the article"),
    (-7, "send the first mail"),
    (0, "launch"),
    (7, "look at the first figures"),
)
"""Days from the launch -> what happens."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"marketing-strategist: {problem}\n")
    sys.exit(BAD_INPUT)


def day(text: object) -> date | None:
    """Read the launch date, where there is one."""
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        refuse(f"launch_date must be a date such as 2026-11-02, not {json.dumps(text)}")


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    campaign, insights = payload.get("campaign_name"), payload.get("insights")
    if not isinstance(campaign, str) or not campaign.strip():
        refuse(f"campaign_name must be a text, not {json.dumps(campaign)}")
    if not isinstance(insights, dict) or not insights.get("segments"):
        refuse("insights must be what marketing-researcher gave: an object with segments")
    launch = day(payload.get("launch_date"))

    lead: dict[str, Any] = insights["segments"][0]
    message, keyword = ANSWERS.get(lead["pain"][0]["answer"], ("work that goes on without surprises", "planning"))
    brief: dict[str, Any] = {
        "topic": f"{keyword} for {lead['segment']}s",
        "audience": f"{lead['segment']}s",
        "primary_keyword": keyword,
        "tone": TONES.get(lead["segment"], "plain"),
        "call_to_action": ACTIONS.get(lead["wish"][0]["answer"], "Talk to us"),
        "target_word_count": 450,
        "message": f"{campaign} means {message}.",
        "channels": [channel["answer"] for channel in lead["channel"][:2]],
        "timeline": [
            {"date": (launch + timedelta(days)).isoformat(), "milestone": milestone}
            for days, milestone in MILESTONES
            if launch is not None
        ],
    }
    page = [
        f"# Creative brief: {campaign}",
        "",
        f"- **Audience:** {brief['audience']}",
        f"- **Message:** {brief['message']}",
        f"- **Tone:** {brief['tone']}",
        f"- **Keyword:** {brief['primary_keyword']}",
        f"- **Call to action:** {brief['call_to_action']}",
        f"- **Channels:** {', '.join(brief['channels'])}",
    ]
    if launch is not None:
        page += ["", "| Date | Milestone |", "| --- | --- |"]
        page += [f"| {(launch + timedelta(days)).isoformat()} | {milestone} |" for days, milestone in MILESTONES]
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "creative_brief.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps(brief), encoding="utf-8")


if __name__ == "__main__":
    main()
