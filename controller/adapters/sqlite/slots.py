"""Limits that span runs: a queue of rows per limit, in order of arrival."""

import sqlite3
from collections.abc import Callable, Collection

from controller.adapters.sqlite.database import Database
from controller.model.attempt import AttemptKey
from controller.model.states import Role

Alive = Callable[[str], bool]
"""Given the uid of a root run: whether somebody drives its tree or steps of it still run."""

_HOLDER = "run = ? AND step = ? AND role = ? AND attempt = ?"

_AHEAD = f"SELECT count(*) FROM slots WHERE key = ? AND id < (SELECT id FROM slots WHERE key = ? AND {_HOLDER})"  # noqa: S608

_QUEUED = f"SELECT 1 FROM slots WHERE key = ? AND {_HOLDER}"  # noqa: S608


_OF_TREE = (
    "SELECT DISTINCT slots.run, step, role, attempt FROM slots LEFT JOIN runs ON uid = slots.run"
    " WHERE coalesce(root, slots.run) = ?"
)


class SqliteSlotPool:
    """SlotPool over the state database. Every change is a transaction of its own: other processes wait for it."""

    def __init__(self, database: Database, alive: Alive) -> None:
        self._database = database
        self._alive = alive

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        place = (key, *holder)
        if not self._database.rows(_QUEUED, place):
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT INTO slots (key, run, step, role, attempt) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    place,
                )
        if self._ahead(place) < limit:
            return True
        return self._purge(key) and self._ahead(place) < limit

    def release(self, holder: AttemptKey) -> None:
        # Most attempts hold nothing, and a look costs no commit.
        if self._database.rows(f"SELECT 1 FROM slots WHERE {_HOLDER} LIMIT 1", holder):  # noqa: S608
            with self._database.transaction() as connection:
                connection.execute(f"DELETE FROM slots WHERE {_HOLDER}", holder)  # noqa: S608

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        places = self._database.rows(_OF_TREE, (root,))
        left = {place for place in places if (*place[:2], Role(place[2]), place[3]) not in holders}
        if left:
            with self._database.transaction() as connection:
                connection.executemany(f"DELETE FROM slots WHERE {_HOLDER}", sorted(left))  # noqa: S608

    def _ahead(self, place: tuple[str, *tuple[object, ...]]) -> int:
        return int(self._database.rows(_AHEAD, (place[0], *place))[0][0])

    def _purge(self, key: str) -> bool:
        """Give back the places of run trees that nobody drives; return whether there were any."""
        held = self._database.rows(
            "SELECT DISTINCT run, coalesce(root, run) FROM slots LEFT JOIN runs ON uid = run WHERE key = ?", (key,)
        )
        alive = {root: self._alive(root) for root in {root for _, root in held}}
        dead = [(run,) for run, root in held if not alive[root]]
        if dead:
            with self._database.transaction() as connection:
                _forget(connection, dead)
        return bool(dead)


def _forget(connection: sqlite3.Connection, runs: list[tuple[str]]) -> None:
    connection.executemany("DELETE FROM slots WHERE run = ?", runs)
