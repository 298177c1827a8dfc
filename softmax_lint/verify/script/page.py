"""The outcome as one page that needs nothing else: checks, loss curves, and the diff."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from softmax_lint.verify import markup
from softmax_lint.verify.script.compare import Judged
from softmax_lint.verify.script.show import Outcome, located, verdict

_WIDTH, _HEIGHT, _LEFT = 480, 180, 48


def page(outcome: Outcome) -> str:
    """HTML."""
    prepared = outcome.prepared
    times = f"{outcome.before.seconds:.1f} s as written, {outcome.after.seconds:.1f} s fixed"
    body = [
        f"<h1>{escape(prepared.script)}</h1>",
        '<p class="quiet">softmax-lint found the defects and rewrote a copy; then the program as it was written and'
        f" the fixed one were run with the same weights and data. {times}.</p>",
        f'<p class="banner {markup.CLASSES[outcome.status]}">{escape(verdict(outcome))}</p>',
        *(_section(each) for each in outcome.judged),
        f'<section><div class="head"><h2>The program as a whole</h2></div>{markup.checks(outcome.checks)}',
        *(markup.diff(f"The diff of {patch.filename}", patch.diff) for patch in prepared.patches),
        "</section>",
    ]
    return markup.document(f"softmax-lint verify {prepared.script}", body)


def _section(each: Judged) -> str:
    finding = each.finding
    parts = [
        f'<section><div class="head"><h2>{finding.code} <code>{escape(located(finding.place))}</code></h2>',
        f'<span class="quiet">{finding.kind}</span></div><p>{_prose(finding.message)}</p>',
    ]
    if not each.reached:
        parts.append('<p class="unknown">Its loss was not evaluated in this run.</p></section>')
        return "".join(parts)
    parts += [markup.checks(each.checks), *(f"<p>Cost: {escape(fact)}.</p>" for fact in each.cost)]
    if len(each.losses_before) > 1 and len(each.losses_after) > 1:
        parts += [
            '<div class="key"><span class="before">loss as written</span><span class="after">loss fixed</span></div>',
            '<div class="plots" style="max-width: 40rem; display: block">',
            curves(each.losses_before, each.losses_after),
            "</div>",
        ]
    return "".join([*parts, "</section>"])


def curves(before: Sequence[float], after: Sequence[float]) -> str:
    """An SVG of two losses over steps; values that are no numbers leave a gap."""
    finite = [value for value in (*before, *after) if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    steps = max(len(before), len(after)) - 1

    def at(step: int, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - 8) * step / steps
        return f"{x:.1f},{_HEIGHT - 24 - (_HEIGHT - 40) * (value - low) / span:.1f}"

    lines = []
    for values, color, width in ((before, "before", 4), (after, "after", 2)):
        start = "M"
        path = ""
        for step, value in enumerate(values):
            if math.isfinite(value):
                path += f"{start}{at(step, value)} "
                start = "L"
            else:
                start = "M"
        lines.append(f'<path d="{path}" fill="none" stroke="var(--{color})" stroke-width="{width}"/>')
    texts = (
        (0, 20, f"{high:.3g}"), (0, _HEIGHT - 22, f"{low:.3g}"), (_LEFT, _HEIGHT - 4, "step 1"),
        (_WIDTH - 50, _HEIGHT - 4, f"{steps + 1}"),
    )  # fmt: skip
    labels = "".join(
        f'<text x="{x}" y="{y}" font-size="12" fill="var(--quiet)">{t}</text>' for x, y, t in texts
    )
    label = f"loss as written from {before[0]:.3g} to {before[-1]:.3g}, fixed from {after[0]:.3g} to {after[-1]:.3g}"
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(lines)}{labels}</svg>'


def _prose(message: str) -> str:
    """A message with its code marked."""
    parts = escape(message).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
