"""Run the measures: `python -m tests.bench [NAME...] [-o json] [--update-docs]`. Exit code 1: a limit was missed."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from tests.bench import (
    approval,
    process_steps,
    simulated_graph,
    startup,
    status_size,
    table,
    validation,
)
from tests.bench.cluster import burst, chain, crowd, each, wide
from tests.bench.figures import Measured
from tests.bench.workshop import ROOT, Workshop

MEASURES: Mapping[str, Callable[[Workshop], Measured]] = {
    "processes": process_steps.measure,
    "simulation": simulated_graph.measure,
    "status": status_size.measure,
    "validation": validation.measure,
    "startup": startup.measure,
    "approval": approval.measure,
    "cluster-chain": chain.measure,
    "cluster-wide": wide.measure,
    "cluster-burst": burst.measure,
    "cluster-each": each.measure,
    "cluster-crowd": crowd.measure,
}
PAGE = ROOT / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(MEASURES)}; default: all")
    parser.add_argument("-o", dest="form", choices=["text", "json"], default="text", help="how to print the result")
    parser.add_argument("--update-docs", action="store_true", help="write docs/performance.md; needs all measures")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in MEASURES]:
        parser.error(f"no such measure: {', '.join(unknown)}")
    if given.update_docs and given.names:
        parser.error("--update-docs needs all measures")
    os.environ.setdefault("GOGC", "100")  # a control plane as it is shipped, not as tests start it
    workshop = Workshop.make()
    results: list[Measured] = []
    try:
        for name in given.names or MEASURES:
            results.append(MEASURES[name](workshop))
            if given.form == "text":
                print("\n".join(table.lines(results[-1])), end="\n\n", flush=True)
    finally:
        workshop.close()
    if given.form == "json":
        print(table.as_json(results))
    if given.update_docs:
        PAGE.write_text(table.as_markdown(results), encoding="utf-8")
    missed = [f"{one.title}: {name}" for one in results for name in one.missed]
    if given.form == "text":
        print("all limits met" if not missed else "missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
