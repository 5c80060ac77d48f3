"""A terminal's screen, as far as our output needs one: lines, the cursor's moves, and erasing."""

import re

_TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()][A-Z0-9]|([\x00-\x1f])|([^\x00-\x1f\x1b]+)")


class Screen:
    """What was written, with its scrollback. Wide enough never to wrap; colours are left out."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0
        self._column = 0

    def feed(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            numbers, command, control, plain = match.groups()
            if command:
                self._move(command, numbers)
            elif control:
                self._control(control)
            elif plain:
                self._write(plain)

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines).rstrip("\n") + "\n"

    def _write(self, plain: str) -> None:
        line = self._lines[self._row].ljust(self._column)
        self._lines[self._row] = line[: self._column] + plain + line[self._column + len(plain) :]
        self._column += len(plain)

    def _control(self, letter: str) -> None:
        if letter == "\r":
            self._column = 0
        elif letter == "\n":
            self._row += 1
            if self._row == len(self._lines):
                self._lines.append("")

    def _move(self, command: str, numbers: str) -> None:
        amount = int(numbers) if numbers.isdecimal() else 1
        match command:
            case "A":
                self._row = max(0, self._row - amount)
            case "K":
                line = self._lines[self._row]
                self._lines[self._row] = "" if numbers == "2" else line[: self._column]
            case "m" | "h" | "l":
                pass
            case _:
                raise AssertionError(f"the screen does not know ESC[{numbers}{command}")
