"""Lines from a terminal, without waiting and without its echo; signals of keys stay signals."""

import os
import pty
import termios
from collections.abc import Iterator
from contextlib import suppress

import pytest

from controller.entrypoints.cli.keyboard import Keyboard


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    master, terminal = pty.openpty()
    yield master, terminal
    for descriptor in (master, terminal):
        with suppress(OSError):
            os.close(descriptor)


def typed(keyboard: Keyboard, master: int, text: str) -> list[str]:
    os.write(master, text.encode())
    return list(keyboard.lines())


def test_lines_and_corrections(ends: tuple[int, int]) -> None:
    master, terminal = ends
    keyboard = Keyboard(terminal)
    assert typed(keyboard, master, "a looks") == []
    assert keyboard.typed == "a looks"
    assert typed(keyboard, master, "\x7f\x7f\x7f\x7f\x7fgood \x1b[A\x1bOP✓\nr") == ["a good ✓"]
    assert keyboard.typed == "r"
    assert typed(keyboard, master, "\x15m\n\n") == ["m", ""]
    assert typed(keyboard, master, "half") == []
    keyboard.forget()
    assert keyboard.typed == ""


def test_the_terminal_is_given_back_as_it_was(ends: tuple[int, int]) -> None:
    _, terminal = ends
    before = termios.tcgetattr(terminal)
    keyboard = Keyboard(terminal)
    during = termios.tcgetattr(terminal)[3]
    assert not during & (termios.ECHO | termios.ICANON)
    assert during & termios.ISIG
    keyboard.give_back()
    assert termios.tcgetattr(terminal) == before


def test_a_closed_terminal_is_noticed(ends: tuple[int, int]) -> None:
    master, terminal = ends
    keyboard = Keyboard(terminal)
    os.close(master)
    assert list(keyboard.lines()) == []
    assert keyboard.gone
    keyboard.give_back()
