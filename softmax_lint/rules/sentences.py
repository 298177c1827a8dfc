"""Parts of messages that several rules share. Each gives a clause without leading or trailing punctuation."""

from __future__ import annotations

from typing import Final

from softmax_lint.pair import Pair
from softmax_lint.representation import (
    BINARY,
    CATEGORICAL,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)
from softmax_lint.rules.costs import double_softmax_floor, keras_clip_gap
from softmax_lint.rules.severity import is_recovered
from softmax_lint.rules.table import is_focal

_PRODUCED: Final = {
    SCORES: "raw scores",
    HIDDEN: "a hidden activation",
    SOFTMAX: "probabilities",
    LOG_SOFTMAX: "log-probabilities",
    SIGMOID: "probabilities",
    LOG_SIGMOID: "log-probabilities",
}
_EXPECTED: Final = {
    SOFTMAX_LOGITS: "raw scores",
    CATEGORICAL: "probabilities",
    LOG_PROBABILITIES: "log-probabilities",
    SIGMOID_LOGITS: "raw scores",
    BINARY: "probabilities",
}


def name_produced(pair: Pair) -> str:
    return _PRODUCED.get(pair.produced, pair.produced)


def name_expected(pair: Pair) -> str:
    return _EXPECTED.get(pair.expected, pair.expected)


def contrast(pair: Pair) -> str:
    """What the sink expects and what it gets."""
    wanted, given = name_expected(pair), name_produced(pair)
    return f"`{pair.sink_text}` expects {wanted} and gets {given} from `{pair.source_text}`"


def is_keras(pair: Pair) -> bool:
    return pair.framework == "keras"


def place_backend(pair: Pair) -> str:
    """Where a cost holds, as a prefix that ends in a space; empty when it holds everywhere."""
    if not is_keras(pair):
        return ""
    if pair.backend is None:
        return "unless Keras recovers the logits (TensorFlow only), "
    if pair.backend == "tensorflow":
        return "Keras does not recover the logits here: "
    return f"on the {pair.backend} backend "


def price_scores_in_unit_interval(pair: Pair) -> str:
    """The floor of a softmax cross-entropy over scores in [0, 1]; a number only for a literal class count."""
    if pair.units is None or pair.units < 2 or is_focal(pair):
        return "the loss cannot reach 0"
    return f"with {pair.units} classes the loss cannot go below {double_softmax_floor(pair.units):.4f}"


def price_clip(pair: Pair, measure: str = "gap", threshold: float | None = None) -> str:
    """What the logarithm of rounded probabilities costs in Keras. `threshold` is a value of `measure`."""
    if is_recovered(pair):
        return "Keras on TensorFlow recovers the logits, so training is the same"
    limit = keras_clip_gap() if threshold is None else threshold
    return f"{place_backend(pair)}the gradient is exactly 0 from a {measure} of {limit:.1f}"
