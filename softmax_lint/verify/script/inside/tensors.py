"""Arrays of labels: what the targets of Keras losses come to."""

from __future__ import annotations

import numpy as np

from softmax_lint.verify.script.inside.exact import Array

Masses = tuple[Array, "Array | None"]


def sparse(labels: Array, classes: int, ignored: int | None) -> Array | None:
    """One row for each label; None where a label is no class."""
    wanted = labels.reshape(-1).astype(np.int64)
    counted = np.ones(wanted.size, bool) if ignored is None else wanted != ignored
    index = np.where(counted, wanted, 0)
    if index.min(initial=0) < 0 or index.max(initial=0) >= classes:
        return None
    mass = np.zeros((wanted.size, classes))
    mass[np.arange(wanted.size), index] = counted
    return mass


def dense(targets: Array, classes: int, smoothing: float) -> Array:
    """Rows of class probabilities."""
    return targets.reshape(-1, classes).astype(np.float64) * (1 - smoothing) + smoothing / classes


def binary(targets: Array, shape: tuple[int, ...], smoothing: float) -> Masses:
    """Mass for yes and for no, one column."""
    values = targets.astype(np.float64)
    # Keras takes labels with and without a last axis of size 1.
    values = values.reshape(shape) if values.size == np.prod(shape) else np.broadcast_to(values, shape)
    wanted = values.reshape(-1, 1)
    smooth = wanted * (1 - smoothing) + smoothing / 2
    return smooth, 1 - smooth
