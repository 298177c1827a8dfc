"""Which files have to be run: those that spell a sink, and those that may bring a model to one elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from softmax_lint import facts
from softmax_lint.facts import Facts

# Following names is for projects that have a loss.
if TYPE_CHECKING:
    from softmax_lint.importing import Imports
    from softmax_lint.outline import Outline
    from softmax_lint.touching import More


def spells_sink(text: str) -> bool:
    """Whether a text may hold a sink."""
    return facts.holds_sink(text.lower().encode("utf-8", "replace"))


def module_name(path: str) -> str:
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    return os.path.basename(folder) if stem == "__init__" else stem


_PACKAGE = f"{os.sep}__init__.py"


def _closed(start: Iterable[str], near: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """All that steps to what is `near` lead to."""
    found = set(start)
    pending = list(found)
    while pending:
        new = [path for path in dict.fromkeys(near(pending.pop())) if path not in found]
        found.update(new)
        pending += new
    return frozenset(found)


class _Entry:
    """A file: what it says, all words of its imports, its Python on demand, and what that defines once asked."""

    __slots__ = ("_data", "_reads", "facts", "key", "outline", "text", "words")

    def __init__(
        self, key: object, stated: Facts, text: Callable[[], str], data: Callable[[], bytes] | None
    ) -> None:
        self.key = key
        self.facts = stated
        self.words = facts.words_of(stated.imports)
        self.text = text
        self._data = data
        self.outline: Outline | None = None
        self._reads: bool | None = None

    def reads(self) -> bool:
        """Whether it may hold a threshold for what a model gives."""
        if self._reads is None:
            data = self._data() if self._data is not None else self.text().encode("utf-8", "replace")
            self._reads = facts.reads_logits(data)
        return self._reads


class Index:
    """What screening knows of files, kept up to date file by file."""

    def __init__(self, more: Sequence[str] = ()) -> None:
        """`more` are tokens of sinks besides ours, in lower case."""
        self.more = tuple(token.encode() for token in more)
        self._known: dict[str, _Entry] = {}
        self._importers: dict[str, dict[str, None]] = {}  # word of an import -> files
        self._named: dict[str, dict[str, None]] = {}  # name of a module -> files
        self._imports: Imports | None = None

    def put(self, path: str, key: object, text: Callable[[], str]) -> None:
        """A file; `text` is asked for when the file is new or `key` is another object than before."""
        known = self._known.get(path)
        if known is None or known.key is not key:
            content = text()
            self.add(path, key, facts.state(content.encode("utf-8", "replace"), self.more), lambda: content)

    def add(
        self,
        path: str,
        key: object,
        stated: Facts,
        text: Callable[[], str],
        data: Callable[[], bytes] | None = None,
    ) -> None:
        """A file whose facts are known; `text` is asked for when its definitions matter, and `data`, where it can
        be had without its text, when its comparisons do.
        """
        if path in self._known:
            self.drop(path)
        self._imports = None
        entry = self._known[path] = _Entry(key, stated, text, data)
        self._named.setdefault(module_name(path), {})[path] = None
        for word in entry.words:
            self._importers.setdefault(word, {})[path] = None

    def _spells_loss(self, text: str) -> bool:
        lowered = text.lower().encode("utf-8", "replace")
        return facts.holds_loss(lowered) or any(token in lowered for token in self.more)

    def drop(self, path: str) -> None:
        """Forget a file that is known."""
        self._imports = None
        words = self._known.pop(path).words
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
        """The files to run: those that spell a sink, and those that may bring a model to one elsewhere."""
        chosen = {path for path, entry in self._known.items() if entry.facts.sink}
        chosen |= {path for path in self._up(chosen) if self._known[path].facts.logarithm}
        losses = [path for path, entry in self._known.items() if entry.facts.loss]
        if losses:
            chosen |= self._wired(losses)
        if self.has_logits():
            chosen |= {path for path, entry in self._known.items() if path not in chosen and entry.reads()}
        return frozenset(chosen)

    def _wired(self, losses: list[str]) -> frozenset[str]:
        from softmax_lint.wiring import wire

        return wire(self._outlines(), self.imports(), losses)

    def _outlines(self) -> dict[str, Outline]:
        from softmax_lint.outline import Outline

        outlines = {}
        for path, entry in self._known.items():
            if entry.outline is None:
                entry.outline = Outline(path, entry.facts.imports, entry.text, self._spells_loss)
            outlines[path] = entry.outline
        return outlines

    def imports(self) -> Imports:
        """What imports of the files mean."""
        if self._imports is None:
            from softmax_lint.importing import Imports

            self._imports = Imports(self._known)
        return self._imports

    def eager(self, chosen: frozenset[str]) -> frozenset[str]:
        """The files whose bodies run when they are imported: the chosen ones, what they bind by star imports, and
        packages that import such files.
        """
        found = chosen | self.starred(chosen)
        packages = {
            path: frozenset(self.imports().brought(path, entry.facts.imports))
            for path, entry in self._known.items()
            if path.endswith(_PACKAGE) and path not in found
        }
        while new := {
            path for path, others in packages.items() if path not in found and not found.isdisjoint(others)
        }:
            found |= new
        return found

    def starred(self, paths: Iterable[str]) -> frozenset[str]:
        """The files that star imports of these run for what they bind, and those that these run in turn."""
        found: set[str] = set()
        pending = list(paths)
        while pending:
            path = pending.pop()
            for module, name, _ in self._known[path].facts.imports:
                if name == "*":
                    means = self.imports().modules(os.path.dirname(path), module)
                    new = [other for other in means if other not in found]
                    found.update(new)
                    pending += new
        return frozenset(found)

    def has_logits(self) -> bool:
        """Whether a loss may be one on logits."""
        return any(entry.facts.logits for entry in self._known.values())

    def users(self, paths: Iterable[str]) -> frozenset[str]:
        """The files that import one of these, by name: what reads their outputs may be there."""
        return frozenset(
            other for path in paths for other in self._importers.get(module_name(path), ()) if path != other
        )

    def reach(self, given: Iterable[str]) -> frozenset[str]:
        """All files that may matter to what is found in `given`: what imports them, and what that imports."""
        imports = self.imports()
        below = {path: set(imports.brought(path, entry.facts.imports)) for path, entry in self._known.items()}
        above: dict[str, set[str]] = {}
        for path, others in below.items():
            for other in others:
                above.setdefault(other, set()).add(path)
        known = [path for path in given if path in self._known]
        importing = _closed(known, lambda path: above.get(path, ()))
        return _closed(importing, lambda path: below[path])

    def part(
        self, chosen: frozenset[str], given: Collection[str], names: Collection[tuple[str, str]] = ()
    ) -> tuple[frozenset[str], More] | None:
        """Those of the chosen files that may run what the given ones define, or use these names, and what finds more
        such files; None where they are most of all.
        """
        from softmax_lint.touching import Touching

        more = Touching(self._outlines(), self.imports(), chosen).of
        roots = more(given, names, ()).roots
        return (roots, more) if 2 * len(roots) <= len(chosen) else None

    def _up(self, start: Iterable[str]) -> frozenset[str]:
        return _closed(start, lambda path: self._importers.get(module_name(path), ()))
