"""Artifacts inside the page: shown where that can do no harm, named where not."""

from base64 import b64encode
from html import unescape

import pytest

from controller.model.digest import digest_bytes
from controller.runtime.report.facts import Artifact
from controller.runtime.report.inline import LARGEST_TEXT, MOST_LINES, shown

PNG = b"\x89PNG\r\n\x1a\n rest"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def artifact(name: str, content: bytes) -> Artifact:
    return Artifact(name, digest_bytes(content), len(content), content)


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("a.png", PNG, "image/png"),
        ("a.bin", PNG, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.webp", b"RIFF\0\0\0\0WEBP", "image/webp"),
        ("a.svg", SVG, "image/svg+xml"),
    ],
)
def test_pictures_are_images_so_that_no_script_in_them_runs(name: str, content: bytes, media: str) -> None:
    assert shown(artifact(name, content)) == (
        f'<img alt="{name}" src="data:{media};base64,{b64encode(content).decode()}">'
    )


def test_a_page_of_an_agent_may_do_nothing() -> None:
    html = shown(artifact("a.html", b'<p onclick="x()">hi</p><script src="https://evil.example"></script>'))
    assert html.startswith('<iframe sandbox=""')
    assert html.count("<") == 2
    assert "default-src 'none'" in unescape(unescape(html))


def test_text_is_escaped() -> None:
    assert shown(artifact("a.txt", b"<script>")) == "<pre>&lt;script&gt;</pre>"
    assert shown(artifact("a.json", b'{"a":"<b>"}')) == "<pre>{\n  &quot;a&quot;: &quot;&lt;b&gt;&quot;\n}</pre>"
    assert shown(artifact("broken.json", b"{<")) == "<pre>{&lt;</pre>"


def test_tables_are_tables() -> None:
    html = shown(artifact("a.csv", b"name,value\n<b>,-1.5\n"))
    assert html == (
        "<table><thead><tr><th>name</th><th>value</th></tr></thead>"
        '<tbody><tr><td>&lt;b&gt;</td><td class="number">-1.5</td></tr></tbody></table>'
    )
    assert "and 10 more rows" in shown(artifact("a.csv", b"x\n" * (MOST_LINES + 11)))
    assert shown(artifact("a.csv", b"")) == '<p class="muted">Empty.</p>'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Artifact("a.bin", "", 9, None), "Not shown: 9 B."),
        (artifact("a.bin", b"\xff\xfe"), "Not shown: 2 B that are no text."),
        (artifact("a.txt", b"x" * (LARGEST_TEXT + 2048)), "and 2.0 KiB more"),
    ],
)
def test_what_is_not_shown_is_said(given: Artifact, said: str) -> None:
    assert said in shown(given)
