"""Where absolute imports may lead: from the folder of the import upwards, as linking has it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from softmax_lint.standard import is_standard


class Upwards:
    """Which folders hold what a first word may mean, as far as the paths of files tell."""

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
        parent = self._parents.get(folder) or os.path.dirname(folder)
        return own if parent == folder else own + self.holding(parent, first)
