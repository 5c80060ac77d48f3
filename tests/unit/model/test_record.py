"""The time of a record: milliseconds, read back as they were written, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.record import parse_time, time_text


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_what_was_written_is_read(milliseconds: int) -> None:
    assert parse_time(time_text(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T12:04:31Z",
        "2026-11-20T12:04:31.007",
        "2026-11-20T12:04:31.007+01:00",
        "2026-11-20 12:04:31.007Z",
        "2026-W47-5T12:04:31.007Z",
        "2026-13-20T12:04:31.007Z",
        "2026-11-20T24:00:00.000Z",
        "2026-11-20T12:04:60.000Z",
        "٢026-11-20T12:04:31.007Z",
        "2026-11-20T12:04:31.007Z\n",
        "",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)
