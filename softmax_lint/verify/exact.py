"""What a cross-entropy and its gradient are in exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

# How confidently wrong: the distance of the wrong class's score from the right one's.
GAPS = (*range(1, 21), 25, 30, 40, 50, 60, 70, 80, 88, 90, 100, 105, 120, 150, 175, 200)
DTYPES = ("float32", "float16", "bfloat16")
# Rounding of one result in that type; relative for losses, absolute for gradients, which are at most 1.
ROUNDING = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 1.6e-2}


def logits_of(gap: float, units: int) -> list[float]:
    """Scores that are wrong by `gap`: in favour of class 0 where 1 is right, or of a yes where no is right."""
    return [float(gap)] + [0.0] * (units - 1)


def label_of(units: int) -> int:
    """The right answer to `logits_of`."""
    return 1 if units > 1 else 0


def loss_and_gradient(logits: Sequence[float], label: int) -> tuple[float, list[float]]:
    """The cross-entropy in nats, and p − y for every score. One score is that of a yes."""
    if len(logits) == 1:
        z = logits[0]
        loss = max(z, 0.0) - z * label + math.log1p(math.exp(-abs(z)))
        p = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        return loss, [p - label]
    top = max(logits)
    total = math.fsum(math.exp(z - top) for z in logits)
    loss = top + math.log(total) - logits[label]
    return loss, [math.exp(z - top) / total - (i == label) for i, z in enumerate(logits)]


def floor_of_double(units: int) -> float:
    """Below this a cross-entropy over the softmax of a softmax, or of a sigmoid, cannot go (nats)."""
    return math.log(math.e + units - 1) - 1 if units > 1 else math.log1p(math.exp(-1))
