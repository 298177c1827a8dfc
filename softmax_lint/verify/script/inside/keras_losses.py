"""Keras: wrappers around cross-entropies as objects, as strings given to `compile`, and as functions.

In a graph the values leave through an operation that runs with every step; what the program computes with stays
the same tensors, so that Keras finds the logits behind an activation exactly as it would without us.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside import exact, tensors
from softmax_lint.verify.script.inside.exact import Array
from softmax_lint.verify.script.inside.recorder import EVALUATE, TRAIN, Evaluation, Recorder
from softmax_lint.verify.script.inside.sites import Sites

SPARSE, DENSE, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)
_OF_TESTS = ("test_step", "tf__test_step", "evaluate", "test_on_batch")

Frames = list[tuple[str, int, str]]


class _State(threading.local):
    """Where the thread is: inside a loss that is watched already, or inside that of a compiled model."""

    busy = False
    slot = 0
    compiled: Frames | None = None


def install(keras: Any, recorder: Recorder, sites: Sites) -> None:
    """Wrap the losses of an imported Keras 3."""
    from softmax_lint.verify.script.inside.slopes import engine

    watch = _Watch(engine(keras.backend.backend()), recorder, sites)
    losses = sys.modules["keras.src.losses.losses"]
    for name in (SPARSE, DENSE, BINARY):
        original = getattr(losses, name)
        wrapped = watch.function(name, original)
        for key, module in list(sys.modules.items()):
            # Metrics keep theirs: a metric is no loss.
            if key.startswith("keras.") and not key.startswith("keras.src.metrics"):
                for attribute in [a for a, value in list(vars(module).items()) if value is original]:
                    setattr(module, attribute, wrapped)
    watch.objects(losses.LossFunctionWrapper)
    watch.compiled(sys.modules["keras.src.trainers.compile_utils"].CompileLoss)
    watch.compiling(sys.modules["keras.src.trainers.trainer"].Trainer)


class _Watch:
    """The wrappers, which share what they know of the thread."""

    def __init__(self, engine: Any, recorder: Recorder, sites: Sites) -> None:
        self._engine = engine
        self._recorder = recorder
        self._sites = sites
        self._state = _State()
        self._compiled: dict[int, tuple[Frames, Any]] = {}  # keeps the loss, and so its identity

    def function(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """A loss function that is called by the user's code."""
        signature = inspect.signature(original)

        @functools.wraps(original)
        def wrapped(*args: Any, **keywords: Any) -> Any:
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            options = dict(bound.arguments)
            target, predictions = options.pop("y_true"), options.pop("y_pred")
            return self._around(name, options, target, predictions, lambda p: original(target, p, **options))

        return self._engine.plain(wrapped)  # type: ignore[no-any-return]

    def objects(self, wrapper: Any) -> None:
        """Loss objects, and strings, which become such."""
        original = wrapper.call

        def call(this: Any, y_true: Any, y_pred: Any) -> Any:
            name = getattr(this.fn, "__name__", "")
            known = name in (SPARSE, DENSE, BINARY) and this.fn.__module__.startswith("keras")
            if not known:
                return original(this, y_true, y_pred)
            options = {
                key: parameter.default
                for key, parameter in inspect.signature(this.fn).parameters.items()
                if parameter.default is not inspect.Parameter.empty
            }
            options.update(this._fn_kwargs)
            return self._around(name, options, y_true, y_pred, lambda p: original(this, y_true, p))

        wrapper.call = self._engine.plain(call)

    def compiled(self, losses: Any) -> None:
        """The losses of a compiled model belong to the line of its `compile`."""
        original = losses.__call__

        def call(this: Any, *args: Any, **keywords: Any) -> Any:
            frames, _ = self._compiled.get(id(this), ([], None))
            before, self._state.compiled, self._state.slot = self._state.compiled, frames, 0
            try:
                return original(this, *args, **keywords)
            finally:
                self._state.compiled = before

        losses.__call__ = self._engine.plain(call)

    def compiling(self, trainer: Any) -> None:
        """Note where models are compiled. Compiled code and several steps at once would hide evaluations."""
        original = trainer.compile

        @functools.wraps(original)
        def compile(this: Any, *args: Any, **keywords: Any) -> Any:
            result = original(this, *args, **keywords)
            this.jit_compile = False
            this.steps_per_execution = 1
            loss = getattr(this, "_compile_loss", None)
            if loss is not None:
                self._compiled[id(loss)] = (self._sites.here(), loss)
            return result

        trainer.compile = compile

    def _around(
        self, name: str, options: dict[str, Any], target: Any, predictions: Any, loss: Callable[[Any], Any]
    ) -> Any:
        state = self._state
        frames = state.compiled or self._sites.here()
        if state.busy or not frames or not hasattr(predictions, "shape"):
            return loss(predictions)
        state.busy = True
        try:
            slot, state.slot = state.slot, state.slot + 1
            if state.compiled is None:
                slot = 0
            values = loss(predictions)
            phase = EVALUATE if _is_test() else TRAIN
            expects = _expects(name, options)
            application = self._sites.loss(frames, expects)
            # A graph of the user's own runs models without a word.
            seen = state.compiled is not None or self._engine.eager()

            def emit(p: Array, y: Array, v: Array, g: Array) -> None:
                self._recorder.due(application, phase, slot)
                if not self._recorder.wants(application, phase, slot):
                    return
                evaluation = _evaluation(name, expects, options, phase, (p, y, v, g))
                if evaluation is not None:
                    self._recorder.take(evaluation, application, frames[0][:2], slot, seen)

            with self._recorder.measuring():
                slope = self._engine.slope(loss, values, predictions, expects)
                self._engine.send(self._recorder.measured(emit), (predictions, target, values, slope))
        finally:
            state.busy = False
        return values


def _is_test() -> bool:
    frame: Any = sys._getframe(2)
    for _ in range(60):
        if frame is None:
            break
        if frame.f_code.co_name in _OF_TESTS:
            return True
        frame = frame.f_back
    return False


def _expects(name: str, options: dict[str, Any]) -> str:
    if name == BINARY:
        return exact.SIGMOID_LOGITS if options.get("from_logits") else exact.BINARY
    return exact.SOFTMAX_LOGITS if options.get("from_logits") else exact.CATEGORICAL


def _evaluation(
    name: str,
    expects: str,
    options: dict[str, Any],
    phase: str,
    arrays: tuple[Array, Array, Array, Array],
) -> Evaluation | None:
    predictions, target, values, slope = arrays
    if options.get("axis", -1) not in (-1, predictions.ndim - 1):
        return None
    smoothing = float(options.get("label_smoothing") or 0.0)
    classes = predictions.shape[-1]
    other = None
    norm = 1.0
    if name == BINARY:
        mass, other = tensors.binary(target, predictions.shape, smoothing)
        columns = 1
        norm = float(classes)  # the loss of a sample is a mean
    else:
        columns = classes
        if name == SPARSE:
            hot = tensors.sparse(target, classes, options.get("ignore_class"))
            if hot is None:
                return None
            mass = hot
        else:
            mass = tensors.dense(target, classes, smoothing)
    total = float(np.sum(values.astype(np.float64))) * norm
    has_slope = phase == TRAIN and slope.size == predictions.size
    return Evaluation(
        name,
        expects,
        predictions.reshape(-1, columns),
        mass,
        other,
        total,
        slope.reshape(-1, columns) * norm if has_slope else None,
        phase,
        str(predictions.dtype),
    )
