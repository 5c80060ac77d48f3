"""How does the call of an `http` agent end, in a pod? As it does locally: it is the same code that makes it."""

import json
import signal
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from controller.adapters.process.supervisor.attempt import Attempt
from controller.adapters.process.supervisor.http_call import HttpAttempt
from controller.adapters.process.supervisor.journal import Journal
from controller.adapters.process.supervisor.reactor import Reactor
from controller.errors import Refused

STOPPED = 143
"""As a program that SIGTERM ended."""

REJECTED, NOT_STORED = 64, 74
"""Exit codes (sysexits.h) of what locally is an outcome without one: a call that cannot be made, an answer that could
not be written down."""

GRACE_MS = 500
"""How long a call that was cut may take to end: the pod has a second."""


class _Ending(Journal):
    """Remembers the last line instead of writing lines."""

    def __init__(self) -> None:
        self.finished: Mapping[str, Any] = {}

    def add(self, event: str, key: tuple[Any, ...], **members: Any) -> None:  # noqa: ARG002 - of Journal
        if event == "finished":
            self.finished = members


def call(directory: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Make the call that LIBRETTO_CALL describes; return the exit code and, in one line, why it is not 0.

    Raises Refused.
    """
    request, secrets = request_from(environment)
    order = {"key": ("", "", "", 0), "dir": directory, "secrets": secrets, "grace": GRACE_MS, "timeout": None}
    ending, ended = _Ending(), list[Attempt]()
    reactor = Reactor()
    attempt = HttpAttempt({**order, "http": request}, reactor, ending, ended.append)
    stopped = False
    attempt.start()
    while not ended:
        reactor.turn(wait=True)
        if reactor.take_signals() & {signal.SIGTERM, signal.SIGINT}:
            stopped = True
            attempt.stop("Failed", "stopped on request")
    return _judged(ending.finished, stopped=stopped)


def request_from(environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the request with all of its headers, and the values among them that are secret. Raises Refused."""
    try:
        told = json.loads(environment.get("LIBRETTO_CALL", ""))
        url, method, given = _url(told["url"]), told.get("method", "POST").upper(), dict(told.get("headers", {}))
        from_env, from_file = dict(told.get("headersFromEnv", {})), dict(told.get("headersFromFile", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"LIBRETTO_CALL does not say what to call: {error!r}") from error
    secrets = {}
    for header, variable in from_env.items():
        if variable not in environment:
            raise Refused(f"header {header}: the environment has no {variable}")
        secrets[header] = environment[variable]
    for header, path in from_file.items():
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 5 ms
                secrets[header] = file.read().rstrip("\n")
        except (OSError, ValueError) as error:
            raise Refused(f"header {header}: cannot read {path}: {error}") from error
    given |= secrets
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "libretto"}
    for header, variable in (("Idempotency-Key", "LIBRETTO_IDEMPOTENCY_KEY"), ("traceparent", "TRACEPARENT")):
        if variable in environment:
            headers[header] = environment[variable]
    replaced = {name.lower() for name in given}
    headers = {name: value for name, value in headers.items() if name.lower() not in replaced} | given
    return {"url": url, "method": method, "headers": headers}, list(secrets.values())


def _url(url: str) -> str:
    """Raises ValueError for an address that is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError(f"not an address: {url}")
    return url


def _judged(finished: Mapping[str, Any], *, stopped: bool) -> tuple[int, str]:
    failure, reason, problems = finished["class"], finished["reason"], finished["problems"]
    if stopped:
        return STOPPED, reason
    if failure is None:
        return (0, "") if not problems else (NOT_STORED, problems[0])
    code = {"Rejected": REJECTED, "PublishFailed": NOT_STORED}.get(failure, finished["exit"])
    return code or 1, reason
