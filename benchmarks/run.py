"""How long softmax-lint takes, in multiples of ruff on the same files in the same run.

    python benchmarks/run.py [--trees keras,timm] [--rounds 5] [--folder FOLDER] [--variants cold,reference]

Lays out the sources of pinned packages (they are unpacked, never imported), then runs all programs in turn,
round by round, so that whatever else the machine does hits all of them alike. Prints one row for each tree
and program: the ratio of medians and of minima to ruff's, wall and CPU seconds, and peak memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# Tree -> the packages whose sources make it up.
TREES = {
    "transformers": ("transformers==5.23.0",),
    "torch_geometric": ("torch-geometric==2.8.1",),
    "keras": ("keras==3.15.1",),
    "timm": ("timm==1.0.31",),
}
RUFF = ("-m", "ruff", "check", "--no-cache", "--quiet", "--isolated", "--select", "F")
OURS = ("-m", "softmax_lint", "check", "--isolated", "--no-cache", "--quiet", "--no-respect-gitignore")
VARIANTS = {"cold": OURS, "reference": (*OURS, "--reference")}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall and CPU seconds, peak memory in megabytes."""

    wall: float
    cpu: float
    memory: float


def lay_out(tree: str, folder: Path) -> Path:
    """The folder with the sources of a tree, downloaded when it is not there."""
    place = folder / tree
    if place.is_dir():
        return place
    wheels = folder / "wheels" / tree
    wheels.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "-d", str(wheels), *TREES[tree]], check=True)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(
                place, [name for name in archive.namelist() if name.endswith((".py", ".ipynb"))]
            )
    return place


def measure(command: Sequence[str], folder: Path) -> Run:
    """Run a program in a folder. Raises RuntimeError when it could not do its job."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command, "."], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {errors.decode()[-400:]}")
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def row(tree: str, name: str, runs: Sequence[Run], ruff: Sequence[Run]) -> str:
    walls, base = [run.wall for run in runs], [run.wall for run in ruff]
    cells = (
        tree,
        name,
        f"{median(walls) / median(base):.1f} ×",
        f"{min(walls) / min(base):.1f} ×",
        f"{median(walls):.2f} s",
        f"{median(run.cpu for run in runs):.2f} s",
        f"{max(run.memory for run in runs):.0f} MB",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trees", default=",".join(TREES))
    parser.add_argument("--variants", default="cold")
    parser.add_argument("--rounds", type=int, default=5)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--folder", type=Path, default=cache / "softmax-lint-benchmarks")
    given = parser.parse_args()
    programs = {"ruff": RUFF, **{name: VARIANTS[name] for name in given.variants.split(",")}}
    print("| tree | program | median | min | wall | CPU | memory |\n|---|---|---|---|---|---|---|")
    for tree in given.trees.split(","):
        folder = lay_out(tree, given.folder)
        runs: dict[str, list[Run]] = {name: [] for name in programs}
        for command in programs.values():
            measure(command, folder)  # files into memory, byte code onto the disk
        for _ in range(given.rounds):
            for name, command in programs.items():
                runs[name].append(measure(command, folder))
        for name in programs:
            print(row(tree, name, runs[name], runs["ruff"]), flush=True)


if __name__ == "__main__":
    main()
