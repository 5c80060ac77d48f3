"""Transition table: the only way in which a state may change."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from controller.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)


class Table(Generic[S]):
    """State x record kind -> state. Every state has a row; an empty row is a decision."""

    def __init__(self, name: str, states: type[S], rows: Mapping[S, Mapping[str, S]]) -> None:
        missing = [state for state in states if state not in rows]
        if missing:
            raise ValueError(f"{name}: no row for {missing}")
        self.name = name
        self.rows: Mapping[S, Mapping[str, S]] = MappingProxyType(
            {state: MappingProxyType(dict(row)) for state, row in rows.items()}
        )

    def move(self, state: S, kind: str) -> S:
        """Return the state after a record of `kind`. Raises IllegalTransition where the table is silent."""
        target = self.rows[state].get(kind)
        if target is None:
            raise IllegalTransition(f"a {self.name} in state {state} never takes {kind}")
        return target

    def allows(self, state: S, kind: str) -> bool:
        """Return whether the table has a row for this move."""
        return kind in self.rows[state]

    def edges(self) -> Iterator[tuple[S, str, S]]:
        """Yield all rows, for documentation, diagrams and generated rules."""
        for state, row in self.rows.items():
            for kind, target in row.items():
                yield state, kind, target
