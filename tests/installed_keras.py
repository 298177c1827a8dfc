"""The rows of Keras and TensorFlow beside the objects that the installed frameworks give their names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from softmax_lint.knowledge import keras as keras_rows  # noqa: E402
from softmax_lint.knowledge import schema as s  # noqa: E402
from softmax_lint.knowledge import tensorflow as tensorflow_rows  # noqa: E402

ROWS = (*keras_rows.ROWS, *tensorflow_rows.ROWS)
# Measured by tests/legacy_tensorflow.py, under Keras 2.
LEGACY = ("tensorflow.layers.", "tensorflow.contrib.")
LIVE = [row for row in ROWS if row.measured and not row.name.startswith(LEGACY)]
# Signatures that hide behind *args, with what they take: Sequential and Model dispatch on arguments.
UNINSPECTABLE = {
    "keras.Sequential",
    "keras.Model",
    "keras.layers.Layer",
    "tensorflow.Variable",
    "keras.layers.RNN",
}
# TF 2.21 gives these names other leading parameters than the TF 1 or TF 2 signature of the row.
V1 = ("losses.", "metrics.", "nn.xw_plus_b", "div", "to_float", "to_double", "placeholder", "multinomial")


def locate(name: str) -> Any:
    """The object a canonical name stands for today; TF 1 names live below `tf.compat.v1`."""
    root, _, rest = name.partition(".")
    if name.startswith("Model."):
        return getattr(keras.Model, rest)
    spaces = [keras, tf.keras] if root == "keras" else [tf, tf.compat.v1]
    if root == "tensorflow" and rest.startswith(V1):
        spaces.reverse()
    for space in spaces:
        found = space
        try:
            for part in rest.split("."):
                found = getattr(found, part)
        except AttributeError:
            continue
        return found
    raise AttributeError(name)


def named(rows: Iterable[s.Api]) -> list[Any]:
    return [pytest.param(row, id=row.name) for row in rows]


def of_role(*roles: str) -> list[Any]:
    return named([row for row in LIVE if row.role in roles])


def last(name: str) -> str:
    return name.rpartition(".")[2]


RANDOM = np.random.default_rng(7)
