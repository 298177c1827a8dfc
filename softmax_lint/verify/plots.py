"""Curves as inline SVG. Colours are variables of the page's style, so that one drawing suits light and dark."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from softmax_lint.verify import exact
from softmax_lint.verify.catalogue import Task
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement, Run
from softmax_lint.verify.outcome import GOOD_ACCURACY
from softmax_lint.verify.statistics import mean

# What is drawn in these colours gets the page's variables in their place.
_INK, _LINE, _BEFORE, _AFTER, _EXACT = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {_INK: "ink", _LINE: "line", _BEFORE: "before", _AFTER: "after", _EXACT: "quiet"}
_INCHES = (3.7, 2.5)


def gradients(task: Task, measured: Measurement, dtype: str) -> str:
    """The gradient that reaches the right class (or the only score), against how wrong the answer is."""
    units = task.program.units
    position = exact.label_of(units)

    def draw(axes: Any) -> None:
        own = [probe for probe in measured.probes if probe.dtype == dtype]
        gaps = sorted({probe.gap for probe in own})
        right = [
            abs(exact.loss_and_gradient(exact.logits_of(g, units), exact.label_of(units))[1][position])
            for g in gaps
        ]
        for version, color, width in ((BEFORE, _BEFORE, 3.2), (AFTER, _AFTER, 1.4)):
            probes = sorted((p for p in own if p.version == version), key=lambda p: p.gap)
            sizes = [abs(p.gradient[position]) for p in probes]
            axes.plot(
                gaps, [s if math.isfinite(s) else math.nan for s in sizes], color=color, linewidth=width
            )
            lost = [g for g, s in zip(gaps, sizes, strict=True) if not math.isfinite(s)]
            axes.plot(lost, [1.12] * len(lost), "x", color=color, markersize=4)
        axes.plot(gaps, right, color=_EXACT, linewidth=1, linestyle=(0, (2, 3)))
        axes.set_xscale("log")
        ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200) if gaps[0] <= tick <= gaps[-1]]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_ylim(-0.05, 1.2)
        axes.set_xlabel("wrong by (logits)")

    return _svg(f"gradient, {dtype}", f"{task.name} gradient {dtype}", draw)


def losses(task: Task, measured: Measurement) -> str:
    """The training loss of every epoch: each seed, and the mean."""

    def draw(axes: Any) -> None:
        _curves(axes, measured, lambda run: run.losses)
        if task.program.is_wrong and task.backend not in task.program.recovers:
            axes.axhline(
                exact.floor_of_double(task.program.units), color=_BEFORE, linewidth=1, linestyle=(0, (2, 3))
            )
        axes.set_ylim(bottom=0)

    return _svg("training loss", f"{task.name} loss", draw)


def accuracies(task: Task, measured: Measurement) -> str:
    """The share of test digits that are right after every epoch, in percent."""

    def draw(axes: Any) -> None:
        _curves(axes, measured, lambda run: [100 * each for each in run.accuracies])
        axes.axhline(100 * GOOD_ACCURACY, color=_EXACT, linewidth=1, linestyle=(0, (2, 3)))

    return _svg("right test digits, %", f"{task.name} accuracy", draw)


def _curves(axes: Any, measured: Measurement, values: Callable[[Run], Sequence[float]]) -> None:
    for color, width, runs in (
        (_BEFORE, 3.2, [pair.before for pair in measured.pairings]),
        (_AFTER, 1.4, [pair.after for pair in measured.pairings]),
    ):
        rows = [values(run) for run in runs]
        epochs = range(1, len(rows[0]) + 1)
        for row in rows:
            axes.plot(epochs, row, color=color, linewidth=0.5, alpha=0.45)
        middle = [mean(column) for column in zip(*rows, strict=True)]
        axes.plot(epochs, middle, color=color, linewidth=width, marker="o", markersize=width)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)


def _svg(title: str, label: str, draw: Callable[[Any], None]) -> str:
    import matplotlib

    options: Any = {
        "svg.fonttype": "none", "svg.hashsalt": label, "font.size": 9, "axes.titlesize": 9.5,
        "text.color": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
        "axes.edgecolor": _LINE, "grid.color": _LINE, "axes.grid": True, "axes.axisbelow": True,
        "axes.spines.top": False, "axes.spines.right": False,
    }  # fmt: skip
    with matplotlib.rc_context(options):
        from matplotlib.figure import Figure

        figure = Figure(_INCHES, layout="constrained")
        axes = figure.subplots()
        axes.set_title(title, loc="left")
        draw(axes)
        written = io.StringIO()
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=empty)
    return _for_page(written.getvalue(), label)


def _for_page(svg: str, label: str) -> str:
    """`svg` as an element that fits its column: no header, no fonts, no fixed size, colours by name."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", svg)
    for color, name in _VARIABLES.items():
        svg = svg.replace(color, f"var(--{name})")
    return re.sub(r"\s*\n\s*", "\n", svg)
