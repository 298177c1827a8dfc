"""Cross-entropies and their gradients in double precision, from what a loss was given.

One form covers all losses: rows of `scores`, and for each of them a `mass` over the classes. Softmax losses are
sum(mass · -log p); sigmoid losses have mass for "yes" and, in `other`, for "no".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

# Arrays are not typed further: numpy is there when a program runs, not when types are checked.
Array: TypeAlias = Any

# What a loss takes: the words of `softmax_lint.representation`, which is not imported here.
SOFTMAX_LOGITS = "softmax_logits"
CATEGORICAL = "categorical_probabilities"
LOG_PROBABILITIES = "log_probabilities"
SIGMOID_LOGITS = "sigmoid_logits"
BINARY = "binary_probabilities"
LOG_SIGMOID = "log_sigmoid"
OF_SIGMOID = (SIGMOID_LOGITS, BINARY, LOG_SIGMOID)


@dataclass(frozen=True, slots=True)
class Exact:
    """`total` is the summed loss, `gradient` its gradient by the scores, `weight` the sum of all mass."""

    total: float
    gradient: Array
    weight: float


def probabilities(predictions: Array, expects: str) -> Array:
    """What the predictions say, as the loss that `expects` them reads them."""
    with np.errstate(all="ignore"):
        if expects in (LOG_PROBABILITIES, LOG_SIGMOID):
            return np.exp(predictions)
        if expects == SOFTMAX_LOGITS:
            return np.exp(_log_softmax(predictions))
        if expects == SIGMOID_LOGITS:
            return _sigmoid(predictions)
    return predictions


def cross_entropy(predictions: Array, expects: str, mass: Array, other: Array | None) -> Exact:
    """The loss of predictions that are what it `expects`; not a number where they cannot be that."""
    with np.errstate(all="ignore"):
        if expects in OF_SIGMOID:
            assert other is not None
            return _binary(_sigmoid_scores(predictions, expects), mass, other)
        scores = np.log(predictions) if expects == CATEGORICAL else predictions
        logs = _log_softmax(scores)
        held = mass.sum(axis=-1, keepdims=True)
        # 0 · log 0 is 0 here: a class without mass costs nothing.
        total = -float(np.where(mass == 0, 0.0, mass * logs).sum())
        return Exact(total, held * np.exp(logs) - mass, float(mass.sum()))


def _binary(scores: Array, mass: Array, other: Array) -> Exact:
    # log(1 + e^x) without overflow.
    yes, no = np.logaddexp(0.0, -scores), np.logaddexp(0.0, scores)
    total = float(np.where(mass == 0, 0.0, mass * yes).sum() + np.where(other == 0, 0.0, other * no).sum())
    gradient = (mass + other) * _sigmoid(scores) - mass
    return Exact(total, gradient, float((mass + other).sum()))


def _sigmoid_scores(predictions: Array, expects: str) -> Array:
    if expects == BINARY:
        return np.log(predictions) - np.log1p(-predictions)
    if expects == LOG_SIGMOID:
        return predictions - np.log1p(-np.exp(predictions))
    return predictions


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _sigmoid(scores: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -scores))
