"""How far the tasks are: a bar for each that runs, where somebody can see it; else a line when one is over."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from softmax_lint.verify.catalogue import Task
from softmax_lint.verify.processes import Crash

_WIDTH = 30


class Bars:
    """Progress on a terminal, redrawn in place."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._over = 0
        self._states: dict[str, tuple[int, int]] = {}
        self._drawn = 0
        self._last = 0.0

    def update(self, task: Task, done: int, total: int) -> None:
        self._states[task.name] = (done, total)
        if time.monotonic() - self._last > 0.1:
            self._draw()

    def finish(self, task: Task, crash: Crash | None) -> None:
        self._states.pop(task.name, None)
        self._over += 1
        self._draw()

    def clear(self) -> None:
        """Take the bars away."""
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._stream.flush()
            self._drawn = 0

    def _draw(self) -> None:
        self._last = time.monotonic()
        self.clear()
        columns = _columns()
        lines = [f"{self._over} of {self._total} done"]
        for name, (done, total) in self._states.items():
            full = round(_WIDTH * done / total)
            lines.append(f"{'█' * full}{'░' * (_WIDTH - full)} {100 * done // total:3} %  {name}")
        self._stream.write("".join(f"{line[: columns - 1]}\n" for line in lines))
        self._stream.flush()
        self._drawn = len(lines)


class Lines:
    """Progress where nothing can be redrawn: one line for each task that is over."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._over = 0

    def update(self, task: Task, done: int, total: int) -> None:
        pass

    def finish(self, task: Task, crash: Crash | None) -> None:
        self._over += 1
        end = f": {crash.message}" if crash else ""
        self._stream.write(f"[{self._over}/{self._total}] {task.name}{end}\n")
        self._stream.flush()

    def clear(self) -> None:
        pass


class Nothing:
    """No progress."""

    def update(self, task: Task, done: int, total: int) -> None:
        pass

    def finish(self, task: Task, crash: Crash | None) -> None:
        pass

    def clear(self) -> None:
        pass


def bars(total: int, quiet: bool) -> Bars | Lines | Nothing:
    """What suits standard error."""
    if quiet:
        return Nothing()
    stream = sys.stderr
    unicode = (getattr(stream, "encoding", None) or "").lower().startswith("utf")
    if stream.isatty() and os.environ.get("TERM") != "dumb" and unicode:
        return Bars(stream, total)
    return Lines(stream, total)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 80
