"""One line per finding: ``train.py:7:5: SML001 [warning] message``."""

from __future__ import annotations

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.names import degrade, located, painted, printable


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report`, one a line."""
    return "".join(header(each, options) + "\n" for each in report.diagnostics)


def header(diagnostic: Diagnostic, options: RenderOptions) -> str:
    """The line that says where a finding is and what it is, without a line end."""
    where = painted(located(diagnostic.place, options.cwd), "bold", options.color)
    severity = painted(f"[{diagnostic.severity}]", diagnostic.severity, options.color)
    code = painted(diagnostic.code, diagnostic.severity, options.color)
    return degrade(f"{where}: {code} {severity} {printable(diagnostic.message)}", options.encoding)
