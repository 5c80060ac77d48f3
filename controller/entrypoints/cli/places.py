"""Where was the definition of a run, or of one of its steps, written?"""

from controller.entrypoints.cli.session import Session
from controller.runtime.member import Member


def place_of(session: Session, member: Member, step: str | None = None) -> str | None:
    """Return `file:line at commit 8f3c2a1`, as far as it was known when the run was admitted; None for the store."""
    place = session.look.root(member.spec).places.get(member.spec.definition)
    if place is None:
        return None
    line = place.lines.get(step) if step is not None else place.line
    where = place.file if line is None else f"{place.file}:{line}"
    return where if place.commit is None else f"{where} at commit {place.commit}"
