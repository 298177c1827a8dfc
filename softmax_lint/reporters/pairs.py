"""Every loss with its verdict, one a line, for ``softmax-lint pairs``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from softmax_lint.diagnostic import Report, Verdict
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.closing import no_losses
from softmax_lint.reporters.names import counted, degrade, located, painted, printable, shown

_COLORS = {"ok": "help", "finding": "error", "undecided": "warning", "not-judged": "dim"}


def render(report: Report, options: RenderOptions) -> str:
    """The verdicts of `report`, one a line, what was assumed, and how many there are of each."""
    lines = [_line(each, options) for each in report.verdicts]
    return "".join(f"{line}\n" for line in (*lines, *assumptions(report, options), _total(report)))


def assumptions(report: Report, options: RenderOptions) -> Iterator[str]:
    """The names that were taken for what they mean by convention, one line for each file."""
    for filename, names in groupby(report.assumed, lambda each: each[0]):
        where = painted(printable(shown(filename, options.cwd)), "bold", options.color)
        listed = ", ".join(f"`{name}` is taken for `{path}`" for _, name, path in names)
        yield degrade(f"{where}: not bound anywhere: {listed}", options.encoding)


def _line(verdict: Verdict, options: RenderOptions) -> str:
    where = painted(located(verdict.place, options.cwd), "bold", options.color)
    word = painted(verdict.verdict.replace("-", " "), _COLORS[verdict.verdict], options.color)
    codes = f" {', '.join(verdict.codes)}" if verdict.codes else ""
    facts = []
    if verdict.produced or verdict.expected:
        facts.append(
            f"{verdict.produced or 'unknown'} into {verdict.expected or 'unknown'}".replace("_", " ")
        )
    if verdict.reason:
        facts.append(verdict.reason)
    tail = f": {'; '.join(facts)}" if facts else ""
    return degrade(f"{where}: {word}{codes}{printable(tail)}", options.encoding)


def _total(report: Report) -> str:
    counts = Counter(verdict.verdict for verdict in report.verdicts)
    if not counts:
        return no_losses(report)
    parts = [f"{counts['ok']} ok"]
    parts += [counted(counts["finding"], "finding")] if counts["finding"] else []
    parts += [
        f"{counts[word]} {word.replace('-', ' ')}" for word in ("undecided", "not-judged") if counts[word]
    ]
    return f"{counted(counts.total(), 'loss', 'losses')}: {', '.join(parts)}"
