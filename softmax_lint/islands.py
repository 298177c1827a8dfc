"""Which files can be run apart from each other: those that no chain of imports connects.

A guess: an import by other means may lead from one to the other. Whoever runs them apart compares what was
read with what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from softmax_lint.facts import Import
from softmax_lint.importing import Imports


def divide(
    roots: Sequence[str], imports: Mapping[str, Sequence[Import]], meant: Imports | None = None
) -> list[tuple[list[str], frozenset[str]]]:
    """(roots in their order, all files they may read), for each group that nothing connects with another.

    `imports` has all files, and so has `meant`.
    """
    meant = meant or Imports(imports)
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
        for other in meant.brought(path, imports.get(path, ())):
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
