"""Activations around what reads an output: the expression gives again what it gave before a fix."""

from __future__ import annotations

import re

import libcst as cst

from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import bindings, ensure_module, ensure_name
from softmax_lint.edits.tree import Refused, Text, Tree
from softmax_lint.representation import LOG_SIGMOID, LOG_SOFTMAX, SIGMOID, SOFTMAX

EXPONENTIAL = "exponential"  # back from logarithms
_TORCH = {SOFTMAX: "softmax", LOG_SOFTMAX: "log_softmax", SIGMOID: "sigmoid", EXPONENTIAL: "exp"}
_TENSORFLOW = {SOFTMAX: "nn.softmax", LOG_SOFTMAX: "nn.log_softmax", SIGMOID: "sigmoid", EXPONENTIAL: "exp"}
_KERAS = {SOFTMAX: "softmax", LOG_SOFTMAX: "log_softmax", SIGMOID: "sigmoid", EXPONENTIAL: "exp"}
_WIDE = "dtype='float32'"
_LAYERS = {SOFTMAX: ("Softmax", ""), SIGMOID: ("Activation", "'sigmoid'")}
# Where TensorFlow computes nothing until a session runs, arrays cannot come out of its functions.
_GRAPHS = re.compile(r"\b(?:Session|placeholder|ConfigProto|disable_eager_execution|disable_v2_behavior)\(")
# Keras 3 has these, no earlier Keras has.
_ONLY_THIRD = (
    "ops|random|tree|config|distribution|dtype_policies|quantizers|Layer|Loss|Metric|Optimizer|Initializer|"
    "Regularizer|Constraint|Variable|KerasTensor|Operation|StatelessScope"
)
_THIRD = re.compile(
    rf"\bkeras\.(?:{_ONLY_THIRD})\b|\bfrom keras import [^\n]*\b(?:{_ONLY_THIRD})\b|\bKERAS_BACKEND\b|\bkeras_hub\b"
)


def apply_around(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.BaseExpression,
    produced: str,
    framework: str,
    *,
    axis: int | None = None,
    implicit: bool = False,
    array: bool = False,
) -> None:
    """Draft the activation that gives `produced` around an expression, which is an `array` or a tensor.

    The type of the expression stays. Raises `Refused` where no spelling is known to be right.
    """
    if produced == LOG_SIGMOID:
        raise Refused("the logarithm of a sigmoid is not put around outputs")
    if framework == "torch":
        before, after = _of_torch(files, draft, text, tree, node, produced, axis, implicit, array)
    else:
        before, after = _of_keras(files, draft, text, tree, node, produced, axis, array)
    quote = _quote(tree, node)
    before, after = (part.replace("'", quote) for part in (before, after))
    draft.take(text, do.wrap(tree, node, before, after))


def _quote(tree: Tree, node: cst.BaseExpression) -> str:
    """The quote that strings at a node may have: before Python 3.12 none that a string around them has."""
    taken = {each.start[-3:] for each in tree.ancestors(node) if isinstance(each, cst.FormattedString)}
    taken = {start if start in ('"""', "'''") else start[-1] for start in taken}
    free = next((quote for quote in "'\"" if quote not in taken), None)
    if free is None:
        raise Refused("strings around it take all quotes")
    return free


def _of_torch(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.BaseExpression,
    produced: str,
    axis: int | None,
    implicit: bool,
    array: bool,
) -> tuple[str, str]:
    torch = ensure_module(files, draft, text, tree, node, "torch", "torch")
    is_over_axis = produced in (SOFTMAX, LOG_SOFTMAX)
    function, last = f"{torch}.{_TORCH[produced]}", ""
    if is_over_axis and implicit:
        # Which axis that is depends on the rank: the same function decides as before.
        function = f"{torch}.nn.functional.{_TORCH[produced]}"
    elif is_over_axis:
        if axis is None:
            raise Refused("the axis of the activation is not known")
        last = f", dim={axis}"
    if array:
        return f"{function}({torch}.as_tensor(", f"){last}).numpy()"
    return f"{function}(", f"{last})"


def _of_keras(
    files: Files,
    draft: Draft,
    text: Text,
    tree: Tree,
    node: cst.BaseExpression,
    produced: str,
    axis: int | None,
    array: bool,
) -> tuple[str, str]:
    last = ""
    if produced in (SOFTMAX, LOG_SOFTMAX):
        if axis is None:
            raise Refused("the axis of the activation is not known")
        last = "" if axis == -1 else f", axis={axis}"
    texts = files.texts(text.filename)
    paths = {binding.path.partition(".")[0] for binding in bindings(texts)}
    if "tensorflow" not in paths and any(_THIRD.search(each.text) for each in texts):
        ops = f"ops.{_KERAS[produced]}"
        name = ensure_name(files, draft, text, tree, node, ("keras",), ops)
        if not array:
            return f"{name}(", f"{last})"
        back = ensure_name(files, draft, text, tree, node, ("keras",), "ops.convert_to_numpy")
        return f"{back}({name}(", f"{last}))"
    if paths & {"tensorflow", "keras"} == {"keras"} and produced in _LAYERS:
        # Keras 2 has no `ops`, and Keras 3 may run without TensorFlow: both have layers.
        layer, given = _LAYERS[produced]
        name = ensure_name(files, draft, text, tree, node, ("keras",), f"layers.{layer}")
        options = ", ".join(filter(None, (given, last[2:])))
        if not array:
            return f"{name}({options})(", ")"
        # Under a policy of 16 bits the layer would round, and not every backend has arrays of them.
        before, after = f"{name}({', '.join(filter(None, (options, _WIDE)))})(", ")"
        return f"{ensure_module(files, draft, text, tree, node, 'numpy', 'np')}.asarray({before}", f"{after})"
    if array and any(_GRAPHS.search(each.text) for each in texts):
        raise Refused("TensorFlow computes in graphs here")
    name = f"{ensure_module(files, draft, text, tree, node, 'tensorflow', 'tf')}.{_TENSORFLOW[produced]}"
    return f"{name}(", f"{last}){'.numpy()' if array else ''}"
