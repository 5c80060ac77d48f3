"""How different are two pictures? Pixel by pixel, and by how much light and colour each holds in all.

Reads PNG itself: eight bits per channel, RGB or RGBA, not interlaced. Where one picture is missing, because its step was
skipped, the answer says so instead of failing.
"""

import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

SIMILAR_BELOW = 12.0
"""Mean difference per channel, of 255. Below it people call two pictures alike at a glance."""

BINS = 16
"""Of the histogram of one channel."""


class Picture(NamedTuple):
    """Rows of RGB bytes."""

    width: int
    height: int
    rows: list[bytes]


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"image-comparator: {problem}\n")
    sys.exit(BAD_INPUT)


def unfiltered(kind: int, line: bytearray, above: bytes, channels: int) -> bytes:
    """Take back the filter of one PNG line (PNG specification, section 9)."""
    for place in range(len(line)):
        left = line[place - channels] if place >= channels else 0
        up = above[place]
        corner = above[place - channels] if place >= channels else 0
        match kind:
            case 1:
                guess = left
            case 2:
                guess = up
            case 3:
                guess = (left + up) // 2
            case 4:
                estimate = left + up - corner
                guess = min((left, up, corner), key=lambda value: abs(estimate - value))
            case _:
                return bytes(line)
        line[place] = (line[place] + guess) & 0xFF
    return bytes(line)


def read(place: str) -> Picture | None:
    inputs = (STEP / "inputs").resolve()
    path = (inputs / place).resolve()
    if not path.is_relative_to(inputs):
        refuse(f"{place!r} is not below inputs/")
    if not path.is_file():
        return None
    data = path.read_bytes()
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    channels = {2: 3, 6: 4}.get(data[25]) if data[:8] == b"\x89PNG\r\n\x1a\n" else None
    if channels is None or data[24] != 8 or data[28] != 0:
        refuse(f"{place} is not a PNG of eight bits per channel in RGB or RGBA, not interlaced")
    stream, at = b"", 8
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        stream += data[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    try:
        raw = zlib.decompress(stream)
    except zlib.error as error:
        refuse(f"{place} is damaged: {error}")
    length, above, rows = width * channels, bytes(width * channels), []
    for start in range(0, height * (length + 1), length + 1):
        above = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + length]), above, channels)
        rows.append(above if channels == 3 else bytes(v for n, v in enumerate(above) if n % 4 != 3))
    return Picture(width, height, rows)


def histogram(picture: Picture) -> list[int]:
    counts = [0] * (3 * BINS)
    for row in picture.rows:
        for place, value in enumerate(row):
            counts[place % 3 * BINS + value * BINS // 256] += 1
    return counts


def compare(one: Picture, other: Picture) -> dict[str, Any]:
    if (one.width, one.height) != (other.width, other.height):
        refuse(f"the sizes differ: {one.width}x{one.height} and {other.width}x{other.height}")
    differences = [
        abs(a - b) for left, right in zip(one.rows, other.rows, strict=True) for a, b in zip(left, right, strict=True)
    ]
    values = one.width * one.height * 3
    pixels = sum(any(differences[place : place + 3]) for place in range(0, values, 3))
    apart = sum(abs(a - b) for a, b in zip(histogram(one), histogram(other), strict=True))
    mean = sum(differences) / values
    return {
        "mean_difference": round(mean, 3),
        "largest_difference": max(differences),
        "changed_percent": round(300 * pixels / values, 1),
        "histogram_distance": round(apart / (2 * values), 4),
        "verdict": "identical" if not any(differences) else "similar" if mean < SIMILAR_BELOW else "different",
    }


def main() -> None:
    given = json.loads((STEP / "input.json").read_text(encoding="utf-8"))
    names = given["payload"].get("images")
    if not isinstance(names, list) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        refuse(f"images must name two artifacts as <step>/<artifact>, not {json.dumps(names)}")
    pictures = {name: read(name) for name in names}
    missing = [name for name, picture in pictures.items() if picture is None]
    present = [picture for picture in (pictures[name] for name in names) if picture is not None]
    if len(present) == 2:
        result = compare(*present)
        words = (
            f"The pictures are {result['verdict']}: {result['changed_percent']} % of the pixels differ, by"
            f" {result['mean_difference']} of 255 per channel on average; their histograms are"
            f" {100 * result['histogram_distance']:.1f} % apart."
        )
    else:
        result = {"verdict": "incomplete", "missing": missing}
        words = f"Nothing to compare: {' and '.join(missing)} is missing."
    output = {**result, "images": names, "question": given.get("userMessage"), "content": words}
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "comparison.md").write_text(f"# Comparison\n\n{words}\n", encoding="utf-8")
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
