"""What differs from run to run (times, ids, digests, places, people) becomes a word; everything else is asserted."""

import getpass
import os
import re
from pathlib import Path

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\bblake3:[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\bblake3:[0-9a-f]{4}…[0-9a-f]{2}\b"), "DIGEST"),
    (re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b"), "RUN-----------------------"),
    (re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{8}\b"), "RUN-------"),
    # As long as what it stands for, so that columns stay columns.
    # A child's id is cut from a digest.
    (re.compile(r"(?<=child run )[0-9A-F]{10}(?:[0-9A-F]{16})?\b"), "CHILD"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "HH:MM:SS"),
    (re.compile(r"\b\d+\.\ds\b"), "0.0s"),
    (re.compile(r"\b\d+m\d\ds\b"), "0.0s"),
    (re.compile(r"\b\d+[smhd](?= old)"), "0s"),
    (re.compile(r"(?<= @ )[0-9a-f]{7}\+?"), "COMMIT"),
    (re.compile(r"(?<=at commit )[0-9a-f]{7,12}\b"), "COMMIT"),
)

_LOOSE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b\d+s ago\b|(?<= )\d+s(?= )"), "AGE"),
    (re.compile(r"(?<=RUN)-+"), ""),
    (re.compile(r"(?<=\S) {2,}"), "  "),
)
"""Ages, and the gaps of columns, whose width follows the longest cell."""


def normalised(text: str, *places: Path) -> str:
    """Return the text with what differs replaced; `places` are folders that become `PLACE`."""
    for place in sorted(places, key=lambda one: -len(os.fspath(one))):
        text = text.replace(os.fspath(place), "PLACE")
    for pattern, word in _RULES:
        text = pattern.sub(word, text)
    return re.sub(rf"\b(by) {re.escape(getpass.getuser())}\b", r"\1 USER", text)


def loosely(text: str) -> list[str]:
    """Return the normalised lines without the exact widths of columns and without ages."""
    text = normalised(text)
    for pattern, word in _LOOSE:
        text = pattern.sub(word, text)
    return text.splitlines()


def by_step(text: str) -> list[str]:
    """Return plain lines put together by step, in the order in which the steps' names sort.

    Steps side by side end in any order; what is said about each, and everything else, is in order.
    """
    lines = text.splitlines()
    events = [line for line in lines if re.match(r"HH:MM:SS (?!run )\S+ ", line)]
    others = [line for line in lines if line not in events]
    return [*others, *sorted(events, key=lambda line: line.split()[1])]
