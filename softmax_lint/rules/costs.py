"""What a mismatch costs, in closed form. Every number a message or a page quotes comes from here.

Losses are per example, in nats, before class weights. A *gap* is the largest wrong logit minus the true one;
a binary *logit* counts towards the wrong side. Where a rounding format decides, it is named.
"""

from __future__ import annotations

from math import e, exp, log
from typing import Final

KERAS_EPSILON: Final = 1e-7

# Significant bits of a format, the implicit one included.
FLOAT32_BITS: Final = 24
FLOAT16_BITS: Final = 11
BFLOAT16_BITS: Final = 8


def double_softmax_floor(classes: int) -> float:
    """``log(e + C - 1) - 1``: over C scores in [0, 1] cross-entropy is least at 1 for the true class, else 0.

    Holds for softmax and for sigmoid outputs, and for every target that sums to 1: the least loss is concave
    in the target, so a soft target never lowers it.
    """
    return log(e + classes - 1) - 1


def double_softmax_ceiling(classes: int) -> float:
    """``log(e + C - 1)``: all probability on one wrong class."""
    return double_softmax_floor(classes) + 1


def double_sigmoid_floor(positive: bool) -> float:
    """``log(1 + 1/e)`` for a positive target (score at most 1), ``log 2`` for a negative one (at least 0)."""
    return log(1 + 1 / e) if positive else log(2)


def one_sided_floor() -> float:
    """``log 2``: a score that cannot be negative gives a negative target a probability of at most a half.

    The same for a positive target and a score that cannot be positive (log-sigmoid).
    """
    return log(2)


def keras_clip_gap() -> float:
    """``log(1/ε - 1)`` with ε = 1e-7: from this gap (one competing class) Keras clips, the gradient is 0."""
    return log(1 / KERAS_EPSILON - 1)


def keras_clip_loss() -> float:
    """``-log ε`` with ε = 1e-7: no example costs more once Keras clips."""
    return -log(KERAS_EPSILON)


def sigmoid_saturation(bits: int = FLOAT32_BITS) -> float:
    """``b log 2``: from this logit ``1 + exp(-x)`` rounds to 1 in b bits, so that 1 - sigmoid is 0."""
    return bits * log(2)


def half_sigmoid_saturation(bits: int) -> float:
    """``(b + 1) log 2``: a 16-bit sigmoid, computed wider and rounded once, is 1 from this logit."""
    return sigmoid_saturation(bits + 1)


def bce_loss_clamp() -> float:
    """PyTorch's `BCELoss` clamps each logarithm at -100."""
    return 100.0


def log_gradient_gap() -> float:
    """``128 log 2``: from this gap ``1/p`` overflows float32 and the gradient of ``log(p)`` is not finite."""
    return 128 * log(2)


def log_loss_gap() -> float:
    """``150 log 2``: from this gap p rounds to 0 in float32 (denormals kept) and ``log(p)`` is infinite."""
    return 150 * log(2)


def flushed_log_gap() -> float:
    """``126 log 2``: as `log_loss_gap` where denormals are flushed to 0, as TensorFlow does on a CPU.

    Its softmax rounds one bit earlier, so quote no decimals.
    """
    return 126 * log(2)


def half_log_gradient_gap() -> float:
    """``log 65520``: from this gap ``1/p`` rounds to infinity in float16."""
    return log(65520)


def sampler_ratio() -> float:
    """``e``: probabilities read as logits differ by at most 1, so two classes by at most this factor."""
    return e


def sampler_ceiling(classes: int) -> float:
    """``e / (e + C - 1)``: the probability that is left for a class the model is certain of."""
    return e / (e + classes - 1)


def uniform_loss(count: int) -> float:
    """``log n``: the cross-entropy of a uniform guess among n."""
    return log(count)


def probability_of(logit: float) -> float:
    """The probability of a binary logit."""
    return 1 / (1 + exp(-logit))


def half_threshold() -> float:
    """``1 / (1 + exp(-1/2))``: the probability of a binary logit of 0.5."""
    return probability_of(0.5)
