"""Plain lines: the run as it happens, where there is no terminal. Each line stands alone, with its time."""

from collections.abc import Sequence

from controller.entrypoints.cli.adoption import found_lines, took_over
from controller.entrypoints.cli.news import News, news_of
from controller.entrypoints.cli.outlet import Outlet
from controller.entrypoints.cli.presenter import Ending, Found, Tree
from controller.entrypoints.cli.summary import closing
from controller.entrypoints.cli.wording import clock, short
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey
from controller.runtime.member import Member

WIDEST_NAME = 32
WORD_WIDTH = 9


class Plain:
    """Presenter for pipes, files and CI."""

    shows_progress = False

    def __init__(self, outlet: Outlet | None = None) -> None:
        self._out = outlet or Outlet()
        self._tree: Tree | None = None
        self._found: Found | None = None
        self._width = 0

    def opened(self, tree: Tree, found: Found | None) -> None:
        self._tree, self._found = tree, found
        self._width = min(WIDEST_NAME, max(len(step.id) for step in tree.top.graph.steps))
        if found is not None:
            for line in found_lines(tree, found):
                self._out.line(line)

    def records(self, member: Member, links: Sequence[Link]) -> None:
        assert self._tree is not None
        for link in links:
            told = took_over(self._tree, self._found, member, link) or news_of(self._tree, member, link)
            if told is not None:
                self._out.line(self._line(told))

    def _line(self, news: News) -> str:
        assert self._tree is not None
        if not news.name:
            return f"{clock(news.time)} run {short(self._tree.root)} {news.word}"
        return f"{clock(news.time)} {news.name:<{self._width}} {news.word:<{WORD_WIDTH}} {news.detail}".rstrip()

    def progress(self, member: Member, key: AttemptKey, done: int, total: int) -> None:
        """Nothing: a line per percent would bury what matters."""

    def tick(self, prompt: str | None) -> None:
        """Nothing: plain lines do not move."""

    def note(self, text: str) -> None:
        assert self._tree is not None
        self._out.line(f"{clock(self._tree.session.local.clock.now())} {text}")

    def left(self) -> None:
        """Nothing to give back."""

    def closed(self, ending: Ending, _: int) -> None:
        assert self._tree is not None
        for line in closing(self._tree, ending, resumed=self._found is not None):
            self._out.line(line)
