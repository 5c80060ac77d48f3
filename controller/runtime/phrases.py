"""How are counts, sizes and lists of names written in a sentence?"""

from collections.abc import Sequence


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 step`, `2 steps`, `1,000 steps`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Return `a`, `a and b`, `a, b and c`; where there are more than `most`, `a, b and 12 more`."""
    if not names:
        return "nothing"
    left_out = 0 if most is None or len(names) <= most else len(names) - most + 1
    shown = [*names[: len(names) - left_out], *([f"{left_out} more"] if left_out else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def size_text(size: float) -> str:
    """Return a number of bytes in the largest unit that gives at least 1: 512 B, 2.4 MiB, 189 KiB."""
    if size < 1024:
        return f"{size:,.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024 or unit == "GiB":
            break
    return f"{size:,.0f} {unit}" if size >= 100 else f"{size:,.1f} {unit}"
