"""Live: the run on a terminal. Bars, what runs, what happened; at the end the bars stay and the summary follows."""

from collections.abc import Callable, Sequence

from rich.console import Console, Group
from rich.live import Live as Region
from rich.text import Text

from controller.entrypoints.cli.adoption import found_lines, took_over
from controller.entrypoints.cli.dashboard import Dashboard
from controller.entrypoints.cli.frame import bars, closing_lines, frame, header
from controller.entrypoints.cli.news import news_of
from controller.entrypoints.cli.outlet import forget_output
from controller.entrypoints.cli.presenter import Ending, Found, Tree
from controller.entrypoints.cli.summary import closing
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey
from controller.runtime.member import Member

REDRAW_MS = 125
"""Eight times a second: it looks alive, and costs a few per cent of one core."""


class Live:
    """Presenter for terminals."""

    shows_progress = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._region = Region(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._tree: Tree | None = None
        self._board: Dashboard | None = None
        self._found: Found | None = None
        self._drawn_at = 0
        self._asked: str | None = None

    def opened(self, tree: Tree, found: Found | None) -> None:
        self._tree, self._found, self._board = tree, found, Dashboard(tree)
        if found is not None:
            for line in found_lines(tree, found):
                self._print(Text(line))
        self._safely(self._region.start)
        self._draw(None)

    def records(self, member: Member, links: Sequence[Link]) -> None:
        assert self._tree is not None
        assert self._board is not None
        told = [took_over(self._tree, self._found, member, link) or news_of(self._tree, member, link) for link in links]
        self._board.records(member, links, [news for news in told if news is not None])

    def progress(self, _: Member, key: AttemptKey, done: int, total: int) -> None:
        assert self._board is not None
        self._board.progress(key, done, total)

    def tick(self, prompt: str | None) -> None:
        assert self._tree is not None
        now = self._tree.session.local.clock.monotonic()
        if now - self._drawn_at >= REDRAW_MS or prompt != self._asked:
            self._drawn_at, self._asked = now, prompt
            self._draw(prompt)

    def note(self, text: str) -> None:
        for line in text.splitlines():
            self._print(Text(line))

    def closed(self, ending: Ending, _: int) -> None:
        assert self._tree is not None
        assert self._board is not None
        self._safely(self._region.stop)
        width = self._console.width
        for line in (header(self._board), *bars(self._board, width)):
            self._print(line)
        lines = closing(self._tree, ending, resumed=self._found is not None)
        for line in closing_lines(lines, self._tree.top.state.run):
            self._print(line)

    def left(self) -> None:
        self._safely(self._region.stop)

    def _draw(self, prompt: str | None) -> None:
        assert self._board is not None
        size = self._console.size
        lines = frame(self._board, prompt, size.width, size.height)
        self._safely(lambda: self._region.update(Group(*lines), refresh=True))

    def _print(self, line: Text) -> None:
        # A command must stay on one line to be copied, however long it is: the terminal wraps it.
        self._safely(lambda: self._console.print(line, soft_wrap=True))

    def _safely(self, show: Callable[[], object]) -> None:
        try:
            show()
        except OSError:
            # Nobody looks any more; the run does not depend on it.
            forget_output()
