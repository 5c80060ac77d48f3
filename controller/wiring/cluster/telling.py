"""What of a tree is told to observers, and when? Its records, once the status that carries them was written."""

from collections.abc import Callable, Sequence
from typing import Any

from controller.machine.chain import Link
from controller.runtime.member import Member
from controller.runtime.spans import Span, Spans
from controller.wiring.cluster.observer import Observer, Told

Json = dict[str, Any]


class Telling:
    """Keeps what the runs of one tree recorded until it is durable. A crash before that loses what was to be told, no more."""

    def __init__(self, namespace: str, find: Callable[[str], Json | None], observer: Observer) -> None:
        """`find` returns the newest known object of a run."""
        self._namespace = namespace
        self._find = find
        self._observer = observer
        self._spans: dict[str, Spans] = {}
        self._untold: list[tuple[Member, Sequence[Link], list[Span]]] = []

    def recorded(self, member: Member, links: Sequence[Link]) -> None:
        """Note records as they are made; the member's state is the one after them."""
        spans = self._spans.get(member.spec.uid)
        if spans is None:
            spans = self._spans[member.spec.uid] = Spans(member, links)
        self._untold.append((member, links, spans.feed(links)))

    def tell(self) -> None:
        """Tell of what is durable by now."""
        if not self._untold:
            return
        untold, self._untold = self._untold, []
        for one in untold:
            member, links, spans = one
            run = self._find(member.spec.uid)
            if run is None:
                continue  # deleted, and its records with it
            if (run.get("status") or {}).get("sequence", -1) < links[-1].record.seq:
                self._untold.append(one)
                continue
            self._observer.recorded(Told(self._namespace, run, member, links, spans))
