"""Activations that are inside of a model as well as at its end: one piece of code makes both."""

from __future__ import annotations

import ast
import re

import libcst as cst

from softmax_lint.edits.files import Files
from softmax_lint.edits.flow import leaf_of
from softmax_lint.edits.names import dotted
from softmax_lint.edits.shared import spelled_around
from softmax_lint.edits.tree import Refused, Text, Tree

_STACKING = frozenset({"add", "append"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def refuse_repeated(files: Files, text: Text, tree: Tree, node: cst.CSTNode) -> None:
    """Raise `Refused` where the loop, class or function around a node makes inner layers of a stack, too."""
    owner: cst.FunctionDef | cst.ClassDef | None = None
    is_stacked = False
    for each in tree.ancestors(node):
        if isinstance(each, (cst.If, cst.IfExp)):
            return
        if isinstance(each, cst.Expr) and isinstance(each.value, cst.Call):
            is_stacked = (dotted(each.value.func) or "").rpartition(".")[2] in _STACKING
            is_stacked = is_stacked and not _is_in_container(tree, node)
        elif isinstance(each, (cst.For, cst.While)) and is_stacked and owner is None:
            raise Refused("the loop makes inner layers, too")
        elif isinstance(each, cst.ClassDef) or (isinstance(each, cst.FunctionDef) and owner is None):
            owner = each
    if owner is None:
        return
    name = owner.name.value
    made = re.compile(rf"(?<!\w){re.escape(name)}\(")
    if any(
        made.search(other) and _makes_inner(other, name) for other in spelled_around(files, text.filename)
    ):
        raise Refused(f"`{name}` makes inner layers, too")


def _is_in_container(tree: Tree, node: cst.CSTNode) -> bool:
    """Whether a container of its own is around a node: it may be one of several beside each other."""
    return any(
        isinstance(each, cst.Call) and (dotted(each.func) or "").rpartition(".")[2] == "Sequential"
        for each in tree.ancestors(node)
    )


def _makes_inner(text: str, name: str) -> bool:
    """Whether the result of a call has something behind it: in a stack of layers, or as what a layer takes."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(
        _stands_inside(each, name) or _is_taken(each, name) or _is_stacked(each, name)
        for each in ast.walk(module)
    )


def _is_made(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and leaf_of(node.func) == name


def _stands_inside(node: ast.AST, name: str) -> bool:
    """``Sequential(block(…), …)``: not the last one."""
    if not (isinstance(node, ast.Call) and leaf_of(node.func) == "Sequential"):
        return False
    entries = node.args
    if len(entries) == 1 and isinstance(entries[0], (ast.List, ast.Tuple)):
        entries = entries[0].elts
    return any(_is_made(each, name) for each in entries[:-1])


def _is_taken(node: ast.AST, name: str) -> bool:
    """``block(block(x))``, and the same over a name: ``x = block(x)``, then ``x = block(x)``."""
    if isinstance(node, ast.Call) and _is_made(node, name):
        return any(_is_made(each, name) for each in node.args)
    body = getattr(node, "body", None)
    held: set[str] = set()
    for each in body if isinstance(body, list) else ():
        if not isinstance(each, ast.Assign):
            continue
        bound = {leaf_of(target) for target in each.targets}
        if not _is_made(each.value, name):
            held -= bound
        elif held & _arguments(each.value):
            return True
        else:
            held |= bound
    return False


def _is_stacked(node: ast.AST, name: str) -> bool:
    """A loop over ``model.add(block(…))`` or ``x = block(x)``."""
    for each in node.body if isinstance(node, _LOOPS) else ():
        if isinstance(each, ast.Assign) and _is_made(each.value, name):
            if not _arguments(each.value).isdisjoint(leaf_of(target) for target in each.targets):
                return True
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            is_stacking = leaf_of(each.value.func) in _STACKING
            if is_stacking and any(_is_made(one, name) for one in each.value.args):
                return True
    return False


def _arguments(call: ast.expr) -> set[str]:
    """The names that a call is given."""
    assert isinstance(call, ast.Call)
    return {leaf_of(each) for each in call.args} - {""}
