"""How are ids, digests, times and counts written for people? One form for all verbs."""

from datetime import datetime

SHORT_ID = 10
"""Characters of a run id that are shown: the time part of a ULID, to the millisecond, and a valid prefix for every verb."""


NAMES: dict[str, str] = {}
"""Uid of a run -> name of its object, where runs have names (on a cluster); filled by the session."""


def short(uid: str) -> str:
    """Return the name of a run, or else the beginning of its id; every verb takes it for the whole."""
    return NAMES.get(uid) or (uid if NAMES else uid[:SHORT_ID])


def titled(uid: str) -> str:
    """Return a run as what is kept of it names it: its id whole, or its name where it has one."""
    return NAMES.get(uid) or uid


def brief(digest: str | None) -> str:
    """Return a digest as `blake3:5e0c…91`: enough to compare by eye."""
    if not digest:
        return "-"
    algorithm, _, hexadecimal = digest.rpartition(":")
    return f"{algorithm}:{hexadecimal[:4]}…{hexadecimal[-2:]}"


def span(milliseconds: int) -> str:
    """Return a length of time with the two largest units that matter: 0.4s, 12.3s, 2m11s, 3h04m, 4d02h."""
    if milliseconds < 59_950:
        return f"{max(0, milliseconds) / 1000:.1f}s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h"


def wait(milliseconds: int) -> str:
    """Return a length of time that was chosen, without false precision: 300ms, 10s, 2m."""
    if milliseconds < 1000:
        return f"{max(0, milliseconds)}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:g}s"
    return span(milliseconds)


def age(milliseconds: int) -> str:
    """Return how long ago something was, in its largest unit: 9s, 4m, 3h, 2d."""
    seconds = max(0, milliseconds) // 1000
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock(milliseconds: int, form: str = "%H:%M:%S") -> str:
    """Return a moment as the wall clock of this machine shows it."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime(form)


def one_line(text: str, most: int = 200) -> str:
    """Return text of others on one line, without control characters that would move a terminal's cursor."""
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "�" for letter in line)
    return line if len(line) <= most else line[: most - 1] + "…"
