"""Where the time goes before linking: walk, surroundings, read and search, screen, cut, lower, in CPU seconds.

    python benchmarks/front.py FOLDER…

Every phase runs once in one process, on what the one before gave; the last two do at once what linking asks for by
need, for the statements that spell a sink. ruff's wall time on the same folder, the best of five, is printed for
comparison, and so is the memory that the process took at its most, which grows from folder to folder.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from softmax_lint import batch, lowering, project, scope, screen, splitting, survey
from softmax_lint.config import Settings

RUFF = ("check", "--no-cache", "--quiet", "--isolated", "--no-respect-gitignore", "--select", "F")


def ruff(folder: str) -> float:
    """Wall seconds of ruff's fastest run of five; nothing to compare with gives infinity."""
    program = shutil.which("ruff", path=f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        return float("inf")
    found = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([program, *RUFF, folder], stdout=subprocess.DEVNULL, check=False)
        found.append(time.perf_counter() - started)
    return min(found)


def measure(folder: str) -> str:
    taken: dict[str, float] = {}

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        taken[name] = time.process_time() - started

    settings = Settings(folder, respect_gitignore=False, jobs=1)
    with phase("walk"):
        files = scope.expand([folder], settings)
    with phase("around"):
        task = project._task(files, settings, False)
    with phase("read"):
        seen = survey.survey(task.paths, task.more, 1)
    with phase("screen"):
        groups = batch.divide(task, seen)
    roots = [path for group in groups for path in group.chosen.roots]
    with phase("cut"):
        statements = [each for path in roots for each in splitting.split(survey.text_of(path))]
    spelled = [each.text for each in statements if screen.spells_sink(each.text)]
    with phase("lower"):
        for text in spelled:
            lowering.lower(text)
    base = ruff(folder)
    total = sum(taken.values())
    size = sum(each.size for each in seen.values()) / 1e6
    return (
        f"{os.path.basename(folder)}: {len(files)} files, {size:.1f} MB, {len(roots)} to run in {len(groups)} groups, "
        f"{len(statements)} statements, {len(spelled)} with a sink ({sum(map(len, spelled)) / 1e6:.1f} MB)\n  "
        + ", ".join(f"{name} {seconds:.3f}" for name, seconds in taken.items())
        + f"; {total:.2f} s = {total / base:.2f} x ruff ({base:.3f} s)"
        + f"; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def main() -> None:
    gc.disable()
    for folder in sys.argv[1:]:
        print(measure(os.path.realpath(folder)), flush=True)


if __name__ == "__main__":
    main()
