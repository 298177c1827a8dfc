"""Pylint's parseable lines, which many tools read: ``train.py:7: [SML001(softmax-before-loss)] message``."""

from __future__ import annotations

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, rows_of
from softmax_lint.reporters.names import degrade, printable, shown


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report`, one a line."""
    return "".join(_line(each, options) + "\n" for each in report.diagnostics)


def _line(diagnostic: Diagnostic, options: RenderOptions) -> str:
    where = f"{printable(shown(diagnostic.place.filename, options.cwd))}:{rows_of(diagnostic.place)[0]}"
    text = line_of(diagnostic.message, diagnostic.place)
    return degrade(f"{where}: [{diagnostic.code}({diagnostic.name})] {text}", options.encoding)
