"""What one process measures, as plain values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Probe:
    """Loss (nats) and gradient with respect to the scores, for an example that is wrong by `gap`."""

    version: str
    dtype: str
    gap: float
    loss: float
    gradient: list[float]


@dataclass(frozen=True, slots=True)
class Run:
    """One training: the mean training loss and the share of test digits that were right, after each epoch."""

    losses: list[float]
    accuracies: list[float]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Both versions from one seed. `start` and `end` are max|ΔW| between them, before and after training; `function`
    is how far the fixed output, through the removed activation, is from the original one, with equal weights.
    """

    seed: int
    start: float
    end: float
    function: float
    before: Run
    after: Run


@dataclass(frozen=True, slots=True)
class Measurement:
    """All of one program on one backend.

    `floors` is the loss of a perfectly right answer. With the weights that the original was trained to: `losses` on
    test digits, `exact` what that loss is in exact arithmetic, `metrics` as the program's user reads them, and how
    many of `predicted` predictions `differ`. `warned` is what Keras said about the loss.
    """

    versions: dict[str, str]
    pairings: list[Pairing]
    probes: list[Probe]
    floors: dict[str, float]
    losses: dict[str, float]
    exact: float
    metrics: dict[str, dict[str, float]]
    predicted: int
    differ: int
    warned: list[str] = field(default_factory=list)


def from_json(value: Mapping[str, Any]) -> Measurement:
    """The inverse of `dataclasses.asdict`."""
    pairings = [
        Pairing(**{**each, BEFORE: Run(**each[BEFORE]), AFTER: Run(**each[AFTER])})
        for each in value["pairings"]
    ]
    return Measurement(
        **{**value, "pairings": pairings, "probes": [Probe(**each) for each in value["probes"]]}
    )
