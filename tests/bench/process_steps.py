"""1,000 real processes that each write one small file, two at a time, beside make, ninja and Snakemake."""

import shutil

from tests.bench import graphs, snakemake
from tests.bench.children import Usage, run
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop

SIZES = (100, 300, 1_000)
ROUNDS = 5


def measure(workshop: Workshop) -> Measured:
    """The best of five rounds, in each of which the programs take turns; Snakemake, which takes as long as all of them, plays once."""
    missing: list[str] = []
    best: dict[tuple[str, int], Usage] = {}
    for size in SIZES:
        for number in range(ROUNDS):
            workshop.say(f"{size:,} process steps, round {number + 1} of {ROUNDS}")
            for name, used in _round(workshop, size).items():
                if (name, size) not in best or used.wall_s < best[name, size].wall_s:
                    best[name, size] = used
    try:
        best["snakemake", SIZES[-1]] = _snakemake(workshop, SIZES[-1])
    except snakemake.NotInstallable as error:
        missing.append(f"Snakemake: {error}")
    if not shutil.which("ninja"):
        missing.append("ninja: it is not installed")
    return _measured(best, missing)


def _measured(best: dict[tuple[str, int], Usage], missing: list[str]) -> Measured:
    largest = SIZES[-1]
    ours, make = best["libretto", largest], best["make", largest]
    figures = [
        Figure("libretto run", ours.wall_s, "s", note=f"{1e3 * ours.wall_s / largest:.2f} ms a step"),
        Figure("make -j2", make.wall_s, "s"),
        Figure("libretto / make", ours.wall_s / make.wall_s, "x", 4),
    ]
    if ("ninja", largest) in best:
        figures.append(Figure("ninja -j2", best["ninja", largest].wall_s, "s"))
    if ("snakemake", largest) in best:
        theirs = best["snakemake", largest].wall_s
        figures.append(Figure(f"Snakemake {snakemake.VERSION} --cores 2", theirs, "s"))
        figures.append(Figure("libretto / Snakemake", ours.wall_s / theirs, "x", 0.2))
    figures.append(Figure("peak memory", ours.peak_mb, "MB", 150, note="command line and supervisor together"))
    return Measured(
        "1,000 process steps, 2 at a time",
        f"Layers of {graphs.WIDTH} steps, each of which needs two of the layer before and runs `/bin/sh -c 'echo ... >"
        " file'`. Ours is `libretto run` into a fresh state directory, from the start of the interpreter to the summary:"
        " with the files of both predecessors staged, results stored by digest and every record durable.",
        figures,
        [
            Growth(name, "step", {size: 1e6 * best[name, size].wall_s / size for size in SIZES})
            for name in ("libretto", "make")
        ],
        missing,
    )


def _round(workshop: Workshop, size: int) -> dict[str, Usage]:
    folder = workshop.folder("make")
    graphs.write_makefile(folder, size)
    done = {"make": run(["make", "-s", "-j2"], folder)}
    if shutil.which("ninja"):
        folder = workshop.folder("ninja")
        graphs.write_ninja(folder, size)
        done["ninja"] = run(["ninja", "--quiet", "-j2"], folder)
    folder = workshop.folder("libretto")
    graphs.write_definition(folder, size)
    done["libretto"] = workshop.libretto(folder, "run", "definitions/layers", companion=str(folder / ".libretto"))
    return done


def _snakemake(workshop: Workshop, size: int) -> Usage:
    workshop.say("finding or installing Snakemake")
    program = snakemake.installed()
    folder = workshop.folder("snakemake")
    graphs.write_snakefile(folder, size)
    workshop.say(f"{size:,} steps with Snakemake")
    return run([program, "--cores", "2", "--quiet", "all"], folder)
