"""What is wrong with a file, where, and what to do: one value per problem."""

from typing import NamedTuple


class Location(NamedTuple):
    """A place in a file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int


class Problem(NamedTuple):
    """One thing that is wrong (or, as a warning, doubtful) in a file."""

    location: Location
    path: str
    """Where in the document, e.g. `spec.steps[2].dependsOn[0]`; empty for the document itself."""
    message: str
    """What is wrong and what was expected, in one line, without the location."""
    rule: str
    """Stable word for the kind of problem, e.g. `UnknownStep`; the SARIF rule id."""
    hint: str | None = None
    """What to do, e.g. `did you mean "creative"?`."""
    length: int = 0
    """Characters to underline from the column on; 0 when the length is unknown."""
    severity: str = "error"
    """`error` refuses the file; `warning` does not."""
