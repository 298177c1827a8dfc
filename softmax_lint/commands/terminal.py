"""Where output goes: standard streams, a file, a terminal that may take colour."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from softmax_lint.reporters.names import painted, printable

# A run shorter than this shows no progress.
PATIENCE_SECONDS = 1.0
_COMPLAINTS = {"error": "error", "warning": "warning", "note": "info"}


def has_color(stream: TextIO, wish: str) -> bool:
    """Whether `stream` gets colour, under ``--color`` (auto, always, never), NO_COLOR and FORCE_COLOR."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def complain(message: str, color: str = "auto", kind: str = "error") -> None:
    """One line on standard error. `kind` is error, warning or note."""
    label = painted(f"{kind}:", _COMPLAINTS[kind], has_color(sys.stderr, color))
    _write(sys.stderr, f"{label} {printable(message)}\n")


def write(text: str, output_file: str | None = None) -> None:
    """`text` to a file (created with its folders), or to standard output. Raises OSError for the file."""
    if output_file is None:
        _write(sys.stdout, text)
        return
    os.makedirs(os.path.dirname(os.path.abspath(output_file)), exist_ok=True)
    with open(output_file, "w", encoding="utf-8", newline="\n", errors="backslashreplace") as file:
        file.write(text)


def _write(stream: TextIO, text: str) -> None:
    encoding = encoding_of(stream)
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; what the run found out stays its exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def encoding_of(stream: TextIO) -> str:
    """The encoding of `stream`."""
    return getattr(stream, "encoding", None) or "utf-8"


def width_of(stream: TextIO) -> int:
    """The columns that `stream` has for source beside row numbers; 120 where it is no terminal."""
    if not stream.isatty():
        return 120
    import shutil

    return min(max(shutil.get_terminal_size().columns - 14, 20), 120)


class Progress:
    """A line on a terminal that counts files, once a run takes longer than PATIENCE_SECONDS."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = 0.0
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._started < PATIENCE_SECONDS or now - self._shown < 0.1:
            return
        self._shown = now
        line = f"checking {done}/{total} files"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()


def progress(quiet: bool) -> Progress | None:
    """A progress line where somebody can see it."""
    return None if quiet or not sys.stderr.isatty() else Progress()
