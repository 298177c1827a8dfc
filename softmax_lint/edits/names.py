"""Spellings of library names: what imports bind at a line or cell, else an import that brings the name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.tree import Change, Outcome, Refused, Text, Tree
from softmax_lint.splitting import blank_hidden

# Where Keras lives, by the name of its package.
KERAS = ("tensorflow.keras", "keras", "tf_keras", "tensorflow.python.keras", "tensorflow_core.keras")
_SCOPES = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


@dataclass(frozen=True, slots=True)
class Binding:
    """An import: `name` stands for `path` from the statement at `position` (cell, offset) on.

    `scope` is the function that it is local to, None for a module's own.
    """

    name: str
    path: str
    position: tuple[int, int]
    text: Text
    tree: Tree
    statement: cst.Import | cst.ImportFrom
    alias: cst.ImportAlias | None
    scope: cst.CSTNode | None


def bindings(texts: Sequence[Text]) -> Iterator[Binding]:
    """All imports in a file, in order."""
    for number, text in enumerate(texts):
        for tree in text.trees_with("import"):
            for statement in _imports(tree):
                scope = next((each for each in tree.ancestors(statement) if isinstance(each, _SCOPES)), None)
                position = (number, tree.spans[statement][0])
                for name, path, alias in _bound(statement):
                    yield Binding(name, path, position, text, tree, statement, alias, scope)


def _imports(tree: Tree) -> list[cst.Import | cst.ImportFrom]:
    found = [node for node in tree.spans if isinstance(node, (cst.Import, cst.ImportFrom))]
    return sorted(found, key=lambda node: tree.spans[node])


def _bound(statement: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str, cst.ImportAlias | None]]:
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            path = _dotted(alias.name)
            if alias.asname is not None:
                yield _dotted(alias.asname.name), path, alias
            else:
                # The first part is bound; the rest says which packages are loaded.
                yield path.partition(".")[0], path.partition(".")[0], alias
                yield "", path, alias
        return
    if statement.relative or statement.module is None:
        return
    module = _dotted(statement.module)
    if isinstance(statement.names, cst.ImportStar):
        yield "", f"{module}.*", None
        return
    for alias in statement.names:
        own = _dotted(alias.name)
        yield _dotted(alias.asname.name) if alias.asname is not None else own, f"{module}.{own}", alias


def _dotted(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def dotted(node: cst.CSTNode) -> str | None:
    """The dotted name that an expression is, None for any other expression."""
    if isinstance(node, cst.Attribute):
        before = dotted(node.value)
        return None if before is None else f"{before}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else None


def _visible(binding: Binding, text: Text, tree: Tree, node: cst.CSTNode, texts: Sequence[Text]) -> bool:
    around = list(tree.ancestors(node))
    if binding.scope is not None:
        return binding.scope in around
    if binding.position < (texts.index(text), tree.spans[node][0]):
        return True
    # A script runs to its end before most functions do; of a notebook nobody knows where they are called.
    return text.cell is None and any(isinstance(each, _SCOPES[::2]) for each in around)


def _leads_to(path: str, wanted: str) -> bool:
    """Whether a name is an attribute behind a package. What is internal to TensorFlow has to be imported."""
    return wanted.startswith(f"{path}.") and not (
        path == "tensorflow" and wanted.startswith("tensorflow.python.")
    )


def _rebound(name: str, texts: Sequence[Text]) -> bool:
    """Whether something other than an import binds a name anywhere in a file."""
    word = re.escape(name)
    again = re.compile(
        rf"^[ \t]*{word}[ \t]*(?::[^=\n]*)?=(?!=)|\b(?:def|class)[ \t]+{word}\b|\bfor[ \t]+{word}\b", re.M
    )
    return any(name in text.text and again.search(blank_hidden(text.text)) for text in texts)


def ensure_name(
    files: Files, draft: Draft, text: Text, tree: Tree, node: cst.CSTNode, packages: Sequence[str], rest: str
) -> str:
    """A spelling of ``package.rest`` that is valid at a node, for one of `packages`.

    Where nothing in reach has the name, the draft gets an import right behind one of the same package. Raises
    `Refused` when no import shows which package that is.
    """
    texts = files.texts(text.filename)
    known = list(bindings(texts))
    package = _package(known, packages, texts)
    if package is None:
        raise Refused(f"no import shows where `{rest}` comes from")
    wanted = f"{package}.{rest}"
    best: tuple[int, str] | None = None
    for binding in known:
        if not binding.name or not _visible(binding, text, tree, node, texts):
            continue
        if wanted == binding.path or _leads_to(binding.path, wanted):
            spelling = binding.name + wanted[len(binding.path) :]
            if (best is None or len(binding.path) > best[0]) and not _rebound(binding.name, texts):
                best = len(binding.path), spelling
    if best is not None:
        return best[1]
    return _import(files, draft, text, tree, node, known, package, rest)


def _package(known: Sequence[Binding], packages: Sequence[str], texts: Sequence[Text]) -> str | None:
    """Which of the packages the imports of a file use, the one that is used most."""
    counts: dict[str, int] = {}
    for binding in known:
        for package in packages:
            if binding.path == package or binding.path.startswith(f"{package}."):
                counts[package] = (
                    counts.get(package, 0) + 1 + 2 * ("odel" in binding.path or "Seq" in binding.path)
                )
            if binding.name and f"{package}.".startswith(f"{binding.path}."):
                spelled = binding.name + package[len(binding.path) :]
                uses = sum(text.text.count(f"{spelled}.") for text in texts)
                if uses:
                    counts[package] = counts.get(package, 0) + uses
    return max(counts, key=lambda package: counts[package]) if counts else None


def _import(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.CSTNode,
    known: Sequence[Binding],
    package: str,
    rest: str,
) -> str:
    texts = files.texts(text.filename)
    module, _, name = f"{package}.{rest}".rpartition(".")
    if _taken(name, texts):
        raise Refused(f"`{name}` means something else here")
    anchors = [
        binding
        for binding in known
        if binding.scope is None
        and (binding.path == package or binding.path.startswith(f"{package}."))
        and _visible(binding, text, tree, node, texts)
    ]
    if not anchors:
        raise Refused(f"no import of `{package}` stands before the line")
    _insert_behind(draft, anchors[-1], f"from {module} import {name}")
    return name


def ensure_module(
    files: Files, draft: Draft, text: Text, tree: Tree, node: cst.CSTNode, module: str, alias: str
) -> str:
    """A name for a package at a node: what an import binds, else ``import module as alias`` behind the first
    import of the file. Raises `Refused` where that name is taken, or nothing is imported before the node."""
    texts = files.texts(text.filename)
    known = list(bindings(texts))
    for binding in known:
        is_here = binding.name and binding.path == module and _visible(binding, text, tree, node, texts)
        if is_here and not _rebound(binding.name, texts):
            return binding.name
    if _taken(alias, texts):
        raise Refused(f"`{alias}` means something else here")
    anchors = [
        binding
        for binding in known
        if binding.scope is None
        and not binding.path.startswith("__future__")
        and _visible(binding, text, tree, node, texts)
        and binding.text.text[: binding.tree.spans[binding.statement][0]][-1:] in ("", "\n")
    ]
    related = [binding for binding in anchors if binding.path.partition(".")[0] == module.partition(".")[0]]
    if not anchors:
        raise Refused("nothing is imported before the line")
    named = f"import {module}" if alias == module else f"import {module} as {alias}"
    _insert_behind(draft, (related or anchors)[0], named)
    return alias


def _insert_behind(draft: Draft, anchor: Binding, statement: str) -> None:
    """A statement of its own on the line behind an import. Raises `Refused`."""
    line = anchor.tree.parent(anchor.statement)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise Refused("the import shares its line")
    whole = anchor.text.text
    start, end = anchor.tree.spans[anchor.statement]
    indent = whole[whole.rfind("\n", 0, start) + 1 : start]
    stop = whole.find("\n", end)
    if stop < 0:
        change = Change(len(whole), len(whole), f"\n{indent}{statement}")
    else:
        change = Change(stop + 1, stop + 1, f"{indent}{statement}\n")
    draft.take(anchor.text, Outcome((change,)))


def _taken(name: str, texts: Sequence[Text]) -> bool:
    """Whether a name stands on its own somewhere: not as an attribute, not in a string."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    return any(word.search(blank_hidden(text.text)) for text in texts if name in text.text)


def sibling(files: Files, draft: Draft, text: Text, tree: Tree, callee: cst.BaseExpression, name: str) -> str:
    """The spelling of another name of the module that `callee` comes from: ``nn.NLLLoss`` to ``nn.BCELoss``.

    A name from an import gets the import changed as well. Raises `Refused` for other names.
    """
    if isinstance(callee, cst.Attribute):
        before = dotted(callee.value)
        if before is None:
            raise Refused("the callee is computed")
        return f"{before}.{name}"
    if not isinstance(callee, cst.Name):
        raise Refused("the callee is computed")
    texts = files.texts(text.filename)
    own = callee.value
    for binding in bindings(texts):
        if binding.name != own or not _visible(binding, text, tree, callee, texts):
            continue
        statement, alias = binding.statement, binding.alias
        if not isinstance(statement, cst.ImportFrom):
            continue
        module = binding.path.rpartition(".")[0]
        for other in bindings(texts):
            if other.path == f"{module}.{name}" and other.name and _visible(other, text, tree, callee, texts):
                return other.name
        if _taken(name, texts):
            raise Refused(f"`{name}` means something else here")
        if alias is None:
            raise Refused("a star import")
        start, end = binding.tree.spans[alias]
        if files.count(text.filename, own) == 2:
            draft.take(binding.text, Outcome((Change(start, end, name),)))
        else:
            draft.take(binding.text, Outcome((Change(end, end, f", {name}"),)))
        return name
    for binding in bindings(texts):
        if binding.path.endswith(".*") and binding.path.startswith(("torch.", "keras.", "tensorflow.")):
            return name
    raise Refused(f"`{own}` is no name from an import")
