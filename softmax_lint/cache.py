"""Answers kept on disk, in small files that are whole or count for nothing.

A name stands for all that an answer depends on but what the answer itself lists to be looked at again. Files are
written beside and renamed, so that readers of other processes see the old or the new one; a file that is cut
off, mixed up or of another version is no answer. Nothing in them is ever executed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from softmax_lint import __version__
from softmax_lint.digests import digest

_PREFIX, _SUFFIX = "sml-", ".json"
_OLDEST = 14 * 86_400.0  # seconds since an answer was last used
_LARGEST = 64_000_000  # bytes of all answers together
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Answers that softmax-lint keeps. They can be deleted.\n"
)
_MARK = ".pruned"


def default_folder() -> str:
    """The platform's folder for caches, for this program."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(base, "softmax-lint")


def named(*parts: object) -> str:
    """A name for all that `parts` say; their `repr` must not depend on the order of sets."""
    return digest(repr(parts).encode("utf-8", "surrogatepass"), 20)


def edition() -> str:
    """What tells apart programs that could give other answers: this one's files, and its Python."""
    top = os.path.dirname(os.path.abspath(__file__))
    return named(__version__, sys.version, sys.platform, [*_stamps(top)])


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as listing:
        for entry in sorted(listing, key=lambda each: each.name):
            if entry.is_dir() and entry.name not in ("__pycache__", "verify", "lsp"):
                yield from _stamps(entry.path)
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                yield entry.name, stat.st_size, stat.st_mtime_ns


class Cache:
    """A folder of answers. It works without one, too: then nothing is kept."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def load(self, name: str) -> Any:
        """The answer of this name, or None."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                data = file.read()
            os.utime(path)
        except OSError:
            return None
        written, _, body = data.partition(b"\n")
        if written != _digest(body):
            return None
        try:
            return json.loads(body)
        except ValueError:
            return None

    def store(self, name: str, answer: object) -> None:
        """Keep an answer that JSON can hold."""
        body = json.dumps(answer, separators=(",", ":"), ensure_ascii=True).encode()
        path = self._path(name)
        beside = f"{path}.{os.getpid()}"
        try:
            self._make()
            with open(beside, "wb") as file:
                file.write(_digest(body) + b"\n" + body)
            os.replace(beside, path)
        except OSError:
            _remove(beside)  # a full disk, a folder that is read-only: do without
        else:
            self._prune()

    def clean(self) -> int:
        """Remove all answers, and nothing else; gives how many there were."""
        found = [path for path, _, _ in self._answers()]
        for path in found:
            _remove(path)
        for name in (_MARK, "CACHEDIR.TAG", ".gitignore"):
            if found or os.path.exists(os.path.join(self.folder, _MARK)):
                _remove(os.path.join(self.folder, name))
        with contextlib.suppress(OSError):  # somebody keeps other things there
            os.rmdir(self.folder)
        return len(found)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, f"{_PREFIX}{name}{_SUFFIX}")

    def _make(self) -> None:
        if os.path.isdir(self.folder):
            return
        os.makedirs(self.folder, exist_ok=True)
        for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n"), (_MARK, "")):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(text)

    def _answers(self) -> Iterable[tuple[str, float, int]]:
        """(path, when it was last used, size) of all answers, also half-written ones."""
        try:
            with os.scandir(self.folder) as listing:
                entries = [each for each in listing if each.name.startswith(_PREFIX)]
            for entry in entries:
                stat = entry.stat(follow_symlinks=False)
                yield entry.path, stat.st_mtime, stat.st_size
        except OSError:
            return

    def _prune(self) -> None:
        """Once a day, remove what was not used for long, and the oldest when all are too large."""
        mark = os.path.join(self.folder, _MARK)
        now = time.time()
        try:
            if now - os.stat(mark).st_mtime < 86_400:
                return
        except OSError:
            pass
        left = 0
        for path, used, size in sorted(self._answers(), key=lambda each: -each[1]):
            left += size
            if left > _LARGEST or now - used > _OLDEST:
                _remove(path)
        try:
            with open(mark, "w", encoding="ascii"):
                pass
        except OSError:
            pass


def _digest(body: bytes) -> bytes:
    return digest(body).encode()


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.remove(path)
