"""All stores over one database, so that what a pass changes in them becomes durable together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.adapters.sqlite.blobs import SqliteBlobStore
from controller.adapters.sqlite.cache import SqliteResultCache
from controller.adapters.sqlite.database import Database
from controller.adapters.sqlite.decisions import SqliteDecisionSource
from controller.adapters.sqlite.ledger import SqliteLedgerStore
from controller.adapters.sqlite.objects import SqliteObjectStore
from controller.adapters.sqlite.slots import SqliteSlotPool
from controller.ports.clock import Clock

DATABASE = "state.db"
BLOBS = "blobs"


@dataclass(frozen=True)
class LocalStores:
    """The stores of one state directory, for one process."""

    database: Database
    blobs: SqliteBlobStore
    ledger: SqliteLedgerStore
    objects: SqliteObjectStore
    decisions: SqliteDecisionSource
    cache: SqliteResultCache
    slots: SqliteSlotPool

    @classmethod
    def open(cls, state: Path, clock: Clock, alive: Callable[[str], bool]) -> "LocalStores":
        """Open the stores in the folder `state`, which exists; see `Database.open` for errors.

        `alive` tells, for the uid of a root run, whether somebody drives its tree or steps of it still run.
        """
        return cls._over(Database.open(state / DATABASE, clock), state, clock, alive)

    @classmethod
    def open_read_only(cls, state: Path, clock: Clock) -> "LocalStores":
        """Open what is committed now without changing a byte below `state`, which need not exist."""
        return cls._over(Database.open_read_only(state / DATABASE, clock), state, clock, lambda _: True)

    @classmethod
    def _over(cls, database: Database, state: Path, clock: Clock, alive: Callable[[str], bool]) -> "LocalStores":
        # In the order in which they are written: what is named before what names it.
        return cls(
            database=database,
            blobs=SqliteBlobStore(database, state / BLOBS, clock),
            ledger=SqliteLedgerStore(database),
            objects=SqliteObjectStore(database),
            decisions=SqliteDecisionSource(database),
            cache=SqliteResultCache(database),
            slots=SqliteSlotPool(database, alive),
        )

    def close(self) -> None:
        """Commit what waits and close the database."""
        self.database.close()
