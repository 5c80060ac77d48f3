"""What every Clock promises."""

import time

import pytest

from controller.adapters.clock import SystemClock
from controller.ports.clock import Clock
from tests.fakes.clock import START, SettableClock


@pytest.fixture(params=[SystemClock, SettableClock], ids=["system", "settable"])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_milliseconds_of_a_plausible_time(clock: Clock) -> None:
    assert isinstance(clock.now(), int)
    assert START - 1 < clock.now() < START + 100 * 365 * 86_400_000


def test_the_monotonic_clock_does_not_go_back(clock: Clock) -> None:
    moments = [clock.monotonic() for _ in range(1000)]
    assert moments == sorted(moments)
    assert all(isinstance(moment, int) for moment in moments)


def test_the_system_clocks_count_milliseconds() -> None:
    clock = SystemClock()
    before = time.time(), clock.now(), clock.monotonic(), time.monotonic()
    while time.monotonic() - before[3] < 0.02:
        pass
    assert abs(before[1] - before[0] * 1000) < 1000
    assert 19 <= clock.monotonic() - before[2] < 2000
    assert 10 <= clock.now() - before[1] < 2000


def test_a_settable_clock_passes_and_jumps() -> None:
    clock = SettableClock()
    clock.advance(250)
    clock.jump(-3_600_000)
    assert (clock.now(), clock.monotonic()) == (START + 250 - 3_600_000, 250)
    clock.set(START)
    assert (clock.now(), clock.monotonic()) == (START, 250)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
