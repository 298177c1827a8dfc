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
        losses = f"no losses found in {counted(report.files, 'file')}{silenced}"
        return f"{counted(found, 'finding')}; {losses}" if found else losses
    parts = [f"{counted(verdicts.total(), 'loss', 'losses')} checked", f"{verdicts['ok']} ok"]
    unknown = [(verdicts["undecided"], "undecided"), (verdicts["not-judged"], "not judged")]
    parts += [f"{number} {word}" for number, word in unknown if number]
    pairs = " (softmax-lint pairs)" if any(number for number, _ in unknown) else ""
    findings = counted(found, "finding") if found else "no findings"
    return f"{findings}; {', '.join(parts)}{silenced}{pairs}"
