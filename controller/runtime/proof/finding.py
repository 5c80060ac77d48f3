"""Finding: one thing that is not as it should be."""

from typing import NamedTuple


class Finding(NamedTuple):
    """What is wrong, and where."""

    problem: str
    """In one line."""
    run: str = ""
    """Path of the run in its tree: empty for the root, else e.g. `kpi` or `kpi@2`."""
    record: int | None = None
    """First bad record; None where the finding is about no record."""
    event: str = ""
    """What that record says happened."""
    context: str = ""
    """What is sound all the same, and what the finding means."""
