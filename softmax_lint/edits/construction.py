"""What a called name stands for: where the object was made, or the function was named."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from softmax_lint.edits.callees import assigned, is_used_once
from softmax_lint.edits.files import Files
from softmax_lint.edits.names import bindings, dotted
from softmax_lint.edits.shared import is_imported, is_only, reads
from softmax_lint.edits.tree import Text, Tree
from softmax_lint.judging import Joint


@dataclass(frozen=True, slots=True)
class Construction:
    """What a called name stands for. `is_alone` when one call is all that the name is used for, `is_only` when
    the name stands for nothing else."""

    text: Text
    tree: Tree
    value: cst.BaseExpression
    is_alone: bool
    is_only: bool = True


def construction(files: Files, joint: Joint, node: cst.Call) -> Construction | None:
    """Where the called object was made; None when it has no name."""
    name = dotted(node.func)
    assert joint.pair is not None
    if name is None or joint.built is None or joint.built == joint.pair.source:
        return None
    text, tree, made = files.find(joint.built)
    if not isinstance(made, cst.Call):
        return None
    leaf = name.rpartition(".")[2]
    assignment = tree.parent(made)
    is_alone = (
        isinstance(assignment, cst.Assign)
        and len(assignment.targets) == 1
        and (dotted(assignment.targets[0].target) or "").rpartition(".")[2] == leaf
        and is_used_once(text, tree, made, files, leaf)
        and reads(files, *files.find(joint.pair.source)[:2], node.func, name) < 2
    )
    return Construction(text, tree, made, is_alone, is_only(files, text, tree, made, leaf))


def alias(files: Files, joint: Joint, text: Text, tree: Tree, node: cst.Call) -> Construction | None:
    """The function behind a name or attribute, where nothing but the call reads it."""
    name = dotted(node.func)
    if name is None or joint.built is not None:
        return None
    leaf = name.rpartition(".")[2]
    found = list(assigned(files, text, leaf))
    if len(found) != 1 or any(binding.name == name.partition(".")[0] for binding in bindings([text])):
        return None
    where, inside, value = found[0]
    statement = inside.parent(value)
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    if dotted(statement.targets[0].target) is None or not is_used_once(where, inside, value, files, leaf):
        return None
    if is_imported(files, where.filename, leaf):
        return None
    return Construction(where, inside, value, True)
