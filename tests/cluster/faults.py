"""What can go wrong between a client and an API server, as data, and which calls it happens to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Call(NamedTuple):
    """A request on its way to the API server."""

    number: int
    """Of all requests, from 0 on."""
    method: str
    resource: str
    """Plural, e.g. `jobs`."""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False
    dry_run: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.dry_run


@dataclass(frozen=True)
class Answer:
    """It never arrives; this is answered in its place."""

    code: int
    reason: str = ""
    retry_after: int | None = None


@dataclass(frozen=True)
class Drop:
    """The connection is reset: before the request arrives, or after it was carried out."""

    carried_out: bool = False


@dataclass(frozen=True)
class Cut:
    """It is carried out, and half of the answer arrives."""


@dataclass(frozen=True)
class Delay:
    """It takes longer."""

    seconds: float


@dataclass(frozen=True)
class Hang:
    """It never arrives, and nobody says so."""


@dataclass(frozen=True)
class Twice:
    """It arrives twice; the second answer is given."""


@dataclass(frozen=True)
class Stream:
    """What becomes of a watch after so many events: it ends, or goes silent without ending. Meanwhile each event comes
    `times` times.
    """

    events: int = 1_000_000
    silent: bool = False
    times: int = 1


Fault = Answer | Drop | Cut | Delay | Hang | Twice | Stream

Matches = Callable[[Call], bool]


class Rule:
    """A fault, for the first calls that match."""

    def __init__(self, matches: Matches, fault: Fault, times: int) -> None:
        self._matches = matches
        self.fault = fault
        self._times = times
        self.hits: list[Call] = []
        """The calls that it happened to."""

    def takes(self, call: Call) -> bool:
        if len(self.hits) >= self._times or not self._matches(call):
            return False
        self.hits.append(call)
        return True


def call_of(number: int, method: str, path: str, query: Mapping[str, str]) -> Call:
    """Return what a request is about."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if len(parts) > 2 and parts[0] == "namespaces":
        namespace, parts = parts[1], parts[2:]
    resource, name, subresource = [*parts, "", "", ""][:3]
    watch = query.get("watch") in ("1", "true")
    return Call(number, method, resource, namespace, name, subresource, watch, dry_run="dryRun" in query)


def on(resource: str = "", *, method: str = "", watch: bool | None = None, writes: bool | None = None) -> Matches:
    """Return what matches calls by what is given."""

    def matches(call: Call) -> bool:
        return (
            resource in ("", call.resource)
            and method in ("", call.method)
            and watch in (None, call.watch)
            and writes in (None, call.writes)
        )

    return matches
