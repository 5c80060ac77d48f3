"""`python -m tests.dst --seeds N`: search for a seed that shows a bug; print a minimal script of each that does."""

import argparse
import sys

from tests.dst.search import minimal, play


def main() -> int:
    """Play the seeds and return 1 when one of them shows a bug."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--most", type=int, default=5, help="failures to show before giving up")
    asked = parser.parse_args()
    failures = 0
    for seed in range(asked.start, asked.start + asked.seeds):
        failure = play(seed)
        if failure is not None:
            failures += 1
            print(minimal(failure).script(), flush=True)
            if failures >= asked.most:
                break
        if (seed + 1) % 500 == 0:
            print(f"{seed + 1} seeds played, {failures} failed", flush=True)
    print(f"{failures} of {asked.seeds} seeds failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
