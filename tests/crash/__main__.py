"""`python -m tests.crash --kills 300`: kill the real command line at random moments, and say what came of it."""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from tests.crash import fifty
from tests.crash.kills import Tally, campaign, sound
from tests.crash.project import Project

KILLS_PER_SEED = 30
LANES = 2
"""Campaigns side by side: most of their time is waiting."""


def _undisturbed(place: Path) -> str:
    project = Project(place)
    said = project.call("run", fifty.define(project))
    assert said.code == 0, said
    sound(project)
    return project.digest()


def main() -> int:
    """Return 1 when a run did not come to what it would have come to; its folder stays then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1000, help="the first; each stands for 30 kills")
    asked = parser.parse_args()
    began = monotonic()
    place = Path(tempfile.mkdtemp(prefix="libretto-kills-"))
    wanted = _undisturbed(place / "undisturbed")
    full, rest = divmod(asked.kills, KILLS_PER_SEED)
    shares = [KILLS_PER_SEED] * full + [rest] * bool(rest)
    tallies: list[Tally] = []
    failures = 0
    with ThreadPoolExecutor(LANES) as pool:
        lanes = {
            seed: pool.submit(campaign, place / str(seed), seed, share, wanted)
            for seed, share in enumerate(shares, asked.seed)
        }
        for seed, lane in lanes.items():
            error = lane.exception()
            if isinstance(error, AssertionError):
                failures += 1
                print(f"seed {seed} failed: {error}\n  {' '.join(error.__notes__)}", flush=True)
            elif error is not None:
                raise error
            else:
                tallies.append(lane.result())
    kinds = sum((tally.kills for tally in tallies), Counter[str]())
    runs, missed = sum(tally.runs for tally in tallies), sum(tally.missed for tally in tallies)
    print(
        f"{kinds.total()} kills in {runs} runs of {fifty.STEPS} steps, {missed} moments came too late, {failures} failed"
    )
    print(", ".join(f"{kind} {number}" for kind, number in kinds.most_common()), f"; {monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
