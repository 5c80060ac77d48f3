"""Local mode: SQLite, files and processes behind the ports."""

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ulid import ULID

from controller.adapters.clock import SystemClock
from controller.adapters.configuration import Configuration, load_configuration
from controller.adapters.file_lock_leadership import FileLockLeadership
from controller.adapters.notifier import Channel, CommandChannel, QueuedNotifier, WebhookChannel
from controller.adapters.process.layout import PROGRESS, attempt_directory
from controller.adapters.process.link import supervised
from controller.adapters.process.progress import said
from controller.adapters.process.runner import ProcessRunner
from controller.adapters.sqlite.stores import LocalStores
from controller.adapters.state_directory import StateDirectory
from controller.model.attempt import AttemptKey
from controller.model.record import Actor
from controller.runtime.toolbox import Toolbox


@dataclass(frozen=True)
class Local:
    """Everything that a command needs on one machine."""

    directory: StateDirectory
    stores: LocalStores
    clock: SystemClock
    leadership: FileLockLeadership
    configuration: Configuration
    environment: Mapping[str, str]

    @classmethod
    def open(cls, state_dir: str | None, *, read_only: bool = False) -> "Local":
        """Open the state directory; make it unless `read_only`, which changes nothing on disk.

        Raises StateTooNew, StoreUnavailable, DiskFull, ConfigurationInvalid.
        """
        directory = StateDirectory.find(state_dir, Path.cwd())
        clock, environment = SystemClock(), dict(os.environ)
        configuration = load_configuration(directory.path, environment)
        leadership = FileLockLeadership(directory.runs)
        if read_only:
            stores = LocalStores.open_read_only(directory.path, clock)
        else:
            directory.create()

            def alive(root: str) -> bool:
                return leadership.held(root) or supervised(directory.tree(root))

            stores = LocalStores.open(directory.path, clock, alive)
        return cls(directory, stores, clock, leadership, configuration, environment)

    def toolbox(self, root: str) -> Toolbox:
        """Return the ports for driving one run tree."""
        stores = self.stores
        return Toolbox(
            clock=self.clock,
            objects=stores.objects,
            ledger=stores.ledger,
            blobs=stores.blobs,
            cache=stores.cache,
            decisions=stores.decisions,
            slots=stores.slots,
            runner=ProcessRunner(
                self.directory.tree(root),
                stores.blobs,
                self.directory.project,
                self.environment,
            ),
            leadership=self.leadership,
            notifier=self.notifier(),
        )

    def notifier(self) -> QueuedNotifier:
        """Return the notifier that the settings ask for."""
        notify = self.configuration.notify
        channels: list[Channel] = []
        if notify.command is not None:
            channels.append(CommandChannel(notify.command, notify.timeout / 1000))
        if notify.webhook is not None:
            channels.append(WebhookChannel(notify.webhook, notify.timeout / 1000))
        return QueuedNotifier(self.directory.alerts, channels, notify.levels, notify.types)

    def progress(self, root: str, keys: Sequence[AttemptKey]) -> Mapping[AttemptKey, tuple[int, int]]:
        """Return done and total of those attempts of a tree that said how far they are."""
        folder = self.directory.tree(root)
        told = {key: said(os.fspath(folder / attempt_directory(key) / PROGRESS)) for key in keys}
        return {key: one for key, one in told.items() if one is not None}

    def person(self) -> Actor:
        """Return who is at the keyboard."""
        return person()

    def close(self) -> None:
        """Commit what waits and close the stores."""
        self.stores.close()


def new_run_id() -> str:
    """Return a ULID: sortable by time, unique without asking anybody."""
    return str(ULID())


def person() -> Actor:
    """Return who is at the keyboard: the user that the operating system knows."""
    return Actor("person", getpass.getuser())
