"""What the sweep over wrong answers shows of one version and number type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from softmax_lint.verify import exact
from softmax_lint.verify.measurement import Probe


@dataclass(frozen=True, slots=True)
class Sweep:
    """The first gaps at which something is wrong; None where nothing is.

    `off`: the gradient is not p − y within rounding. `zero`: it is exactly 0. `overflow`: loss or gradient is
    infinite or not a number. `loss_off`: the loss is not the exact one within rounding.
    """

    off: float | None
    zero: float | None
    overflow: float | None
    loss_off: float | None


def sweep(probes: Sequence[Probe], version: str, dtype: str) -> Sweep:
    """A summary of the probes of one version and number type."""
    own = sorted((p for p in probes if p.version == version and p.dtype == dtype), key=lambda p: p.gap)
    return Sweep(
        _first([p.gap for p in own if error_of_gradient(p) > exact.ROUNDING[dtype]]),
        _first([p.gap for p in own if all(each == 0 for each in p.gradient)]),
        _first([p.gap for p in own if not all(map(math.isfinite, (p.loss, *p.gradient)))]),
        _first([p.gap for p in own if error_of_loss(p) > exact.ROUNDING[dtype]]),
    )


def error_of_gradient(probe: Probe) -> float:
    """The largest distance from p − y; infinite where it is no number."""
    units = len(probe.gradient)
    _, right = exact.loss_and_gradient(exact.logits_of(probe.gap, units), exact.label_of(units))
    distances = [abs(a - b) for a, b in zip(probe.gradient, right, strict=True)]
    return max(each if math.isfinite(each) else math.inf for each in distances)


def error_of_loss(probe: Probe) -> float:
    """The relative distance from the exact loss; infinite where it is no number."""
    units = len(probe.gradient)
    right, _ = exact.loss_and_gradient(exact.logits_of(probe.gap, units), exact.label_of(units))
    distance = abs(probe.loss - right) / right
    return distance if math.isfinite(distance) else math.inf


def _first(gaps: Sequence[float]) -> float | None:
    return gaps[0] if gaps else None
