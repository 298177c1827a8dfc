"""Rows of Keras and TensorFlow against the installed frameworks: signatures, activations, losses, strings."""

from __future__ import annotations

import importlib.util
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from installed_keras import (
    LIVE,
    RANDOM,
    ROWS,
    UNINSPECTABLE,
    keras,
    keras_rows,
    last,
    locate,
    named,
    of_role,
    tf,
)

from softmax_lint.knowledge import find, keras_addons
from softmax_lint.knowledge import schema as s
from softmax_lint.knowledge.keras_losses import OLD_LOSS_STRINGS
from softmax_lint.representation import (
    ANY,
    BINARY,
    EXPECTED,
    HIDDEN,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    PRODUCED,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)


def check_signature(row: s.Api) -> None:
    """Parameters are those of the installed signature, in order; a TensorFlow row may leave out a tail."""
    target = locate(row.name)
    if row.name in UNINSPECTABLE:
        return
    real = [p for p in inspect.signature(target).parameters.values() if p.name != "self"]
    names: list[str] = []
    for p in real:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        if p.kind == p.KEYWORD_ONLY and "*" not in names:
            names.append("*")
        names.append(p.name)
    whole = row.framework == "keras" and row.form != s.METHOD and row.role != s.OTHER
    assert row.params == tuple(names if whole else names[: len(row.params)])


@pytest.mark.parametrize("row", named(LIVE))
def test_signature(row: s.Api) -> None:
    check_signature(row)


def test_rows_are_well_formed() -> None:
    seen: dict[str, str] = {}
    for row in (*ROWS, *keras_addons.ROWS):
        for name in (row.name, *row.aliases):
            assert name not in seen, name
            seen[name] = row.name
        assert row.role in s.ROLES
        parameters = {*row.params, *row.call_params}
        for parameter in (row.subject, row.target, row.units, row.activation, row.axis):
            assert not parameter or parameter in parameters, (row.name, parameter)
        assert {flag.name for flag in row.flags} <= parameters, row.name
        if row.role in (s.LOSS, s.METRIC):
            assert row.expects in (*EXPECTED, ANY), row.name
            assert row.target, row.name
        if row.role in (s.ACTIVATION, s.AFFINE):
            assert row.produces in PRODUCED, row.name


# --- activations ---

SCORE = RANDOM.normal(size=(3, 4)).astype("float32") * 3


def softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


EXACT: dict[str, Callable[..., Any]] = {
    SOFTMAX: softmax,
    LOG_SOFTMAX: lambda z, axis=-1: np.log(softmax(z, axis)),
    SIGMOID: sigmoid,
    LOG_SIGMOID: lambda z: np.log(sigmoid(z)),
}
EXTRA: dict[str, dict[str, Any]] = {
    "threshold": {"threshold": 0.5, "default_value": 0.25},
    "matmul": {},
}


def apply(row: s.Api, x: Any, **extra: Any) -> Any:
    target = locate(row.name)
    if row.form == s.CLASS:
        return np.asarray(target(**extra)(x))
    return np.asarray(target(x, **extra))


@pytest.mark.parametrize("row", of_role(s.ACTIVATION))
def test_activation(row: s.Api) -> None:
    assert row.produces is not None
    out = apply(row, tf.constant(SCORE), **EXTRA.get(last(row.name), {}))
    if row.produces == HIDDEN:
        assert out.shape[:-1] == SCORE.shape[:-1]  # crelu doubles the last axis
        assert not (out.shape == SCORE.shape and np.allclose(out, SCORE))
        assert not np.allclose(out.sum(-1), 1)
        return
    np.testing.assert_allclose(out, EXACT[row.produces](SCORE), rtol=1e-4, atol=1e-6)
    if row.axis:
        across = apply(row, tf.constant(SCORE), **{row.axis: 0})
        np.testing.assert_allclose(across, EXACT[row.produces](SCORE, 0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("row", of_role(s.LOG))
def test_log(row: s.Api) -> None:
    p = softmax(SCORE)
    np.testing.assert_allclose(apply(row, tf.constant(p)), np.log(p), rtol=1e-5)


@pytest.mark.parametrize(("text", "name"), sorted(keras_rows.ACTIVATION_STRINGS.items()))
def test_activation_string(text: str, name: str) -> None:
    assert keras.activations.get(text) is locate(name)
    assert find(name) is not None


# --- losses and metrics ---

LABELS = np.array([0, 2, 3])
ONE_HOT = np.eye(4, dtype="float32")[LABELS]
BITS = (RANDOM.random((3, 4)) > 0.5).astype("float32")
# What turns a focal or weighted loss into the plain one.
NEUTRAL = {"gamma": 0.0, "alpha": 1.0, "pos_weight": 1.0}
CROSS_ENTROPIES = [
    row
    for row in LIVE
    if row.role in (s.LOSS, s.METRIC)
    and row.expects != ANY
    and (row.role == s.LOSS or "rossentropy" in row.name)
]


def modes() -> Iterator[Any]:
    for row in CROSS_ENTROPIES:
        cases = row.flags[0].when if row.flags else ((None, row.expects),)
        for value, expects in cases:
            yield pytest.param(row, value, expects, id=f"{row.name}-{value}")


def compute_loss(row: s.Api, prediction: Any, target: Any, flag: object) -> float:
    extra: dict[str, Any] = {} if flag is None else {row.flags[0].name: flag}
    extra |= {name: value for name, value in NEUTRAL.items() if name in row.params}
    made = locate(row.name)
    prediction = tf.constant(prediction)
    if row.form == s.CLASS:
        return float(np.mean(made(**extra)(target, prediction)))
    return float(np.mean(made(**{row.target: target, row.subject: prediction}, **extra)))


def check_expects(row: s.Api, flag: object, expects: str, shift: float = 2.5) -> None:
    """The loss of what the row expects is the exact one; logits may be shifted for softmax losses."""
    z = SCORE.astype("float64").astype("float32")
    binary = expects in (BINARY, SIGMOID_LOGITS)
    target = BITS if binary else LABELS if "sparse" in row.name.lower() else ONE_HOT
    p = sigmoid(z) if binary else softmax(z)
    exact = -np.log(np.where(BITS > 0, p, 1 - p)).mean() if binary else -np.log(p[range(3), LABELS]).mean()
    given = z if expects in (SIGMOID_LOGITS, SOFTMAX_LOGITS) else p
    assert compute_loss(row, given, target, flag) == pytest.approx(exact, rel=1e-3)
    if expects == SOFTMAX_LOGITS:
        assert compute_loss(row, z + shift, target, flag) == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("row", "flag", "expects"), list(modes()))
def test_loss_expects(row: s.Api, flag: object, expects: str) -> None:
    check_expects(row, flag, expects)


@pytest.mark.parametrize("row", named(CROSS_ENTROPIES))
def test_flag_default(row: s.Api) -> None:
    for flag in row.flags:
        assert inspect.signature(locate(row.name)).parameters[flag.name].default == flag.default
        assert dict(flag.when)[flag.default] == row.expects


@pytest.mark.parametrize("row", [p for p in of_role(s.LOSS) if p.values[0].expects == ANY])
def test_any_loss_has_no_switch(row: s.Api) -> None:
    assert "from_logits" not in inspect.signature(locate(row.name)).parameters


@pytest.mark.parametrize(("text", "name"), sorted(keras_rows.LOSS_STRINGS.items()))
def test_loss_string(text: str, name: str) -> None:
    assert find(name) is not None
    if text not in OLD_LOSS_STRINGS:
        got, want = keras.losses.get(text), locate(name)
        assert (type(got) if inspect.isclass(want) else got) is want


def test_strings_are_complete() -> None:
    from keras.src import activations, losses, metrics

    hidden = {"Loss", "LossFunctionWrapper", "Metric", "MeanMetricWrapper", "metric", "mean_metric_wrapper"}
    for theirs, ours in (
        (losses, keras_rows.LOSS_STRINGS),
        (metrics, keras_rows.METRIC_STRINGS),
        (activations, keras_rows.ACTIVATION_STRINGS),
    ):
        assert set(theirs.ALL_OBJECTS_DICT) - hidden <= set(ours)


@pytest.mark.parametrize(("text", "name"), sorted(keras_rows.METRIC_STRINGS.items()))
def test_metric_string(text: str, name: str) -> None:
    from keras.src.metrics import ALL_OBJECTS_DICT

    assert find(name) is not None
    if text in ALL_OBJECTS_DICT:
        assert ALL_OBJECTS_DICT[text] is locate(name)


# --- lookup ---

SPELLINGS = {
    "tensorflow.keras.layers.Dense": "keras.layers.Dense",
    "tensorflow.python.keras.layers.core.Dense": "keras.layers.Dense",
    "tensorflow.compat.v1.keras.losses.BinaryCrossentropy": "keras.losses.BinaryCrossentropy",
    "tf_keras.models.Sequential": "keras.Sequential",
    "keras.engine.training.Model": "keras.Model",
    "keras.objectives.mse": "keras.losses.mean_squared_error",
    "keras.layers.advanced_activations.LeakyReLU": "keras.layers.LeakyReLU",
    "keras.applications.vgg16.VGG16": "keras.applications.VGG16",
    "keras.layers.Input": "keras.Input",
    "keras.layers.Convolution2D": "keras.layers.Conv2D",
    "keras.src.ops.nn.softmax": "keras.ops.softmax",
    "tensorflow.keras.models.load_model": "keras.models.load_model",
    "tensorflow.losses.BinaryCrossentropy": "keras.losses.BinaryCrossentropy",
    "tensorflow.losses.softmax_cross_entropy": "tensorflow.losses.softmax_cross_entropy",
    "tensorflow.compat.v1.losses.sigmoid_cross_entropy": "tensorflow.losses.sigmoid_cross_entropy",
    "tensorflow.metrics.accuracy": "tensorflow.metrics.accuracy",
    "tensorflow.metrics.Accuracy": "keras.metrics.Accuracy",
    "tensorflow.math.softmax": "tensorflow.nn.softmax",
    "tensorflow.sigmoid": "tensorflow.nn.sigmoid",
    "tensorflow.log": "tensorflow.math.log",
    "tensorflow.math.argmax": "tensorflow.argmax",
    "tensorflow.compat.v1.layers.dense": "tensorflow.layers.dense",
    "tensorflow.contrib.slim.conv2d": "tensorflow.contrib.layers.conv2d",
    "tensorflow.contrib.slim.losses.softmax_cross_entropy": "tensorflow.contrib.losses.softmax_cross_entropy",
    "tensorflow.contrib.rnn.BasicLSTMCell": "tensorflow.nn.rnn_cell.BasicLSTMCell",
    "tensorflow.contrib.rnn.static_rnn": "tensorflow.nn.static_rnn",
    "Model.compile": "Model.compile",
}


@pytest.mark.parametrize(("spelling", "name"), SPELLINGS.items())
def test_find(spelling: str, name: str) -> None:
    row = find(spelling)
    assert row is not None
    assert row.name == name


def test_addons_are_unmeasured() -> None:
    assert not [row.name for row in keras_addons.ROWS if row.measured]


def test_no_row_for_unknown_names() -> None:
    for name in (
        "tensorflow.optimizers.Adam",
        "keras.layers.NoSuchLayer",
        "tensorflow.keras",
        "keras.losses.Reduction",
    ):
        assert find(name) is None


LEGACY_INSTALLED = all(importlib.util.find_spec(name) for name in ("tf_keras", "tf_slim"))


@pytest.mark.skipif(not LEGACY_INSTALLED, reason="tf_keras and tf_slim are not installed")
def test_legacy_layers() -> None:
    script = Path(__file__).with_name("legacy_tensorflow.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
