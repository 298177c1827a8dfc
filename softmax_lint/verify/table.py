"""The outcome on a terminal: a table, what it means, and what did not hold."""

from __future__ import annotations

from collections.abc import Sequence

from softmax_lint.verify.catalogue import TENSORFLOW
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement
from softmax_lint.verify.outcome import GOOD_ACCURACY, Outcome, figures, gained
from softmax_lint.verify.results import BROKEN, FAILED, HELD
from softmax_lint.verify.sweep import sweep

VERDICTS = {HELD: "held", BROKEN: "BROKEN", FAILED: "not run"}
_COLORS = {HELD: "32", BROKEN: "1;31", FAILED: "33"}
_HEAD = ("program", "rule", "loss ≥", "gradient wrong from", "epoch 1", "to 90 %", "final accuracy", "fix")


def render(
    outcomes: Sequence[Outcome], skipped: Sequence[str], origin: str, seconds: float, color: bool
) -> str:
    """A table with a row for each task, then all that needs words. `skipped` and `origin` are sentences."""
    rows = [_HEAD, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = []
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if color:
            paint = "1" if number == 0 else _COLORS[outcomes[number - 1].status]
            last = 0 if number == 0 else len(cells) - 1
            cells[last:] = [f"\x1b[{paint}m{cell}\x1b[0m" for cell in cells[last:]]
        lines.append("  ".join(cells).rstrip())
    lines += ["", *_legend(outcomes, origin)]
    for outcome in outcomes:
        for check in outcome.broken:
            word = "did not hold" if check.held is False else "could not be checked"
            lines.append(f"{outcome.task.name}: {check.name} {word}: {check.message}")
    lines += [f"skipped: {sentence}" for sentence in skipped]
    lines.append(_closing(outcomes, seconds))
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> tuple[str, ...]:
    measured = outcome.measured
    verdict = VERDICTS[outcome.status]
    if not isinstance(measured, Measurement):
        return (outcome.task.name, outcome.task.program.rule, "", "", "", "", "", verdict)
    before, after = figures(measured, BEFORE), figures(measured, AFTER)
    middle, half = gained(measured)
    return (
        outcome.task.name,
        outcome.task.program.rule,
        _change(cost(measured, BEFORE), cost(measured, AFTER)),
        _change(lost(measured, BEFORE), lost(measured, AFTER)),
        _change(f"{100 * before.first_accuracy:.1f}", f"{100 * after.first_accuracy:.1f} %"),
        _change(_epochs(before.reached), _epochs(after.reached)),
        f"{100 * before.final_accuracy:.1f} → {100 * after.final_accuracy:.1f} %"
        f" ({100 * middle:+.1f} ± {100 * half:.1f})",
        verdict,
    )


def cost(measured: Measurement, version: str) -> str:
    """What a perfectly right answer costs; rounding can leave a 0 with a minus."""
    return f"{abs(measured.floors[version]):.4f}"


def lost(measured: Measurement, version: str) -> str:
    """The gaps from which the gradient is wrong, in the order of the number types: ``–/12/17``."""
    dtypes = dict.fromkeys(probe.dtype for probe in measured.probes)
    gaps = [sweep(measured.probes, version, dtype).off for dtype in dtypes]
    return "never" if set(gaps) == {None} else "/".join("–" if gap is None else f"{gap:g}" for gap in gaps)


def _change(before: str, after: str) -> str:
    return f"{before} → {after}" if before != after else before


def _epochs(reached: float | None) -> str:
    return "–" if reached is None else f"{reached:.1f}"


def _legend(outcomes: Sequence[Outcome], origin: str) -> list[str]:
    measured = [each.measured for each in outcomes if isinstance(each.measured, Measurement)]
    if not measured:
        return [f"data: {origin}"]
    dtypes = "/".join(dict.fromkeys(probe.dtype for probe in measured[0].probes))
    pairs, epochs = len(measured[0].pairings), len(measured[0].pairings[0].before.losses)
    lines = [
        "as written → fixed. loss ≥: what a perfectly right answer costs. gradient wrong from: how confidently"
        f" wrong an answer is ({dtypes})",
        f"when the gradient is no longer p − y. to {100 * GOOD_ACCURACY:.0f} %: epochs. final accuracy: paired"
        f" difference, 95 %, over {pairs} seeds of {epochs} epoch{'s' if epochs != 1 else ''}.",
        f"data: {origin}",
    ]
    same = [
        each.task.program.name
        for each in outcomes
        if isinstance(each.measured, Measurement)
        and each.task.backend == TENSORFLOW
        and each.task.program.recovers
        and all(pair.end == 0 for pair in each.measured.pairings)
    ]
    if same:
        lines.append(
            f"{', '.join(same)}: training on TensorFlow is the same to the bit, max|ΔW| = 0.0. Keras keeps the"
            " scores there that a softmax or sigmoid was made from, and its losses use them. In 16 bits, on other"
            " backends and outside of Keras layers it does not."
        )
    return lines


def _closing(outcomes: Sequence[Outcome], seconds: float) -> str:
    held = sum(each.status == HELD for each in outcomes)
    checks = [check for each in outcomes for check in each.checks]
    failed = sum(check.held is not True for check in checks)
    return f"{held} of {len(outcomes)} fixes held; {len(checks)} checks, {failed} did not hold; {duration(seconds)}"


def duration(seconds: float) -> str:
    """``2 min 5 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
