"""Evidence: what is left of a run tree, wherever it lies: in the stores of a state directory or in a bundle."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from controller.model.digest import Digest
from controller.model.run import RunSpec
from controller.ports.ledger_store import LedgerStore
from controller.ports.object_store import ObjectStore


class Claim(NamedTuple):
    """What the place of the evidence says about a ledger, beside the ledger itself."""

    records: int
    """How many; a ledger that is still written to may have more by now."""
    head: Digest
    state: str
    semantic: Digest | None


class Log(NamedTuple):
    """What an attempt printed, secrets removed."""

    name: str
    """`<step>/<role>-<attempt>`."""
    content: bytes


class Evidence(Protocol):
    """One run tree. Bytes are given as they are found; whoever reads them has to hash them."""

    @property
    def place(self) -> str:
        """What to call where it lies, e.g. `the bundle`."""

    def specs(self) -> Sequence[RunSpec]:
        """Return all runs, the root first, parents before their children. Raises VerificationFailed."""

    def records(self, run: str) -> Iterable[bytes]:
        """Yield the records of a run. Raises VerificationFailed at the first that cannot even be read."""

    def blob(self, digest: Digest) -> bytes | None:
        """Return what is stored under a digest; None where nothing is. Raises VerificationFailed for what cannot even be read."""

    def claim(self, run: str) -> Claim | None:
        """Return what is said about the run's ledger; None where nothing is."""

    def logs(self, run: str) -> Iterable[Log]:
        """Yield what the attempts of a run printed."""


@dataclass(frozen=True)
class StoredEvidence:
    """A run tree in the stores of a state directory or a namespace."""

    root: RunSpec
    objects: ObjectStore
    ledger: LedgerStore
    content: Callable[[Digest], bytes | None]
    """Gives stored bytes without checking them; raises VerificationFailed where they cannot even be read."""
    logs_of: Callable[[str, str], Iterable[Log]]
    """Root and run -> logs."""
    place: str = "the state directory"

    def specs(self) -> Sequence[RunSpec]:
        return self._below(self.root)

    def _below(self, spec: RunSpec) -> list[RunSpec]:
        found = [spec]
        for child in self.objects.children(spec.uid):
            if self.ledger.head(child.uid)[0] >= 0:
                found += self._below(child)
        return found

    def records(self, run: str) -> Iterable[bytes]:
        return self.ledger.read(run)

    def blob(self, digest: Digest) -> bytes | None:
        return self.content(digest)

    def claim(self, run: str) -> Claim | None:
        status = self.ledger.status(run)
        if status is None:
            return None
        return Claim(status.sequence + 1, status.head, status.state, status.semantic_digest)

    def logs(self, run: str) -> Iterable[Log]:
        return self.logs_of(self.root.root, run)
