import pytest

from controller.runtime.phrases import counted, listed, size_text


def test_counts() -> None:
    assert [counted(1, "step"), counted(1234, "step"), counted(2, "retry", "retries")] == [
        "1 step",
        "1,234 steps",
        "2 retries",
    ]


@pytest.mark.parametrize(
    ("names", "most", "text"),
    [
        ("", None, "nothing"),
        ("a", None, "a"),
        ("ab", None, "a and b"),
        ("abc", None, "a, b and c"),
        ("abc", 3, "a, b and c"),
        ("abcd", 3, "a, b and 2 more"),
        ("abc", 1, "3 more"),
    ],
)
def test_lists_of_names(names: str, most: int | None, text: str) -> None:
    assert listed(list(names), most) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (193_536, "189 KiB"),
        (2_516_582, "2.4 MiB"),
        (3 * 1024**4, "3,072 GiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text
