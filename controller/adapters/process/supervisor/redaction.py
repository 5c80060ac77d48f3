"""Does anything that a step left hold a secret? What can be rewritten is; what cannot be is reported."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence

MARK = b"[redacted]"

SHORTEST_LINE = 8
"""Characters from which a single line of a multi-line secret (a key file) is looked for by itself: a line like
`-----` or `}` would turn every text into marks."""

LARGEST_RESULT = 64 << 20
"""Bytes of `output.json` or `receipt.json` that are rewritten; the runner takes none that is larger."""

CHUNK = 1 << 20


def patterns_of(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return every spelling to look for: as it is, line by line, and as JSON writes it; longest first."""
    found: set[bytes] = set()
    for value in values:
        texts = [value, *(line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST_LINE)]
        for text in texts:
            plain, escaped = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
            for spelling in (text, plain, escaped, plain.replace("/", "\\/"), escaped.replace("/", "\\/")):
                found.add(spelling.encode("utf-8", "surrogateescape"))
    return tuple(sorted(found - {b""}, key=lambda pattern: (-len(pattern), pattern)))


class Redactor:
    """Replaces secrets in a stream, wherever the stream is cut into pieces.

    The result equals that of redacting the whole at once; only what may be the beginning of a secret is held back.
    """

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self._patterns = patterns
        self._search = re.compile(b"|".join(map(re.escape, patterns))) if patterns else None
        self._held = b""
        self.found = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what can be passed on."""
        return self._pass(self._held + chunk, last=False)

    def finish(self) -> bytes:
        """Return the rest: nothing more comes."""
        return self._pass(self._held, last=True)

    def _pass(self, text: bytes, *, last: bool) -> bytes:
        if self._search is None:
            return text
        limit = len(text) if last else self._doubtful(text)
        out, position = [], 0
        for match in self._search.finditer(text):
            if match.start() >= limit and not last:
                break
            self.found = True
            out += [text[position : match.start()], MARK]
            position = match.end()
        cut = max(position, limit)
        out.append(text[position:cut])
        self._held = text[cut:]
        return b"".join(out)

    def _doubtful(self, text: bytes) -> int:
        """Return where the longest ending starts that may be the beginning of a secret."""
        first = len(text)
        for pattern in self._patterns:
            position = text.find(pattern[:1], max(0, len(text) - len(pattern) + 1), first)
            while position >= 0:
                if pattern.startswith(text[position:]):
                    first = position
                    break
                position = text.find(pattern[:1], position + 1, first)
        return first


def clean_results(directory: str, patterns: Sequence[bytes]) -> list[str]:
    """Rewrite `output.json` and `receipt.json`; return what keeps the results from being published."""
    problems = []
    for name in ("output.json", "receipt.json"):
        try:
            _rewrite(os.path.join(directory, name), patterns)  # noqa: PTH118 - no pathlib in the supervisor
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{name} could not be searched for secrets: {error.strerror}")
    for path in _files(os.path.join(directory, "artifacts")):  # noqa: PTH118 - as above
        name = os.path.relpath(path, directory)
        redactor = Redactor(patterns)
        shown = (redactor.feed(os.fsencode(name)) + redactor.finish()).decode("utf-8", "replace")
        try:
            if redactor.found or _holds(path, patterns):
                problems.append(f"{shown} holds a secret")
        except OSError as error:
            problems.append(f"{shown} could not be searched for secrets: {error.strerror}")
    return problems


def _open(path: str) -> int:
    # Neither a link (it may lead anywhere) nor a pipe without a writer (it would block).
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _chunks(path: str) -> Iterator[bytes]:
    with open(_open(path), "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _rewrite(path: str, patterns: Sequence[bytes]) -> None:
    if os.stat(path, follow_symlinks=False).st_size > LARGEST_RESULT:  # noqa: PTH116 - as above
        return
    redactor = Redactor(patterns)
    clean = b"".join([*map(redactor.feed, _chunks(path)), redactor.finish()])
    if redactor.found:
        with open(path + ".clean", "wb") as file:  # noqa: PTH123 - as above
            file.write(clean)
        os.replace(path + ".clean", path)  # noqa: PTH105 - as above


def _holds(path: str, patterns: Sequence[bytes]) -> bool:
    redactor = Redactor(patterns)
    for chunk in _chunks(path):
        redactor.feed(chunk)
        if redactor.found:
            return True
    redactor.finish()
    return redactor.found


def _files(top: str) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        # Links and devices are refused by the runner, whatever they hold; their names are looked at here.
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(files))  # noqa: PTH118 - as above
