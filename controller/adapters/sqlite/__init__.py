"""The stores of one machine: one SQLite file and a folder of large blobs.

May: know SQLite and the file system. Must not: decide anything about a run, or let `sqlite3` errors out.
May import: ports, machine, model, errors. Start at `stores.LocalStores`.
"""

from controller.adapters.sqlite.stores import LocalStores

__all__ = ["LocalStores"]
