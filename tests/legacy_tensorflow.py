"""Run alone, with TF_USE_LEGACY_KERAS=1: measures rows of tf.layers (on tf_keras) and of slim (tf_slim).

Prints one line per row that is wrong and exits 1 when there is any.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_slim

sys.path.insert(0, str(Path(__file__).parents[1]))
from softmax_lint.knowledge import schema as s
from softmax_lint.knowledge.tensorflow_layers import LAYERS
from softmax_lint.representation import ANY, BINARY, SIGMOID_LOGITS, SOFTMAX_LOGITS

tf.compat.v1.disable_eager_execution()
SPACES = {"layers": tf.compat.v1.layers, "contrib.layers": tf_slim.layers, "contrib.losses": tf_slim.losses}
SCORES = np.random.default_rng(7).normal(size=(3, 4)).astype("float32") * 3
SHAPES = {"1": (2, 6, 3), "2": (2, 6, 6, 3), "3": (2, 5, 5, 5, 3)}


def locate(row: s.Api) -> Any:
    space, _, name = row.name.removeprefix("tensorflow.").rpartition(".")
    return getattr(SPACES[space], name)


def evaluate(build: Callable[..., Any], *inputs: Any) -> list[Any]:
    """The value of `build(tensor)` for each input, over one graph and one set of weights."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        placeholder = tf.compat.v1.placeholder("float32", inputs[0].shape)
        out = build(placeholder)
        session.run(tf.compat.v1.global_variables_initializer())
        return [session.run(out, {placeholder: value}) for value in inputs]


def built(row: s.Api, **extra: Any) -> Callable[[Any], Any]:
    made = locate(row)
    return made(**extra) if row.form == s.CLASS else lambda x: made(**{row.subject: x}, **extra)


def shape_of(row: s.Api) -> tuple[int, ...]:
    return SHAPES.get(next((c for c in row.name.rpartition(".")[2] if c.isdigit()), ""), (2, 6))


def check_affine(row: s.Api) -> None:
    extra: dict[str, Any] = {row.units: 5}
    extra |= {"kernel_size": 2} if "kernel_size" in row.params else {}
    extra |= {"depth_multiplier": 1} if "contrib" in row.name and "depth_multiplier" in row.params else {}
    a, b = (np.random.default_rng(seed).normal(size=shape_of(row)).astype("float32") for seed in (1, 2))
    if row.activation_default is not None:
        assert (evaluate(built(row, **extra), a)[0] >= 0).all(), "default activation"
    extra[row.activation] = None
    mixed, one, other = evaluate(built(row, **extra), 0.25 * a + 0.75 * b, a, b)
    np.testing.assert_allclose(mixed, 0.25 * one + 0.75 * other, rtol=1e-3, atol=1e-4)
    assert mixed.shape[-1] == 5
    extra[row.activation] = tf.nn.softmax
    np.testing.assert_allclose(evaluate(built(row, **extra), a)[0].sum(-1), 1, rtol=1e-5)


def check_keep(row: s.Api) -> None:
    extra = {"is_training": False} if "is_training" in row.params else {}
    values = np.random.default_rng(1).normal(size=(2, 6, 3)).astype("float32")
    assert sorted(evaluate(built(row, **extra), values)[0].ravel()) == sorted(values.ravel())


def check_activation(row: s.Api) -> None:
    e = np.exp(SCORES)
    np.testing.assert_allclose(evaluate(built(row), SCORES)[0], e / e.sum(-1, keepdims=True), rtol=1e-5)


def check_loss(row: s.Api) -> None:
    labels = np.array([0, 2, 3])
    one_hot = np.eye(4, dtype="float32")[labels]
    binary = row.expects in (BINARY, SIGMOID_LOGITS)
    target = labels if "sparse" in row.name else one_hot
    e = np.exp(SCORES)
    p = 1 / (1 + 1 / e) if binary else e / e.sum(-1, keepdims=True)
    exact = -np.log(np.where(one_hot > 0, p, 1 - p)).mean() if binary else -np.log(p[range(3), labels]).mean()
    given = SCORES if row.expects in (SOFTMAX_LOGITS, SIGMOID_LOGITS) else p.astype("float32")
    loss = locate(row)
    got = evaluate(lambda x: loss(**{row.subject: x, row.target: tf.constant(target)}), given)[0]
    np.testing.assert_allclose(got, exact, rtol=1e-4)


CHECKS = {s.AFFINE: check_affine, s.KEEP: check_keep, s.ACTIVATION: check_activation, s.LOSS: check_loss}


def check(row: s.Api) -> None:
    parameters = inspect.signature(locate(row)).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    positional = row.params[: row.params.index("*")] if "*" in row.params else row.params
    assert tuple(names[: len(positional)]) == positional, names
    if row.role in CHECKS and row.expects != ANY:
        CHECKS[row.role](row)


def main() -> int:
    failed = 0
    for row in LAYERS:
        if row.measured:
            try:
                check(row)
            except Exception as error:
                failed += 1
                print(row.name, type(error).__name__, str(error)[:300])
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
