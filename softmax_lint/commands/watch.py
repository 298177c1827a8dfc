"""``--watch``: check again whenever a file changes, until somebody has seen enough."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

SUFFIXES = (".py", ".ipynb", "softmax-lint.toml", "pyproject.toml", ".gitignore")
# Folders that are large and never checked.
_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})
INTERVAL_SECONDS = 0.5


def repeat(
    run: Callable[[], int],
    paths: Sequence[str],
    explain: Callable[[Exception], None],
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Call `run` now and after every change below `paths`; gives its last status when it is interrupted.

    What it raises goes to `explain`. A change is seen by polling, so files on network drives count too.
    """
    status = 0
    try:
        while True:
            seen = _stamps(paths)
            if sys.stdout.isatty():
                sys.stdout.write("\x1b[2J\x1b[H" if os.environ.get("TERM") != "dumb" else "\n")
            try:
                status = run()
            except Exception as error:
                explain(error)
                status = 2
            sys.stderr.write("watching for changes; Ctrl-C ends it\n")
            while True:
                # A large project is looked at less often, not all the time.
                started = time.monotonic()
                if _stamps(paths) != seen:
                    break
                sleep(max(INTERVAL_SECONDS, 5 * (time.monotonic() - started)))
    except KeyboardInterrupt:
        return status


def _stamps(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    return {file: (stat.st_mtime_ns, stat.st_size) for file, stat in _walk(paths)}


def _walk(paths: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    pending = list(paths)
    while pending:
        path = pending.pop()
        try:
            if os.path.isdir(path):
                with os.scandir(path) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            if entry.name not in _SKIPPED:
                                pending.append(entry.path)
                        elif entry.name.endswith(SUFFIXES):
                            yield entry.path, entry.stat()
            else:
                yield path, os.stat(path)
        except OSError:
            continue
