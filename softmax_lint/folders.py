"""What folders hold, asked once for all who want to know."""

from __future__ import annotations

import os

from softmax_lint.digests import digest

# What makes a folder the root of a project.
ROOT_MARKS = ("softmax-lint.toml", "pyproject.toml", "setup.py", "setup.cfg", ".git")


class Folders:
    """The names in folders, as they were when they were first asked for; none where there is no folder."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._digests: dict[str, str] = {}
        self._roots: dict[tuple[str, str], str] = {}

    def names(self, folder: str) -> frozenset[str]:
        known = self._names.get(folder)
        if known is None:
            try:
                known = frozenset(os.listdir(folder))
            except (OSError, ValueError):
                known = frozenset()
            self._names[folder] = known
        return known

    def digest(self, folder: str) -> str:
        """The same for the same names, as far as they can be Python: scripts and folders."""
        known = self._digests.get(folder)
        if known is None:
            names = sorted(n for n in self.names(folder) if n.endswith(".py") or "." not in n[1:])
            data = "\0".join(name for name in names if name != "__pycache__")
            known = digest(data.encode("utf-8", "surrogatepass"), 12)
            self._digests[folder] = known
        return known

    def root_of(self, folder: str, base: str) -> str:
        """The root of a project: the nearest folder above with a mark, else `base`, else the folder itself."""
        known = self._roots.get((folder, base))
        if known is None:
            if self._is_marked(folder):
                known = folder
            else:
                parent = os.path.dirname(folder)
                inside = folder != base and parent != folder and folder.startswith(base + os.sep)
                known = self.root_of(parent, base) if inside else self._marked_above(folder)
            self._roots[folder, base] = known
        return known

    def _is_marked(self, folder: str) -> bool:
        names = self.names(folder)
        return any(mark in names for mark in ROOT_MARKS)

    def _marked_above(self, folder: str) -> str:
        at = folder
        while not self._is_marked(at):
            parent = os.path.dirname(at)
            if parent == at:
                return folder
            at = parent
        return at
