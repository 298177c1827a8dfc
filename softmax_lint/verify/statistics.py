"""Means with what is known of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

# Student's t: two-sided 95 % for 1, 2, … degrees of freedom.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def paired(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """The mean of ``after - before`` and half the width of its 95 % confidence interval (infinite for one pair)."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    middle, n = mean(differences), len(differences)
    if n < 2:
        return middle, math.inf
    variance = math.fsum((each - middle) ** 2 for each in differences) / (n - 1)
    t = _T95[n - 2] if n - 2 < len(_T95) else 1.96 + 2.5 / n
    return middle, t * math.sqrt(variance / n)
