"""Times as a report writes them."""

from datetime import UTC, datetime


def span(milliseconds: float) -> str:
    """Return a length of time: 0.4 s, 2 min 11 s, 42 min, 3 h 4 min, 4 d 2 h."""
    if milliseconds < 59_950:
        return f"{max(0.0, milliseconds) / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 10:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
        return " ".join(parts)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def about(milliseconds: int) -> str:
    """Return a length of time in its largest unit, short enough for a narrow place: 2 s, 35 min, 1 h, 2 d."""
    for unit, size_ms in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds >= size_ms:
            return f"{round(milliseconds / size_ms)} {unit}"
    return f"{milliseconds} ms"


def tick(milliseconds: int) -> str:
    """Return a mark of the scale: 0, 500 ms, 2 s, 1:30, 2 h, 3 d."""
    if milliseconds == 0:
        return "0"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:g} s"
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    if seconds < 2 * 86_400:
        hours, rest = divmod(int(seconds), 3600)
        return f"{hours} h {rest // 60:02d}" if rest // 60 else f"{hours} h"
    return f"{seconds / 86_400:g} d"


def moment(milliseconds: int) -> str:
    """Return a point in time, in UTC: the same for every reader."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
