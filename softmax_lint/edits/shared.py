"""What else uses an object, in all files that a fix may look at."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from softmax_lint.edits.callees import assigned
from softmax_lint.edits.files import Files, stem_of
from softmax_lint.edits.flow import leaf_of
from softmax_lint.edits.names import dotted
from softmax_lint.edits.tree import Refused, Text, Tree

# Attributes of these are functions, never an object that a model keeps.
_MODULES = frozenset({
    "F", "K", "T", "activations", "backend", "functional", "jnp", "keras", "layers", "nn", "np", "ops", "special",
    "tf", "torch",
})  # fmt: skip
_CONSTRUCTORS = frozenset({"__init__", "build", "__post_init__"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension, ast.ListComp, ast.GeneratorExp, ast.DictComp)


def around(files: Files, filename: str) -> Iterator[str]:
    """The other files that may import from a file."""
    stem = stem_of(filename)
    imported = re.compile(rf"^[ \t]*(?:from|import)\b[^\n]*\b{re.escape(stem)}\b", re.M)
    for other in files.paths:
        if other != filename and any(imported.search(text) for text in files.spelled(other)):
            yield other


def is_imported(files: Files, filename: str, name: str) -> bool:
    """Whether another file may import a name from this one, or reads it there."""
    stem, word = re.escape(stem_of(filename)), re.escape(name)
    named = re.compile(
        rf"^[ \t]*from[ \t]+[\w.]*\b{stem}[ \t]+import[ \t]*(?:\([^)]*|[^\n]*)\b{word}\b|\b{stem}\.{word}\b",
        re.M,
    )
    star = re.compile(rf"^[ \t]*from[ \t]+[\w.]*\b{stem}[ \t]+import[ \t]*\*", re.M)
    used = re.compile(rf"(?<![\w.]){word}\b")
    return any(
        named.search(text) or (star.search(text) and used.search(text))
        for other in around(files, filename)
        for text in files.spelled(other)
    )


def reads(files: Files, text: Text, tree: Tree, node: cst.CSTNode, name: str) -> int:
    """How often the object is read that a node names, `name` being dotted: by this node, too.

    An attribute is one of its class; classes that assign it themselves have their own. More than one where
    that is not known.
    """
    head, _, leaf = name.rpartition(".")
    owner = owner_of(tree, node)
    row = text.position(tree.spans[node][0])[0]
    count = 0
    try:
        for other in files.texts(text.filename):
            module = ast.parse(other.text)
            asked = set(_asked(module))
            if head:
                count += _attributes(module, leaf, row if other is text else None, asked)
            else:
                scope = _binding_scope(module, name, row) if other is text else None
                count += sum(
                    isinstance(each, ast.Name)
                    and each.id == name
                    and isinstance(each.ctx, ast.Load)
                    and id(each) not in asked
                    for each in ast.walk(scope or module)
                )
                if scope is not None:
                    return count
    except (SyntaxError, ValueError, RecursionError):
        return 2
    return count + sum(
        _mentions(files, other, leaf, bool(head), owner) for other in around(files, text.filename)
    )


def owner_of(tree: Tree, node: cst.CSTNode) -> str:
    """The name of the class around a node, "" where there is none."""
    return next((each.name.value for each in tree.ancestors(node) if isinstance(each, cst.ClassDef)), "")


def _attributes(module: ast.Module, leaf: str, row: int | None, asked: set[int]) -> int:
    """Reads of an attribute outside of the classes that assign it, the one around a row excepted."""
    foreign: set[int] = set()
    for each in ast.walk(module):
        if isinstance(each, ast.ClassDef) and not (row and each.lineno <= row <= (each.end_lineno or row)):
            inner = list(ast.walk(each))
            if any(
                _is_own(one, leaf) and isinstance(one.ctx, ast.Store)
                for one in inner
                if isinstance(one, ast.Attribute)
            ):
                foreign |= {id(one) for one in inner}
    return sum(
        each.attr == leaf
        and isinstance(each.ctx, ast.Load)
        and id(each) not in foreign
        and id(each) not in asked
        and not (isinstance(each.value, ast.Name) and each.value.id in _MODULES)
        and not (isinstance(each.value, ast.Attribute) and each.value.attr in _MODULES)
        for each in ast.walk(module)
        if isinstance(each, ast.Attribute)
    )


def _asked(module: ast.Module) -> Iterator[int]:
    """What is only asked whether it is there."""
    for each in ast.walk(module):
        if isinstance(each, ast.Compare) and all(isinstance(op, (ast.Is, ast.IsNot)) for op in each.ops):
            yield id(each.left)
        elif isinstance(each, (ast.If, ast.IfExp)):
            yield id(each.test)


def _is_own(node: ast.Attribute, leaf: str) -> bool:
    return node.attr == leaf and isinstance(node.value, ast.Name) and node.value.id == "self"


def _binding_scope(module: ast.Module, name: str, row: int) -> ast.AST | None:
    """The innermost function around a row that binds a name; None where it is one of the module."""
    found: ast.AST | None = None
    for each in ast.walk(module):
        if (
            isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
            and each.lineno <= row <= (each.end_lineno or row)
            and any(
                (isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store))
                or (isinstance(one, ast.arg) and one.arg == name)
                for one in ast.walk(each)
            )
        ):
            found = each
    return found


def _mentions(files: Files, filename: str, leaf: str, is_attribute: bool, owner: str) -> int:
    """How often another file reads an attribute of an object of a class, or imports a name."""
    count = 0
    word = re.escape(leaf)
    for text in files.spelled(filename):
        if not is_attribute:
            count += len(re.findall(rf"\bimport\b[^\n]*\b{word}\b|\.{word}\b", text))
            continue
        inherits = (
            bool(owner)
            and re.search(rf"^\s*class\s+\w+\([^)]*\b{re.escape(owner)}\b", text, re.M) is not None
        )
        for found in re.finditer(rf"(\w+|[\])])\.{word}\b(?![ \t]*=(?!=))", text):
            receiver = found.group(1)
            count += receiver not in _MODULES and (receiver != "self" or inherits)
    return count


def is_only(files: Files, text: Text, tree: Tree, made: cst.Call, leaf: str) -> bool:
    """Whether all that the class or file around an object assigns to a name is made by the same call."""
    own = owner_of(tree, made)
    values = [value for where, inside, value in assigned(files, text, leaf) if owner_of(inside, value) == own]
    callee = (dotted(made.func) or "").rpartition(".")[2]
    return bool(values) and all(
        isinstance(value, cst.Call) and (dotted(value.func) or "").rpartition(".")[2] == callee
        for value in values
    )


def is_constructor(tree: Tree, function: cst.FunctionDef) -> bool:
    """Whether a function is what makes an object of a class."""
    return function.name.value in _CONSTRUCTORS and bool(owner_of(tree, function))


def refuse_shared(files: Files, text: Text, tree: Tree, node: cst.CSTNode, most: int = 1) -> None:
    """Raise `Refused` where others than the `most` known ones use the object that is made at a node: by its
    names, as an entry of a table, or from a function that several calls share."""
    holders, key = _holders(tree, node)
    names = [(holder, dotted(holder)) for holder in holders]
    if key is None:
        count = sum(reads(files, text, tree, holder, name) for holder, name in names if name is not None)
    else:
        count = sum(_lookups(files, text.filename, name, key) for _, name in names if name is not None)
    if count > most:
        raise Refused("the activation is applied elsewhere, too")
    function = next((each for each in tree.ancestors(node) if isinstance(each, cst.FunctionDef)), None)
    if function is None or is_constructor(tree, function) or not _is_returned(tree, node, function):
        return
    name = function.name.value
    if sum(_calls(other, name) for other in spelled_around(files, text.filename)) > 1:
        raise Refused(f"`{name}` gives the activation to others, too")


def spelled_around(files: Files, filename: str) -> Iterator[str]:
    """The text of a file and of those that may import from it."""
    for each in (filename, *around(files, filename)):
        yield from files.spelled(each)


def _holders(tree: Tree, node: cst.CSTNode) -> tuple[list[cst.BaseExpression], object]:
    """What an object is assigned to, and its key where that is a table."""
    key: object = None
    inner = node
    for each in tree.ancestors(node):
        if isinstance(each, cst.DictElement) and key is None and each.value is inner:
            if not isinstance(each.key, (cst.SimpleString, cst.Integer)):
                return [], None
            key = each.key.evaluated_value
        elif isinstance(each, cst.Assign):
            return [target.target for target in each.targets], key
        elif key is None or not isinstance(each, (cst.Dict, cst.Arg, cst.Call)):
            return [], None
        inner = each
    return [], None


def _lookups(files: Files, filename: str, name: str, key: object) -> int:
    """How often a table is asked for an entry, or for one that is not known."""
    leaf = name.rpartition(".")[2]
    count = 0
    for text in spelled_around(files, filename):
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return 2
        for each in ast.walk(module):
            if (
                isinstance(each, ast.Subscript)
                and isinstance(each.ctx, ast.Load)
                and leaf_of(each.value) == leaf
            ):
                asked: ast.expr = each.slice
            elif (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and leaf_of(each.func.value) == leaf
            ):
                if each.func.attr not in ("get", "pop", "values", "items"):
                    continue
                asked = each.args[0] if each.args else each.func
            else:
                continue
            count += not isinstance(asked, ast.Constant) or asked.value == key
    return count


def _is_returned(tree: Tree, node: cst.CSTNode, function: cst.FunctionDef) -> bool:
    """Whether the object itself leaves its function, in no container or layer."""
    names: set[str] = set()
    for each in tree.ancestors(node):
        if isinstance(each, (cst.Call, cst.Lambda)):
            return False
        if isinstance(each, cst.Return):
            return True
        if isinstance(each, cst.Assign):
            names = {dotted(target.target) or "" for target in each.targets}
        if each is function:
            break
    code = tree.code(function)
    return any(name and re.search(rf"\breturn[ \t]+{re.escape(name)}\b", code) for name in names)


def _calls(text: str, name: str) -> int:
    """How many calls of a function there are; one that may run several times counts as two."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return len(re.findall(rf"(?<!def )\b{re.escape(name)}\(", text))
    found = 0
    pending: list[tuple[ast.AST, bool]] = [(module, False)]
    while pending:
        each, is_repeated = pending.pop()
        is_repeated = is_repeated or isinstance(each, _LOOPS)
        if isinstance(each, ast.Call):
            found += (1 + is_repeated) if leaf_of(each.func) == name else 0
        pending += [(inner, is_repeated) for inner in ast.iter_child_nodes(each)]
    return found
