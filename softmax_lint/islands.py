"""Which files can be run apart from each other: those that no chain of imports connects.

A guess: an import by other means may lead from one to the other. Whoever runs them apart compares what was
read with what was expected.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from softmax_lint.facts import Import
from softmax_lint.upwards import Upwards


def divide(
    roots: Sequence[str], imports: Mapping[str, Sequence[Import]]
) -> list[tuple[list[str], frozenset[str]]]:
    """(roots in their order, all files they may read), for each group that nothing connects with another.

    `imports` has all files.
    """
    resolver = _Resolver(imports)
    leader: dict[str, str] = {}

    def find(path: str) -> str:
        while leader[path] != path:
            leader[path] = path = leader[leader[path]]
        return path

    pending: list[str] = []
    for root in roots:
        leader[root] = root
        pending.append(root)
    while pending:
        path = pending.pop()
        for other in resolver.imported(path):
            if other not in leader:
                leader[other] = find(path)
                pending.append(other)
            else:
                leader[find(other)] = find(path)
    groups: dict[str, list[str]] = {}
    for root in roots:
        groups.setdefault(find(root), []).append(root)
    members: dict[str, set[str]] = {}
    for path in leader:
        members.setdefault(find(path), set()).add(path)
    return [(found, frozenset(members[first])) for first, found in groups.items()]


class _Resolver:
    """What the imports of files mean, as far as the names of files tell."""

    def __init__(self, imports: Mapping[str, Sequence[Import]]) -> None:
        self.imports = imports
        self._upwards = Upwards(imports)
        self._folders: dict[tuple[str, str], Collection[str]] = {}

    def imported(self, path: str) -> Iterable[str]:
        folder = os.path.dirname(path)
        for module, name, _ in self.imports.get(path, ()):
            yield from self._modules(folder, module)
            if name and name != "*":
                inner = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                yield from self._modules(folder, inner)

    def _modules(self, folder: str, module: str) -> Collection[str]:
        key = (folder, module)
        known = self._folders.get(key)
        if known is None:
            known = self._folders[key] = self._relative(*key) if module[:1] == "." else self._absolute(*key)
        return known

    def _relative(self, folder: str, module: str) -> Collection[str]:
        rest = module.lstrip(".")
        for _ in range(len(module) - len(rest) - 1):
            folder = os.path.dirname(folder)
        return self._at(os.path.join(folder, *rest.split(".")) if rest else folder)

    def _absolute(self, folder: str, module: str) -> Collection[str]:
        first, *rest = module.split(".")
        inner = "".join(f"{os.sep}{part}" for part in (first, *rest))
        for top in self._upwards.holding(folder, first) if module.strip(".") else ():
            found = self._at(top.rstrip(os.sep) + inner)
            if found:
                return found
        return ()

    def _at(self, whole: str) -> Collection[str]:
        return [f for f in (f"{whole}.py", f"{whole}{os.sep}__init__.py") if f in self.imports]
