"""Redacting a stream, however it is cut, is redacting its whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.process.supervisor.redaction import MARK, Redactor, patterns_of

LETTERS = st.text(alphabet="ab", min_size=0, max_size=40)
SECRETS = st.lists(st.text(alphabet="ab", min_size=1, max_size=6), min_size=1, max_size=4)


def streamed(secrets: list[str], chunks: list[str]) -> bytes:
    redactor = Redactor(patterns_of(secrets))
    return b"".join([*(redactor.feed(chunk.encode()) for chunk in chunks), redactor.finish()])


@given(secrets=SECRETS, chunks=st.lists(LETTERS, max_size=8))
def test_cutting_changes_nothing(secrets: list[str], chunks: list[str]) -> None:
    whole = "".join(chunks).encode()
    expected = re.sub(b"|".join(map(re.escape, patterns_of(secrets))), lambda _: MARK, whole)
    assert streamed(secrets, chunks) == expected


@given(secrets=SECRETS, chunks=st.lists(LETTERS, max_size=8))
def test_no_secret_passes(secrets: list[str], chunks: list[str]) -> None:
    rest = streamed(secrets, chunks).split(MARK)
    assert not [secret for secret in secrets for part in rest if secret.encode() in part]


def test_only_what_may_become_a_secret_is_held_back() -> None:
    redactor = Redactor(patterns_of(["secret"]))
    assert redactor.feed(b"a line se") == b"a line "
    assert redactor.feed(b"t") == b"set"
    assert redactor.feed(b"secre") == b""
    assert redactor.finish() == b"secre"
    assert not redactor.found


SPELLINGS = {
    "as it is": ('say "hi"\\', 'say "hi"\\'),
    "in JSON": ('say "hi"\\', 'say \\"hi\\"\\\\'),
    "in ASCII JSON": ("größe", "gr\\u00f6\\u00dfe"),
    "with escaped slashes": ("a/b/c", "a\\/b\\/c"),
    "one line of many": ("BEGIN-KEY\n  MIIEvQIBADAN\nEND-KEY", "MIIEvQIBADAN"),
    "not UTF-8": ("\udcff\udcfe!", "\udcff\udcfe!"),
}


@pytest.mark.parametrize(("secret", "written"), SPELLINGS.values(), ids=SPELLINGS)
def test_spellings(secret: str, written: str) -> None:
    text = written.encode("utf-8", "surrogateescape")
    redactor = Redactor(patterns_of([secret]))
    assert redactor.feed(b"<" + text + b">") + redactor.finish() == b"<" + MARK + b">"


@pytest.mark.parametrize("value", ["", "\n", "}\n]"], ids=repr)
def test_nothing_and_short_lines_are_not_looked_for(value: str) -> None:
    redactor = Redactor(patterns_of([value]))
    assert redactor.feed(b"{}[]") + redactor.finish() == b"{}[]"
