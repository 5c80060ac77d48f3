"""How does one generator picture a prompt? Soft discs of light; a stand-in for a service, drawn here and offline."""

import hashlib
import json
import os
import sys
import zlib
from pathlib import Path
from typing import NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

WIDTH, HEIGHT = 160, 120
LARGEST_BLOCK = 65535
"""Bytes of one stored block of a deflate stream."""

Colour = tuple[int, int, int]

PALETTES: dict[str, tuple[Colour, Colour, Colour]] = {
    "sea": ((12, 44, 84), (38, 128, 158), (222, 236, 226)),
    "forest": ((18, 46, 32), (74, 124, 72), (226, 214, 150)),
    "sunset": ((62, 28, 84), (222, 98, 74), (252, 206, 128)),
    "night": ((10, 12, 34), (58, 56, 120), (238, 228, 188)),
    "city": ((38, 42, 52), (122, 134, 150), (244, 186, 92)),
}
"""Word in the prompt -> dark, middle and light colour. Another prompt gets colours from its digest."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"image-generator-openai: {problem}\n")
    sys.exit(BAD_INPUT)


def palette_of(prompt: str, digest: bytes) -> tuple[Colour, Colour, Colour]:
    for word, palette in PALETTES.items():
        if word in prompt.lower():
            return palette
    red, green, blue = digest[0], digest[1], digest[2]
    dark, light = (red // 4, green // 4, blue // 4), (255 - red // 5, 255 - green // 5, 255 - blue // 5)
    return dark, (red, green, blue), light


def mixed(one: Colour, other: Colour, part: int, whole: int) -> Colour:
    """Return the colour `part / whole` of the way from one to the other; whole numbers only, so equal everywhere."""
    red, green, blue = (a + (b - a) * part // whole for a, b in zip(one, other, strict=True))
    return red, green, blue


STYLE = "soft discs"


def draw(prompt: str) -> list[list[Colour]]:
    """Soft discs of light over a gradient, as many as the prompt has words (at least five), placed by its digest."""
    digest = hashlib.sha256(prompt.encode()).digest()
    dark, middle, light = palette_of(prompt, digest)
    pixels = [[mixed(dark, middle, y, HEIGHT)] * WIDTH for y in range(HEIGHT)]
    for number in range(min(10, max(5, len(prompt.split())))):
        a, b, c = digest[3 * number % 30], digest[(3 * number + 1) % 30], digest[(3 * number + 2) % 30]
        x0, y0, radius = a * WIDTH // 256, b * HEIGHT // 256, 10 + c * 26 // 256
        tint = light if number % 2 else mixed(middle, light, 1, 2)
        reach = radius * radius
        for y in range(max(0, y0 - radius), min(HEIGHT, y0 + radius + 1)):
            row = pixels[y]
            for x in range(max(0, x0 - radius), min(WIDTH, x0 + radius + 1)):
                distance = (x - x0) ** 2 + (y - y0) ** 2
                if distance < reach:
                    row[x] = mixed(tint, row[x], reach + 2 * distance, 3 * reach)
    return pixels


def png(pixels: list[list[Colour]]) -> bytes:
    """Encode as PNG, stored without compression: a compressor's bytes differ between its versions, these never do."""
    raw = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in pixels)
    blocks = [raw[start : start + LARGEST_BLOCK] for start in range(0, len(raw), LARGEST_BLOCK)]
    stream = bytearray(b"\x78\x01")
    for block in blocks:
        size = len(block)
        stream += (
            bytes([block is blocks[-1]]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + block
        )
    stream += zlib.adler32(raw).to_bytes(4, "big")
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in ((b"IHDR", header), (b"IDAT", bytes(stream)), (b"IEND", b""))
    )


def main() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    prompt = payload.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        refuse(f"prompt must say what to draw, not {json.dumps(prompt)}")
    picture = png(draw(prompt.strip()))
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "image.png").write_bytes(picture)
    output = {
        "artifact": "image.png",
        "width": WIDTH,
        "height": HEIGHT,
        "style": STYLE,
        "digest": "sha256:" + hashlib.sha256(picture).hexdigest(),
    }
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


if __name__ == "__main__":
    main()
