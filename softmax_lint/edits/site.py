"""Sites: how an activation sits in its code, and how it goes from there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from softmax_lint.diagnostic import Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.callees import applies_only, is_constant, is_read_once, names_only
from softmax_lint.edits.construction import alias, construction
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import dotted, sibling
from softmax_lint.edits.positions import is_literal_key, is_picked
from softmax_lint.edits.shared import reads, refuse_shared
from softmax_lint.edits.tree import Change, Refused, Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.knowledge.schema import Api

_ADDING = frozenset({"add", "append", "add_module", "register_module"})
_CONTAINERS = frozenset({"Sequential", "ModuleList", "LayerList"})
# Parameters that hold the tensor, where it is given by its name.
_SUBJECTS = frozenset({"input", "x", "logits", "features", "inputs", "tensor", "a"})
_KEPT = ("name", "dtype")
_LOOPS = (cst.For, cst.While)
_HEAD = "classifier_activation"


def remove(files: Files, draft: Draft, joint: Joint) -> None:
    """Draft the edits after which the tensor of a joint is what the activation was given.

    Raises `Refused` where no edit is known for the site.
    """
    pair = joint.pair
    assert pair is not None
    text, tree, node = files.find(pair.source)
    if _is_layer(node, pair.source_text, joint.built):
        assert isinstance(node, cst.Call)
        setting = _setting_of(node)
        if setting is not None and not _is_literal(setting):
            _remove_setting(files, draft, joint, text, tree, setting)
        else:
            _remove_layer(files, draft, text, tree, node, pair.framework)
    elif isinstance(node, cst.Call) and not _is_setting(tree, node, pair.source_text):
        position = _head_position(node)
        if position is not None:
            draft.take(text, do.set_argument(tree, node, _HEAD, "None", position))
            return
        _remove_call(files, draft, joint, text, tree, node)
    else:
        _remove_setting(files, draft, joint, text, tree, node)


def _is_layer(node: cst.BaseExpression, text: str, built: Place | None) -> bool:
    """Whether a node constructs the activation: ``nn.Softmax(dim=1)``, ``Activation('softmax')``."""
    if not isinstance(node, cst.Call) or text.startswith("."):
        return False
    name = dotted(node.func)
    leaf = name.rpartition(".")[2] if name is not None else ""
    return leaf == text or leaf in ("Activation", "Lambda")


def _is_setting(tree: Tree, node: cst.BaseExpression, text: str) -> bool:
    """Whether a call stands where an activation is named: ``Dense(10, activation=get('softmax'))``."""
    parent = tree.parent(node)
    return isinstance(parent, cst.Arg) and parent.keyword is not None and "activation" in parent.keyword.value


def _setting_of(node: cst.Call) -> cst.BaseExpression | None:
    """What an ``Activation`` or ``Lambda`` layer is told to apply; None for layers that are an activation."""
    if (dotted(node.func) or _leaf(node.func)).rpartition(".")[2] not in ("Activation", "Lambda"):
        return None
    for argument in node.args:
        if not argument.star and (
            argument.keyword is None or argument.keyword.value in ("activation", "function")
        ):
            return argument.value
    return None


def _is_literal(node: cst.BaseExpression) -> bool:
    return isinstance(node, (cst.SimpleString, cst.ConcatenatedString, cst.Lambda, cst.Call))


def _head_position(node: cst.Call) -> int | None:
    """Where a model of the library takes the activation of its head; None for other calls."""
    leaf = (dotted(node.func) or "").rpartition(".")[2]
    rows = (row for row in _rows() if row.name.rpartition(".")[2] == leaf)
    return next((row.params.index(_HEAD) for row in rows if _HEAD in row.params), None)


# Layers in containers.


def _remove_layer(files: Files, draft: Draft, text: Text, tree: Tree, node: cst.Call, framework: str) -> None:
    parent = tree.parent(node)
    kept = _kept(node)
    around = tree.parent(parent) if parent is not None else None
    if isinstance(parent, cst.Element) and isinstance(around, cst.Tuple):
        # ("name", layer), an item of an OrderedDict.
        outer = tree.parent(around)
        if isinstance(outer, cst.Element) and isinstance(tree.parent(outer), (cst.List, cst.Tuple)):
            parent, around = outer, tree.parent(outer)
    if (
        not kept
        and isinstance(parent, cst.Element)
        and isinstance(around, (cst.List, cst.Tuple))
        and (
            around.elements[-1] is parent
            and len(around.elements) > 1
            and not is_picked(files, tree, around, text)
        )
    ):
        draft.take(text, do.drop_element(tree, parent))
        return
    if not kept and isinstance(parent, cst.Arg) and isinstance(around, cst.Call):
        name = (dotted(around.func) or _leaf(around.func)).rpartition(".")[2]
        if (
            name in _CONTAINERS
            and parent.keyword is None
            and len(around.args) > 1
            and around.args[-1] is parent
        ) and not is_picked(files, tree, around, text):
            draft.take(text, do.drop_argument(tree, parent))
            return
        statement = tree.parent(around)
        if (
            name in _ADDING
            and isinstance(statement, cst.Expr)
            and _is_last_added(tree, statement, around)
            and not is_picked(files, tree, parent, text)
        ):
            draft.take(text, do.drop_statement(tree, statement))
            return
    _neutralise(files, draft, text, tree, node, framework)


def _kept(node: cst.Call) -> bool:
    """Whether a layer has a name or a type that others may count on."""
    return any(arg.keyword is not None and arg.keyword.value in _KEPT for arg in node.args)


def _leaf(node: cst.BaseExpression) -> str:
    return node.attr.value if isinstance(node, cst.Attribute) else ""


def _is_last_added(tree: Tree, statement: cst.Expr, call: cst.Call) -> bool:
    """Whether nothing is added behind a layer in the same block."""
    if not isinstance(call.func, cst.Attribute):
        return False
    receiver = tree.code(call.func.value)
    line = tree.parent(statement)
    block = tree.parent(line) if line is not None else None
    if isinstance(block, cst.Module) or not isinstance(block, cst.IndentedBlock):
        # A statement of a module is a tree of its own: look at the text behind it.
        rest = tree.text[tree.spans[statement][1] :]
        head = next((part for part in rest.split(f"{receiver}.")[1:]), "")
        return not head.startswith(tuple(f"{name}(" for name in _ADDING))
    index = block.body.index(line) if line in block.body else len(block.body)
    behind = tree.text[tree.spans[statement][1] : tree.spans[block][1]]
    return index == len(block.body) - 1 or not any(f"{receiver}.{name}(" in behind for name in _ADDING)


def _neutralise(files: Files, draft: Draft, text: Text, tree: Tree, node: cst.Call, framework: str) -> None:
    refuse_shared(files, text, tree, node)
    if framework == "torch":
        callee = sibling(files, draft, text, tree, node.func, "Identity")
        draft.take(text, do.neutralise(tree, node, callee, "", ()))
        return
    callee = sibling(files, draft, text, tree, node.func, "Activation")
    draft.take(text, do.neutralise(tree, node, callee, "'linear'", _KEPT))


def _neutralise_entry(
    files: Files, draft: Draft, joint: Joint, text: Text, tree: Tree, callee: cst.Subscript
) -> None:
    """One of several objects that a variable picks. Raises `Refused`."""
    assert joint.built is not None and joint.pair is not None
    where, inside, made = files.find(joint.built)
    name = dotted(callee.value)
    if not isinstance(made, cst.Call) or name is None or reads(files, text, tree, callee.value, name) > 1:
        raise Refused("the activation is chosen elsewhere")
    _neutralise(files, draft, where, inside, made, joint.pair.framework)


# Activations that are called.


def _remove_call(files: Files, draft: Draft, joint: Joint, text: Text, tree: Tree, node: cst.Call) -> None:
    pair = joint.pair
    assert pair is not None
    inner = subject(node, pair.source_text)
    if _is_only_outside_training(tree, node):
        raise Refused("the activation is applied outside of training only")
    if _is_carried(tree, node, inner):
        raise Refused("the next round of a loop takes what the activation gives")
    if not applies_only(files, text, tree, node, joint):
        _withhold(files, draft, joint, tree, node)
        return
    if not isinstance(node.func, cst.Call) and any(
        each.keyword is not None and each.keyword.value == "name" for each in node.args
    ):
        # In a graph of TensorFlow others may fetch it by that name.
        raise Refused("the result of the activation has a name")
    made = construction(files, joint, node)
    if isinstance(node.func, cst.Call) and _kept(node.func):
        # A layer with a name of its own: the name may be an output's.
        _neutralise(files, draft, text, tree, node.func, pair.framework)
        return
    if made is not None and isinstance(made.value, cst.Call) and (not made.is_alone or _kept(made.value)):
        if reads(files, text, tree, node.func, dotted(node.func) or "") < 2:
            _neutralise(files, draft, made.text, made.tree, made.value, pair.framework)
            return
        # Applied elsewhere, too: the object stays, and is not called here.
        if _kept(made.value) or not made.is_only:
            raise Refused("the activation is applied elsewhere, too")
        made = None
    elif (
        isinstance(node.func, cst.Subscript)
        and joint.built not in (None, pair.source)
        and not is_literal_key(node.func)
    ):
        _neutralise_entry(files, draft, joint, text, tree, node.func)
        return
    statement = tree.parent(node)
    is_own = (
        isinstance(statement, cst.Assign)
        and len(statement.targets) == 1
        and not node.lpar
        and isinstance(inner, (cst.Name, cst.Attribute))
        and dotted(statement.targets[0].target) == dotted(inner)
    )
    if is_own and isinstance(statement, cst.Assign):
        draft.take(text, do.drop_statement(tree, statement))
    else:
        draft.take(text, do.unwrap(tree, node, inner))
    if made is None:
        made = alias(files, joint, text, tree, node)
    if made is not None:
        assignment = made.tree.statement(made.value)
        assert isinstance(assignment, cst.Assign)
        if isinstance(made.value, cst.Call) and is_picked(files, made.tree, made.value, made.text):
            # What counts the parts of the model finds one in its place.
            _neutralise(files, draft, made.text, made.tree, made.value, pair.framework)
            return
        outcome = do.drop_statement(made.tree, assignment)
        if not outcome.loses_comment:
            draft.take(made.text, outcome)


def _withhold(files: Files, draft: Draft, joint: Joint, calling: Tree, call: cst.Call) -> None:
    """A function that was given to what calls it: nothing is given instead. Raises `Refused`."""
    assert joint.pair is not None
    if joint.built is None or joint.built == joint.pair.source or not _may_be_none(calling, call):
        raise Refused("the activation is chosen elsewhere")
    text, tree, given = files.find(joint.built)
    if not isinstance(tree.parent(given), cst.Arg) or not isinstance(given, (cst.Name, cst.Attribute)):
        raise Refused("the activation is chosen elsewhere")
    if not names_only(files, text, tree, given, joint.pair.source_text):
        raise Refused("the activation is chosen elsewhere")
    draft.take(text, do.replace_literal(tree, given, "None"))


def _may_be_none(tree: Tree, call: cst.Call) -> bool:
    """Whether the function around a call asks whether there is something to call."""
    name = dotted(call.func)
    function = next((each for each in tree.ancestors(call) if isinstance(each, cst.FunctionDef)), None)
    asked = re.compile(rf"\bif\b[^\n]*(?<![\w.]){re.escape(name or '')}(?![\w.(])")
    return name is not None and function is not None and asked.search(tree.code(function)) is not None


_OUTSIDE = re.compile(r"infer|eval|deploy|export|test|predict")


def _is_only_outside_training(tree: Tree, node: cst.CSTNode) -> bool:
    """Whether a branch that tells training from the rest leaves a node to the rest."""
    inside: cst.CSTNode = node
    for each in tree.ancestors(node):
        if isinstance(each, cst.FunctionDef):
            return False
        if isinstance(each, (cst.If, cst.IfExp)) and inside is not each.test:
            test = tree.code(each.test)
            is_turned = test.startswith("not ") != (inside is each.orelse)
            if ("train" in test and is_turned) or (_OUTSIDE.search(test) and not is_turned):
                return True
        inside = each
    return False


def _is_carried(tree: Tree, node: cst.CSTNode, inner: cst.BaseExpression) -> bool:
    """Whether a loop makes what the activation is applied to of what it gave the last time."""
    statement = tree.parent(node)
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return False
    name = dotted(statement.targets[0].target)
    loop = next((each for each in tree.ancestors(node) if isinstance(each, (*_LOOPS, cst.FunctionDef))), None)
    if name is None or not isinstance(loop, _LOOPS):
        return False
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    bound = re.compile(rf"\b(?:for|as)\b[^\n:]*?{word.pattern}|^[^\n#=(]*{word.pattern}[^\n=()]*=(?!=)", re.M)
    return bool(word.search(tree.code(inner))) and len(bound.findall(tree.code(loop))) < 2


def subject(node: cst.Call, text: str) -> cst.BaseExpression:
    """The tensor that an activation is called with. Raises `Refused`."""
    if text.startswith(".") and isinstance(node.func, cst.Attribute):
        return node.func.value
    for argument in node.args:
        if argument.star:
            break
        if argument.keyword is None or argument.keyword.value in _SUBJECTS:
            return argument.value
    raise Refused("the activation's argument was not found")


# Activations that are named.


def _remove_setting(
    files: Files, draft: Draft, joint: Joint, text: Text, tree: Tree, node: cst.BaseExpression
) -> None:
    pair = joint.pair
    assert pair is not None
    if joint.built is not None and joint.built not in (pair.source, _place(text, tree, node)):
        where, inside, literal = files.find(joint.built)
        if isinstance(literal, (cst.SimpleString, cst.ConcatenatedString)):
            if literal is node or is_read_once(files, text, tree, node):
                _replace_constant(draft, pair.framework, where, inside, literal)
                return
            if not is_constant(files, text, tree, node):
                raise Refused("what names the activation is read elsewhere, too")
        elif isinstance(literal, cst.Call) and _is_layer(literal, pair.source_text, None):
            name = dotted(node)
            if name is not None and reads(files, text, tree, node, name) > 1:
                raise Refused("the activation is applied elsewhere, too")
            _remove_layer(files, draft, where, inside, literal, pair.framework)
            return
    elif isinstance(node, (cst.Name, cst.Attribute, cst.Subscript)) and not names_only(
        files, text, tree, node, pair.source_text
    ):
        raise Refused("the activation is chosen elsewhere")
    argument = tree.parent(node)
    if not isinstance(argument, cst.Arg):
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
            _replace_constant(draft, pair.framework, text, tree, node)
            return
        raise Refused("the activation is no argument")
    call = tree.parent(argument)
    if not isinstance(call, cst.Call):
        raise Refused("the activation is no argument of a call")
    name = (dotted(call.func) or _leaf(call.func)).rpartition(".")[2]
    if name in ("Activation", "Lambda"):
        _remove_layer(files, draft, text, tree, call, pair.framework)
    elif may_drop(name, argument, call):
        draft.take(text, do.drop_argument(tree, argument))
    else:
        draft.take(text, do.replace_literal(tree, node, "None"))


def _place(text: Text, tree: Tree, node: cst.BaseExpression) -> Place:
    start, end = tree.spans[node]
    return text.edit(Change(start, end, "")).place


def _replace_constant(draft: Draft, framework: str, text: Text, tree: Tree, node: cst.BaseExpression) -> None:
    if framework == "torch":
        raise Refused("the activation is chosen by a string")
    quote = '"' if tree.code(node).endswith('"') else "'"
    draft.take(text, do.replace_literal(tree, node, f"{quote}linear{quote}"))


def may_drop(name: str, argument: cst.Arg, call: cst.Call) -> bool:
    """Whether a layer without this argument gives raw scores."""
    row = next((row for row in _rows() if row.name.rpartition(".")[2] == name and row.activation), None)
    if row is None or row.activation_default not in (None, "linear"):
        return False
    if argument.keyword is not None:
        return True
    index = call.args.index(argument)
    return all(other.keyword is not None or other.star == "**" for other in call.args[index + 1 :])


def _rows() -> Iterator[Api]:
    from softmax_lint.knowledge import shelves

    for shelf in shelves("keras"):
        yield from shelf.rows.values()
