"""The page about the command line: every verb, and help that says what it does."""

import re

from controller.entrypoints.cli.main import VERBS
from tools.cli_reference import PAGE, cli_reference

TEXT = cli_reference()[PAGE]


def test_every_verb_has_its_section() -> None:
    assert re.findall(r"^## libretto (\S+)$", TEXT, re.MULTILINE) == list(VERBS)


def test_every_verb_says_what_it_does() -> None:
    sections = re.split(r"^##+ libretto ", TEXT, flags=re.MULTILINE)[1:]
    silent = [section.splitlines()[0] for section in sections if not re.search(r"^  [A-Z]\w+ ", section, re.MULTILINE)]
    assert silent == []


def test_the_page_fits_its_width() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 120] == []
