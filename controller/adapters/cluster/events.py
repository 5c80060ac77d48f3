"""How are Kubernetes Events posted without anybody waiting for them? From a bounded queue, repeats as one series, best effort."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import hashed, slug
from controller.adapters.cluster.resources import EVENTS
from controller.errors import AlreadyExists, LibrettoError, NotFound, Throttled, Transient
from controller.model.record import time_text

Json = dict[str, Any]

CONTROLLER = "libretto.dev/operator"
"""`reportingController`: whose Events these are."""

MOST_WAITING = 1_000
"""Events that wait to be posted; what comes on top is dropped and counted."""

MOST_KNOWN = 4_000
"""Events that are remembered, so that a repeat becomes one more of a series."""

SERIES_S = 30.0
"""Between two updates of one series: a thousand instances that fail are a handful of requests."""

MOST_TRIES = 4
"""While the API server does not answer; after that an Event is given up."""

LONGEST_NOTE = 1024
LONGEST_WORD = 128
"""Characters that the API server takes."""


class Happening(NamedTuple):
    """What an Event tells."""

    regarding: Json
    """Reference to the object that it is about."""
    reason: str
    note: str
    warning: bool
    at: int
    """Milliseconds since the epoch."""
    about: str = ""
    """What of the object: happenings with equal object, reason and `about` are one series."""
    action: str = ""
    """What was done about it; empty: the reason."""
    related: Json | None = None
    """Reference to a second object."""
    annotations: Mapping[str, str] = {}


class _Known(NamedTuple):
    """An Event that was posted, or is going to be."""

    happening: Happening
    times: int = 1
    posted: int = 0
    """How many of them the API server knows of."""
    due: float = 0.0
    """When it may be posted next, on the loop's clock."""
    tries: int = 0
    """Posts in vain."""


class EventPoster:
    """Posts Events while `run` runs. Names are computed, so that who takes over repeats none."""

    def __init__(
        self,
        client: Client,
        instance: str,
        *,
        dropped: Callable[[], None] = lambda: None,
        log: Callable[[str], None] = lambda _: None,
        series_s: float = SERIES_S,
    ) -> None:
        """`instance` names this process. `dropped` is called for each Event that was given up."""
        self._client = client
        self._instance = instance[:LONGEST_WORD]
        self._dropped = dropped
        self._log = log
        self._series_s = series_s
        self._known: dict[tuple[str, str], _Known] = {}
        self._waiting: dict[tuple[str, str], None] = {}
        self._changed = asyncio.Event()
        self._complained = False

    def tell(self, happening: Happening) -> None:
        """Have an Event posted, some time."""
        place = happening.regarding["namespace"], event_name(happening)
        known = self._known.get(place)
        if known is None:
            if len(self._waiting) >= MOST_WAITING:
                self._dropped()
                return
            self._known[place] = _Known(happening)
            self._forget()
        else:
            self._known[place] = known._replace(happening=happening, times=known.times + 1)
        self._waiting[place] = None
        self._changed.set()

    async def run(self) -> None:
        """Post, for ever."""
        while True:
            now = self._now()
            due = [place for place in self._waiting if self._known[place].due <= now]
            for place in due:
                await self._post(place)
            if due:
                continue
            soonest = min((self._known[place].due for place in self._waiting), default=None)
            self._changed.clear()
            try:
                async with asyncio.timeout_at(soonest):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _post(self, place: tuple[str, str]) -> None:
        del self._waiting[place]
        known = self._known[place]
        namespace, name = place
        try:
            if known.posted == 0:
                await self._client.create(EVENTS, namespace, self._body(name, known))
            else:
                await self._client.patch(EVENTS, namespace, name, {"series": _series(known)})
        except AlreadyExists:
            pass  # whoever led before told of it
        except NotFound:
            # Events live for an hour by default, and a namespace that is gone takes none any more: it begins anew.
            self._known.pop(place, None)
            self._waiting.pop(place, None)
            return
        except LibrettoError as error:
            if isinstance(error, Transient | Throttled) and known.tries < MOST_TRIES and place in self._known:
                wait = error.retry_after if isinstance(error, Throttled) else 2 ** (known.tries + 1)
                self._note(place, due=self._now() + wait, tries=known.tries + 1)
                self._waiting[place] = None
                return
            self._give_up(error)
        self._note(place, posted=known.times, due=self._now() + self._series_s, tries=0)

    def _note(self, place: tuple[str, str], **changes: Any) -> None:
        """It may have happened again meanwhile, or be forgotten."""
        if place in self._known:
            self._known[place] = self._known[place]._replace(**changes)

    def _give_up(self, error: LibrettoError) -> None:
        self._dropped()
        if not self._complained:
            self._log(f"events cannot be posted, which changes nothing else: {error}")
        self._complained = True

    def _body(self, name: str, known: _Known) -> Json:
        happening = known.happening
        body: Json = {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {
                "name": name,
                "namespace": happening.regarding["namespace"],
                "annotations": dict(happening.annotations),
            },
            "eventTime": _micro(happening.at),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
            "action": (happening.action or happening.reason)[:LONGEST_WORD],
            "reason": happening.reason[:LONGEST_WORD],
            "regarding": happening.regarding,
            "note": happening.note[:LONGEST_NOTE],
            "type": "Warning" if happening.warning else "Normal",
        }
        if happening.related is not None:
            body["related"] = happening.related
        if known.times > 1:
            body["series"] = _series(known)
        return body

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _forget(self) -> None:
        """Forget the oldest that wait for nothing."""
        while len(self._known) > MOST_KNOWN:
            oldest = next(place for place in self._known if place not in self._waiting)
            del self._known[oldest]


def event_name(happening: Happening) -> str:
    """Return the name of an Event: the same for the same series."""
    regarding = happening.regarding
    return f"{slug(regarding['name'], 200)}.{hashed(regarding['uid'], happening.reason, happening.about)}"


def reference(one: Json) -> Json:
    """Return the reference to an object."""
    metadata = one["metadata"]
    found = {"apiVersion": one["apiVersion"], "kind": one["kind"], "name": metadata["name"]}
    return found | {"namespace": metadata["namespace"], "uid": metadata["uid"]}


def _series(known: _Known) -> Json:
    return {"count": max(2, known.times), "lastObservedTime": _micro(known.happening.at)}


def _micro(milliseconds: int) -> str:
    return f"{time_text(milliseconds)[:-1]}000Z"
