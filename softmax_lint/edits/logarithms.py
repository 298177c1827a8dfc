"""Logarithms of activations: the activation becomes its logarithm, or both become one step."""

from __future__ import annotations

import re
from collections.abc import Sequence

import libcst as cst

from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import bindings, dotted, ensure_module, ensure_name, sibling
from softmax_lint.edits.shared import reads, refuse_shared
from softmax_lint.edits.site import subject
from softmax_lint.edits.tree import Change, Outcome, Refused, Text, Tree
from softmax_lint.judging import Joint

_LOGS = {"softmax": "log_softmax", "Softmax": "LogSoftmax", "sigmoid": "logsigmoid", "Sigmoid": "LogSigmoid"}
_TENSORFLOW = {
    "nn.softmax": "nn.log_softmax",
    "math.softmax": "math.log_softmax",
    "nn.sigmoid": "math.log_sigmoid",
    "sigmoid": "math.log_sigmoid",
    "math.sigmoid": "math.log_sigmoid",
}
# Calling these again gives the same again.
_PURE = frozenset({"matmul", "add", "linear", "mm", "squeeze", "view", "reshape", "cast", "float"})


class Apart(Refused):
    """The activation and its logarithm are not in one place."""


def use_logarithm(files: Files, draft: Draft, joint: Joint, uses: int = 1) -> None:
    """The activation of a joint becomes its logarithm, where it is called or built: for all of its `uses`.

    Raises `Refused` where there are more.
    """
    pair = joint.pair
    assert pair is not None
    text, tree, node = files.find(pair.source)
    if joint.built is not None and joint.built != pair.source:
        called = node.func if isinstance(node, cst.Call) else node
        name = dotted(called)
        if name is not None and reads(files, text, tree, called, name) > uses:
            raise Refused("the activation is applied elsewhere, too")
        text, tree, node = files.find(joint.built)
    if not isinstance(node, cst.Call):
        raise Refused("the activation is no call")
    if (dotted(node.func) or "").rpartition(".")[2][:1].isupper():
        refuse_shared(files, text, tree, node, uses)
    draft.take(text, do.replace_callee(tree, node.func, _name(files, draft, text, tree, node)))


def _name(files: Files, draft: Draft, text: Text, tree: Tree, node: cst.Call) -> str:
    """What to call instead of an activation for its logarithm."""
    spelled = tree.code(node.func)
    head, _, leaf = spelled.rpartition(".")
    root = spelled.partition(".")[0]
    if root in ("tf", "tensorflow"):
        other = _TENSORFLOW.get(spelled.partition(".")[2])
        if other is None:
            raise Refused("the activation has no logarithm of its own here")
        return f"{root}.{other}"
    log = _LOGS.get(leaf)
    if log is None:
        raise Refused("the activation has another name here")
    known = list(bindings(files.texts(text.filename)))
    path = next((each.path for each in known if each.name == root), "keras" if root in ("keras", "K") else "")
    if "keras" in path.split("."):
        return _of_keras(files, draft, text, tree, node, f"{path}.{spelled.partition('.')[2]}", leaf)
    if isinstance(node.func, cst.Attribute) and head not in (
        "torch",
        "F",
        "nn",
        "torch.nn",
        "torch.nn.functional",
    ):
        named = dotted(node.func.value)
        if leaf in ("softmax", "sigmoid") and (named is None or not head.endswith("functional")):
            if leaf == "sigmoid":
                raise Refused("tensors have no method for the logarithm of the sigmoid")
            return f"{tree.code(node.func.value)}.log_softmax"
    if log == "logsigmoid" and head == "torch":
        return ensure_name(files, draft, text, tree, node, ("torch",), "nn.functional.logsigmoid")
    return sibling(files, draft, text, tree, node.func, log)


def _of_keras(
    files: Files, draft: Draft, text: Text, tree: Tree, node: cst.Call, path: str, leaf: str
) -> str:
    """The operations of Keras 3 have logarithms; for what is older there is TensorFlow, where it is imported."""
    if "ops" in path.split("."):
        logarithm = {"softmax": "ops.log_softmax", "sigmoid": "ops.log_sigmoid"}.get(leaf)
        if logarithm is not None:
            return ensure_name(files, draft, text, tree, node, ("keras",), logarithm)
    function = {"softmax": "nn.log_softmax", "sigmoid": "math.log_sigmoid"}.get(leaf)
    packages = {each.path.partition(".")[0] for each in bindings(files.texts(text.filename))}
    if function is None or "tensorflow" not in packages:
        raise Refused("the activation has no logarithm of its own here")
    return f"{ensure_module(files, draft, text, tree, node, 'tensorflow', 'tf')}.{function}"


def merge(files: Files, draft: Draft, joint: Joint, joints: Sequence[Joint]) -> None:
    """``log(softmax(x))`` becomes ``log_softmax(x)``, in one expression or over a name."""
    pair = joint.pair
    assert pair is not None and joint.source is not None
    if pair.guarded:
        raise Refused("the logarithm is guarded")
    text, tree, log = files.find(joint.sink)
    if not isinstance(log, cst.Call):
        raise Refused("the logarithm is no call")
    argument = subject(log, pair.sink_text)
    where, inside, node = files.find(joint.source)
    if not isinstance(node, cst.Call):
        raise Refused("the activation is no call")
    if where is text and inside.spans[node] == tree.spans[argument]:
        if pair.source_text == ".sigmoid()" and isinstance(node.func, cst.Attribute):
            # Tensors have no method for it: a function takes its place.
            name = ensure_name(files, draft, text, tree, log, ("torch",), "nn.functional.logsigmoid")
            first, last = inside.whole(node.func.value)
            start, end = tree.spans[log]
            draft.take(text, Outcome((Change(start, first, f"{name}("), Change(last, end, ")"))))
            return
        use_logarithm(files, draft, joint)
        draft.take(text, do.unwrap(tree, log, argument))
        return
    parent = inside.parent(node)
    is_apart = where is not text or _function(inside, node) != _function(tree, log)
    if is_apart or not isinstance(parent, cst.Assign) or len(parent.targets) != 1:
        raise Apart("the probabilities reach the logarithm over other steps")
    if not isinstance(argument, cst.Name):
        raise Apart("the probabilities reach the logarithm over other steps")
    target = parent.targets[0].target
    if not isinstance(target, cst.Name) or target.value != argument.value or joint.built is not None:
        raise Apart("the probabilities reach the logarithm over other steps")
    others = [
        other
        for other in joints
        if other.source == joint.source and other.sink != joint.sink and other.row != "output"
    ]
    if not others and _count(files, inside, node, where, target.value) == 2:
        use_logarithm(files, draft, joint)
        draft.take(text, do.unwrap(tree, log, argument))
        return
    _repeat(files, draft, where, inside, node, text, tree, log)


def _function(tree: Tree, node: cst.CSTNode) -> tuple[int, int] | None:
    """Where the function around a node stands, None for a module's own code."""
    found = next(
        (each for each in tree.ancestors(node) if isinstance(each, (cst.FunctionDef, cst.Lambda))), None
    )
    return None if found is None else tree.spans[found]


def _count(files: Files, tree: Tree, node: cst.CSTNode, text: Text, name: str) -> int:
    """How often a name stands in the function around a node, in the file where there is none."""
    function = next((each for each in tree.ancestors(node) if isinstance(each, cst.FunctionDef)), None)
    if function is None:
        return files.count(text.filename, name)
    return len(re.findall(rf"\b{re.escape(name)}\b", tree.code(function)))


def _repeat(
    files: Files,
    draft: Draft,
    where: Text,
    inside: Tree,
    node: cst.Call,
    text: Text,
    tree: Tree,
    log: cst.Call,
) -> None:
    """The probabilities are read elsewhere, too: the logarithm is computed anew from what they come from."""
    if where is not text:
        raise Refused("the probabilities are used elsewhere, too")
    for each in _within(inside, node):
        if isinstance(each, cst.Call) and each is not node:
            leaf = inside.code(each.func).rpartition(".")[2]
            if leaf not in _PURE:
                raise Refused("the probabilities are used elsewhere, too")
        if isinstance(each, (cst.NamedExpr, cst.Await, cst.Yield)):
            raise Refused("the probabilities are used elsewhere, too")
    names = {each.value for each in _within(inside, node) if isinstance(each, cst.Name)}
    between = text.text[inside.spans[node][1] : tree.spans[log][0]]
    for name in names:
        if re.search(rf"^[ \t]*{re.escape(name)}\b[^\n=(]*=(?!=)", between, re.M):
            raise Refused("what the probabilities come from changes before the logarithm")
    start, end = inside.spans[node]
    callee = inside.spans[node.func]
    content = (
        text.text[start : callee[0]] + _name(files, draft, where, inside, node) + text.text[callee[1] : end]
    )
    if "\n" in content:
        if any(mark in content for mark in ("\\", '"', "'")):
            raise Refused("the probabilities are used elsewhere, too")
        # On one line: comments stay where they are.
        content = re.sub(r"[ \t]*(?:#[^\n]*)?\n[ \t]*", " ", content.replace("\r\n", "\n"))
    draft.take(text, Outcome((Change(*tree.spans[log], content),)))


def _within(tree: Tree, node: cst.CSTNode) -> list[cst.CSTNode]:
    found: list[cst.CSTNode] = []
    pending = [node]
    while pending:
        each = pending.pop()
        found.append(each)
        pending += each.children
    return found
