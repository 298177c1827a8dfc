"""The outcome as one page that needs nothing else: figures, curves, and the diffs that were applied."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from softmax_lint.verify import exact, markup, plots
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement
from softmax_lint.verify.outcome import GOOD_ACCURACY, Outcome, figures, gained
from softmax_lint.verify.results import BROKEN, FAILED, HELD
from softmax_lint.verify.sweep import Sweep, sweep
from softmax_lint.verify.table import VERDICTS, cost, duration, lost

_BANNERS = {
    HELD: "Every fix held",
    BROKEN: "Some fix did not hold",
    FAILED: "Some fix could not be checked",
}
_EXACT = f"exact to {exact.GAPS[-1]}"
_NOTE = (
    "As written → fixed. Gradient wrong from: how confidently wrong an answer is, in logits, when the gradient is no"
    f" longer p − y, in {', '.join(exact.DTYPES)}. Accuracies are means over the seeds."
)


def page(
    outcomes: Sequence[Outcome], skipped: Sequence[str], origin: str, seconds: float, status: int
) -> str:
    """HTML. `skipped` and `origin` are sentences for people."""
    body = [
        "<h1>What the fix changes, and what it does not</h1>",
        '<p class="quiet">softmax-lint found the defect in each program and rewrote it; then the program as it was'
        " written and the fixed one were trained side by side.</p>",
        f'<p class="banner {markup.CLASSES[status]}">{_BANNERS[status]}{escape(_broken(outcomes))}</p>',
        _summary(outcomes),
        f'<p class="quiet">{_NOTE}</p>',
        f'<p class="quiet">Data: {escape(origin)}. {duration(seconds)}.</p>',
        *(f'<p class="quiet">Skipped: {escape(sentence)}</p>' for sentence in skipped),
        *(_section(outcome) for outcome in outcomes),
    ]
    return markup.document("softmax-lint verify", body)


def _broken(outcomes: Sequence[Outcome]) -> str:
    """Which, and the checks that say so."""
    named = [
        f"{each.task.name} ({', '.join(check.name for check in each.broken)})"
        for each in outcomes
        if each.broken
    ]
    return f": {'; '.join(named)}" if named else ""


def _summary(outcomes: Sequence[Outcome]) -> str:
    heads = (
        "program",
        "rule",
        "cost of a right answer",
        "gradient wrong from",
        "epoch 1",
        "final accuracy",
        "fix",
    )
    rows = []
    for outcome in outcomes:
        measured, name = outcome.measured, outcome.task.name
        cells = [f'<a href="#{name}">{name}</a>', outcome.task.program.rule]
        if isinstance(measured, Measurement):
            before, after = figures(measured, BEFORE), figures(measured, AFTER)
            cells += [
                f"{cost(measured, BEFORE)} → {cost(measured, AFTER)}",
                f"{lost(measured, BEFORE)} → {lost(measured, AFTER)}",
                f"{100 * before.first_accuracy:.1f} → {100 * after.first_accuracy:.1f} %",
                f"{100 * before.final_accuracy:.1f} → {100 * after.final_accuracy:.1f} %",
            ]
        else:
            cells += [""] * 4
        cells.append(_verdict(outcome))
        rows.append(cells)
    return markup.table(heads, rows, "summary")


def _section(outcome: Outcome) -> str:
    task, measured = outcome.task, outcome.measured
    title = task.program.title[:1].upper() + task.program.title[1:]
    parts = [
        f'<section id="{task.name}"><div class="head"><h2>{task.name}</h2>{_verdict(outcome)}</div>',
        f"<p>{escape(title)} ({task.program.rule}). {escape(_meaning(outcome))}</p>",
    ]
    if isinstance(measured, Measurement):
        dtypes = list(dict.fromkeys(probe.dtype for probe in measured.probes))
        drawn = [
            *(plots.gradients(task, measured, dtype) for dtype in dtypes),
            plots.losses(task, measured),
            plots.accuracies(task, measured),
        ]
        parts += [
            '<div class="key"><span class="before">as written</span><span class="after">fixed</span>'
            '<span class="exact">exact gradient; floor of the loss; '
            f"{100 * GOOD_ACCURACY:.0f} %</span>"
            "<strong>× not finite</strong></div>",
            f'<div class="plots">{"".join(drawn)}</div>',
            _figures(measured, dtypes),
        ]
    parts += [
        "<h3>Checks</h3>",
        markup.checks(outcome.checks),
        markup.diff("The diff that was applied", outcome.patch.diff),
    ]
    if isinstance(measured, Measurement):
        versions = ", ".join(f"{name} {version}" for name, version in measured.versions.items())
        said = "".join(f"<p class='quiet'>Keras warned: {escape(text)}</p>" for text in measured.warned)
        parts.append(f'{said}<p class="quiet">{escape(versions)}</p>')
    elif measured is not None:
        parts.append(f"<pre>{escape(measured.trace)}</pre>")
    return "\n".join(parts) + "</section>"


def _meaning(outcome: Outcome) -> str:
    """What the figures say, in two sentences."""
    measured, task = outcome.measured, outcome.task
    if not isinstance(measured, Measurement):
        return "It could not be measured."
    middle, half = gained(measured)
    if task.backend in task.program.recovers and all(pair.end == 0 for pair in measured.pairings):
        gaps = {each: sweep(measured.probes, BEFORE, each).off for each in exact.DTYPES}
        wrong = ", ".join(f"{gap:g} in {dtype}" for dtype, gap in gaps.items() if gap is not None)
        more = (
            f" Rounded to 16 bits they are lost: the gradient is wrong from a gap of {wrong}."
            if wrong
            else ""
        )
        return (
            "On TensorFlow, in float32, this costs nothing: Keras keeps the scores that the activation was made from"
            " and computes the loss from them. Both versions trained alike to the bit, max|ΔW| = 0.0." + more
        )
    accuracy = f"Final accuracy changes by {100 * middle:+.1f} ± {100 * half:.1f} points."
    if task.program.is_wrong:
        return (
            f"As written, a perfectly right answer costs {cost(measured, BEFORE)} instead of 0, and the more"
            f" confidently wrong an answer is, the less the model learns from it. {accuracy} Accuracy alone hides"
            " the defect."
        )
    return (
        "As written, the loss is right in exact arithmetic only: where it rounds, clips or overflows, confidently"
        f" wrong answers teach nothing, or spoil the weights. {accuracy}"
    )


def _figures(measured: Measurement, dtypes: Sequence[str]) -> str:
    heads = ("", "as written", "fixed")
    before, after = figures(measured, BEFORE), figures(measured, AFTER)
    rows = []
    for dtype in dtypes:
        sweeps = [sweep(measured.probes, version, dtype) for version in (BEFORE, AFTER)]
        rows.append((f"gradient, {dtype}", *map(_gradient, sweeps)))
        rows.append((f"loss, {dtype}", *map(_loss, sweeps)))
    middle, half = gained(measured)
    rows += [
        ("lowest training loss", f"{before.lowest_loss:.4f}", f"{after.lowest_loss:.4f}"),
        (
            "accuracy after epoch 1",
            f"{100 * before.first_accuracy:.2f} %",
            f"{100 * after.first_accuracy:.2f} %",
        ),
        (f"epochs to {100 * GOOD_ACCURACY:.0f} %", _epochs(before.reached), _epochs(after.reached)),
        (
            "final accuracy",
            f"{100 * before.final_accuracy:.2f} %",
            f"{100 * after.final_accuracy:.2f} % ({100 * middle:+.2f} ± {100 * half:.2f})",
        ),
    ]
    old, new = measured.metrics[BEFORE], measured.metrics[AFTER]
    for name in dict.fromkeys([*old, *new]):
        values = [f"{each[name]:.4f}" if name in each else "missing" for each in (old, new)]
        rows.append((f"metric {name}, equal weights", *values))
    return markup.table(heads, [[escape(cell) for cell in row] for row in rows], "figures")


def _loss(found: Sweep) -> str:
    return _EXACT if found.loss_off is None else f"wrong from {found.loss_off:g}"


def _gradient(found: Sweep) -> str:
    parts = []
    if found.off is not None:
        parts.append(f"wrong from {found.off:g}")
    if found.zero is not None:
        parts.append(f"exactly 0 from {found.zero:g}")
    if found.overflow is not None:
        parts.append(f"not finite from {found.overflow:g}")
    return ", ".join(parts) or _EXACT


def _epochs(reached: float | None) -> str:
    return "not reached" if reached is None else f"{reached:.1f}"


def _verdict(outcome: Outcome) -> str:
    return f'<span class="verdict {markup.CLASSES[outcome.status]}">{VERDICTS[outcome.status]}</span>'
