"""TensorFlow: wrappers around the losses of ``tf.nn``, and logarithms where some are watched."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside import exact, tensors
from softmax_lint.verify.script.inside.exact import Array
from softmax_lint.verify.script.inside.recorder import TRAIN, Evaluation, Recorder
from softmax_lint.verify.script.inside.sites import Sites
from softmax_lint.verify.script.inside.slopes import TensorFlow

_LOSSES = (
    "sparse_softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
)
_LOGARITHMS = ("log", "log_softmax", "log_sigmoid")
_OWN = ("/keras/", "/tensorflow/", "/tf_keras/")


def install(tensorflow: Any, recorder: Recorder, sites: Sites) -> None:
    """Wrap the losses of an imported TensorFlow."""
    engine = TensorFlow(tensorflow)
    for name in _LOSSES:
        original = getattr(tensorflow.nn, name)
        setattr(tensorflow.nn, name, engine.plain(_loss(engine, name, original, recorder, sites)))
    if sites.logarithms:
        for holder in (tensorflow.math, tensorflow.nn):
            for name in _LOGARITHMS:
                known = getattr(holder, name, None)
                if known is not None:
                    setattr(holder, name, engine.plain(_logarithm(engine, name, known, recorder, sites)))


def _loss(
    engine: TensorFlow, name: str, original: Callable[..., Any], recorder: Recorder, sites: Sites
) -> Callable[..., Any]:
    sigmoid = name.startswith("sigmoid")
    expects = exact.SIGMOID_LOGITS if sigmoid else exact.SOFTMAX_LOGITS

    @functools.wraps(original)
    def wrapped(*args: Any, **keywords: Any) -> Any:
        values = original(*args, **keywords)
        frames = sites.here()
        # Keras calls these too; its own losses are watched where the user's code meets them.
        if not frames or sites.called_from(_OWN):
            return values
        given = dict(zip(("labels", "logits"), args, strict=False)) | keywords
        labels, logits = given["labels"], given["logits"]
        application = sites.loss(frames, expects)
        seen = engine.eager()

        def emit(p: Array, y: Array, v: Array, g: Array) -> None:
            recorder.due(application, TRAIN)
            if not recorder.wants(application, TRAIN):
                return
            columns = 1 if sigmoid else p.shape[-1]
            other: Array | None = None
            if sigmoid:
                mass, other = tensors.binary(y, p.shape, 0.0)
            elif name.startswith("sparse"):
                found = tensors.sparse(y, columns, None)
                if found is None:
                    return
                mass = found
            else:
                mass = tensors.dense(y, columns, 0.0)
            slopes = g.reshape(-1, columns) if g.size == p.size else None
            rows = p.reshape(-1, columns)
            total = float(v.astype(np.float64).sum())
            recorder.take(
                Evaluation(name, expects, rows, mass, other, total, slopes, TRAIN, str(p.dtype)),
                application,
                frames[0][:2],
                seen=seen,
            )

        def again(predictions: Any) -> Any:
            return original(**{**given, "logits": predictions})

        with recorder.measuring():
            slope = engine.slope(again, values, logits, expects)
            engine.send(recorder.measured(emit), (logits, labels, values, slope))
        return values

    return wrapped


def _logarithm(
    engine: TensorFlow, name: str, original: Callable[..., Any], recorder: Recorder, sites: Sites
) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*args: Any, **keywords: Any) -> Any:
        values = original(*args, **keywords)
        spot = sites.logarithm(name)
        if spot is None:
            return values
        number, where = spot.number, (spot.file, spot.row)
        sigmoid = spot.family == "sigmoid"
        expects = exact.LOG_SIGMOID if sigmoid else exact.LOG_PROBABILITIES

        def emit(p: Array) -> None:
            recorder.due(number, TRAIN)
            if recorder.wants(number, TRAIN):
                rows = p.reshape(-1, 1 if sigmoid else p.shape[-1])
                ones = np.ones_like(rows)
                other = 0 * ones if sigmoid else None
                total = -float(rows.astype(np.float64).sum())
                recorder.take(
                    Evaluation(name, expects, rows, ones, other, total, None, TRAIN, str(p.dtype)),
                    number,
                    where,
                )

        with recorder.measuring():
            engine.send(recorder.measured(emit), (values,))
        return values

    return wrapped
