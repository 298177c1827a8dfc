"""What has to hold of a fix, judged from what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator

from softmax_lint.verify import exact
from softmax_lint.verify.catalogue import Task
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement
from softmax_lint.verify.processes import Crash
from softmax_lint.verify.results import Check, Patch
from softmax_lint.verify.statistics import paired
from softmax_lint.verify.sweep import error_of_gradient, error_of_loss, sweep

# Rounding of a softmax in float32, and of the mean of some hundred losses.
FUNCTION, LOSS, METRIC = 5e-6, 1e-4, 1e-4
# So much worse may the mean accuracy get by chance alone before it counts.
WORSE = 0.005


def judge(task: Task, patch: Patch, measured: Measurement | Crash | None) -> tuple[Check, ...]:
    """All checks of one task, in the order in which one would look for a mistake."""
    linted = _linted(task, patch)
    if measured is None or not patch.diff:
        return (linted,)
    if isinstance(measured, Crash):
        held = False if measured.version == AFTER else None
        return (linted, Check("it runs", held, f"{measured.version or 'the process'}: {measured.message}"))
    checks = [linted, _same_start(measured), _same_function(task, measured)]
    if task.backend in task.program.recovers:
        checks.append(_same_training(measured))
    return (*checks, *_exactness(measured), *_floor(task, measured), *_use(measured), _accuracy(measured))


def _linted(task: Task, patch: Patch) -> Check:
    rule = task.program.rule
    if rule not in patch.codes:
        return Check(
            "found and fixed", False, f"{rule} was not fixed; left: {', '.join(patch.left) or 'nothing'}"
        )
    if patch.left:
        return Check("found and fixed", False, f"the fixed program still has {', '.join(patch.left)}")
    return Check("found and fixed", True, f"{rule} found, and nothing in the fixed program")


def _same_start(measured: Measurement) -> Check:
    apart = max(each.start for each in measured.pairings)
    return Check(
        "same start", apart == 0, f"max|ΔW| = {apart:.3g} between the initial weights of both versions"
    )


def _same_function(task: Task, measured: Measurement) -> Check:
    apart = max(each.function for each in measured.pairings)
    activation = task.program.activation
    what = f"{activation}(fixed output) = original output" if activation else "fixed output = original output"
    return Check("same function", apart <= FUNCTION, f"{what} from equal weights: at most {apart:.2g} apart")


def _same_training(measured: Measurement) -> Check:
    apart = max(each.end for each in measured.pairings)
    return Check(
        "same training",
        apart == 0 and all(each.before == each.after for each in measured.pairings),
        f"max|ΔW| = {apart:.3g} after training: Keras on TensorFlow keeps the scores that an activation was made"
        " from and uses them, so the defect cost nothing here",
    )


def _exactness(measured: Measurement) -> Iterator[Check]:
    """Loss and gradient of the fixed program."""
    fixed = [probe for probe in measured.probes if probe.version == AFTER]
    dtypes = list(dict.fromkeys(probe.dtype for probe in fixed))
    gaps = f"gaps {min(p.gap for p in fixed):g} to {max(p.gap for p in fixed):g}"
    for name, error_of in (("exact loss", error_of_loss), ("exact gradient", error_of_gradient)):
        worst = {dtype: max(error_of(p) for p in fixed if p.dtype == dtype) for dtype in dtypes}
        held = all(worst[dtype] <= exact.ROUNDING[dtype] for dtype in dtypes)
        message = ", ".join(f"{dtype} {worst[dtype]:.1g}" for dtype in dtypes)
        if name == "exact loss":
            relative = abs(measured.losses[AFTER] - measured.exact) / max(measured.exact, 1e-6)
            held = held and relative <= LOSS
            message += f"; {relative:.1g} on test digits"
        else:
            lost = [sweep(fixed, AFTER, dtype).zero for dtype in dtypes]
            first = min((gap for gap in lost if gap is not None), default=None)
            message += "" if first is None else f"; exactly 0 from gap {first:g}"
        yield Check(name, held, f"worst error over {gaps}: {message}")


def _floor(task: Task, measured: Measurement) -> Iterator[Check]:
    """A fixed program is able to be right; of a doubled activation the floor is known."""
    before, after = measured.floors[BEFORE], measured.floors[AFTER]
    message = f"a perfectly right answer cost {abs(before):.4f}, and costs {abs(after):.4f} now"
    held = abs(after) < 1e-4
    if task.program.is_wrong and task.backend not in task.program.recovers:
        floor = exact.floor_of_double(task.program.units)
        lowest = min(min(each.before.losses) for each in measured.pairings)
        message += f"; analytic floor {floor:.4f}, lowest training loss {lowest:.4f}"
        held = held and abs(before - floor) < 2e-3 and lowest > floor - 2e-3
    yield Check("loss floor", held, message)


def _use(measured: Measurement) -> Iterator[Check]:
    """What the program's user sees."""
    before, after = measured.metrics[BEFORE], measured.metrics[AFTER]
    parts, held = [], before.keys() == after.keys()
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, math.nan), after.get(name, math.nan)
        if not abs(old - new) <= METRIC:
            held = False
        parts.append(f"{name} {old:.4f} → {new:.4f}")
    yield Check("same metrics", held, f"with equal weights: {', '.join(parts)}")
    yield Check(
        "same predictions",
        measured.differ == 0,
        f"{measured.differ} of {measured.predicted} predictions differ, with equal weights",
    )


def _accuracy(measured: Measurement) -> Check:
    middle, half = paired(
        [each.before.accuracies[-1] for each in measured.pairings],
        [each.after.accuracies[-1] for each in measured.pairings],
    )
    message = (
        f"final accuracy {100 * middle:+.2f} ± {100 * half:.2f} points ({len(measured.pairings)} pairs, 95 %)"
    )
    return Check("accuracy kept", middle + half >= 0 or middle > -WORSE, message)
