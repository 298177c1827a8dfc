"""Names that hold outputs: where they are bound and read, and which readings come before the next binding."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import pairwise

from softmax_lint.edits.flow import Flow, Scope

_NEVER = (-1, 0, 0)


class Holding:
    """The bindings and readings of all names of a project, in the order of its text."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.visited = flow.visited
        self._loads: dict[tuple[Scope, str], list[ast.Name]] = {}
        self._stores: dict[tuple[Scope, str], list[ast.Name]] = {}
        for node, _, scope, _, _ in flow.visited.values():
            if isinstance(node, ast.Name):
                table = self._loads if isinstance(node.ctx, ast.Load) else self._stores
                table.setdefault((flow.home(scope, node.id), node.id), []).append(node)

    def stores(self, name: ast.Name) -> list[ast.Name]:
        """Where a name is bound that is read somewhere."""
        return self._stores.get((self.flow.home(self.visited[id(name)].scope, name.id), name.id), [])

    def reaching(self, name: ast.Name) -> list[ast.Name]:
        """Where a name may have been bound when it is read: nothing that was overwritten since."""
        stores = [each for each in self.stores(name) if not self._comes_later(each, name)]
        last = self._last_before(name)
        here = self.visited[id(name)].scope
        return [
            each
            for each in stores
            if self.visited[id(each)].scope != here or self._order(self.statement(each)[0]) >= last
        ]

    def may_be_given(self, name: ast.Name) -> bool:
        """Whether a name may still be what its function was called with when it is read."""
        home = self.flow.home(self.visited[id(name)].scope, name.id)
        return name.id in self.flow.parameters.get(home, ()) and self._last_before(name) == _NEVER

    def _last_before(self, name: ast.Name) -> tuple[int, int, int]:
        """The last statement that surely binds a name before it is read."""
        around = list(self._outwards(name))
        last = _NEVER
        for store in self.stores(name):
            other, its_owner = self.statement(store)
            order = self._order(other)
            is_before = last < order < self._order(self.statement(name)[0])
            is_sure = any(_next_to(inner, other, owner, its_owner) for inner, owner in around)
            if isinstance(other, ast.Assign) and is_before and is_sure:
                last = order
        return last

    def _comes_later(self, store: ast.Name, load: ast.Name) -> bool:
        """Whether a name is assigned only when it has been read."""
        loops = self._loops(store)
        return (
            self.visited[id(store)].scope == self.visited[id(load)].scope
            and self._order(self.statement(store)[0]) > self._order(self.statement(load)[0])
            and not any(each in loops for each in self.visited[id(load)].around)
        )

    def reached(self, node: ast.expr, name: str) -> list[ast.Name]:
        """Where a name is read that an output was assigned to, up to where the same block assigns it again."""
        home = self.flow.home(self.visited[id(node)].scope, name)
        loads = self._loads.get((home, name), [])
        statement, _ = self.statement(node)
        loops = self._loops(node)
        start, end = self._order(statement), None
        around: list[ast.AST] = []  # loops that end before the name is assigned again
        for store in self._stores.get((home, name), ()):
            other, its_owner = self.statement(store)
            if not isinstance(other, ast.Assign) or self._order(other) <= start:
                continue
            if any(_next_to(inner, other, owner, its_owner) for inner, owner in self._outwards(node)):
                order = self._order(other)
                if end is None or order < end:
                    end = order
                    around = [each for each in loops if each not in self.visited[id(other)].around]
        here = self.visited[id(node)].scope
        if end is None and loops:
            # The next time round what stands before it reads it.
            return loads
        return [
            load
            for load in loads
            if self.visited[id(load)].scope != here
            or start < self._order(self.statement(load)[0]) <= (end or (sys.maxsize, 0, 0))
            or any(each in around for each in self.visited[id(load)].around)
        ]

    def statement(self, node: ast.AST) -> tuple[ast.stmt, ast.AST]:
        """The smallest statement around a node, and what that stands in."""
        around = self.visited[id(node)].around
        at = next(index for index, each in enumerate(around) if isinstance(each, ast.stmt))
        statement = around[at]
        assert isinstance(statement, ast.stmt)
        return statement, around[at + 1]

    def _loops(self, node: ast.AST) -> list[ast.AST]:
        return [
            each
            for each in self.visited[id(node)].around
            if isinstance(each, (ast.For, ast.AsyncFor, ast.While))
        ]

    def _outwards(self, node: ast.AST) -> Iterator[tuple[ast.stmt, ast.AST]]:
        """The statements around a node up to its function, each with what it stands in."""
        for inner, owner in pairwise(self.visited[id(node)].around):
            if isinstance(inner, ast.stmt):
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    return
                yield inner, owner

    def _order(self, node: ast.stmt) -> tuple[int, int, int]:
        return self.visited[id(node)].cell or 0, node.lineno, node.col_offset


def _next_to(left: ast.AST, right: ast.AST, left_owner: ast.AST, right_owner: ast.AST) -> bool:
    """Whether two statements stand in one block; cells of a notebook are one."""
    if isinstance(left_owner, ast.Module) and isinstance(right_owner, ast.Module):
        return True
    blocks = (getattr(left_owner, name, ()) for name in ("body", "orelse", "finalbody"))
    return left_owner is right_owner and any(left in block and right in block for block in blocks)
