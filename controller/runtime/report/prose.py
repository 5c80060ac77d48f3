"""Markdown of others as HTML that can do no harm: everything is escaped first, and links are shown, never live."""

import re
from collections.abc import Iterator, Sequence
from html import escape

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_BULLET = re.compile(r"\s{0,3}[-*+]\s+(.*)")
_NUMBER = re.compile(r"\s{0,3}\d{1,9}[.)]\s+(.*)")
_RULE = re.compile(r"\s{0,3}([-*_])(\s*\1){2,}\s*$")
_TABLE_LINE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
NUMBER = ' class="number"'
"""Attribute of cells that hold a number."""
_INLINE: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"!\[([^\]]*)\]\([^)\s]*\)"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\(([^)\s]*)\)"), r"\1 <small>(\2)</small>"),
    (re.compile(r"\*\*(\S(?:.*?\S)?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*]*?\S)?)\*(?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w_])_(\S(?:[^_]*?\S)?)_(?![\w_])"), r"<em>\1</em>"),
)


def to_html(text: str, shift: int = 2) -> str:
    """Return safe HTML of Markdown; headings are set `shift` levels lower, as they stand inside a page."""
    return "\n".join(_blocks(text.replace("\r\n", "\n").split("\n"), shift))


def _blocks(lines: Sequence[str], shift: int) -> Iterator[str]:
    place = 0
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            place += 1
        elif line.startswith("```"):
            end = next((i for i in range(place + 1, len(lines)) if lines[i].startswith("```")), len(lines))
            code = "\n".join(lines[place + 1 : end])
            yield f"<pre>{escape(code)}</pre>"
            place = end + 1
        elif heading := _HEADING.match(line):
            level = min(6, len(heading[1]) + shift)
            yield f"<h{level}>{inline(heading[2])}</h{level}>"
            place += 1
        elif _RULE.match(line):
            yield "<hr>"
            place += 1
        elif "|" in line and place + 1 < len(lines) and _TABLE_LINE.match(lines[place + 1]):
            end = place + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            yield _table([lines[place], *lines[place + 2 : end]])
            place = end
        elif (pattern := _list_of(line)) is not None:
            items = []
            while place < len(lines) and (item := pattern.match(lines[place])):
                items.append(f"<li>{inline(item[1])}</li>")
                place += 1
            tag = "ul" if pattern is _BULLET else "ol"
            yield f"<{tag}>{''.join(items)}</{tag}>"
        else:
            end = place + 1
            while end < len(lines) and lines[end].strip() and not _begins_block(lines[end]):
                end += 1
            yield f"<p>{inline(' '.join(part.strip() for part in lines[place:end]))}</p>"
            place = end


def _list_of(line: str) -> re.Pattern[str] | None:
    return next((pattern for pattern in (_BULLET, _NUMBER) if pattern.match(line)), None)


def _begins_block(line: str) -> bool:
    return line.startswith("```") or _HEADING.match(line) is not None or _list_of(line) is not None


def _table(lines: Sequence[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head = "".join(f"<th>{inline(cell)}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows[1:])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: str) -> str:
    number = re.fullmatch(r"[-+−]?[\d.,]+\s?%?", cell) is not None
    return f"<td{NUMBER if number else ''}>{inline(cell)}</td>"


def inline(text: str) -> str:
    """Return safe HTML of one line of Markdown."""
    parts = re.split(r"(`+)(.+?)\1", text)
    made = []
    for number in range(0, len(parts), 3):
        plain = escape(parts[number])
        for pattern, replacement in _INLINE:
            plain = pattern.sub(replacement, plain)
        made.append(plain)
        if number + 2 < len(parts):
            made.append(f"<code>{escape(parts[number + 2])}</code>")
    return "".join(made)
