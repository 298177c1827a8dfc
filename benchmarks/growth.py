"""How a run grows with its files: made projects of more and more files, checked cold.

    python benchmarks/growth.py [--sizes 1000,5000,50000] [--rounds 3] [--folder FOLDER]

Prints CPU and wall seconds of the fastest run, per thousand files, and the memory of the largest process. Exits with
1 when a thousand files of the largest project cost more than 1.15 of what they cost in the smallest.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from corpora import generated
from run import OURS, Program, measure

SLACK = 1.15
# One in so many files holds a model or what trains it.
SHARE = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="1000,5000,50000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the projects are kept")
    given = parser.parse_args()
    costs = []
    with tempfile.TemporaryDirectory() as made:
        for size in map(int, given.sizes.split(",")):
            place = (given.folder or Path(made)).resolve() / str(size)
            if not place.is_dir():
                generated(place, size, SHARE)
            program = Program("cold", (sys.executable, *OURS, "--no-cache", "."))
            runs = [measure(program, place, 600) for _ in range(given.rounds)]
            cpu, wall = min(run.cpu for run in runs), min(run.wall for run in runs)
            costs.append(cpu / size)
            print(
                f"{size} files: {cpu:.2f} s CPU, {wall:.2f} s, {1000 * cpu / size:.3f} s CPU for a thousand, "
                f"{max(run.memory for run in runs):.0f} MB",
                flush=True,
            )
    return costs[-1] > SLACK * costs[0]


if __name__ == "__main__":
    sys.exit(main())
