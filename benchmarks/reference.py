"""Whether the fast way gives the same bytes as LibCST alone: every folder is checked both ways.

    python benchmarks/reference.py FOLDER…

What is compared is all that a program gets to see: findings with their fixes, and every loss with its verdict. Exits
with 1 when they differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

COMMON = ("--isolated", "--no-cache", "--no-respect-gitignore", "--output-format", "json")
COMMANDS = (("check", "--select", "ALL"), ("pairs",))


def output(command: tuple[str, ...], folder: str) -> tuple[bytes, float]:
    """(standard output, seconds) of a command in a folder. Raises RuntimeError when it could not do its job."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    started = time.perf_counter()
    words = [sys.executable, "-m", "softmax_lint", *command, *COMMON, "."]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode(errors="replace")[-400:])
    return done.stdout, time.perf_counter() - started


def main() -> int:
    differs = False
    for folder in sys.argv[1:]:
        for command in COMMANDS:
            fast, seconds = output(command, folder)
            slow, longer = output((*command, "--reference"), folder)
            same = "the same" if fast == slow else "DIFFERENT"
            print(
                f"{folder}: {command[0]}: {same} {len(fast)} bytes, {seconds:.1f} s, {longer:.1f} s",
                flush=True,
            )
            differs |= fast != slow
    return differs


if __name__ == "__main__":
    sys.exit(main())
