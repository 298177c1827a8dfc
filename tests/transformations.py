"""Rewrites of a Python file that keep its meaning, and so must keep what the linter says about it.

Each takes the text of a file and gives the files that stand for it afterwards, by name relative to the first
file's folder, or None where it does not apply.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Final

MAIN: Final = "main_file.py"
MOVED: Final = "moved_definition.py"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)

Files = Mapping[str, str]


def keep(text: str) -> Files | None:
    """As it is."""
    return {MAIN: text}


def reprint(text: str) -> Files | None:
    """Without comments, in the interpreter's own spelling."""
    return {MAIN: ast.unparse(ast.parse(text)) + "\n"}


def loosen(text: str) -> Files | None:
    """Parentheses around assigned and returned values, a comment and an empty line before each statement."""
    tree = ast.parse(text)
    lines = [line.encode() for line in text.split("\n")]
    inserts: list[tuple[int, int, bytes]] = []
    rows: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.Return) and node.value is not None:
            value = node.value
            inserts.append((value.lineno - 1, value.col_offset, b"("))
            inserts.append(((value.end_lineno or 0) - 1, value.end_col_offset or 0, b")"))
        if isinstance(node, ast.stmt) and not _is_docstring(node):
            decorators = getattr(node, "decorator_list", [])
            rows.add(min([node.lineno, *(each.lineno for each in decorators)]) - 1)
    for row, column, what in sorted(inserts, reverse=True):
        lines[row] = lines[row][:column] + what + lines[row][column:]
    for row in sorted(rows, reverse=True):
        # Decorators start after their "@", so the indentation is the line's own.
        indentation = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
        if row > 0:
            lines[row:row] = [b"", indentation + b"# a remark"]
    return {MAIN: b"\n".join(lines).decode()}


def rename(text: str) -> Files | None:
    """Variables, functions and classes under new names; parameters, attributes and imports keep theirs."""
    tree = ast.parse(text)
    stored, kept = set[str](), {"__all__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Store()):
                stored.add(node.id)
            case ast.ClassDef():
                stored.add(node.name)
                kept |= {name.id for each in node.body for name in _stored(each)}
                kept |= {each.name for each in node.body if isinstance(each, _DEFINITIONS)}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                stored.add(node.name)
            case ast.arg():
                kept.add(node.arg)
            case ast.alias():
                kept |= {node.name, node.asname or node.name.partition(".")[0]}
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                kept.add(name)
    names = {name: f"{name}_anew" for name in stored - kept if not name.startswith("__")}

    def visit(node: ast.AST, in_class: bool) -> None:
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [names.get(name, name) for name in node.names]
        elif isinstance(node, _DEFINITIONS) and not in_class:
            node.name = names.get(node.name, node.name)
        for child in ast.iter_child_nodes(node):
            visit(child, isinstance(node, ast.ClassDef))

    visit(tree, False)
    return {MAIN: ast.unparse(tree) + "\n"}


def wrap(text: str) -> Files | None:
    """What follows the last definition or import becomes a function that is called."""
    tree = ast.parse(text)
    last = max(
        (n for n, each in enumerate(tree.body) if isinstance(each, (*_DEFINITIONS, *_IMPORTS))), default=-1
    )
    head, tail = tree.body[: last + 1], tree.body[last + 1 :]
    if not tail or any(
        isinstance(node, ast.Import | ast.ImportFrom) for each in tail for node in ast.walk(each)
    ):
        return None
    inside = {name for each in head for name in _loaded(each)}
    inside |= {each.name for each in head if isinstance(each, _DEFINITIONS)}
    shared = sorted({name.id for each in tail for name in _stored(each)} & inside)
    body: list[ast.stmt] = [ast.Global(names=shared), *tail] if shared else list(tail)
    function = ast.parse("def run_program():\n    pass\nrun_program()\n").body
    assert isinstance(function[0], ast.FunctionDef)
    function[0].body = body
    tree.body = [*head, *function]
    return {MAIN: ast.unparse(ast.fix_missing_locations(tree)) + "\n"}


def move(text: str) -> Files | None:
    """The first definition that needs nothing but imports goes to a file of its own and is imported."""
    tree = ast.parse(text)
    imports = [each for each in tree.body if isinstance(each, _IMPORTS)]
    own = {name.id for each in tree.body if not isinstance(each, _DEFINITIONS) for name in _stored(each)}
    own |= {each.name for each in tree.body if isinstance(each, _DEFINITIONS)}
    for position, each in enumerate(tree.body):
        if isinstance(each, _DEFINITIONS) and not _loaded(each) & (own - {each.name}):
            tree.body[position] = ast.parse(f"from moved_definition import {each.name}").body[0]
            moved = ast.Module(body=[*imports, each], type_ignores=[])
            return {MAIN: ast.unparse(tree) + "\n", MOVED: ast.unparse(moved) + "\n"}
    return None


ALL: Final[tuple[Callable[[str], Files | None], ...]] = (reprint, loosen, rename, wrap, move)
# Those that look at one file alone, and so may be applied to each file of a project.
LOCAL: Final = (reprint, loosen)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _loaded(node: ast.AST) -> set[str]:
    """All names that `node` reads, its global statements included."""
    names = {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    return names | {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}


def _stored(node: ast.AST) -> Iterator[ast.Name]:
    """The names that `node` binds in the scope it stands in."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node
    if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _stored(child)
