"""Classes of a project that may share what their instances keep: those that derive from one another, by name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence


class Families:
    """Each class belongs to one family: with all classes that it derives from or that derive from it."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self._parents: dict[str, str] = {}
        bases: list[tuple[str, str]] = []
        names: dict[str, set[str]] = {}  # what an import calls something else -> what that is called
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                self._parents[node.name] = node.name
                bases += [(node.name, name) for base in node.bases for name in _words(base)]
            elif isinstance(node, ast.alias) and node.asname is not None:
                names.setdefault(node.asname, set()).add(node.name.rpartition(".")[2])
        for name, base in bases:
            for each in (base, *names.get(base, ())):
                if each in self._parents:
                    self._parents[self._first(each)] = self._first(name)

    def _first(self, name: str) -> str:
        while self._parents[name] != name:
            name = self._parents[name]
        return name

    def of(self, node: ast.Attribute, around: Sequence[ast.AST]) -> str | None:
        """The family whose instance an attribute is one of; None where it may be one of any."""
        if not isinstance(node.value, ast.Name):
            return None
        for position, each in enumerate(around):
            if not isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            arguments = [*each.args.posonlyargs, *each.args.args]
            owner = around[position + 1] if position + 1 < len(around) else None
            if arguments and arguments[0].arg == node.value.id:
                return self._first(owner.name) if isinstance(owner, ast.ClassDef) else None
        return None


def _words(base: ast.expr) -> list[str]:
    """All names in a base class: it may be computed."""
    return [
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(base)
        if isinstance(each, (ast.Name, ast.Attribute))
    ]
