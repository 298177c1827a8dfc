"""What folders hold, asked once for all who want to know."""

from __future__ import annotations

import hashlib
import os


class Folders:
    """The names in folders, as they were when they were first asked for; none where there is no folder."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._digests: dict[str, str] = {}

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
            known = hashlib.blake2b(data.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
            self._digests[folder] = known
        return known
