"""What is called: whether a call applies one activation only, whoever runs it, and where a callee was named."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from softmax_lint.edits.files import Files, Found
from softmax_lint.edits.names import bindings, dotted
from softmax_lint.edits.tree import Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.splitting import blank_hidden

# Names that stand for their modules without an import: cells of notebooks, excerpts.
_CONVENTIONAL = frozenset({"torch", "nn", "F", "tf", "keras", "layers", "K", "tensorflow", "jax", "jnp"})


def applies_only(files: Files, text: Text, tree: Tree, node: cst.Call, joint: Joint) -> bool:
    """Whether a call that applies the activation of a joint applies nothing else in another context."""
    pair = joint.pair
    assert pair is not None
    if pair.source_text.startswith("."):
        return True
    if joint.built is not None and joint.built != pair.source:
        made = files.find(joint.built)[2]
        if isinstance(made, cst.Call):
            # An object is changed where it was made.
            return True
    wanted = _leaf(pair.source_text.removesuffix("()"))
    func = node.func
    if isinstance(func, cst.Call):
        return _leaf(dotted(func.func) or "") in (wanted, "Activation", "Lambda", "getattr")
    return names_only(files, text, tree, func, wanted)


def names_only(files: Files, text: Text, tree: Tree, node: cst.BaseExpression, activation: str) -> bool:
    """Whether a name or attribute stands for one activation only, whoever runs the code around it."""
    wanted = _leaf(activation)
    name = dotted(node)
    if name is None:
        # The attribute of an expression, as in `get_module().softmax(x)`; an entry of a table may be any.
        return isinstance(node, cst.Attribute) and node.attr.value == wanted
    head, _, rest = name.partition(".")
    if _is_parameter(tree, node, head):
        return False
    for binding in bindings(files.texts(text.filename)):
        if binding.name == head:
            return _leaf(f"{binding.path}.{rest}" if rest else binding.path) == wanted
    if head in _CONVENTIONAL:
        return _leaf(name) == wanted
    values = [value for _, _, value in assigned(files, text, _leaf(name))]
    # What nothing binds comes from a star import, or from another file.
    return all(_leaf(dotted(value) or "") == wanted for value in values or [node])


def is_constant(files: Files, text: Text, tree: Tree, node: cst.BaseExpression) -> bool:
    """Whether an expression is a name that a file assigns once, and no parameter."""
    if not isinstance(node, cst.Name) or _is_parameter(tree, node, node.value):
        return False
    return len(list(assigned(files, text, node.value))) == 1


def is_read_once(files: Files, text: Text, tree: Tree, node: cst.BaseExpression) -> bool:
    """Whether what an expression reads is read nowhere else: a parameter in its function, an attribute, an
    entry of a table or a name in its file."""
    if isinstance(node, cst.Subscript):
        key = tree.code(node.slice[0].slice)
        return sum(other.text.count(key) for other in files.texts(text.filename)) <= 2
    leaf = _leaf(dotted(node) or "")
    if not leaf:
        return False
    word = re.compile(rf"(?<!\w){re.escape(leaf)}\b")
    if isinstance(node, cst.Name) and _is_parameter(tree, node, leaf):
        function = next(each for each in tree.ancestors(node) if isinstance(each, cst.FunctionDef))
        return len(word.findall(blank_hidden(tree.code(function)))) == 2
    if isinstance(node, cst.Attribute):
        word = re.compile(rf"\.[ \t]*{re.escape(leaf)}\b")
    return sum(len(word.findall(blank_hidden(other.text))) for other in files.texts(text.filename)) == 2


def assigned(files: Files, text: Text, leaf: str) -> Iterator[Found]:
    """All that a file assigns to a name, or to an attribute of that name of whatever."""
    for where in files.texts(text.filename):
        for tree in where.trees_with(leaf):
            for each in tree.spans:
                if isinstance(each, cst.Assign):
                    targets = [target.target for target in each.targets]
                elif isinstance(each, cst.AnnAssign):
                    targets = [each.target]
                else:
                    continue
                if each.value is not None and any(_leaf(dotted(target) or "") == leaf for target in targets):
                    yield where, tree, each.value


def is_used_once(text: Text, tree: Tree, made: cst.CSTNode, files: Files, leaf: str) -> bool:
    """Whether one place reads what an assignment around `made` gives to a name or attribute.

    Classes that assign an attribute of that name themselves mean their own.
    """
    if any(re.search(rf"['\"]{re.escape(leaf)}['\"]", other.text) for other in files.texts(text.filename)):
        return False
    owner = next((each for each in tree.ancestors(made) if isinstance(each, cst.ClassDef)), None)
    statement = tree.statement(made)
    is_attribute = isinstance(statement, cst.Assign) and isinstance(
        statement.targets[0].target, cst.Attribute
    )
    word = re.compile(rf"\.[ \t]*{re.escape(leaf)}\b" if is_attribute else rf"\b{re.escape(leaf)}\b")
    setting = re.compile(rf"\bself\.{re.escape(leaf)}[ \t]*=(?!=)")
    own = rest = 0
    for other in files.texts(text.filename):
        bare = blank_hidden(other.text)
        spans = (
            [] if owner is None else [span for span in _classes(other) if setting.search(bare[slice(*span)])]
        )
        mine = tree.spans[owner] if owner is not None and other is text else (-1, -1)
        for found in word.finditer(bare):
            if owner is None or mine[0] <= found.start() < mine[1]:
                own += 1
            elif not any(start <= found.start() < end for start, end in spans):
                rest += 1
    return own == 2 and not rest


def _classes(text: Text) -> list[tuple[int, int]]:
    return [
        each.spans[node]
        for each in text.trees_with("class")
        for node in each.spans
        if isinstance(node, cst.ClassDef)
    ]


def _is_parameter(tree: Tree, node: cst.CSTNode, name: str) -> bool:
    """Whether a name is a parameter of a function around a node."""
    for each in tree.ancestors(node):
        if isinstance(each, (cst.FunctionDef, cst.Lambda)):
            parameters = each.params
            named = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
            if name != "self" and any(parameter.name.value == name for parameter in named):
                return True
    return False


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]
