"""Markdown of agents on a page: readable, and harmless whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.report.prose import to_html

TABLE = (
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
    '<tbody><tr><td>x</td><td class="number">-3.6 %</td></tr></tbody></table>'
)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>"),
        ("- a\n- **b**", "<ul><li>a</li><li><strong>b</strong></li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("a *b* and _c_ but not snake_case_d", "<p>a <em>b</em> and <em>c</em> but not snake_case_d</p>"),
        ("`<b>` here", "<p><code>&lt;b&gt;</code> here</p>"),
        ("```sql\nSELECT <1>\n```", "<pre>SELECT &lt;1&gt;</pre>"),
        ("[site](https://example.org)", "<p>site <small>(https://example.org)</small></p>"),
        ("![chart](x.png)", "<p><em>chart</em></p>"),
        ("---", "<hr>"),
        (
            "| a | b |\n| --- | ---: |\n| x | -3.6 % |",
            TABLE,
        ),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("text\n# Heading", "<p>text</p>\n<h3>Heading</h3>"),
    ],
)
def test_it_is_shown_as_it_was_meant(text: str, html: str) -> None:
    assert to_html(text) == html


PIECES = [
    "<",
    ">",
    "&",
    '"',
    "'",
    "*",
    "_",
    "`",
    "[x](javascript:1)",
    "![",
    "](",
    ")",
    "#",
    "-",
    "|",
    "\n",
    "a",
    "<img src=x>",
]
TAGS = "h3 h4 h5 h6 p ul ol li strong em code pre hr small table thead tbody tr th td"
"""All that we ever write."""


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_makes_a_tag_of_its_own(text: str) -> None:
    html = to_html(text).replace('<td class="number">', "<td>")
    for tag in TAGS.split():
        html = html.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in html
    assert ">" not in html
