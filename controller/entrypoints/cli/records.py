"""What does the ledger of a run say about one step?"""

from collections.abc import Iterator

from controller.entrypoints.cli.session import Session
from controller.model.record import Record, decode

DECISIONS = {
    "GateApproved": "approved",
    "GateRejected": "rejected",
    "GateModified": "modified",
    "GateLapsed": "lapsed",
}
"""Kind of record -> what was decided."""


def records_of(session: Session, uid: str, step: str | None = None) -> Iterator[Record]:
    """Yield the records of a run, or those about one of its steps."""
    for content in session.local.stores.ledger.read(uid):
        record = decode(content)
        if step is None or record.step == step:
            yield record


def last_of(session: Session, uid: str, kinds: frozenset[str], step: str | None = None) -> Record | None:
    """Return the last record of one of these kinds."""
    found = None
    for record in records_of(session, uid, step):
        if record.kind in kinds:
            found = record
    return found
