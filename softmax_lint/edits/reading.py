"""From an output to what reads it: losses, questions about the order of entries, and all that needs its numbers.

The syntax is followed outwards, through steps that keep an output what it is, to the node that decides.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from softmax_lint.edits.escapes import ORDER, PAIRS, SHAPE, Survey, doubt, is_followed, takes_indices
from softmax_lint.edits.flow import FUNCTIONAL, SAME_OUTPUT, keeps_rows, leaf_of
from softmax_lint.representation import LOG_SOFTMAX, SIGMOID, SOFTMAX

# What becomes of an output.
LOSS, NEUTRAL, NEED = "loss", "neutral", "need"
NAMED, FLOWS, LOST = "named", "flows", "lost"  # a name, what a function returns, something not followed
STORED = "stored"  # put into an array, list or dict that was there before
GRAPH = "graph"  # a functional model is made of it
INNER = "inner"  # a layer of a functional model is put on it
CHANGED = "changed"  # entries are assigned: from there on it is no output any more
_QUESTIONS = frozenset({"len", "type", "isinstance", "id", "shape", "size", "zeros_like", "ones_like"})
_SAME = {
    SOFTMAX: frozenset({"softmax", "Softmax"}),
    SIGMOID: frozenset({"sigmoid", "expit", "Sigmoid"}),
    LOG_SOFTMAX: frozenset({"softmax", "log_softmax", "Softmax", "LogSoftmax"}),
}
# Metrics whose `update_state` only ranks the classes.
_RANKING = frozenset({
    "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy", "MulticlassAccuracy",
    "SparseTopKCategoricalAccuracy",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression, what becomes of it, and the node that decides that."""

    node: ast.expr
    kind: str
    target: str = ""


class Readings:
    """What becomes of expressions in a project. `given` has the ids of calls that give outputs, each with the
    representation that a fix takes away."""

    def __init__(self, seen: Survey, given: Mapping[int, str]) -> None:
        self.seen = seen
        self.given = given
        flow = seen.flow
        self.visited = flow.visited
        self.losses = self._functions_with(seen.allowed)
        # Functions that can tell.
        self.telling = {
            self.visited[id(use.node)].scope for use in flow.uses() if doubt(use, seen) is not None
        }
        self.ranking = {
            leaf_of(target)
            for node, _, _, _, _ in flow.visited.values()
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and leaf_of(node.value.func) in _RANKING
            for target in node.targets
        }

    def _functions_with(self, nodes: frozenset[int]) -> set[str]:
        """The names of functions in which one of the nodes stands, and of those that call them."""
        names: set[str] = set()
        calls: dict[str, set[str]] = {}
        for node, around, _, _, _ in self.seen.flow.visited.values():
            if not isinstance(node, ast.Call):
                continue
            owners = {
                each.name for each in around if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
            if id(node) in nodes:
                names |= owners
            calls.setdefault(leaf_of(node.func), set()).update(owners)
        pending = list(names)
        while pending:
            for caller in calls.get(pending.pop(), set()) - names:
                names.add(caller)
                pending.append(caller)
        return names

    def read(self, node: ast.expr) -> Reading:
        around = self.visited[id(node)].around
        current: ast.AST = node
        position = 0
        while position < len(around):
            parent = around[position]
            if isinstance(parent, ast.Attribute):
                if parent.attr.endswith("_") and not parent.attr.endswith("__"):
                    return Reading(node, CHANGED)
                call = around[position + 1] if position + 1 < len(around) else None
                is_method = isinstance(call, ast.Call) and call.func is parent
                if is_method and id(call) in self.seen.allowed:
                    return Reading(node, LOSS)
                if is_method and (parent.attr in SAME_OUTPUT or id(call) in self.given):
                    assert call is not None
                    current, position = call, position + 2
                    continue
                if not is_method and parent.attr in SAME_OUTPUT:
                    current, position = parent, position + 1
                    continue
                return Reading(node, self._of_attribute(parent, around[position + 1 :], call))
            if isinstance(parent, ast.Subscript) and parent.value is current:
                if not isinstance(parent.ctx, ast.Load):
                    return Reading(node, CHANGED)
                current, position = parent, position + 1
                continue
            if isinstance(parent, (ast.Await, ast.Starred)):
                current, position = parent, position + 1
                continue
            call = parent
            step = position
            if isinstance(parent, (ast.List, ast.Tuple)):
                step += 1
                call = around[step]
                if isinstance(call, ast.Call) and keeps_rows(call):
                    current, position = call, step + 1
                    continue
                break
            if isinstance(call, ast.Call) and call.func is not current and keeps_rows(call):
                current, position = call, step + 1
                continue
            if isinstance(parent, ast.keyword):
                step += 1
                call = around[step]
            if isinstance(call, ast.Call) and id(call) in self.given and call.func is not current:
                current, position = call, step + 1
                continue
            break
        return self._decide(node, current, around[position:])

    def _of_attribute(self, parent: ast.Attribute, around: Sequence[ast.AST], call: ast.AST | None) -> str:
        if parent.attr in SHAPE | ORDER:
            return NEUTRAL
        if parent.attr in PAIRS and isinstance(call, ast.Call) and takes_indices(around[1:], call):
            return NEUTRAL
        return NEUTRAL if self._is_same(parent.attr) else NEED

    def _is_same(self, name: str) -> bool:
        """Whether it names what is taken away, or for logarithms what makes no difference."""
        return any(name in _SAME.get(produced, ()) for produced in self.given.values())

    def _decide(self, node: ast.expr, current: ast.AST, around: Sequence[ast.AST]) -> Reading:
        inner = current
        position = 0
        while position < len(around) and isinstance(
            around[position], (ast.Tuple, ast.List, ast.IfExp, ast.keyword, ast.Dict)
        ):
            inner = around[position]
            position += 1
        if position == len(around):
            return Reading(node, LOST)
        parent = around[position]
        for each in around:
            if isinstance(each, ast.stmt):
                break
            if id(each) in self.seen.allowed:
                return Reading(node, LOSS)
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            name = _target_of(parent, current, around[:position])
            if name is not None:
                return Reading(node, NAMED, name)
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            if all(isinstance(target, ast.Subscript) for target in targets) and current is parent.value:
                # An array of NumPy goes into no loss.
                is_array = any(
                    isinstance(each, ast.Attribute) and each.attr == "numpy" for each in ast.walk(current)
                )
                return Reading(node, NEED if is_array else STORED)
            # A list or dict that is filled keeps what it gets; a tuple may be taken apart.
            is_kept = any(isinstance(each, (ast.List, ast.Dict)) for each in around[:position])
            return Reading(node, NEED if is_kept else LOST)
        if isinstance(parent, (ast.Return, ast.Lambda)):
            return Reading(node, FLOWS)
        if isinstance(parent, (ast.Yield, ast.YieldFrom)):
            return Reading(node, LOST)
        if isinstance(parent, ast.Expr):
            return Reading(node, NEED if self._is_shown(parent, around[position + 1 :]) else NEUTRAL)
        if isinstance(parent, ast.Call):
            return Reading(node, self._of_call(parent, inner, around[position + 1 :]))
        if isinstance(parent, ast.Compare) and all(isinstance(op, (ast.Is, ast.IsNot)) for op in parent.ops):
            return Reading(node, NEUTRAL)
        return Reading(node, NEED)

    def _is_shown(self, statement: ast.Expr, around: Sequence[ast.AST]) -> bool:
        """Whether a notebook shows the value of a statement."""
        module = around[0] if around else None
        cells = (
            tree for source in self.seen.flow.sources for cell, tree, _ in source.trees if cell is not None
        )
        return (
            isinstance(module, ast.Module)
            and module.body[-1] is statement
            and any(tree is module for tree in cells)
        )

    def _of_call(self, call: ast.Call, inner: ast.AST, around: Sequence[ast.AST]) -> str:
        leaf = leaf_of(call.func)
        if call.func is inner or leaf in ORDER | _QUESTIONS:
            return NEUTRAL
        if leaf in PAIRS and takes_indices(around, call):
            return NEUTRAL
        if self._is_same(leaf):
            return NEUTRAL
        if leaf in FUNCTIONAL:
            return GRAPH
        if isinstance(call.func, ast.Call):
            return INNER
        if leaf in self.losses:
            return LOSS
        owner = leaf_of(call.func.value) if isinstance(call.func, ast.Attribute) else leaf
        if owner in self.ranking or leaf in self.ranking:
            return NEUTRAL
        if is_followed(leaf, self.seen.flow) and not self._can_tell(leaf):
            return NEUTRAL
        return NEED

    def _can_tell(self, name: str) -> bool:
        """Whether a function of this name does something with an output that logits would change."""
        flow = self.seen.flow
        inner = [flow.scopes[id(function)] for function, _ in flow.functions[name]]
        return any(
            scope[0] == own[0] and scope[1].startswith(own[1]) for own in inner for scope in self.telling
        )


def _target_of(
    statement: ast.Assign | ast.AnnAssign | ast.NamedExpr, value: ast.AST, around: Sequence[ast.AST]
) -> str | None:
    """The name that a value is assigned to, alone or beside others, and whichever way a condition goes."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if len(targets) != 1:
        return None
    target = targets[0]
    for each in around:
        if isinstance(each, ast.Tuple) and each is statement.value and isinstance(target, ast.Tuple):
            if len(each.elts) != len(target.elts) or value not in each.elts:
                return None
            target = target.elts[each.elts.index(value)]
        elif not isinstance(each, ast.IfExp):
            return None
        value = each
    return target.id if isinstance(target, ast.Name) else None
