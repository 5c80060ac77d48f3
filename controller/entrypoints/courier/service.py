"""How is content given to the results service, and got from it, when the service may be away for minutes?"""

import json
import os
from collections.abc import Callable, Iterator, Mapping

from blake3 import blake3

from controller.entrypoints.courier.clock import Clock
from controller.entrypoints.courier.content import Content
from controller.entrypoints.courier.settings import Settings
from controller.entrypoints.courier.wire import Answer, Wire
from controller.errors import LibrettoError, NotFound, Refused, StoreUnavailable, TooLarge, VerificationFailed

LONGEST_WAIT_S = 15.0
"""Between two tries: an operator that came back is found soon, and a thousand couriers are no burden for it."""

LOOKS_FIRST = 1 << 20
"""Bytes from which the service is asked whether it has the content already."""

DAMAGED_ANSWERS = 3
"""How often content may come damaged until it is taken for damaged where it is stored."""

FINAL: Mapping[int, type[LibrettoError]] = {
    400: Refused,
    403: Refused,
    404: NotFound,
    411: Refused,
    413: TooLarge,
    422: VerificationFailed,
}
"""Answers that another try will not change. 401 is none: a token may be renewed."""


class Service:
    """The results service of the operator, or libretto-store."""

    def __init__(self, settings: Settings, clock: Clock, complain: Callable[[str], None]) -> None:
        """`complain` hears once of each thing that takes more than one try."""
        self._settings = settings
        self._clock = clock
        self._complain = complain
        self._wire = Wire(settings.results, settings.authority)

    def store(self, content: Content, deadline: float) -> None:
        """Store; twice is once. Raises StoreUnavailable at the deadline, Refused, NotFound, TooLarge, VerificationFailed."""
        self._until(deadline, f"{content.what} could not be stored", lambda: self._store(content, deadline))

    def fetch(self, digest: str, what: str, write: Callable[[Iterator[bytes]], None], deadline: float) -> None:
        """Let `write` take the content: again from its beginning where that broke off. Raises as `store`."""
        damaged = 0

        def attempt() -> Answer | None:
            nonlocal damaged
            answer = self._ask("GET", f"/v1/blobs/{digest}", {}, deadline)
            if answer.status != 200:
                return answer
            hasher = blake3()
            write(_hashed(answer.content, hasher))
            if "blake3:" + hasher.hexdigest() == digest:
                return None
            damaged += 1
            if damaged == DAMAGED_ANSWERS:
                raise VerificationFailed(f"{what}: what the results service holds does not match {digest}")
            return Answer(502, {}, iter((b"it came damaged",)))

        self._until(deadline, f"{what} could not be fetched", attempt)

    def close(self) -> None:
        self._wire.close()

    def _store(self, content: Content, deadline: float) -> Answer | None:
        path = f"/v1/blobs/{content.digest}"
        owner = {"Libretto-Owner": self._settings.owner} if self._settings.owner else {}
        if content.size >= LOOKS_FIRST and self._ask("HEAD", path, owner, deadline).status == 200:
            return None
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(content.size), **owner}
        answer = self._ask("PUT", path, headers, deadline, content.read)
        if 200 <= answer.status < 300:
            answer.text()
            return None
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        deadline: float,
        body: Callable[[], Iterator[bytes]] = lambda: iter(()),
    ) -> Answer:
        with open(self._settings.token, "rb") as file:  # noqa: PTH123 - pathlib costs 5 ms
            token = file.read().strip().decode("latin-1")
        given = {"Authorization": f"Bearer {token}", "User-Agent": "libretto-courier", **headers}
        return self._wire.ask(method, path, given, lambda: deadline - self._clock.now(), body)

    def _until(self, deadline: float, what: str, attempt: Callable[[], Answer | None]) -> None:
        """Try until it is done (None), can never be done, or the deadline has come."""
        wait = self._settings.first_wait_s
        while True:
            pause = wait
            try:
                answer = attempt()
            except (OSError, ValueError) as error:
                why = f"no answer of the results service: {str(error) or type(error).__name__}"
            else:
                if answer is None:
                    return
                reason, said = _said(answer)
                why = f"{said} (HTTP {answer.status})"
                # An answer that is not the service's own comes from what stands before it, and may change.
                if reason and answer.status in FINAL:
                    raise FINAL[answer.status](f"{what}: {why}")
                pause = max(wait, _asked_for(answer))
            left = deadline - self._clock.now()
            if left <= 0:
                raise StoreUnavailable(f"{what}: {why}")
            if wait == self._settings.first_wait_s:
                self._complain(f"{what} yet: {why}; trying again for {left:.0f} s")
            # A little apart, so that pods that ended together do not come back together.
            self._clock.wait(min(pause * (0.75 + os.urandom(1)[0] / 512), left))
            wait = min(2 * wait, LONGEST_WAIT_S)


def _hashed(content: Iterator[bytes], hasher: blake3) -> Iterator[bytes]:
    for chunk in content:
        hasher.update(chunk)
        yield chunk


def _said(answer: Answer) -> tuple[str, str]:
    """Return the reason word, if the answer is the service's own, and what it says."""
    text = answer.text()
    try:
        body = json.loads(text)
        return str(body["reason"]), str(body["message"])
    except (ValueError, KeyError, TypeError):
        return "", " ".join(text.split())[:200] or "an answer without words"


def _asked_for(answer: Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT_S) if text.isdigit() else 0.0
