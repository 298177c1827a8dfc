"""Metrics of a `compile` whose model will give logits: exact rewrites, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from softmax_lint.diagnostic import Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import KERAS, dotted, ensure_name, sibling
from softmax_lint.edits.tree import Refused, Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.knowledge import find
from softmax_lint.representation import SIGMOID

# The same on logits as on probabilities, whatever made them: only the order of the classes counts.
_RANKING = frozenset({
    "sparse_categorical_accuracy", "categorical_accuracy", "SparseCategoricalAccuracy", "CategoricalAccuracy",
    "sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy", "OneHotMeanIoU", "OneHotIoU",
})  # fmt: skip
_ACCURACY = frozenset({"accuracy", "acc"})
_ENTROPIES = {
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "SparseCategoricalCrossentropy": "SparseCategoricalCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "CategoricalCrossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "BinaryCrossentropy": "BinaryCrossentropy",
    "bce": "BinaryCrossentropy",
    "BCE": "BinaryCrossentropy",
}
_COUNTS = frozenset({
    "Precision", "Recall", "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives",
})  # fmt: skip
_STRINGS = {
    "precision": "Precision", "recall": "Recall", "auc": "AUC", "binary_accuracy": "BinaryAccuracy",
}  # fmt: skip
# Keras 3.0 to 3.4 want thresholds above 0. The sigmoid of this one is 0.5 in every float.
_HALF = "1e-7"


@dataclass(frozen=True, slots=True)
class Output:
    """What metrics will get: logits of a sigmoid or of a softmax, of so many units (None: not known).

    `foreign` are the places of metrics that other models have, too.
    """

    is_sigmoid: bool
    units: int | None
    foreign: frozenset[Place] = frozenset()


def carry_along(files: Files, draft: Draft, joint: Joint, foreign: frozenset[Place]) -> None:
    """Draft what the metrics of the `compile` of a joint need, those at `foreign` places excepted, which other
    models have as well. Raises `Refused` with the metric's name."""
    pair = joint.pair
    assert pair is not None
    output = Output(pair.produced == SIGMOID or "inary" in joint.row, pair.units, foreign)
    try:
        text, tree, node = files.find(joint.application)
    except Refused:
        return
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return
    if node.func.attr.value != "compile":
        return
    spot = _spot(node, text, tree, joint)
    for argument in node.args:
        keyword = argument.keyword.value if argument.keyword is not None else None
        if keyword in ("metrics", "weighted_metrics"):
            _carry_list(files, draft, output, text, tree, argument.value, spot)
        elif argument.star == "**":
            draft.doubt("there may be metrics among starred arguments")
    positional = [argument for argument in node.args if argument.keyword is None and not argument.star]
    for argument in positional[2:4]:
        if isinstance(argument.value, (cst.List, cst.Dict)):
            _carry_list(files, draft, output, text, tree, argument.value, spot)


Spot = int | str | None


def _carry_list(
    files: Files,
    draft: Draft,
    output: Output,
    text: Text,
    tree: Tree,
    metrics: cst.BaseExpression,
    spot: Spot,
) -> None:
    """The metrics that one output gets, or all of them. Numbers are weights, not metrics."""
    own = _of_output(metrics, spot)
    made = Draft()
    for metric, inside, where in _entries(files, text, tree, own):
        if not isinstance(metric, (cst.Float, cst.Integer)):
            _carry(files, made, output, where, inside, metric)
    if made.edits and spot is not None and own is metrics:
        raise Refused("several outputs have the same metrics")
    draft.join(made)


def _spot(node: cst.Call, text: Text, tree: Tree, joint: Joint) -> Spot:
    """Which output of several a loss is for: its position or name; None where there is one loss for all."""
    if (joint.sink.filename, joint.sink.cell) != (text.filename, text.cell):
        return None
    start, end = text.span(joint.sink)
    for argument in node.args:
        first, last = tree.spans[argument]
        if not (first <= start and end <= last):
            continue
        if isinstance(argument.value, cst.List) and len(argument.value.elements) > 1:
            for position, element in enumerate(argument.value.elements):
                if tree.spans[element][0] <= start < tree.spans[element][1]:
                    return position
        if isinstance(argument.value, cst.Dict) and len(argument.value.elements) > 1:
            for entry in argument.value.elements:
                if (
                    isinstance(entry, cst.DictElement)
                    and tree.spans[entry][0] <= start < tree.spans[entry][1]
                ):
                    return _string(entry.key)
    return None


def _of_output(node: cst.BaseExpression, spot: Spot) -> cst.BaseExpression:
    """The part of the metrics that one output gets."""
    if isinstance(spot, int) and isinstance(node, cst.List):
        inner = [element.value for element in node.elements]
        if all(isinstance(each, (cst.List, cst.Tuple)) for each in inner) and spot < len(inner):
            return inner[spot]
    if isinstance(spot, str) and isinstance(node, cst.Dict):
        for entry in node.elements:
            if isinstance(entry, cst.DictElement) and _string(entry.key) == spot:
                return entry.value
        if all(isinstance(entry, cst.DictElement) and _string(entry.key) for entry in node.elements):
            return cst.List([])
    return node


def _entries(
    files: Files, text: Text, tree: Tree, node: cst.BaseExpression, depth: int = 0
) -> Iterator[tuple[cst.BaseExpression, Tree, Text]]:
    """The single metrics of an expression, through lists, dicts and names with one assignment."""
    if isinstance(node, (cst.List, cst.Tuple)):
        for element in node.elements:
            if isinstance(element, cst.StarredElement):
                raise Refused("the metrics are not known")
            yield from _entries(files, text, tree, element.value, depth)
    elif isinstance(node, cst.Dict):
        for entry in node.elements:
            if isinstance(entry, cst.StarredDictElement):
                raise Refused("the metrics are not known")
            yield from _entries(files, text, tree, entry.value, depth)
    elif isinstance(node, cst.BinaryOperation):
        raise Refused("the metrics are not known")
    elif isinstance(node, cst.Name) and node.value == "None":
        return
    elif isinstance(node, cst.Name) and depth < 3:
        found = _assigned(files, text, node.value)
        if found is None:
            yield node, tree, text
        else:
            where, inside, value = found
            yield from _entries(files, where, inside, value, depth + 1)
    else:
        yield node, tree, text


def _assigned(files: Files, text: Text, name: str) -> tuple[Text, Tree, cst.BaseExpression] | None:
    """The value of a name that is assigned once in a file."""
    found: list[tuple[Text, Tree, cst.BaseExpression]] = []
    for where in files.texts(text.filename):
        for tree in where.trees_with(name):
            for node in tree.spans:
                if isinstance(node, cst.Assign) and any(dotted(t.target) == name for t in node.targets):
                    found.append((where, tree, node.value))
    return found[0] if len(found) == 1 else None


def rewrite(files: Files, draft: Draft, place: Place, output: Output) -> None:
    """Draft the exact counterpart of a metric for logits. Raises `Refused` where there is none."""
    text, tree, node = files.find(place)
    before = len(draft.edits)
    _carry(files, draft, output, text, tree, node)
    if len(draft.edits) == before:
        raise Refused("the metric is not understood")


def _carry(
    files: Files, draft: Draft, output: Output, text: Text, tree: Tree, node: cst.BaseExpression
) -> None:
    """The metric at a node for logits; nothing where it is the same on them."""
    made = Draft()
    _draft(files, made, output, text, tree, node)
    if made.edits and any(
        (place.filename, place.cell) == (text.filename, text.cell) and text.span(place) == tree.spans[node]
        for place in output.foreign
    ):
        raise Refused("another model has the same metric")
    draft.join(made)


def _draft(
    files: Files, draft: Draft, output: Output, text: Text, tree: Tree, node: cst.BaseExpression
) -> None:
    is_sigmoid = output.is_sigmoid
    string = _string(node)
    call = node if isinstance(node, cst.Call) else None
    spelled = dotted(call.func if call is not None else node)
    if string is None and spelled is None:
        raise Refused("a metric is not known")
    name = string if string is not None else (spelled or "").rpartition(".")[2]
    given = _given(call)
    if name in _RANKING or (name in ("IoU", "MeanIoU") and given.get("sparse_y_pred") == "False"):
        return
    if name.lower() in _ACCURACY and call is None:
        if not is_sigmoid or (output.units is not None and output.units > 1):
            return
        if output.units is None:
            raise Refused(f"metric `{name}` depends on the number of units, which is not known")
    if name in _ENTROPIES:
        _flag(files, draft, text, tree, node, call, _ENTROPIES[name], string)
        return
    if not is_sigmoid:
        if (name in ("F1Score", "FBetaScore") and "threshold" not in given and call is not None) or (
            name in ("Precision", "Recall") and "top_k" in given
        ):
            return
        raise Refused(f"metric `{name}` has no exact rewrite for logits after a softmax")
    _carry_binary(files, draft, text, tree, node, call, name, given, string)


def _carry_binary(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.BaseExpression,
    call: cst.Call | None,
    name: str,
    given: dict[str, str],
    string: str | None,
) -> None:
    kind = _STRINGS.get(name.lower(), name) if call is None else name
    if name.lower() in _ACCURACY:
        kind = "BinaryAccuracy"
    if kind == "AUC":
        _flag(files, draft, text, tree, node, call, "AUC", string)
        return
    parameter, default = {
        "BinaryAccuracy": ("threshold", 0.5),
        "BinaryIoU": ("threshold", 0.5),
        "F1Score": ("threshold", None),
        "FBetaScore": ("threshold", None),
    }.get(kind, ("thresholds", 0.5) if kind in _COUNTS else ("", None))
    if not parameter or "top_k" in given:
        raise Refused(f"metric `{name}` has no exact rewrite for logits")
    row = find(f"keras.metrics.{kind}")
    position = row.params.index(parameter) if row is not None else None
    if call is not None and position is not None and len(call.args) > position:
        there = call.args[position]
        if there.keyword is None and not there.star:
            given[parameter] = tree.code(there.value)
    try:
        value = float(given[parameter]) if parameter in given else default
    except ValueError:
        raise Refused(f"the thresholds of metric `{name}` are not one number") from None
    if value is None:
        return
    if not 0 < value < 1:
        raise Refused(f"the threshold of metric `{name}` has no exact rewrite")
    logit = math.log(value / (1 - value))
    if (kind in _COUNTS and not 0 <= logit <= 1) or (
        kind in ("F1Score", "FBetaScore") and not 0 <= logit <= 1
    ):
        raise Refused(f"metric `{name}` does not accept the logit of its threshold")
    number = (
        repr(logit)
        if logit
        else {"BinaryAccuracy": _HALF, "F1Score": "1e-12", "FBetaScore": "1e-12"}.get(kind, "0")
    )
    if call is not None:
        draft.take(text, do.set_argument(tree, call, parameter, number, position))
        return
    # A class names its objects itself.
    is_class = string is None and name == kind
    named = "" if is_class else f", name='{string if string is not None else name}'"
    _replace(files, draft, text, tree, node, kind, f"{parameter}={number}{named}")


def _flag(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.BaseExpression,
    call: cst.Call | None,
    kind: str,
    string: str | None,
) -> None:
    if call is not None:
        draft.take(text, do.set_argument(tree, call, "from_logits", "True", 10 if kind == "AUC" else 2))
        return
    # The name in the history stays: that of an object is made from its class.
    is_own = string is None or (string.islower() and string != "bce")
    named = "" if is_own else f", name='{string}'"
    _replace(files, draft, text, tree, node, kind, f"from_logits=True{named}")


def _replace(
    files: Files, draft: Draft, text: Text, tree: Tree, node: cst.BaseExpression, kind: str, arguments: str
) -> None:
    spelled = dotted(node) if not isinstance(node, cst.SimpleString) else None
    if spelled is not None and "metrics" in spelled.split("."):
        name = sibling(files, draft, text, tree, node, kind)
    else:
        name = ensure_name(files, draft, text, tree, node, KERAS, f"metrics.{kind}")
    draft.take(text, do.replace_literal(tree, node, f"{name}({arguments})"))


def _string(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def _given(call: cst.Call | None) -> dict[str, str]:
    if call is None:
        return {}
    module = cst.Module([])
    return {
        arg.keyword.value: module.code_for_node(arg.value) for arg in call.args if arg.keyword is not None
    }
