"""What a server keeps from run to run: files as they were read, listings of folders, what screening found.

Content decides: what is kept for a file counts as long as its bytes, or its stamp on disk, stay the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from softmax_lint import screen, source
from softmax_lint.code import Ops
from softmax_lint.config import Settings
from softmax_lint.discover import discover
from softmax_lint.lowering import SyntaxProblem, lower
from softmax_lint.source import Source, Unreadable
from softmax_lint.splitting import Statement, split

if TYPE_CHECKING:
    from softmax_lint.batch import Linked
    from softmax_lint.touching import More

Stamp = tuple[int, int]
# Answers that no run asked for in that many runs, or up to twice as many, are forgotten: every edit leaves
# some behind.
KEPT_RUNS = 32
Answer = TypeVar("Answer")
MOST_CHOSEN = 64


class Edit(NamedTuple):
    """Files that changed since a run, the names that others import from them, the trace of that run and what it
    gave, and what a run of everything would be.
    """

    files: frozenset[str]
    names: frozenset[tuple[str, str]]
    trace: list[Any]
    before: Linked
    whole: Chosen


class Chosen(NamedTuple):
    """What screening decides: the files to run, those whose bodies run when they are imported, and whether
    comparisons with what they give matter.

    Where only files that touch given ones are run, `more` finds out which do; after an `edit`, these are the
    ones that changed. A run that is `traced` can be the one before an edit.
    """

    roots: tuple[str, ...]
    eager: frozenset[str]
    watchful: bool
    more: More | None = None
    traced: bool = False
    edit: Edit | None = None


class Recent(Generic[Answer]):
    """A function of a text that remembers the answers of late."""

    def __init__(self, function: Callable[[str], Answer]) -> None:
        self._function = function
        self._new: dict[str, Answer] = {}
        self._old: dict[str, Answer] = {}

    def __call__(self, text: str) -> Answer:
        if text in self._new:
            return self._new[text]
        answer = self._old[text] if text in self._old else self._function(text)
        self._new[text] = answer
        return answer

    def tell(self, text: str, answer: Answer) -> None:
        """The answer for a text, where a caller knows it."""
        self._new[text] = answer

    def __len__(self) -> int:
        return len(self._new.keys() | self._old.keys())

    def age(self) -> None:
        """Forget what was not asked for since the last time."""
        self._old, self._new = self._new, {}


class Memory:
    """Kept between the runs of one process, for one configuration.

    What is known of the disk is believed for `lifetime` seconds, or until `forget` when that is None. `more`
    are tokens of sinks besides ours; `base` is the root of a project that nothing marks.
    """

    def __init__(
        self, lifetime: float | None = 2.0, more: Sequence[str] = (), base: str | None = None
    ) -> None:
        self.lifetime = lifetime
        self.base = base
        self.index = screen.Index(more)
        self.lower: Recent[tuple[Ops, tuple[SyntaxProblem, ...]]] = Recent(lower)
        self.split: Recent[tuple[Statement, ...]] = Recent(split)
        self.chosen: dict[tuple[str, ...], Chosen] = {}  # by the given files, of the last runs
        self._runs = 0
        self._files: dict[str, tuple[Stamp | None, Source | Unreadable]] = {}
        self._believed: dict[str, float] = {}  # path -> when it was looked at
        self._buffers: dict[str, tuple[bytes, Source | Unreadable]] = {}
        self._listings: dict[str, tuple[float, Sequence[str]]] = {}

    def start(self) -> None:
        """A run starts."""
        self._runs += 1
        if self._runs % KEPT_RUNS == 0:
            self.lower.age()
            self.split.age()

    def choose(self, files: Sequence[str], chosen: Chosen) -> None:
        """What screening decided for a run over files."""
        if len(self.chosen) >= MOST_CHOSEN:
            self.chosen.clear()
        self.chosen[tuple(files)] = chosen

    def forget(self) -> None:
        """Look at the disk again: a file or folder changed."""
        self._believed.clear()
        self._listings.clear()

    def read(self, path: str, overlay: Mapping[str, bytes]) -> Source:
        """The source of a path, the same object as long as nothing changed. Raises Unreadable."""
        data = overlay.get(path)
        if data is not None:
            buffer = self._buffers.get(path)
            if buffer is None or buffer[0] != data:
                buffer = self._buffers[path] = (data, _caught(lambda: source.from_bytes(path, data)))
            found = buffer[1]
        else:
            found = self._from_disk(path)
        if isinstance(found, Unreadable):
            raise found
        return found

    def _from_disk(self, path: str) -> Source | Unreadable:
        known = self._files.get(path)
        if known is not None and self._is_fresh(self._believed.get(path)):
            return known[1]
        stamp = _stamp(path)
        if known is None or known[0] != stamp:
            known = self._files[path] = (stamp, _caught(lambda: source.read(path)))
        self._believed[path] = time.monotonic()
        return known[1]

    def listing(self, root: str, settings: Settings) -> Sequence[str]:
        """The Python files and notebooks below the folder `root`."""
        known = self._listings.get(root)
        if known is None or not self._is_fresh(known[0]):
            known = self._listings[root] = (time.monotonic(), discover([root], settings).files)
        return known[1]

    def _is_fresh(self, since: float | None) -> bool:
        return since is not None and (self.lifetime is None or time.monotonic() - since < self.lifetime)


def _caught(read: Callable[[], Source]) -> Source | Unreadable:
    try:
        return read()
    except Unreadable as error:
        return error


def _stamp(path: str) -> Stamp | None:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_size
