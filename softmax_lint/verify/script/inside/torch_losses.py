"""torch: wrappers around the functional losses, which loss modules call too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside import exact
from softmax_lint.verify.script.inside.exact import Array
from softmax_lint.verify.script.inside.recorder import EVALUATE, TRAIN, Evaluation, Recorder
from softmax_lint.verify.script.inside.sites import Sites

_EXPECTS = {
    "cross_entropy": exact.SOFTMAX_LOGITS,
    "nll_loss": exact.LOG_PROBABILITIES,
    "binary_cross_entropy": exact.BINARY,
    "binary_cross_entropy_with_logits": exact.SIGMOID_LOGITS,
}
_ACTIVATIONS = ("Softmax", "LogSoftmax", "Sigmoid", "LogSigmoid")
_DEEPEST = 24


def install(torch: Any, recorder: Recorder, sites: Sites) -> None:
    """Wrap the losses of an imported torch, and logarithms where some are watched."""
    functional = torch.nn.functional
    for name in _EXPECTS:
        original = getattr(functional, name)
        wrapped = _wrap_loss(torch, name, original, recorder, sites)
        for holder in (functional, torch):
            if getattr(holder, name, None) is original:
                setattr(holder, name, wrapped)
    if sites.logarithms:
        from softmax_lint.verify.script.inside.torch_logarithms import install as install_logarithms

        install_logarithms(torch, recorder, sites)


def _wrap_loss(
    torch: Any, name: str, original: Callable[..., Any], recorder: Recorder, sites: Sites
) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def wrapped(*args: Any, **keywords: Any) -> Any:
        frames = sites.here()
        # Keras on torch has losses of its own, which are watched where the user's code meets them.
        if not frames or sites.called_from(("/keras/",)):
            return original(*args, **keywords)
        bound = signature.bind(*args, **keywords)
        bound.apply_defaults()
        given = bound.arguments
        application = sites.loss(frames, _EXPECTS[name])
        phase = TRAIN if given["input"].requires_grad and torch.is_grad_enabled() else EVALUATE
        recorder.due(application, phase)
        value = original(*args, **keywords)
        if recorder.wants(application, phase):
            with recorder.measuring(), torch.no_grad():
                evaluation = _evaluate(torch, name, given, value, phase)
                if evaluation is not None:
                    recorder.take(evaluation, application, frames[0][:2])
        return value

    return wrapped


def _evaluate(torch: Any, name: str, given: dict[str, Any], value: Any, phase: str) -> Evaluation | None:
    predictions, target = given["input"], given["target"]
    if name in ("cross_entropy", "nll_loss"):
        axis = 1 if predictions.dim() > 1 else 0
        found = _categorical(given, predictions, target, axis)
    else:
        axis = None
        found = _binary(given, predictions, target)
    if found is None:
        return None
    mass, other, norm = found
    total = float(value.double().sum()) * norm
    gradient = None
    if phase == TRAIN:
        measured = slope(torch, value, predictions)
        if measured is not None:
            gradient = rows_of(measured, axis) * norm
    return Evaluation(
        name,
        _EXPECTS[name],
        rows_of(predictions, axis),
        mass,
        other,
        total,
        gradient,
        phase,
        str(predictions.dtype).removeprefix("torch."),
    )


def rows_of(tensor: Any, axis: int | None) -> Array:
    """The values as rows, the class axis last; one column where there is no class axis."""
    values = tensor.detach().cpu()
    array: Array = (values if values.dtype.itemsize >= 4 else values.float()).numpy()
    if axis is None:
        return array.reshape(-1, 1)
    return np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])


def _categorical(
    given: dict[str, Any], predictions: Any, target: Any, axis: int
) -> tuple[Array, None, float] | None:
    classes = predictions.shape[axis]
    weight = given.get("weight")
    weights = np.ones(classes) if weight is None else rows_of(weight, None)[:, 0].astype(np.float64)
    smoothing = float(given.get("label_smoothing") or 0.0)
    if target.dtype.is_floating_point:
        hot = rows_of(target, axis).astype(np.float64)
        mean = hot.shape[0]
    else:
        wanted = target.detach().cpu().numpy().reshape(-1)
        counted = wanted != given["ignore_index"]
        index = np.where(counted, wanted, 0)
        if index.min(initial=0) < 0 or index.max(initial=0) >= classes:
            return None
        hot = np.zeros((wanted.size, classes))
        hot[np.arange(wanted.size), index] = counted
        mean = float((weights[index] * counted).sum())
    held = hot.sum(axis=1, keepdims=True)
    mass = ((1 - smoothing) * hot + smoothing * held / classes) * weights
    return mass, None, mean if given["reduction"] == "mean" else 1.0


def _binary(given: dict[str, Any], predictions: Any, target: Any) -> tuple[Array, Array, float] | None:
    shape = tuple(predictions.shape)
    wanted = rows_of(target.expand(shape), None).astype(np.float64)
    mass, other = wanted, 1 - wanted
    if given.get("pos_weight") is not None:
        mass = mass * rows_of(given["pos_weight"].expand(shape), None)
    if given.get("weight") is not None:
        weight = rows_of(given["weight"].expand(shape), None)
        mass, other = mass * weight, other * weight
    return mass, other, float(wanted.size) if given["reduction"] == "mean" else 1.0


def slope(torch: Any, value: Any, predictions: Any) -> Any:
    """The gradient of the summed `value` by what the activation behind `predictions` was applied to, or by the
    predictions where there is none; None where its layout is another one."""
    edge = _edge(torch, predictions)
    if edge is None or value.grad_fn is None:
        return None
    with torch.enable_grad():
        (found,) = torch.autograd.grad(value.sum(), [edge], retain_graph=True, allow_unused=True)
    if found is None or found.numel() != predictions.numel():
        return None
    return found if found.shape == predictions.shape else found.reshape(predictions.shape)


def _edge(torch: Any, predictions: Any) -> Any:
    """Where the scores enter the graph. Follows operations on one tensor back to an activation."""
    graph = torch.autograd.graph
    node = predictions.grad_fn
    moved = False
    for _ in range(_DEEPEST):
        if node is None:
            break
        name = type(node).__name__.partition("Backward")[0]
        inputs = [each for each in node.next_functions if each[0] is not None]
        if name in _ACTIVATIONS and inputs:
            # Behind a permutation, rows are no longer rows.
            return None if moved else graph.GradientEdge(*inputs[0])
        if len(inputs) != 1 or name in ("Addmm", "Mm", "Bmm", "Convolution", "T"):
            break
        moved = moved or name in ("Permute", "Transpose")
        node = inputs[0][0]
    if not predictions.requires_grad:
        return None
    return graph.get_gradient_edge(predictions)
