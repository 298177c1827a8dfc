"""A second process that reads, cuts and lowers files while the first one links.

Linking a large group of files is one piece of work, and half of what it waits for depends on nothing but the text
of a file. A forked child does that in the order in which the files are likely to be wanted, and writes it to a
file that both have open. Nobody ever waits: what is not there when it is wanted is done at once, by who wants it.
So nothing but time depends on the child.
"""

from __future__ import annotations

import marshal
import os
import signal
import struct
import tempfile
from collections.abc import Sequence
from types import TracebackType

from softmax_lint import source
from softmax_lint.linking.modules import Piece, pieces_of
from softmax_lint.lowering import lower
from softmax_lint.source import Unreadable

_HEAD = struct.Struct("<II")  # bytes of a path and of what was found in the file


class Ahead:
    """What the child has done so far of the files at `paths`; a context that ends the child."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._there: dict[str, tuple[int, int]] = {}  # path to where its record stands, and how long it is
        self._looked = 0
        self._child = os.fork()
        if not self._child:
            _work(paths, self._file.fileno())

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        self._file.close()

    def take(self, path: str) -> list[Piece] | None:
        """The statements of a file with their code; None where the child has not come to it, or could not read it."""
        if path not in self._there:
            self._look()
        at, size = self._there.pop(path, (0, 0))
        if not size:
            return None
        pieces: list[Piece] = marshal.loads(os.pread(self._file.fileno(), size, at))
        return pieces

    def _look(self) -> None:
        descriptor = self._file.fileno()
        end = os.fstat(descriptor).st_size
        while self._looked + _HEAD.size <= end:
            named, size = _HEAD.unpack(os.pread(descriptor, _HEAD.size, self._looked))
            at = self._looked + _HEAD.size
            if at + named + size > end:
                break
            self._there[os.fsdecode(os.pread(descriptor, named, at))] = (at + named, size)
            self._looked = at + named + size


def _work(paths: Sequence[str], descriptor: int) -> None:
    """The life of the child. It ends here whatever happens: nothing of the parent's may be run or written twice."""
    try:
        for path in paths:
            name = os.fsencode(path)
            record = memoryview(marshal.dumps(_prepared(path)))
            rest = memoryview(_HEAD.pack(len(name), len(record)) + name + record)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
    finally:
        os._exit(0)


def _prepared(path: str) -> list[Piece] | None:
    """Statements whose code has no problem come with it; the others are for who can tell of the problem."""
    try:
        cut = pieces_of(source.read(path))
    except Unreadable:
        return None
    found = []
    for cell, row, text, kind, name, _ in cut:
        ops, problems = lower(text)
        found.append((cell, row, text, kind, name, None if problems else ops))
    return found
