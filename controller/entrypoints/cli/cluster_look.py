"""Finding runs of a cluster: by the names of their objects."""

from typing import TYPE_CHECKING

from controller.model.run import RunSpec
from controller.runtime.look import Look

if TYPE_CHECKING:
    from controller.ports.blob_store import BlobStore
    from controller.ports.ledger_store import LedgerStore
    from controller.ports.object_store import ObjectStore
    from controller.wiring.remote import Remote


class ClusterLook(Look):
    """Reads runs of one namespace."""

    def __init__(self, remote: "Remote", objects: "ObjectStore", ledger: "LedgerStore", blobs: "BlobStore") -> None:
        super().__init__(objects, ledger, blobs)
        self._remote = remote

    def find(self, name: str) -> RunSpec:
        """Return the run of that name or uid, or `latest`. Raises NotFound."""
        found = self._remote.stores.objects.run(self._remote.find(name))
        assert found is not None  # its uid comes from there
        return found
