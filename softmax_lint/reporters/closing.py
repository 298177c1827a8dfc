"""The line that ends every run, so that silence does not read as approval."""

from __future__ import annotations

from collections import Counter

from softmax_lint.diagnostic import Report
from softmax_lint.reporters.names import counted


def closing_line(report: Report, suppressed: int = 0, baselined: int = 0) -> str:
    """``2 findings; 14 losses checked, 9 ok, 3 undecided (softmax-lint pairs)``."""
    found = len(report.diagnostics)
    verdicts = Counter(verdict.verdict for verdict in report.verdicts)
    silenced = f", {suppressed} suppressed" if suppressed else ""
    silenced += f", {baselined} in the baseline" if baselined else ""
    if not verdicts:
        losses = f"{no_losses(report)}{silenced}"
        return f"{counted(found, 'finding')}; {losses}" if found else losses
    parts = [f"{counted(verdicts.total(), 'loss', 'losses')} checked", f"{verdicts['ok']} ok"]
    unknown = [(verdicts["undecided"], "undecided"), (verdicts["not-judged"], "not judged")]
    parts += [f"{number} {word}" for number, word in unknown if number]
    pairs = " (softmax-lint pairs)" if any(number for number, _ in unknown) else ""
    findings = counted(found, "finding") if found else "no findings"
    return f"{findings}; {', '.join(parts)}{silenced}{_unchecked(report)}{pairs}"


def no_losses(report: Report) -> str:
    """``no losses found in 3 files``; files that could not be checked are no such files."""
    checked = max(report.files - _failed(report), 0)
    return f"no losses found in {counted(checked, 'file')}{_unchecked(report)}"


def _unchecked(report: Report) -> str:
    failed = _failed(report)
    return f", {counted(failed, 'file')} not checked" if failed else ""


def _failed(report: Report) -> int:
    return len({failure.filename for failure in report.failures})
