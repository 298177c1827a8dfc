"""Rows of Keras layers, models and tensor functions, measured with the installed framework."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from installed_keras import RANDOM, last, locate, of_role, tf

from softmax_lint.knowledge import find
from softmax_lint.knowledge import schema as s
from softmax_lint.representation import SCORES

# --- layers and tensor functions ---

IMAGE = RANDOM.normal(size=(2, 6, 6, 3)).astype("float32")
SERIES = IMAGE[:, 0]
VOLUME = RANDOM.normal(size=(1, 5, 5, 5, 3)).astype("float32")
VECTOR = RANDOM.normal(size=(2, 6)).astype("float32")
BY_RANK = {1: SERIES, 2: IMAGE, 3: VOLUME}


def rank_of(name: str) -> int:
    return next((int(c) for c in last(name) if c.isdigit()), 0)


def arguments(row: s.Api) -> tuple[Any, dict[str, Any]]:
    """A fitting input and the required arguments of a row, by its last name."""
    name = last(row.name)
    kernel = np.ones((2, 2, 3, 4), "float32") / 7
    functions: dict[str, tuple[Any, dict[str, Any]]] = {
        "reshape": (IMAGE, {"newshape" if ".ops." in row.name else "shape": (2, -1)}),
        "squeeze": (IMAGE[:1], {"axis": 0}),
        "expand_dims": (IMAGE, {"axis": 1}),
        "swapaxes": (IMAGE, {"axis1": 1, "axis2": 2}),
        "moveaxis": (IMAGE, {"source": 1, "destination": 2}),
        "cast": (IMAGE, {"dtype": "float64"}),
        "take": (IMAGE, {"indices": [0]}),
        "slice": (
            (VECTOR, {"begin": [0, 0], "size": [1, 2]})
            if row.framework == "tensorflow"
            else (VECTOR, {"start_indices": [0, 0], "shape": [1, 2]})
        ),
        "strided_slice": (VECTOR, {"begin": [0, 0], "end": [1, 2]}),
        "repeat": (VECTOR, {"n": 2} if ".backend." in row.name else {"repeats": 2, "axis": 0}),
        "repeat_elements": (VECTOR, {"rep": 2, "axis": 0}),
        "tile": (
            VECTOR,
            {{"backend": "n", "ops": "repeats"}.get(row.name.split(".")[1], "multiples"): (1, 2)},
        ),
        "split": (
            VECTOR,
            {"indices_or_sections" if row.framework == "keras" else "num_or_size_splits": 2},
        ),
        "permute_dimensions": (VECTOR, {"pattern": (1, 0)}),
        "reverse": (VECTOR, {"axis" if row.framework == "tensorflow" else "axes": [0]}),
        "gather": (VECTOR, {"indices": [0]}),
        "gather_nd": (VECTOR, {"indices": [[0]]}),
        "boolean_mask": (VECTOR, {"mask": [True, False]}),
        "ensure_shape": (VECTOR, {"shape": (2, 6)}),
        "check_numerics": (VECTOR, {"message": ""}),
        "dropout": (VECTOR, {"level" if ".backend." in row.name else "rate": 0.0}),
        "matmul": (VECTOR, {"b" if row.framework == "tensorflow" else "x2": np.ones((6, 3), "float32")}),
        "matvec": (VECTOR, {"b": np.ones((6,), "float32")}),
        "dot": (VECTOR, {"y" if ".backend." in row.name else "x2": np.ones((6, 3), "float32")}),
        "tensordot": (VECTOR, {"b": np.ones((6, 3), "float32"), "axes": 1}),
        "xw_plus_b": (
            VECTOR,
            {"weights": np.ones((6, 3), "float32"), "biases": np.ones((3,), "float32")},
        ),
        "conv": (IMAGE, {"kernel": kernel}),
        "convolution": (IMAGE, {"filters": kernel}),
        "conv1d": (
            SERIES,
            {"kernel": kernel[0]}
            if row.framework == "keras"
            else {"filters": kernel[0], "stride": 1, "padding": "SAME"},
        ),
        "conv2d": (
            IMAGE,
            {"kernel": kernel}
            if row.framework == "keras"
            else {"filters": kernel, "strides": 1, "padding": "SAME"},
        ),
        "conv3d": (VOLUME, {"filters": kernel[None], "strides": [1] * 5, "padding": "SAME"}),
        "conv2d_transpose": (
            IMAGE,
            {"filters": np.ones((2, 2, 4, 3), "float32"), "output_shape": (2, 6, 6, 4), "strides": 1},
        ),
        "Dense": (VECTOR, {"units": 5}),
        "EinsumDense": (VECTOR, {"equation": "ab,bc->ac", "output_shape": 5}),
        "Dropout": (VECTOR, {"rate": 0.5}),
        "AlphaDropout": (VECTOR, {"rate": 0.5}),
        "GaussianDropout": (VECTOR, {"rate": 0.5}),
        "GaussianNoise": (VECTOR, {"stddev": 1.0}),
        "Reshape": (VECTOR, {"target_shape": (3, 2)}),
        "Permute": (SERIES, {"dims": (2, 1)}),
        "RepeatVector": (VECTOR, {"n": 2}),
        "Masking": (SERIES, {}),
        "Cropping3D": (VOLUME, {}),
    }
    if name in functions:
        return functions[name]
    if row.form == s.CLASS and rank_of(name):
        if "Dropout" in name:
            return BY_RANK[rank_of(name)], {"rate": 0.5}
        if "Cropping" in name:
            return BY_RANK[rank_of(name)], {"cropping": 1}
        units = {} if name.startswith("Depthwise") else {"filters": 5}
        return BY_RANK[rank_of(name)], {**units, "kernel_size": 2}
    return VECTOR, {}


def run(row: s.Api) -> tuple[Callable[[Any], Any], Any]:
    """The function of one tensor (an object is built once, with its weights), and an input for it."""
    x, extra = arguments(row)
    extra = {name: tf.constant(v) if isinstance(v, np.ndarray) else v for name, v in extra.items()}
    target = locate(row.name)
    if row.form == s.CLASS:
        built = target(**extra)
        return (lambda v: np.asarray(built(v))), x
    return (lambda v: target(**{row.subject: v}, **extra)), x


@pytest.mark.parametrize("row", of_role(s.AFFINE))
def test_affine(row: s.Api) -> None:
    function, x = run(row)
    other = RANDOM.normal(size=x.shape).astype("float32")
    mixed = np.asarray(function(tf.constant(0.25 * x + 0.75 * other)))
    apart = 0.25 * np.asarray(function(tf.constant(x))) + 0.75 * np.asarray(function(tf.constant(other)))
    np.testing.assert_allclose(mixed, apart, rtol=1e-3, atol=1e-4)
    assert row.produces == SCORES
    if row.units:
        assert mixed.shape[-1] == arguments(row)[1][row.units] == 5
    if row.activation:
        out = np.asarray(locate(row.name)(**arguments(row)[1], **{row.activation: "softmax"})(x))
        np.testing.assert_allclose(out.sum(-1), 1, rtol=1e-5)


NO_TENSOR = (
    "keras.models.",
    "keras.layers.InputLayer",
    "tensorflow.function",
    "tensorflow.recompute_grad",
    "tensorflow.make_template",
    "tensorflow.autograph",
)


@pytest.mark.parametrize("row", [p for p in of_role(s.KEEP) if not p.values[0].name.startswith(NO_TENSOR)])
def test_keep(row: s.Api) -> None:
    function, x = run(row)
    out = function(tf.constant(x))
    values = (
        np.concatenate([np.asarray(part).ravel() for part in out])
        if isinstance(out, list)
        else np.asarray(out)
    )
    assert values.size
    assert set(np.round(values.ravel().astype("float64"), 5)) <= set(np.round(x.ravel().astype("float64"), 5))


@pytest.mark.parametrize("row", of_role(s.JOIN))
def test_join(row: s.Api) -> None:
    parts = [tf.constant(VECTOR), tf.constant(VECTOR + 9)]
    axis = {} if row.axis else {"axis": 0}
    made = locate(row.name)
    out = np.asarray(made(**axis)(parts) if row.form == s.CLASS else made(parts, **axis))
    assert sorted(out.ravel()) == sorted([*VECTOR.ravel(), *(VECTOR + 9).ravel()])


@pytest.mark.parametrize("row", [p for p in of_role(s.SAMPLER) if p.values[0].form == s.FUNCTION])
def test_sampler_takes_raw_scores(row: s.Api) -> None:
    seed = {"seed": (1, 2)} if "stateless" in row.name else {}
    drawn = locate(row.name)(**{row.subject: tf.constant([[-60.0, 0.0, -70.0]])}, num_samples=8, **seed)
    assert set(np.asarray(drawn).ravel()) == {1}


@pytest.mark.parametrize("row", of_role(s.APPLY))
def test_apply_calls_its_subject(row: s.Api) -> None:
    if row.form == s.METHOD:  # its subject is the receiver
        return
    subject = row.subject or row.params[0]
    assert subject in inspect.signature(locate(row.name)).parameters


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "MobileNetV3Small"])
def test_application(name: str) -> None:
    row = find(f"keras.applications.{name}")
    assert row is not None
    assert row.activation_default == "softmax"
    made = locate(row.name)
    images = np.ones((1, 32, 32, 3), "float32")
    fixed: dict[str, Any] = {"weights": None, "input_shape": (32, 32, 3)}
    whole = made(**fixed, **{row.units: 7})
    out = np.asarray(whole(images))
    np.testing.assert_allclose(out.sum(-1), 1, rtol=1e-5)
    assert out.shape == (1, 7)
    scores = np.asarray(made(**fixed, **{row.units: 7, row.activation: None})(images))
    assert not np.allclose(scores.sum(-1), 1)
    assert len(made(**fixed, include_top=False).output.shape) == 4
