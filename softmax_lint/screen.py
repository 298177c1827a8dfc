"""Which files have to be run: those that spell a sink, and those that import such a file, transitively."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence

# A sink has to be spelled somewhere; lower case, searched in the lower-cased text of a file.
TOKENS = (
    "ross_entropy",
    "rossentropy",
    "nll_loss",
    "nllloss",
    "bce",
    "kl_div",
    "kldiv",
    "log_loss",
    ".compile(",
    "softmarginloss",
    "soft_margin_loss",
    "focal",
    "neuralnet",
    "softmax",
    "sigmoid",
    "learner(",
    "compute_loss",
    "categorical(",
    "bernoulli(",
)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*|[^#\n]*)|import[ \t]+([^#\n]*))", re.M
)
_NAME = re.compile(r"\w+")


def spells_sink(text: str) -> bool:
    lowered = text.lower()
    return any(token in lowered for token in TOKENS)


def imported(text: str) -> frozenset[str]:
    """All words of the file's import statements: a superset of the last parts of what it imports."""
    words: set[str] = set()
    for match in _IMPORT.finditer(text):
        words.update(_NAME.findall(" ".join(part for part in match.groups() if part)))
    return frozenset(words)


def module_name(path: str) -> str:
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    return os.path.basename(folder) if stem == "__init__" else stem


class Index:
    """What screening knows of files, kept up to date file by file."""

    def __init__(self, more: Sequence[str] = ()) -> None:
        """`more` are tokens of sinks besides ours, in lower case."""
        self.more = tuple(more)
        self._known: dict[str, tuple[object, bool, frozenset[str]]] = {}
        self._importers: dict[str, dict[str, None]] = {}  # word of an import -> files
        self._named: dict[str, dict[str, None]] = {}  # name of a module -> files

    def put(self, path: str, key: object, text: Callable[[], str]) -> None:
        """A file; `text` is asked for when the file is new or `key` is another object than before."""
        known = self._known.get(path)
        if known is not None:
            if known[0] is key:
                return
            self.drop(path)
        content = text()
        lowered = content.lower()
        spells = any(token in lowered for token in TOKENS) or any(token in lowered for token in self.more)
        words = imported(content)
        self._known[path] = (key, spells, words)
        self._named.setdefault(module_name(path), {})[path] = None
        for word in words:
            self._importers.setdefault(word, {})[path] = None

    def drop(self, path: str) -> None:
        """Forget a file that is known."""
        _, _, words = self._known.pop(path)
        del self._named[module_name(path)][path]
        for word in words:
            del self._importers[word][path]

    def keep(self, paths: Collection[str]) -> None:
        """Forget all files but `paths`."""
        if len(self._known) > len(paths):
            kept = frozenset(paths)
            for path in [path for path in self._known if path not in kept]:
                self.drop(path)

    def candidates(self) -> frozenset[str]:
        """The files to run: those that spell a sink, and those that import such a file, transitively."""
        return frozenset(self._up([path for path, (_, spells, _) in self._known.items() if spells]))

    def reach(self, given: Iterable[str]) -> frozenset[str]:
        """All files that may matter to what is found in `given`: what imports them, and what that imports."""
        chosen = self._up([path for path in given if path in self._known])
        pending = list(chosen)
        while pending:
            for word in self._known[pending.pop()][2]:
                for other in self._named.get(word, ()):
                    if other not in chosen:
                        chosen.add(other)
                        pending.append(other)
        return frozenset(chosen)

    def _up(self, start: Iterable[str]) -> set[str]:
        chosen = set(start)
        pending = list(chosen)
        while pending:
            for other in self._importers.get(module_name(pending.pop()), ()):
                if other not in chosen:
                    chosen.add(other)
                    pending.append(other)
        return chosen
