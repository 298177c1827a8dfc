"""Gradients at the loss and values on their way out, for each backend that Keras runs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside import exact

_MOVES = ("Identity", "Reshape", "Squeeze", "ExpandDims", "Cast")
_ACTIVATIONS = ("Softmax", "Sigmoid", "LogSoftmax")
_DEEPEST = 16
Emit = Callable[..., None]


def engine(backend: str) -> Any:
    """What measures under a backend. Raises NotImplementedError for one that nothing can be measured under."""
    if backend == "tensorflow":
        import tensorflow

        return TensorFlow(tensorflow)
    if backend == "torch":
        import torch

        return Torch(torch)
    raise NotImplementedError(f"nothing can be measured under the Keras backend `{backend}`")


class TensorFlow:
    """Eager code and graphs."""

    def __init__(self, tensorflow: Any) -> None:
        self._tf = tensorflow

    def plain(self, function: Callable[..., Any]) -> Any:
        """The function, left alone by AutoGraph."""
        return self._tf.autograph.experimental.do_not_convert(function)

    def eager(self) -> bool:
        """Whether code runs as it is read, and no graph is being made."""
        return bool(self._tf.executing_eagerly())

    def slope(self, loss: Callable[[Any], Any], values: Any, predictions: Any, expects: str) -> Any:
        """The gradient of the summed loss by what the activation was applied to; empty where there is none."""
        tf = self._tf
        if not tf.is_tensor(predictions) or not predictions.dtype.is_floating:
            return tf.zeros(())
        scores = getattr(predictions, "_keras_logits", None)
        if tf.executing_eagerly():
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
                tape.watch(predictions)
                if scores is not None:
                    tape.watch(scores)
                total = tf.reduce_sum(loss(predictions))
            found = None if scores is None else tape.gradient(total, scores)
            if found is None:
                found = self._through(tape.gradient(total, predictions), predictions, expects)
        else:
            if scores is None:
                scores = _behind(predictions)
            total = tf.reduce_sum(values)
            found = None if scores is None else tf.gradients(total, scores)[0]
            if found is None:
                found = self._through(tf.gradients(total, predictions)[0], predictions, expects)
        return tf.zeros(()) if found is None else tf.cast(tf.convert_to_tensor(found), tf.float32)

    def _through(self, slope: Any, predictions: Any, expects: str) -> Any:
        """The gradient before an activation that nothing shows, but whose output the loss takes."""
        tf = self._tf
        if slope is None:
            return None
        if expects == exact.CATEGORICAL:
            return predictions * (slope - tf.reduce_sum(slope * predictions, axis=-1, keepdims=True))
        if expects == exact.BINARY:
            return slope * predictions * (1 - predictions)
        return slope

    def send(self, emit: Emit, values: tuple[Any, ...]) -> None:
        """Call `emit` with arrays, now or whenever the graph runs."""
        tf = self._tf
        given = [tf.convert_to_tensor(value) for value in values]
        given = [tf.cast(v, tf.float32) if v.dtype in (tf.bfloat16, tf.float16) else v for v in given]
        if tf.executing_eagerly():
            emit(*(value.numpy() for value in given))
        else:
            tf.numpy_function(emit, given, [])


def _behind(predictions: Any) -> Any:
    """The input of the activation whose output, perhaps moved, the predictions are."""
    operation = predictions.op
    for _ in range(_DEEPEST):
        if operation.type in _ACTIVATIONS:
            return operation.inputs[0]
        if operation.type not in _MOVES:
            return None
        operation = operation.inputs[0].op
    return None


class Torch:
    """Keras on torch."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def plain(self, function: Callable[..., Any]) -> Any:
        """The function."""
        return function

    def eager(self) -> bool:
        """Always."""
        return True

    def slope(self, loss: Callable[[Any], Any], values: Any, predictions: Any, expects: str) -> Any:
        """As for TensorFlow."""
        from softmax_lint.verify.script.inside.torch_losses import slope

        torch = self._torch
        if not isinstance(predictions, torch.Tensor) or not values.requires_grad or predictions.is_meta:
            return torch.zeros(())
        found = slope(torch, values, predictions)
        return torch.zeros(()) if found is None else found

    def send(self, emit: Emit, values: tuple[Any, ...]) -> None:
        """Call `emit` with arrays."""
        torch = self._torch
        arrays = []
        if any(isinstance(value, torch.Tensor) and value.is_meta for value in values):
            return  # shapes are being worked out
        for value in values:
            if isinstance(value, torch.Tensor):
                value = value.detach().cpu()
                if value.dtype in (torch.bfloat16, torch.float16):
                    value = value.float()
                value = value.numpy()
            arrays.append(np.asarray(value))
        emit(*arrays)
