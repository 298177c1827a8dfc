"""Switches: how the configuration of a loss changes what it expects."""

from __future__ import annotations

import libcst as cst

from softmax_lint.diagnostic import Place
from softmax_lint.edits import primitives as do
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
_ONLY_WITH = {"label_smoothing": 5, "pos_weight": 4}


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
    name = dotted(callee)
    own = joint.row.rpartition(".")[2]
    other = table.get(own)
    if name is None or other is None:
        raise Refused(f"`{joint.row}` has no counterpart")
    if name.rpartition(".")[2] != own and not _is_alias(files, text, name, own):
        raise Refused(f"`{own}` is reached through the name `{name}`")
    if table is WITHOUT_LOGITS and isinstance(node, cst.Call):
        for index, argument in enumerate(node.args):
            keyword = argument.keyword.value if argument.keyword is not None else None
            if keyword in _ONLY_WITH or (keyword is None and index >= 4 + (node is not callee)):
                raise Refused(f"`{other}` has no such parameter")
    draft.take(text, do.replace_callee(tree, callee, sibling(files, draft, text, tree, callee, other)))


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
        if find(f"keras.losses.{leaf}") is None and find(f"keras.backend.{leaf}") is None:
            raise Refused("the loss comes from another call")
        argument = node.args[0].value if leaf == "get" and node.args else None
        if argument is not None:
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
