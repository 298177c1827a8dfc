"""Switches: how the configuration of a loss changes what it expects."""

from __future__ import annotations

import libcst as cst

from softmax_lint.diagnostic import Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.callees import assigned
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import KERAS, dotted, ensure_name, sibling
from softmax_lint.edits.tree import Refused, Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.knowledge import find
from softmax_lint.knowledge.strings import loss_path
from softmax_lint.representation import BINARY, CATEGORICAL, LOG_PROBABILITIES, SIGMOID_LOGITS, SOFTMAX_LOGITS

# Losses of PyTorch and the ones that take raw scores instead; parameters have the same names and places.
WITH_LOGITS = {
    "NLLLoss": "CrossEntropyLoss",
    "NLLLoss2d": "CrossEntropyLoss",
    "nll_loss": "cross_entropy",
    "nll_loss2d": "cross_entropy",
    "BCELoss": "BCEWithLogitsLoss",
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
}
WITHOUT_LOGITS = {
    "CrossEntropyLoss": "NLLLoss",
    "cross_entropy": "nll_loss",
    "BCEWithLogitsLoss": "BCELoss",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
}
# Parameters that only the loss with logits has.
_ONLY_WITH = frozenset({"label_smoothing", "pos_weight"})


def to_logits(files: Files, draft: Draft, joint: Joint) -> None:
    """Draft the edits after which the loss takes raw scores. Raises `Refused` for losses that never do."""
    if joint.expected in (SOFTMAX_LOGITS, SIGMOID_LOGITS):
        return
    if joint.expected not in (CATEGORICAL, BINARY, LOG_PROBABILITIES):
        raise Refused(f"`{joint.row}` takes no raw scores")
    row = find(joint.row)
    if row is not None and row.framework == "torch":
        _swap(files, draft, joint, WITH_LOGITS)
    elif row is not None and "from_logits" in row.params:
        _set_flag(files, draft, joint)
    else:
        raise Refused(f"`{joint.row}` takes no raw scores")


def to_probabilities(files: Files, draft: Draft, joint: Joint) -> None:
    """Draft the edits after which the loss takes what the activation gives."""
    row = find(joint.row)
    if row is not None and row.framework == "torch":
        _swap(files, draft, joint, WITHOUT_LOGITS)
        return
    if row is None or "from_logits" not in row.params:
        raise Refused(f"`{joint.row}` takes raw scores only")
    text, tree, node = files.find(joint.sink)
    if not isinstance(node, cst.Call):
        raise Refused("the loss is not configured by a call")
    position = row.params.index("from_logits")
    for index, argument in enumerate(node.args):
        if argument.keyword is not None and argument.keyword.value == "from_logits":
            draft.take(text, do.drop_argument(tree, argument))
            return
        if argument.keyword is None and not argument.star and index == position:
            draft.take(text, do.replace_literal(tree, argument.value, "False"))
            return
    raise Refused("`from_logits` was not found")


def _swap(files: Files, draft: Draft, joint: Joint, table: dict[str, str]) -> None:
    text, tree, node = files.find(joint.sink)
    callee = node.func if isinstance(node, cst.Call) else node
    own = joint.row.rpartition(".")[2]
    other = table.get(own)
    if other is None:
        raise Refused(f"`{joint.row}` has no counterpart")
    if table is WITHOUT_LOGITS and isinstance(node, cst.Call):
        _refuse_extras(joint, node, other)
    for where, inside, named in _spelled(files, text, tree, callee, own):
        made = sibling(files, draft, where, inside, named, other)
        draft.take(where, do.replace_callee(inside, named, made))


def _refuse_extras(joint: Joint, node: cst.Call, other: str) -> None:
    """Arguments that only the loss with logits has have no place in the other one."""
    row = find(joint.row)
    assert row is not None
    for index, argument in enumerate(node.args):
        if argument.star:
            raise Refused("starred arguments may hold what the other loss lacks")
        keyword = argument.keyword.value if argument.keyword is not None else None
        if keyword is None and index < len(row.params):
            keyword = row.params[index]
        if keyword in _ONLY_WITH:
            raise Refused(f"`{other}` has no parameter `{keyword}`")


def _spelled(
    files: Files, text: Text, tree: Tree, callee: cst.BaseExpression, own: str
) -> list[tuple[Text, Tree, cst.BaseExpression]]:
    """Where the file names what is called: the callee, else what its name or table was given. Raises `Refused`."""
    name = dotted(callee)
    if name is not None and (name.rpartition(".")[2] == own or _is_alias(files, text, name, own)):
        return [(text, tree, callee)]
    base = name if name is not None else dotted(callee.value) if isinstance(callee, cst.Subscript) else None
    if base is None:
        raise Refused(f"`{own}` is reached through a call")
    found: list[tuple[Text, Tree, cst.BaseExpression]] = []
    for where, inside, value in assigned(files, text, base.rpartition(".")[2]):
        parts = [entry.value for entry in value.elements] if isinstance(value, cst.Dict) else [value]
        found += [(where, inside, part) for part in parts if (dotted(part) or "").rpartition(".")[2] == own]
    if not found:
        raise Refused(f"`{own}` is reached through the name `{base}`")
    return found


def _is_alias(files: Files, text: Text, name: str, own: str) -> bool:
    return any(f"{own} as {name}" in other.text for other in files.texts(text.filename))


# Keras.


def class_name(row: str) -> str:
    """The loss class that does what a function or string does: ``binary_crossentropy`` to its class."""
    leaf = row.rpartition(".")[2]
    return leaf if leaf[:1].isupper() else "".join(part.capitalize() for part in leaf.split("_"))


def _set_flag(files: Files, draft: Draft, joint: Joint) -> None:
    text, tree, node = files.find(joint.sink)
    row = find(joint.row)
    assert row is not None
    if isinstance(node, cst.Call):
        name = dotted(node.func)
        leaf = name.rpartition(".")[2] if name is not None else ""
        argument = node.args[0].value if leaf == "get" and len(node.args) == 1 else None
        if isinstance(argument, (cst.SimpleString, cst.ConcatenatedString)):
            name = ensure_name(files, draft, text, tree, node, KERAS, f"losses.{class_name(joint.row)}")
            draft.take(text, do.replace_literal(tree, node, f"{name}(from_logits=True)"))
            return
        if find(f"keras.losses.{leaf}") is None and find(f"keras.backend.{leaf}") is None:
            raise Refused("the loss comes from another call")
        draft.take(text, do.set_argument(tree, node, "from_logits", "True", row.params.index("from_logits")))
        return
    if joint.setting is not None and joint.setting != joint.sink:
        text, tree, node = files.find(joint.setting)
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        if _is_option(tree, node):
            raise Refused("the loss is chosen on the command line")
        name = ensure_name(files, draft, text, tree, node, KERAS, f"losses.{class_name(joint.row)}")
    else:
        spelled = dotted(node)
        if spelled is None:
            raise Refused("the loss is not configured in one place")
        own = joint.row.rpartition(".")[2]
        if spelled.rpartition(".")[2] != own:
            raise Refused(f"`{own}` is reached through the name `{spelled}`")
        if "losses" in spelled.split("."):
            name = sibling(files, draft, text, tree, node, class_name(joint.row))
        else:
            name = ensure_name(files, draft, text, tree, node, KERAS, f"losses.{class_name(joint.row)}")
    draft.take(text, do.replace_literal(tree, node, f"{name}(from_logits=True)"))


def _is_option(tree: Tree, node: cst.CSTNode) -> bool:
    return any(
        isinstance(each, cst.Call)
        and isinstance(each.func, cst.Attribute)
        and each.func.attr.value == "add_argument"
        for each in tree.ancestors(node)
    )


__all__ = ["Place", "class_name", "loss_path", "to_logits", "to_probabilities"]
