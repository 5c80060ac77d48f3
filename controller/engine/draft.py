"""Draft: a decision in the making. Collects records (each folded at once) and effects; never leaves the call to reduce."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.engine.effects import Effect
from controller.engine.evolve import evolve
from controller.engine.state import State
from controller.engine.units import RUN_ITSELF, unit_name
from controller.machine.chain import Link
from controller.model.digest import Digest
from controller.model.record import CONTROLLER, GENESIS, Actor, Record


class Draft:
    """The state so far, and what was recorded and asked for on the way."""

    __slots__ = ("effects", "links", "now", "state")

    def __init__(self, state: State, now: int) -> None:
        self.state = state
        self.now = now
        self.links: list[Link] = []
        self.effects: list[Effect] = []

    def record(
        self,
        kind: str,
        unit: int = RUN_ITSELF,
        *,
        actor: Actor = CONTROLLER,
        attempt: int | None = None,
        input_digest: Digest | None = None,
        output_digest: Digest | None = None,
        summary: str | None = None,
        violations: Sequence[str] | None = None,
        warnings: Sequence[str] | None = None,
        duration_ms: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> int:
        """Append a record, fold it, and return its sequence number. Empty members are left out."""
        state = self.state
        before = state.unit(unit).state if unit >= 0 else state.run
        draft = Record(
            0,
            GENESIS,
            kind,
            actor,
            self.now,
            unit_name(state.graph, unit) if unit >= 0 else None,
            attempt,
            None,
            None,
            input_digest,
            output_digest,
            summary or None,
            list(violations) if violations else None,
            list(warnings) if warnings else None,
            duration_ms,
            data or None,
        )
        # The fold needs no chain, so the states around the record can be read off it before the bytes are made.
        placed = draft._replace(seq=state.chain.next)
        folded = evolve(state, placed)
        after = folded.unit(unit).state if unit >= 0 else folded.run
        if after is not before:
            placed = placed._replace(source=before, target=after)
        link, chain = state.chain.link(placed)
        self.state = folded._replace(chain=chain)
        self.links.append(link)
        return link.record.seq

    def ask(self, effect: Effect) -> None:
        """Ask for an effect."""
        self.effects.append(effect)
