"""What did a server answer to the step's input, and is that a success, a failure for good, or one to try again?"""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.adapters.process.supervisor.attempt import Attempt, Ending
from controller.adapters.process.supervisor.redaction import Redactor

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse
    from urllib.parse import SplitResult

LARGEST_ANSWER = 16 << 20
"""Bytes of an answer; more belongs into an artifact store."""

LONGEST_CONNECT = 30.0
"""Seconds until a server must have taken the connection; the answer may take as long as the attempt may."""

MOST_REDIRECTS = 5

SHOWN = 300
"""Characters of an error's body that become part of the reason."""

TRY_AGAIN, BAD_ANSWER, NOT_ALLOWED, WRONG_CONFIGURATION = 75, 65, 77, 78
"""Exit codes that say the same of a program (sysexits.h), so that one retry policy serves both kinds of agent."""

TRANSIENT = frozenset({408, 425, 429})
"""Statuses below 500 that ask for another try (RFC 9110, RFC 8470, RFC 6585)."""

METHOD_KEPT = frozenset({307, 308})
"""Redirections that repeat the method and body (RFC 9110, 15.4)."""


class HttpAttempt(Attempt):
    """A thread that makes one call. At-least-once: the server knows repetitions by the Idempotency-Key."""

    _connection: "HTTPConnection | None" = None

    def start(self) -> Ending | None:
        self.began(None, ())
        threading.Thread(target=self._run, daemon=True).start()
        return None

    def interrupt(self) -> None:
        self._cut()
        # A name server that does not answer cannot be interrupted: the thread is left behind.
        self._reactor.after(self.grace, lambda: self.end(Ending("Failed")))

    def kill(self) -> None:
        self._cut()
        self.end(Ending("Failed"))

    def _cut(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        ending = self._call()
        self._reactor.post(lambda: self.end(ending))

    def _call(self) -> Ending:
        import http.client
        import ssl
        from urllib.parse import urljoin, urlsplit

        order: Mapping[str, Any] = self.order["http"]
        url = order["url"]
        try:
            # A mistake in the address is the agent's, like any other: the attempt ends with it.
            origin = _origin(urlsplit(url))
            with open(self.directory + "/input.json", "rb") as file:  # noqa: PTH123 - no pathlib in the supervisor
                body = file.read()
            for _ in range(MOST_REDIRECTS + 1):
                answer = self._send(url, order, body)
                if not 300 <= answer.status < 400 or answer.status == 304:
                    return self._judge(answer)
                target = urljoin(url, answer.getheader("Location", ""))
                if answer.status not in METHOD_KEPT and order["method"] not in {"GET", "HEAD"}:
                    return _failed(WRONG_CONFIGURATION, f"HTTP {answer.status}: would turn {order['method']} into GET")
                if _origin(urlsplit(target)) != origin:
                    return _failed(WRONG_CONFIGURATION, f"HTTP {answer.status}: redirection to another origin refused")
                url = target
            return _failed(WRONG_CONFIGURATION, f"more than {MOST_REDIRECTS} redirections")
        except ssl.SSLCertVerificationError as error:
            return _failed(WRONG_CONFIGURATION, f"certificate refused: {error.verify_message}")
        except (http.client.InvalidURL, ValueError) as error:
            return Ending("Rejected", f"the request cannot be made: {type(error).__name__}")
        except (OSError, http.client.HTTPException) as error:
            return _failed(TRY_AGAIN, f"no answer: {str(error) or type(error).__name__}")
        finally:
            if self._connection is not None:
                self._connection.close()

    def _send(self, url: str, order: Mapping[str, Any], body: bytes) -> "HTTPResponse":
        import http.client
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        if self._connection is not None:
            self._connection.close()
        self._connection = connection = kind(parts.hostname or "", parts.port, timeout=LONGEST_CONNECT)
        connection.connect()
        connection.sock.settimeout(None)
        if self._why is not None:
            # Stopped while it connected: nothing was sent yet.
            raise ConnectionAbortedError
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = None if order["method"] in {"GET", "HEAD"} else body
        connection.request(order["method"], target, sent, order["headers"])
        return connection.getresponse()

    def _judge(self, answer: "HTTPResponse") -> Ending:
        content = answer.read(LARGEST_ANSWER + 1)
        status = answer.status
        if not 200 <= status < 300:
            text = self._shown(content)
            reason = f"HTTP {status} {answer.reason}" + (f": {text}" if text else "")
            if status in TRANSIENT or status >= 500:
                return _failed(TRY_AGAIN, reason)
            return _failed(NOT_ALLOWED if status in {401, 403} else BAD_ANSWER, reason)
        if len(content) > LARGEST_ANSWER:
            return _failed(BAD_ANSWER, f"HTTP {status}: the answer is larger than {LARGEST_ANSWER >> 20} MiB")
        if content.strip():
            try:
                json.loads(content)
            except ValueError:
                return _failed(BAD_ANSWER, f"HTTP {status}: the answer is not JSON: {self._shown(content)}")
            path = self.directory + "/output.json"
            try:
                with open(path + ".part", "wb") as file:  # noqa: PTH123 - as above
                    file.write(content)
                os.replace(path + ".part", path)  # noqa: PTH105 - as above
            except OSError as error:
                return Ending("PublishFailed", f"the answer could not be stored: {error.strerror}")
        return Ending(None, "", 0)

    def _shown(self, content: bytes) -> str:
        redactor = Redactor(self.patterns)
        clean = redactor.feed(content) + redactor.finish()
        return " ".join(clean.decode("utf-8", "replace").split())[:SHOWN]


def _failed(code: int, reason: str) -> Ending:
    return Ending("Failed", reason, code)


def _origin(parts: "SplitResult") -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
