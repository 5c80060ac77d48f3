"""How is a request sent, and how is the answer read? HTTP/1.1, as much as one small service needs.

The standard library's client brings e-mail, calendars and TLS with it: three times as much processor time as all the
rest of the courier. An `http://` address needs no more than a socket.
"""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

CONNECT_S, QUIET_S = 5.0, 30.0
"""Seconds until a connection must stand, and in which something must have moved on it."""

PEM = "-----BEGIN"
"""How a certificate begins that is no name of a file."""

LARGEST_HEAD = 64 * 1024
CHUNK = 256 * 1024

Left = Callable[[], float]
"""Seconds that are left for all of it."""


class Address(NamedTuple):
    """Where the service is."""

    secure: bool
    host: str
    port: int
    prefix: str


def address_of(url: str) -> Address:
    """Return the parts of an address. Raises ValueError."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, "443" if scheme == "https" else "80"
    if scheme not in {"http", "https"} or not host or not port.isdigit():
        raise ValueError(f"not an address: {url}")
    return Address(scheme == "https", host.strip("[]"), int(port), (slash + path).rstrip("/"))


class Answer:
    """What the service answered. Its content is read once."""

    def __init__(self, status: int, headers: Mapping[str, str], content: Iterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    def text(self, most: int = 4096) -> str:
        """Return the beginning of the content; the rest of it is read, so that the connection can be kept."""
        found = b""
        for chunk in self.content:
            found += chunk[: most - len(found)]
        return found.decode("utf-8", "replace")


class Wire:
    """A connection that is kept as long as both sides like it. Raises OSError, ValueError for what is no HTTP."""

    def __init__(self, url: str, authority: str = "") -> None:
        self._address = address_of(url)
        self._authority = authority
        self._socket: socket.socket | None = None
        self._held = b""

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        left: Left,
        body: Callable[[], Iterable[bytes]] = tuple,
    ) -> Answer:
        """Send a request. `headers` holds the Content-Length of a body."""
        address = self._address
        lines = [f"{method} {address.prefix}{path} HTTP/1.1", f"Host: {_host(address)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""])
        if head.count("\n") != len(lines) + 1:
            raise ValueError("a header holds a line break")
        kept = self._socket is not None
        try:
            return self._try(method, head.encode("latin-1"), body, left)
        except ConnectionError:
            # A connection that was kept may have been closed by the other side meanwhile: that says nothing.
            if not kept:
                raise
            return self._try(method, head.encode("latin-1"), body, left)

    def _try(self, method: str, head: bytes, body: Callable[[], Iterable[bytes]], left: Left) -> Answer:
        try:
            self._send(head, body(), left)
            return self._answer(method, left)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._held = None, b""

    def _send(self, head: bytes, body: Iterable[bytes], left: Left) -> None:
        stream = self._socket if self._socket is not None else self._connect(left)
        try:
            self._patience(left)
            stream.sendall(head)
            for chunk in body:
                self._patience(left)
                stream.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            # A service that refuses a body answers before it has read it, and may close. Its answer says why.
            return

    def _connect(self, left: Left) -> socket.socket:
        address = self._address
        # As bytes: for text the resolver would load the tables of international names.
        place: tuple[Any, int] = (address.host.encode(), address.port)
        stream = socket.create_connection(place, _limited(left, CONNECT_S))
        if address.secure:
            import ssl

            # Written into the Job by the operator, or in a file that somebody mounted.
            if self._authority.startswith(PEM):
                context = ssl.create_default_context(cadata=self._authority)
            else:
                context = ssl.create_default_context(cafile=self._authority or None)
            try:
                stream = context.wrap_socket(stream, server_hostname=address.host)
            except BaseException:
                stream.close()
                raise
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = stream
        return stream

    def _patience(self, left: Left) -> None:
        if self._socket is not None:
            self._socket.settimeout(_limited(left, QUIET_S))

    def _answer(self, method: str, left: Left) -> Answer:
        while True:
            status, headers = self._head(left)
            # 1xx only says that the request goes on.
            if status >= 200:
                break
        length = headers.get("content-length")
        if method == "HEAD" or status in {204, 304}:
            content: Iterator[bytes] = iter(())
        elif "chunked" in headers.get("transfer-encoding", "").lower():
            content = self._chunked(left)
        elif length is not None:
            if not length.isdigit():
                raise ValueError(f"not a length: {length}")
            content = self._exactly(int(length), left)
        else:
            content = self._rest(left)
        return Answer(status, headers, self._ending(content, headers))

    def _ending(self, content: Iterator[bytes], headers: Mapping[str, str]) -> Iterator[bytes]:
        kept = False
        try:
            yield from content
            kept = headers.get("connection", "").lower() != "close"
        finally:
            # What was not read to its end cannot be told from the next answer.
            if not kept:
                self.close()

    def _head(self, left: Left) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._held:
            if len(self._held) > LARGEST_HEAD:
                raise ValueError("the head of the answer has no end")
            self._held += self._received(left)
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or not code.isdigit():
            raise ValueError(f"not HTTP: {first[:60]!r}")
        pairs = (line.partition(":") for line in lines)
        return int(code), {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _received(self, left: Left) -> bytes:
        if self._socket is None:
            raise ConnectionError("the connection is closed")
        self._patience(left)
        chunk = self._socket.recv(CHUNK)
        if not chunk:
            raise ConnectionError("the connection was closed before the answer was whole")
        return chunk

    def _take(self, left: Left) -> bytes:
        chunk, self._held = self._held, b""
        return chunk or self._received(left)

    def _exactly(self, length: int, left: Left) -> Iterator[bytes]:
        while length:
            chunk = self._take(left)
            self._held = chunk[length:]
            length -= len(chunk) - len(self._held)
            yield chunk[: len(chunk) - len(self._held)]

    def _chunked(self, left: Left) -> Iterator[bytes]:
        while size := int(self._line(left).partition(b";")[0], 16):
            yield from self._exactly(size, left)
            self._line(left)
        while self._line(left):
            pass  # trailers

    def _line(self, left: Left) -> bytes:
        while b"\r\n" not in self._held:
            if len(self._held) > LARGEST_HEAD:
                raise ValueError("a line of the answer has no end")
            self._held += self._received(left)
        line, _, self._held = self._held.partition(b"\r\n")
        return line

    def _rest(self, left: Left) -> Iterator[bytes]:
        try:
            while True:
                yield self._take(left)
        except ConnectionError:
            self.close()


def _limited(left: Left, most: float) -> float:
    seconds = min(left(), most)
    if seconds <= 0:
        raise TimeoutError("no time is left")
    return seconds


def _host(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"
