"""Judge two runs: whether the fixed program is the same function, and whether its loss is exact now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from softmax_lint.verify.results import Check
from softmax_lint.verify.script.inside.exact import (
    BINARY,
    CATEGORICAL,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    OF_SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX_LOGITS,
    Array,
    probabilities,
)
from softmax_lint.verify.script.prepare import Finding
from softmax_lint.verify.script.records import Event, Record, Rows

# Rounding of probabilities, mean losses and p − y. Losses are sums over many terms.
ROUNDING = {"float16": 2e-2, "bfloat16": 5e-2}
USUAL_ROUNDING = 2e-4
# Probabilities closer to 0 or 1 than this have lost digits; a loss made from them says nothing about a fix.
SATURATED = {"float16": 1e-2, "bfloat16": 5e-2}
USUALLY_SATURATED = 1e-5
# An activation that gave what a loss of its own would read.
_READ_AS = {
    "softmax": CATEGORICAL,
    "sigmoid": BINARY,
    "log_softmax": LOG_PROBABILITIES,
    "log_sigmoid": LOG_SIGMOID,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found out about one finding. `steps` were compared, `evaluations` of the fixed program watched;
    `cost` says what the defect did, one fact a line. `losses` are those of training, of one of the places where the
    finding's loss is evaluated. Not `reached`: it never was."""

    finding: Finding
    checks: tuple[Check, ...]
    steps: int
    evaluations: int
    cost: tuple[str, ...]
    losses_before: tuple[float, ...]
    losses_after: tuple[float, ...]

    @property
    def reached(self) -> bool:
        return self.evaluations > 0

    @property
    def proven(self) -> bool:
        """Whether both programs were seen with the same weights."""
        return self.steps > 0


@dataclass(frozen=True, slots=True)
class _Both:
    """One evaluation in both runs. The probabilities are what the original said, and what the fixed one says."""

    before: Event
    after: Event
    old: Rows
    new: Rows
    said: Array
    says: Array


def judge(finding: Finding, before: Record, after: Record) -> Judged:
    """Compare the evaluations of one finding."""
    fixed = [event for event in after.watched() if event.application in finding.watched]
    pairs = [(before.events[event.key], event) for event in fixed if event.key in before.events]
    # Where several models meet one loss, this run may have trained one that the finding is not about.
    strangers = {event.key for old, event in pairs if not _looks_like(old, finding.produced)}
    fixed = [event for event in fixed if event.key not in strangers]
    both = [_pair(old, event, finding.produced) for old, event in pairs if event.comparable]
    both = [each for each in both if each.after.key not in strangers]
    checks = [_same_function(both), _exact_loss(fixed), _exact_gradient(fixed)]
    if finding.kind in ("unstable", "redundant"):
        checks += [_same_loss(both), _same_gradient(both)]
    firsts = [event for event in before.watched() if event.application in finding.watched]
    trained, repaired = _training(firsts, fixed)
    if finding.kind == "wrong":
        cost = _of_wrong(finding, trained, repaired)
    else:
        cost = _of_unstable(both)
    return Judged(
        finding,
        tuple(checks),
        len(both),
        len(fixed),
        tuple(cost),
        tuple(event.mean for event in trained),
        tuple(event.mean for event in repaired),
    )


def same_data(before: Record, after: Record) -> bool:
    """Whether the losses that can be compared saw the same targets."""
    return all(
        before.events[key].targets == event.targets
        for key, event in after.events.items()
        if event.comparable and key in before.events
    )


def common(before: Record, after: Record) -> tuple[Check, ...]:
    """What has to hold for the program as a whole."""
    first = [each.drift for each in after.weights if each.first]
    if after.shapes:
        weights = Check("equal weights", False, "the fixed model has weights of other shapes")
    elif first:
        copied = sum(drift > 0 for drift in first)
        moved = f", {copied} of them copied" if copied else ""
        weights = Check(
            "equal weights", True, f"models with the same weights at the start: {len(first)}{moved}"
        )
    else:
        weights = Check("equal weights", None, "no model was seen; the first evaluation has to agree")
    others = [
        (before.events[key], event)
        for key, event in after.events.items()
        if event.application is None and event.comparable and key in before.events
    ]
    if not others:
        return (weights,)
    worst = _largest(abs(one.mean - other.mean) / max(1.0, abs(one.mean)) for one, other in others)
    allowed = max(_rounding(event) for _, event in others)
    found = f"losses without a finding differ by {worst:.1e} at most ({len(others)} evaluations)"
    return weights, Check("other losses", worst <= allowed, found)


def repeats(first: Record, second: Record) -> bool:
    """Whether two runs of the same program agree, as far as runs of two programs would have to."""
    if not second.watched():
        return False
    for key, event in second.events.items():
        other = first.events.get(key)
        if other is None or not event.comparable:
            continue
        if event.targets != other.targets:
            return False
        one, two = other.load().predictions, event.load().predictions
        if one.shape != two.shape or not np.allclose(one, two, atol=_rounding(event), equal_nan=True):
            return False
    return True


def _looks_like(event: Event, produced: str | None) -> bool:
    """Whether the original's predictions can be what the linter says they are."""
    read_as = _READ_AS.get(produced or "")
    if read_as is None:
        return True
    said = probabilities(event.load().predictions, read_as)
    slack = max(_rounding(event), 1e-3)
    if not np.isfinite(said).all() or said.min(initial=0.0) < -slack or said.max(initial=0.0) > 1 + slack:
        return False
    return read_as in OF_SIGMOID or bool(
        np.abs(said.sum(axis=-1) - 1).max(initial=0.0) < said.shape[-1] * slack
    )


def _pair(before: Event, after: Event, produced: str | None) -> _Both:
    old, new = before.load(), after.load()
    read_as = before.expects
    if produced == "scores":
        read_as = SIGMOID_LOGITS if before.expects in OF_SIGMOID else SOFTMAX_LOGITS
    elif produced is not None:
        read_as = _READ_AS.get(produced, before.expects)
    says = probabilities(new.predictions, after.expects)
    return _Both(before, after, old, new, probabilities(old.predictions, read_as), says)


def _rounding(event: Event) -> float:
    return ROUNDING.get(event.dtype, USUAL_ROUNDING)


def _largest(values: Iterable[float]) -> float:
    """The largest value; infinite where some is not a number."""
    found = [float(value) for value in values]
    return float("inf") if any(np.isnan(value) for value in found) else max(found, default=0.0)


def _gap(one: Array, other: Array) -> float:
    return _largest([np.abs(one - other).max(initial=0.0)]) if one.shape == other.shape else float("inf")


def _same_function(both: list[_Both]) -> Check:
    name = "same function"
    if not both:
        return Check(name, None, "no evaluation with the same weights in both runs")
    worst = max(both, key=lambda each: _gap(each.said, each.says))
    gap = _gap(worst.said, worst.says)
    message = f"probabilities differ by {gap:.1e} at most ({len(both)} evaluations)"
    return Check(name, gap <= max(_rounding(worst.before), _rounding(worst.after)), message)


def _exact_loss(fixed: list[Event]) -> Check:
    name = "exact loss"
    if not fixed:
        return Check(name, None, "the loss was not evaluated")

    def error(event: Event) -> float:
        return _largest([abs(event.mean - event.exact_mean) / max(1.0, abs(event.exact_mean))])

    worst = max(fixed, key=error)
    message = f"the fixed loss is off the exact cross-entropy of its scores by {error(worst):.1e} at most"
    return Check(name, error(worst) <= _rounding(worst), message)


def _exact_gradient(fixed: list[Event]) -> Check:
    name = "exact gradient"
    worst, allowed, count = 0.0, USUAL_ROUNDING, 0
    for event in fixed:
        rows = event.load()
        if rows.gradient is None:
            continue
        count += 1
        allowed = max(allowed, _rounding(event))
        worst = max(
            worst, _gap(rows.gradient, rows.exact) / max(1.0, float(np.abs(rows.exact).max(initial=0.0)))
        )
    if not count:
        return Check(name, None, "no gradient was seen at the loss")
    message = f"its gradient is off p − y by {worst:.1e} at most ({count} steps)"
    return Check(name, worst <= allowed, message)


def _sound(each: _Both) -> Array:
    """Rows whose probabilities, as the original had them, have lost no digits that matter."""
    low = SATURATED.get(each.before.dtype, USUALLY_SATURATED)
    high = 1 - low
    if each.old.other is not None:
        fine = ((each.said > low) | (each.old.mass == 0)) & ((each.said < high) | (each.old.other == 0))
    else:
        fine = (each.said > low) | (each.old.mass == 0)
    return np.asarray(fine.all(axis=-1))


def _same_loss(both: list[_Both]) -> Check:
    name = "same loss"
    compared = [each for each in both if bool(_sound(each).all())]
    if not both:
        return Check(name, None, "no evaluation with the same weights in both runs")
    if not compared:
        # What agrees although digits were lost agrees; what does not may be the defect.
        agree = all(
            abs(each.before.mean - each.after.mean) <= _rounding(each.after) * max(1.0, each.after.mean)
            for each in both
        )
        found = "as written, probabilities came near 0 or 1 in every step"
        return Check(name, True if agree else None, f"{found}; losses agree all the same" if agree else found)
    worst = _largest(abs(each.before.mean - each.after.mean) / max(1.0, each.after.mean) for each in compared)
    allowed = max(max(_rounding(each.before), _rounding(each.after)) for each in compared)
    left = f"; {len(both) - len(compared)} more come too near 0 or 1" if len(compared) < len(both) else ""
    message = f"losses differ by {worst:.1e} at most ({len(compared)} steps{left})"
    return Check(name, worst <= allowed, message)


def _same_gradient(both: list[_Both]) -> Check:
    name = "same gradient"
    worst, allowed, count = 0.0, USUAL_ROUNDING, 0
    for each in both:
        if each.old.gradient is None or each.new.gradient is None:
            continue
        rows = _sound(each)
        if each.old.gradient.shape != each.new.gradient.shape or not rows.any():
            continue
        count += 1
        # What an epsilon in the original's way costs shows near its limits first.
        allowed = max(allowed, _rounding(each.before), _rounding(each.after), 5e-3)
        worst = max(worst, _gap(each.old.gradient[rows], each.new.gradient[rows]))
    if not count:
        return Check(name, None, "no gradients that could be compared")
    return Check(name, worst <= allowed, f"gradients differ by {worst:.1e} at most ({count} steps)")


def _training(firsts: list[Event], fixed: list[Event]) -> tuple[list[Event], list[Event]]:
    """The steps of training at one of several places: their losses are different numbers."""
    trained = [event for event in firsts if event.phase == "train"]
    if not trained:
        return [], []
    one = trained[0].application, trained[0].slot
    return (
        [event for event in trained if (event.application, event.slot) == one],
        [event for event in fixed if event.phase == "train" and (event.application, event.slot) == one],
    )


def _of_unstable(both: list[_Both]) -> list[str]:
    """What the defect did in the steps that were seen."""
    lines: list[str] = []
    finite = [each for each in both if np.isfinite(each.before.total)]
    off = _largest(abs(each.before.mean - each.after.exact_mean) for each in finite)
    if len(finite) < len(both):
        lines.append(
            f"as written, {len(both) - len(finite)} of {len(both)} losses were infinite or not a number"
        )
    if off > USUAL_ROUNDING:
        lines.append(f"as written, the loss was off the exact one by up to {off:.3g}")
    dead = wrong = total = 0
    for each in both:
        if each.old.gradient is None or each.old.gradient.shape != each.new.exact.shape:
            continue
        size = np.abs(each.new.exact).max(axis=-1)
        had = np.abs(each.old.gradient).max(axis=-1)
        total += size.size
        wrong += int((~np.isfinite(each.old.gradient)).any(axis=-1).sum())
        dead += int(((size > 0.1) & (had < 0.01 * size)).sum())
    if wrong:
        lines.append(f"as written, {wrong} of {total} gradients were infinite or not a number")
    if dead:
        lines.append(f"as written, {dead} of {total} examples that were wrong had no gradient")
    if not lines and both:
        lines.append("in these steps, nothing")
    return lines


def _of_wrong(finding: Finding, trained: list[Event], repaired: list[Event]) -> list[str]:
    if not trained or not repaired:
        return []
    last, end = trained[-1], repaired[-1]
    lines = [
        f"as written, the loss went from {trained[0].mean:.4g} to {last.mean:.4g} in {len(trained)} steps;"
        f" fixed, from {repaired[0].mean:.4g} to {end.mean:.4g} in {len(repaired)}"
    ]
    both = _pair(last, end, finding.produced)
    if both.old.other is None:
        with np.errstate(all="ignore"):
            real = -float(np.where(both.old.mass == 0, 0, both.old.mass * np.log(both.said)).sum())
        held = float(both.old.mass.sum())
        if held and np.isfinite(real):
            lines.append(
                f"the cross-entropy of what it predicts was {real / held:.4g} then; fixed, it is {end.mean:.4g}"
            )
    return lines
