"""Binary logits where probabilities are compared or rounded, and a softmax where there is one already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from softmax_lint import pair as meetings
from softmax_lint.edits import primitives as do
from softmax_lint.edits.applied import apply_around
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.site import remove
from softmax_lint.edits.tree import Refused, Tree
from softmax_lint.judging import Joint
from softmax_lint.representation import SIGMOID


def mend_reader(files: Files, draft: Draft, joint: Joint, joints: Sequence[Joint]) -> None:
    """Draft a sigmoid around what is compared or rounded; an array is compared with 0 instead of 0.5.

    Raises `Refused` where other outputs are read there as well.
    """
    pair = joint.pair
    assert pair is not None
    same = [other for other in joints if other.sink == joint.sink and other.row == joint.row]
    if any(other.code != joint.code for other in same):
        raise Refused("other outputs are read here, too")
    losses = [
        other.pair.framework
        for other in joints
        if other.pair is not None and other.pair.meeting == meetings.LOSS and other.source == joint.source
    ]
    text, tree, node = files.find(joint.sink)
    operand, number = _operands(tree, node, pair.sink_text)
    if joint.array and number is not None and float(number.value) == 0.5:
        # The same in any type, and nothing is computed.
        draft.take(text, do.replace_literal(tree, number, "0"))
        return
    framework = losses[0] if losses else ""
    apply_around(files, draft, text, tree, operand, SIGMOID, framework, array=joint.array)


def _operands(
    tree: Tree, node: cst.BaseExpression, reading: str
) -> tuple[cst.BaseExpression, cst.Float | None]:
    """The operand with the output, and the number that it is compared with, where that is a literal there."""
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
        left, right = node.left, node.comparisons[0].comparator
        operand, other = (right, left) if reading[0] in "0123456789." else (left, right)
        return operand, other if isinstance(other, cst.Float) else None
    if isinstance(node, cst.Call):
        first = node.args[0].value if node.args and not node.args[0].star else None
        last = node.args[-1].value if node.args else None
        number = last if isinstance(last, cst.Float) else None
        if isinstance(node.func, cst.Attribute) and len(node.args) <= (" " in reading):
            return node.func.value, number
        if first is not None:
            return first, number
    raise Refused("the operand was not found")


def remove_second(files: Files, draft: Draft, joint: Joint, joints: Sequence[Joint]) -> None:
    """Draft the removal of an activation of probabilities. Raises `Refused` where the first one is to go, or the
    second one is right for something else."""
    pair = joint.pair
    assert pair is not None
    for other in joints:
        if other.source == joint.source and other.code is not None and _is_loss(other):
            raise Refused("the first activation is a finding itself")
        if other.sink == joint.sink and other.row == joint.row and other.code != joint.code:
            raise Refused("the same activation is applied to something else, too")
        if other.source == joint.sink:
            raise Refused("a loss or logarithm takes what the second activation gives")
    second = replace(pair, source=joint.sink, source_text=pair.sink_text)
    remove(files, draft, replace(joint, pair=second, built=joint.setting, layer=None))


def _is_loss(joint: Joint) -> bool:
    return joint.pair is not None and joint.pair.meeting == meetings.LOSS
