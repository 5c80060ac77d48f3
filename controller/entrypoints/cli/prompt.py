"""Prompt: what a person at the terminal is asked at a checkpoint, while steps go on and others may decide first."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.keyboard import Keyboard
from controller.entrypoints.cli.patches import patch_from
from controller.entrypoints.cli.presenter import Presenter, Tree, open_gates
from controller.entrypoints.cli.wording import brief
from controller.model.states import Verdict

if TYPE_CHECKING:
    from controller.model.run import GateStatus

_VERDICTS: Mapping[str, Verdict] = {"a": Verdict.APPROVE, "r": Verdict.REJECT, "m": Verdict.MODIFY}

_MODIFY = "change KEY=VALUE (empty line: do it, a dot: back) "


class Prompt:
    """Asks about one open checkpoint after the other. Reading never waits."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._keyboard = Keyboard(sys.stdin.fileno())
        self._gate: GateStatus | None = None
        self._changes: list[str] | None = None
        """Lines of a modification while it is typed; None: a verdict is asked for."""

    @property
    def gone(self) -> bool:
        """Whether the terminal was closed."""
        return self._keyboard.gone

    @property
    def text(self) -> str | None:
        """The question with what was typed so far; None while there is nothing to ask."""
        if self._gate is None:
            return None
        if self._changes is not None:
            return _MODIFY + self._keyboard.typed
        offered = [action for action in ("approve", "reject", "modify") if action in self._gate.actions]
        words = [*offered, "show"]
        return f"{' / '.join(words)} [{'/'.join(word[0] for word in words)}]? {self._keyboard.typed}"

    def again(self) -> None:
        """Take the terminal over again after others used it."""
        self._keyboard.take()

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._keyboard.give_back()

    def look(self, show: Presenter) -> None:
        """See what is to be asked now and what was typed."""
        gate = next(
            (one for one in open_gates(self._tree) if (one.run, one.request) not in self._tree.decided_here), None
        )
        if _identity(gate) != _identity(self._gate):
            # What was typed before the question came, or about another one, is no answer to this one.
            self._keyboard.forget()
            self._gate, self._changes = gate, None
            return
        for line in self._keyboard.lines():
            if self._gate is not None:
                self._answer(line.strip(), show)

    def _answer(self, line: str, show: Presenter) -> None:
        assert self._gate is not None
        if self._changes is not None:
            self._modify(line, show)
            return
        word, _, comment = line.partition(" ")
        letter = word[:1].lower()
        whole = word.lower() in ("", letter, "approve", "reject", "modify", "show")
        verdict = _VERDICTS.get(letter) if whole else None
        if letter == "s" and whole:
            show.note(shown(self._tree, self._gate))
        elif verdict is None or verdict not in self._gate.actions:
            if line:
                show.note(f'"{line}" is no answer here; type a letter and Enter, a comment may follow: a looks right')
        elif verdict is Verdict.MODIFY:
            self._changes = []
        else:
            self._decide(verdict, comment.strip() or None)

    def _modify(self, line: str, show: Presenter) -> None:
        assert self._changes is not None
        if line == ".":
            self._changes = None
        elif line:
            try:
                patch_from([*self._changes, line], None)
            except click.UsageError as error:
                show.note(error.message)
                return
            self._changes.append(line)
            show.note(f"  {line}")
        elif not self._changes:
            show.note("nothing to change yet")
        else:
            self._decide(Verdict.MODIFY, None, patch_from(self._changes, None))

    def _decide(self, verdict: Verdict, comment: str | None, changes: Mapping[str, Any] | None = None) -> None:
        from controller.model.decision import Decision
        from controller.wiring.local import person

        gate = self._gate
        assert gate is not None
        step = gate.gate.rpartition("/")[2]
        self._tree.decided_here.add((gate.run, gate.request))
        self._tree.session.local.stores.decisions.submit(
            Decision(0, gate.run, step, gate.digest, gate.request, verdict, person(), comment, changes)
        )
        self._gate, self._changes = None, None


def _identity(gate: "GateStatus | None") -> tuple[str, int] | None:
    return None if gate is None else (gate.run, gate.request)


def shown(tree: Tree, gate: "GateStatus") -> str:
    """Return what is to be approved: the output as text, and its artifacts."""
    import yaml

    from controller.runtime.contents import Contents

    contents = Contents(tree.session.local.stores.blobs)
    columns, lines = _size()
    value = contents.output(gate.digest)
    output = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=max(40, columns - 4)).splitlines()
    most = max(10, lines - 8)
    if len(output) > most:
        output = [*output[:most], f"… {len(output) - most} more lines"]
    artifacts = [f"artifact {name}" for name in contents.artifacts(gate.digest)]
    top = f"{gate.gate} asks for approval of {brief(gate.digest)}"
    return "\n".join([top, *(f"  {line}" for line in [*output, *artifacts])])


def _size() -> tuple[int, int]:
    try:
        return os.get_terminal_size(1)
    except OSError:
        return 80, 24
