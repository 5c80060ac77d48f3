"""How long does the command line take to answer, and what does it import for that?"""

import statistics
import subprocess
import sys

from tests.bench.figures import Figure, Measured
from tests.bench.graphs import write_definition
from tests.bench.workshop import LIBRETTO, ROOT, Workshop

TIMES = 20
HEAVY = (
    "asyncio",
    "blake3",
    "cel_expr_python",
    "email",
    "http.client",
    "importlib.metadata",
    "jsonschema_rs",
    "orjson",
    "pydantic",
    "rich",
    "sqlite3",
    "ssl",
    "urllib.request",
    "yaml",
)
"""What `--help` must not pay for."""

_COUNT = "import sys; import controller.entrypoints.cli.main; print(*sys.modules, sep='\\n')"


def measure(workshop: Workshop) -> Measured:
    """Medians: a start is so short that the best would flatter."""
    folder = workshop.folder("startup")
    write_definition(folder, 1)
    workshop.say("starting")
    nothing = [workshop.libretto(folder, "--help") for _ in range(TIMES)]
    played = [workshop.libretto(folder, "run", "definitions/layers") for _ in range(TIMES // 4)]
    modules = set(
        subprocess.run(
            [sys.executable, "-c", _COUNT], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )
    found = [name for name in HEAVY if name in modules]
    return Measured(
        "Start of the command line",
        f"`{LIBRETTO.name} --help` {TIMES} times, and a run of one step; of {len(HEAVY)} heavy modules the number that"
        " listing the verbs imports.",
        [
            Figure("libretto --help", 1e3 * statistics.median(used.wall_s for used in nothing), "ms", 150, below=True),
            Figure("heavy modules imported by it", len(found), "", 0, note=", ".join(found)),
            Figure("modules imported by it", len(modules), ""),
            Figure("libretto run, one step", 1e3 * statistics.median(used.wall_s for used in played), "ms"),
        ],
    )
