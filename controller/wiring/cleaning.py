"""What `libretto clean` works with on one machine."""

from controller.adapters.process.link import supervised
from controller.adapters.retention import Cleaned, Cleaner
from controller.model.retention import Retention
from controller.wiring.local import Local


def clean(local: Local, limits: Retention, *, dry_run: bool) -> Cleaned:
    """Remove what is beyond the limits; with `dry_run` only tell. Raises StoreUnavailable, DiskFull."""
    stores, directory = local.stores, local.directory
    cleaner = Cleaner(
        stores.objects,
        stores.ledger,
        stores.blobs,
        stores.cache.outputs,
        local.leadership,
        lambda root: supervised(directory.tree(root)),
        directory.runs,
    )
    return cleaner.clean(limits, local.clock.now(), dry_run=dry_run)
