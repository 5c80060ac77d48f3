"""Artifacts shown inside a page that loads nothing and runs nothing, whatever an agent wrote."""

import csv
import io
from base64 import b64encode
from html import escape

import orjson

from controller.runtime.phrases import size_text
from controller.runtime.report.facts import Artifact
from controller.runtime.report.prose import to_html

LARGEST_TEXT = 64 * 1024
"""Bytes of a text that are shown."""
MOST_LINES = 40
"""Rows of a CSV file that are shown."""

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a page of an agent may load: its own styles and pictures, nothing from anywhere."""


def shown(artifact: Artifact) -> str:
    """Return HTML that shows an artifact, or says why not."""
    content = artifact.content
    if content is None:
        return f'<p class="muted">Not shown: {size_text(artifact.size)}.</p>'
    media = image_type(artifact.name, content)
    if media is not None:
        return f'<img alt="{escape(artifact.name)}" src="data:{media};base64,{b64encode(content).decode()}">'
    try:
        text = content[:LARGEST_TEXT].decode("utf-8", "strict" if len(content) <= LARGEST_TEXT else "ignore")
    except UnicodeDecodeError:
        return f'<p class="muted">Not shown: {size_text(artifact.size)} that are no text.</p>'
    return _text(artifact.name.lower(), text) + _cut(artifact.size)


def image_type(name: str, content: bytes) -> str | None:
    """Return the media type of what a page may show as an image; SVG is one, and as an image it runs no script."""
    for magic, media in _IMAGES:
        if content.startswith(magic):
            return media
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if name.lower().endswith(".svg") and b"<svg" in content[:2048]:
        return "image/svg+xml"
    return None


def _text(name: str, text: str) -> str:
    if name.endswith((".md", ".markdown")):
        return f'<div class="prose">{to_html(text)}</div>'
    if name.endswith((".html", ".htm")):
        guard = f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        page = f"<!doctype html>{guard}{text}"
        # Without any permission in `sandbox` nothing runs, navigates or sends forms.
        return f'<iframe sandbox="" loading="lazy" title="page of the agent" srcdoc="{escape(page)}"></iframe>'
    if name.endswith(".csv"):
        return _csv(text)
    if name.endswith(".json"):
        return f"<pre>{escape(_indented(text))}</pre>"
    return f"<pre>{escape(text)}</pre>"


def _indented(text: str) -> str:
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


def _csv(text: str) -> str:
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        return f"<pre>{escape(text)}</pre>"
    if not rows:
        return '<p class="muted">Empty.</p>'
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td{_numeric(cell)}>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in rows[1 : MOST_LINES + 1]
    )
    more = len(rows) - 1 - MOST_LINES
    rest = f'<p class="muted">and {more:,} more rows</p>' if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _numeric(cell: str) -> str:
    return ' class="number"' if cell.lstrip("-+").replace(".", "", 1).isdigit() else ""


def _cut(count: int) -> str:
    rest = count - LARGEST_TEXT
    return f'<p class="muted">and {size_text(rest)} more</p>' if rest > 0 else ""
