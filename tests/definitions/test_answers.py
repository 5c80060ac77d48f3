"""Are the agents' answers right, beyond their form? What is worth more than one line of the table of calls."""

import csv
import io
import re
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.definitions.agent import LIBRARY, Bench
from tests.definitions.calls import GOOD, QUARTER, TEXT

DATA = LIBRARY / "agents" / "supabase-agent" / "kpi.csv"


def test_the_database_adds_up_what_the_file_holds(tmp_path: Path) -> None:
    with DATA.open(encoding="utf-8", newline="") as file:
        days = [row for row in csv.DictReader(file) if row["day"].startswith("2026-08")]
    payload = {"kpi_names": ["revenue", "gross_margin"], "grouping": "month", **QUARTER}
    rows = Bench(tmp_path).attempt("supabase-agent", payload).output["query_results"]
    found = {row["kpi"]: row["value"] for row in rows if row["period"] == "2026-08"}
    assert found["revenue"] == sum(int(day["revenue"]) for day in days)
    assert found["gross_margin"] == pytest.approx(sum(float(day["gross_margin"]) for day in days) / len(days), abs=0.05)


def test_books_and_kpis_tell_the_same_revenue(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    kpis = bench.attempt("supabase-agent", {"kpi_names": ["revenue"], "grouping": "month", **QUARTER}, step="kpis")
    sql = "SELECT sum(amount) AS amount FROM ledger WHERE kind = 'revenue' AND month BETWEEN '2026-07' AND '2026-09'"
    books = bench.attempt("sql-agent", {"sql": sql}, step="books").left()["artifacts/rows.csv"].decode()
    assert sum(row["value"] for row in kpis.output["query_results"]) == int(books.split()[1])


def test_the_authorizer_leaves_reading_alone(tmp_path: Path) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, upper('a') AS a FROM n"
    assert Bench(tmp_path).attempt("sql-agent", {"sql": sql}).output["row_count"] == 3


def test_a_summary_only_chooses(tmp_path: Path) -> None:
    answer = (
        Bench(tmp_path).attempt("summarizer", {"text": f"# Title\n\n| a | b. |\n\n- {TEXT}", "max_sentences": 2}).output
    )
    assert all(sentence in TEXT for sentence in answer["sentences"])
    assert answer["source_sentences"] == 3


def test_a_long_post_is_cut_at_a_word(tmp_path: Path) -> None:
    text = "Orders " + "and more orders " * 40 + "rose."
    payload = {"text": text, "assets": ["social"], "call_to_action": "Call us", "primary_keyword": "order tracking"}
    (post,) = Bench(tmp_path).attempt("summarizer", payload).output["assets"]["social"]
    assert len(post) <= 280
    assert post.endswith("… Call us. #OrderTracking")


@pytest.mark.parametrize(
    ("text", "status", "rules"),
    [
        ("Order tracking saves a morning a week.", "pass", []),
        ("Success is guaranteed with our world-leading kit.", "fail", ["promise", "superlative"]),
        ("We want digital natives in the sales team.", "fail", ["age"]),
        ("Our guys will call you.", "pass", ["gender"]),
        ("word " * 36 + "end.", "pass", ["long-sentence"]),
    ],
)
def test_compliance_finds_what_the_rules_name(text: str, status: str, rules: list[str], tmp_path: Path) -> None:
    report = Bench(tmp_path).attempt("hr_assistant", {"content": f"# Title\n\n{text}"}).output["qa_report"]
    assert (report["status"], [finding["rule"] for finding in report["findings"]]) == (status, rules)
    assert {finding["line"] for finding in report["findings"]} <= {3}


def test_the_brief_is_well_formed_and_escapes_what_it_is_given(tmp_path: Path) -> None:
    left = Bench(tmp_path).attempt("brief-writer", GOOD["a brief"].payload).left()
    chart, page = left["artifacts/quarter.svg"].decode(), left["artifacts/brief.html"].decode()
    assert ET.fromstring(chart).tag == "{http://www.w3.org/2000/svg}svg"
    assert "Sales &lt;new&gt;" in page
    assert "Orders rose &amp; rose." in page
    assert chart.strip() in page
    assert not re.search(r"(src|href)=.https?:", page)


def png(width: int, rows: list[bytes]) -> bytes:
    """A PNG of RGB rows, each line `Sub`-filtered and compressed, unlike those that our generators make."""
    lines = [bytes([1]) + bytes((v - (row[i - 3] if i > 2 else 0)) & 255 for i, v in enumerate(row)) for row in rows]
    header = width.to_bytes(4, "big") + len(rows).to_bytes(4, "big") + b"\x08\x02\0\0\0"
    file = io.BytesIO()
    file.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")):
        file.write(len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big"))
    return file.getvalue()


GREY = png(2, [bytes([10, 10, 10, 20, 20, 20])])


@pytest.mark.parametrize(
    ("other", "verdict", "mean", "histogram"),
    [
        (GREY, "identical", 0.0, 0.0),
        (png(2, [bytes([10, 10, 10, 20, 20, 26])]), "similar", 1.0, 0.0),
        (png(2, [bytes([20, 20, 20, 10, 10, 10])]), "similar", 10.0, 0.0),
        (png(2, [bytes([250, 250, 250, 250, 250, 250])]), "different", 235.0, 1.0),
    ],
)
def test_pictures_are_compared_by_pixel_and_by_histogram(
    other: bytes, verdict: str, mean: float, histogram: float, tmp_path: Path
) -> None:
    payload = {"images": ["a/image.png", "b/image.png"]}
    answer = Bench(tmp_path).attempt("image-comparator", payload, {"a/image.png": GREY, "b/image.png": other}).output
    assert (answer["verdict"], answer["mean_difference"], answer["histogram_distance"]) == (verdict, mean, histogram)


def test_two_generators_picture_one_prompt_differently(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    pictures = {
        f"{slug}/image.png": bench.attempt(slug, {"prompt": "a city at night"}, step=slug).left()["artifacts/image.png"]
        for slug in ("image-generator-openai", "image-generator-google")
    }
    answer = bench.attempt("image-comparator", {"images": list(pictures)}, pictures).output
    assert answer["verdict"] == "different"
    other = bench.attempt("image-generator-google", {"prompt": "a city at noon"}, step="other").left()[
        "artifacts/image.png"
    ]
    assert other != pictures["image-generator-google/image.png"]
