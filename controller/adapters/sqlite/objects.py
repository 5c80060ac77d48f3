"""Runs and published definitions as rows. Every write is a transaction of its own."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from controller.adapters.sqlite.database import Database
from controller.adapters.sqlite.ledger import parse_status
from controller.errors import NotFound, StoreUnavailable
from controller.model.run import RunSpec, RunStatus
from controller.ports.object_store import Published

_OF_A_RUN = (
    ("runs", "uid"),
    ("ledgers", "run"),
    ("records", "run"),
    ("shards", "run"),
    ("decisions", "run"),
    ("slots", "run"),
)
"""Tables and their columns that name a run."""

_IDENTITY = "kind = ? AND owner = ? AND organization = ? AND name = ? AND version = ?"

_COLUMNS = "kind, owner, organization, name, version, lifecycle, resource, files, created_at, updated_at"


class SqliteObjectStore:
    """ObjectStore over the state database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_run(self, spec: RunSpec) -> bool:
        content = spec.__pydantic_serializer__.to_json(spec, by_alias=True)
        with self._database.transaction() as connection:
            done = connection.execute(
                "INSERT INTO runs (uid, root, parent, created_at, spec) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (spec.uid, spec.root, spec.parent, spec.created_at, content),
            )
            return done.rowcount == 1

    def run(self, uid: str) -> RunSpec | None:
        rows = self._database.rows("SELECT spec FROM runs WHERE uid = ?", (uid,))
        return _spec(uid, rows[0][0]) if rows else None

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        self._database.flush()
        rows = self._database.rows(
            "SELECT uid, spec, status FROM runs LEFT JOIN ledgers ON run = uid ORDER BY created_at DESC, id DESC"
        )
        return [(_spec(uid, spec), None if status is None else parse_status(uid, status)) for uid, spec, status in rows]

    def children(self, uid: str) -> Sequence[RunSpec]:
        rows = self._database.rows("SELECT uid, spec FROM runs WHERE parent = ? ORDER BY id", (uid,))
        return [_spec(child, spec) for child, spec in rows]

    def delete_run(self, uid: str) -> None:
        self._database.flush()
        with self._database.transaction() as connection:
            for table, column in _OF_A_RUN:
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (uid,))  # noqa: S608

    def publish(self, definition: Published) -> bool:
        with self._database.transaction() as connection:
            known = connection.execute(f"SELECT 1 FROM definitions WHERE {_IDENTITY}", definition[:5]).fetchone()  # noqa: S608
            connection.execute(
                f"INSERT INTO definitions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"  # noqa: S608
                " lifecycle = excluded.lifecycle, resource = excluded.resource, files = excluded.files,"
                " updated_at = excluded.updated_at",
                (
                    *definition[:6],
                    json.dumps(definition.resource),
                    json.dumps(dict(definition.files)),
                    definition.created_at,
                    definition.updated_at,
                ),
            )
        return known is None

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM definitions WHERE ? IS NULL OR kind = ?"  # noqa: S608
            " ORDER BY kind, name, version, owner, organization",
            (kind, kind),
        )
        return [_published(row) for row in rows]

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        with self._database.transaction() as connection:
            done = connection.execute(
                f"UPDATE definitions SET lifecycle = ?, updated_at = ? WHERE {_IDENTITY}",  # noqa: S608
                (lifecycle, now, *definition[:5]),
            )
        if done.rowcount == 0:
            raise NotFound(f"{definition.kind} {definition.name} {definition.version} is not published")


def _spec(uid: str, content: bytes) -> RunSpec:
    try:
        return RunSpec.model_validate_json(content)
    except ValidationError as error:
        raise StoreUnavailable(f"the stored run {uid} is damaged: {error}") from error


def _published(row: Sequence[Any]) -> Published:
    found = Published(*row)
    return found._replace(resource=json.loads(row[6]), files=json.loads(row[7]))
