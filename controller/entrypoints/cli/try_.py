"""`libretto try`: the first minute. Plays an example with a child run and a checkpoint, and says where to look."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from controller.entrypoints.cli.presenter import Ending, Found, Presenter, Tree
    from controller.machine.chain import Link
    from controller.model.attempt import AttemptKey
    from controller.model.run import GateStatus
    from controller.runtime.member import Member

EXAMPLE = "definitions/finance-quarterly-review"


@click.command(name="try", epilog="Example: libretto try")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Play the quarterly review: seven steps in four phases, a child run, a checkpoint, a report with a picture.

    Where nobody can be asked, the checkpoint is approved by `libretto approve`, as from another terminal.
    """
    from controller.entrypoints.cli import exits
    from controller.entrypoints.cli.pasting import command_line
    from controller.entrypoints.cli.presenter import on_terminal, presenter_for
    from controller.entrypoints.cli.run import play
    from controller.entrypoints.cli.session import only_here, session
    from controller.errors import NotFound
    from controller.wiring.definitions import find

    only_here(ctx, command_line("run", EXAMPLE, "--publish"))
    if not Path(EXAMPLE).is_dir():
        raise NotFound(f"there is no {EXAMPLE} here", hint="run it in the folder of the project, as `make try` does")
    asks = on_terminal() and sys.stdin.isatty()
    with session(ctx) as opened:
        found = find(EXAMPLE, opened.local.stores.objects)
        presenter = FirstMinute(presenter_for("text"), answers=not asks)
        code = play(opened, found, {}, again=command_line("run", EXAMPLE), presenter=presenter)
    if code == exits.OK and shutil.which("libretto") is None:
        beside = Path(sys.executable).with_name("libretto")
        if beside.exists():
            click.echo(
                f"\n`libretto` is {_near(beside)} here; `source {_near(beside.parent)}/activate` lets you write it so."
            )
    sys.exit(code)


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class FirstMinute:
    """Presenter around another one: answers checkpoints from a second process where nobody can be asked."""

    def __init__(self, inner: "Presenter", *, answers: bool) -> None:
        self._inner = inner
        self.shows_progress = inner.shows_progress
        self._answers = answers
        self._tree: Tree | None = None
        self._answered: set[tuple[str, int]] = set()
        self._approval: subprocess.Popen[str] | None = None

    def opened(self, tree: "Tree", found: "Found | None") -> None:
        self._tree = tree
        self._inner.opened(tree, found)

    def records(self, member: "Member", links: Sequence["Link"]) -> None:
        self._inner.records(member, links)

    def progress(self, member: "Member", key: "AttemptKey", done: int, total: int) -> None:
        self._inner.progress(member, key, done, total)

    def note(self, text: str) -> None:
        self._inner.note(text)

    def tick(self, prompt: str | None) -> None:
        self._inner.tick(prompt)
        if self._answers:
            self._answer()

    def closed(self, ending: "Ending", code: int) -> None:
        from controller.entrypoints.cli.presenter import Ending
        from controller.entrypoints.cli.report import write_report

        self._heard()
        assert self._tree is not None
        if ending is Ending.SETTLED:
            self._tree.report = str(_near(write_report(self._tree.session, self._tree.top.spec)))
        self._inner.closed(ending, code)

    def left(self) -> None:
        self._heard()
        self._inner.left()

    def _answer(self) -> None:
        from controller.entrypoints.cli.presenter import open_gates

        assert self._tree is not None
        if self._approval is not None and self._approval.poll() is not None:
            self._heard()
        for gate in open_gates(self._tree):
            if self._approval is None and (gate.run, gate.request) not in self._answered:
                self._answered.add((gate.run, gate.request))
                self._approve(gate)

    def _approve(self, gate: "GateStatus") -> None:
        from controller.entrypoints.cli.pasting import command_line
        from controller.entrypoints.cli.wording import short

        assert self._tree is not None
        shown = command_line("approve", short(self._tree.root))
        self._inner.note(f"nobody can be asked here, so another process decides: {shown}")
        place = str(self._tree.session.local.directory.path)
        # What a second terminal would do, by the same program.
        words = ["--state-dir", place, "approve", self._tree.root, gate.gate, "--comment", "answered by libretto try"]
        self._approval = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "controller", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _heard(self) -> None:
        if self._approval is None:
            return
        said, _ = self._approval.communicate()
        self._approval = None
        for line in said.splitlines():
            self._inner.note(f"  {line}")
