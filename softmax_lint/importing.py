"""Which files imports may mean, as far as the paths of files tell."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from softmax_lint.facts import Import
from softmax_lint.standard import is_standard

_PACKAGE = f"{os.sep}__init__.py"


class Imports:
    """Which files the name of a module may mean: from the folder of the import upwards, as linking has it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._upwards = _Upwards(self.paths)
        self._last = frozenset(name for path in self.paths for name in last_words(path))
        self._known: dict[tuple[str, str], Sequence[str]] = {}

    def modules(self, folder: str, module: str) -> Sequence[str]:
        """The files that `module`, as a file in the folder spells it, may be, the nearest first."""
        if module[-1:] != "." and module.rpartition(".")[2] not in self._last:
            return ()
        key = (folder, module)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._relative(*key) if module[:1] == "." else self._absolute(*key)
        return known

    def nearest(self, folder: str, module: str) -> Sequence[str]:
        """Those of them that stand in one folder: a script, and a package of the same name."""
        found = self.modules(folder, module)
        if len(found) < 2:
            return found
        return found[:2] if found[1] == found[0].removesuffix(".py") + _PACKAGE else found[:1]

    def brought(self, path: str, imports: Iterable[Import]) -> Iterator[str]:
        """The files that these imports of a file may mean, and run: modules, and submodules by their names."""
        folder = os.path.dirname(path)
        for module, name, _ in imports:
            yield from self.nearest(folder, module)
            if name and name != "*":
                inner = f"{module}{name}" if module[-1:] == "." else f"{module}.{name}"
                yield from self.nearest(folder, inner)

    def _relative(self, folder: str, module: str) -> Sequence[str]:
        rest = module.lstrip(".")
        for _ in range(len(module) - len(rest) - 1):
            folder = self._upwards.parent(folder)
        return self._at(f"{folder}{os.sep}{rest.replace('.', os.sep)}" if rest else folder)

    def _absolute(self, folder: str, module: str) -> Sequence[str]:
        inner = os.sep + module.replace(".", os.sep)
        found: list[str] = []
        for top in self._upwards.holding(folder, module.partition(".")[0]):
            found += self._at(top.rstrip(os.sep) + inner)
        return found

    def _at(self, whole: str) -> list[str]:
        return [f for f in (f"{whole}.py", f"{whole}{_PACKAGE}") if f in self.paths]


def last_words(path: str) -> tuple[str, ...]:
    """By which last words a file can be imported."""
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    return (stem, os.path.basename(folder)) if stem == "__init__" else (stem,)


class _Upwards:
    """The folders that hold what the first word of a module may mean."""

    def __init__(self, paths: Iterable[str]) -> None:
        # First word of a module -> the folders that hold a file or a folder of that name.
        self._holding: dict[str, set[str]] = {}
        self._parents: dict[str, str] = {}
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        for path in paths:
            folder, name = os.path.split(path)
            self._holding.setdefault(name.removesuffix(".py"), set()).add(folder)
            while folder not in self._parents:
                parent, name = os.path.split(folder)
                self._parents[folder] = parent
                self._holding.setdefault(name, set()).add(parent)
                folder = parent

    def holding(self, folder: str, first: str) -> tuple[str, ...]:
        """The folders that may hold the top of a module for an import in `folder`, a ``src`` behind its parent."""
        key = (folder, first)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(folder, first)
        return known

    def _find(self, folder: str, first: str) -> tuple[str, ...]:
        holding = self._holding.get(first)
        if holding is None:
            return ()
        if is_standard(first):
            return (folder,) if folder in holding else ()
        inner = f"{folder.rstrip(os.sep)}{os.sep}src"
        own = tuple(each for each in (folder, inner) if each in holding)
        parent = self.parent(folder)
        return own if parent == folder else own + self.holding(parent, first)

    def parent(self, folder: str) -> str:
        return self._parents.get(folder) or os.path.dirname(folder)
