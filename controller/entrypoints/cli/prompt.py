"""Prompt: what a person at the terminal is asked at a checkpoint, while steps go on."""

from controller.entrypoints.cli.presenter import Presenter, Tree


class Prompt:
    def __init__(self, tree: Tree) -> None:
        self.gone = False
        self.text: str | None = None

    def again(self) -> None: ...
    def look(self, show: Presenter) -> None: ...
    def close(self) -> None: ...
