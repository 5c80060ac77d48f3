"""What must lie ready before the program starts, and can it ever?"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from controller.entrypoints.courier.clock import Clock
from controller.entrypoints.courier.folders import below, entered, write_all, written
from controller.entrypoints.courier.settings import Settings
from controller.errors import Refused, VerificationFailed

if TYPE_CHECKING:
    from controller.entrypoints.courier.service import Service

LARGEST_PLAN = 16 << 20
"""Bytes of a plan that is fetched."""


def stage(
    settings: Settings, environment: Mapping[str, str], reach: "Callable[[], Service] | None", clock: Clock
) -> None:
    """Lay everything ready. Raises StoreUnavailable (try again), OSError, Refused, NotFound, VerificationFailed (never)."""
    deadline = clock.now() + settings.stage_budget_s
    staging = _Staging(reach, deadline)
    parent, _, name = settings.directory.rpartition("/")
    with entered(parent) as top, below(top, [name, "artifacts"], make=True), below(top, [name]) as step:
        for entry in staging.plan(environment):
            staging.place(top, entry)
        with written(step, "input.json", 0o666) as file:
            staging.fill_input(file, environment)


class _Staging:
    def __init__(self, reach: "Callable[[], Service] | None", deadline: float) -> None:
        self._reach = reach
        self._deadline = deadline

    def plan(self, environment: Mapping[str, str]) -> Sequence[Any]:
        digest = environment.get("LIBRETTO_STAGED_BLOB", "")
        text = environment.get("LIBRETTO_STAGED", "[]")
        if digest:
            text = self._fetched(digest).decode("utf-8", "replace")
        try:
            plan = json.loads(text)
        except ValueError as error:
            raise Refused(f"the plan of what to stage is no JSON: {error}") from error
        if not isinstance(plan, list):
            raise Refused("the plan of what to stage is no list")
        return plan

    def place(self, top: int, entry: Any) -> None:
        """Put one file below the shared folder."""
        match entry:
            case {"path": str(path), "digest": str(digest), **rest}:
                pass
            case {"path": str(path), "text": str(), **rest}:
                digest = ""
            case _:
                raise Refused(f"not a file to stage: {str(entry)[:200]}")
        *folders, name = _safe(path)
        text, mode = rest.get("text") if digest else entry["text"], rest.get("mode", 0o644)
        if not isinstance(mode, int) or not 0 <= mode <= 0o777:
            raise Refused(f"{path}: not a mode: {mode!r}")
        with below(top, folders, make=True) as folder, written(folder, name, _for_all(mode)) as file:
            if isinstance(text, str):
                content = text.encode("utf-8", "surrogateescape")
                if digest and "blake3:" + blake3(content).hexdigest() != digest:
                    raise VerificationFailed(f"{path} does not match its digest {digest}")
                write_all(file, content)
            else:
                self._fetch(digest, path, file)

    def fill_input(self, file: int, environment: Mapping[str, str]) -> None:
        digest = environment.get("LIBRETTO_INPUT_BLOB", "")
        if digest:
            self._fetch(digest, "the input", file)
        elif "LIBRETTO_INPUT" in environment:
            write_all(file, os.fsencode(environment["LIBRETTO_INPUT"]))
        else:
            raise Refused("neither LIBRETTO_INPUT nor LIBRETTO_INPUT_BLOB is set")

    def _fetch(self, digest: str, what: str, file: int) -> None:
        def write(content: Iterator[bytes]) -> None:
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            for chunk in content:
                write_all(file, chunk)

        if self._reach is None:
            raise Refused(f"{what} must be fetched, and there is no results service (LIBRETTO_RESULTS)")
        self._reach().fetch(digest, what, write, self._deadline)

    def _fetched(self, digest: str) -> bytes:
        with ExitStack() as stack:
            file = os.memfd_create("plan")
            stack.callback(os.close, file)
            self._fetch(digest, "the plan of what to stage", file)
            return os.pread(file, LARGEST_PLAN, 0)


def _safe(path: str) -> list[str]:
    parts = path.split("/")
    if {"", ".", ".."} & set(parts) or "\0" in path:
        raise Refused(f"not a path below the shared folder: {path!r}")
    return parts


def _for_all(mode: int) -> int:
    """Return a mode by which everybody may do what the owner may: the pod is the border, not the user."""
    owner = mode & 0o700
    return owner | owner >> 3 | owner >> 6
