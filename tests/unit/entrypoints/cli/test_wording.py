"""Times and ids as people read them."""

import pytest

from controller.entrypoints.cli.wording import age, brief, one_line, short, span, wait


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.0s"),
        (-5, "0.0s"),
        (449, "0.4s"),
        (12_345, "12.3s"),
        (59_949, "59.9s"),
        (59_950, "1m00s"),
        (131_000, "2m11s"),
        (3_599_499, "59m59s"),
        (3_599_500, "1h00m"),
        (11_040_000, "3h04m"),
        (86_400_000, "1d00h"),
        (4 * 86_400_000 + 2 * 3_600_000, "4d02h"),
    ],
)
def test_a_length_of_time(milliseconds: int, text: str) -> None:
    assert span(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(250, "250ms"), (10_000, "10s"), (1500, "1.5s"), (600_000, "10m00s")]
)
def test_a_wait(milliseconds: int, text: str) -> None:
    assert wait(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(9000, "9s"), (240_000, "4m"), (3 * 3_600_000, "3h"), (2 * 86_400_000, "2d")]
)
def test_an_age(milliseconds: int, text: str) -> None:
    assert age(milliseconds) == text


def test_ids_and_digests() -> None:
    assert short("01JD8XQ2ZKABCDEFGHJKMNPQRS") == "01JD8XQ2ZK"
    assert brief("blake3:" + "5e0c" + "0" * 58 + "91") == "blake3:5e0c…91"
    assert brief(None) == "-"


def test_text_of_others_cannot_move_the_cursor() -> None:
    assert one_line("a\n\tb\x1b[2J c", 20) == "a b�[2J c"
    assert one_line("x" * 30, 10) == "x" * 9 + "…"
