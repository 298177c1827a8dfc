"""All that is known of one task in the end, and figures drawn from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from softmax_lint.verify.catalogue import Task
from softmax_lint.verify.measurement import BEFORE, Measurement, Run
from softmax_lint.verify.processes import Crash
from softmax_lint.verify.results import BROKEN, FAILED, HELD, Check, Patch
from softmax_lint.verify.statistics import mean, paired

GOOD_ACCURACY = 0.9


@dataclass(frozen=True, slots=True)
class Outcome:
    """One task: what the fixer did, what was measured, what held."""

    task: Task
    patch: Patch
    measured: Measurement | Crash | None
    checks: tuple[Check, ...]

    @property
    def status(self) -> int:
        """HELD, BROKEN or FAILED (a check could not be made)."""
        if any(check.held is False for check in self.checks):
            return BROKEN
        return HELD if all(check.held for check in self.checks) else FAILED

    @property
    def broken(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.held is not True)


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the seeds, for one version. `reached` is the number of epochs to GOOD_ACCURACY, None where some
    run did not get there."""

    first_accuracy: float
    final_accuracy: float
    reached: float | None
    lowest_loss: float
    final_loss: float


def figures(measured: Measurement, version: str) -> Figures:
    """What training gave."""
    runs = [each.before if version == BEFORE else each.after for each in measured.pairings]
    reached = [_epochs(run) for run in runs]
    return Figures(
        mean([run.accuracies[0] for run in runs]),
        mean([run.accuracies[-1] for run in runs]),
        None if None in reached else mean([each for each in reached if each is not None]),
        min(min(run.losses) for run in runs),
        mean([run.losses[-1] for run in runs]),
    )


def gained(measured: Measurement) -> tuple[float, float]:
    """The paired difference of the final accuracy and half its 95 % interval."""
    middle, half = paired(
        [each.before.accuracies[-1] for each in measured.pairings],
        [each.after.accuracies[-1] for each in measured.pairings],
    )
    return middle, half if math.isfinite(half) else 0.0


def _epochs(run: Run) -> int | None:
    for number, accuracy in enumerate(run.accuracies, 1):
        if accuracy >= GOOD_ACCURACY:
            return number
    return None
