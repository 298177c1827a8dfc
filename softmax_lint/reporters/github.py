"""GitHub Actions: workflow commands that annotate the files of a run."""

from __future__ import annotations

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, rows_of, sentence
from softmax_lint.reporters.names import printable, shown

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report`, one command a line."""
    return "".join(_command(each, options.cwd) + "\n" for each in report.diagnostics)


def _command(diagnostic: Diagnostic, cwd: str) -> str:
    row, column, end_row, end_column = rows_of(diagnostic.place)
    properties = {
        "title": f"softmax-lint ({diagnostic.code} {diagnostic.name})",
        "file": printable(shown(diagnostic.place.filename, cwd)),
        "line": str(row),
        "col": str(column),
        "endLine": str(end_row),
    }
    # The last column counts, and only within one row.
    if row == end_row:
        properties["endColumn"] = str(max(end_column - 1, column))
    listed = ",".join(f"{key}={_escape(value, in_property=True)}" for key, value in properties.items())
    lines = [line_of(diagnostic.message, diagnostic.place)]
    lines += [sentence(related, cwd) for related in diagnostic.related]
    text = _escape("\n".join(lines), in_property=False)
    return f"::{_COMMANDS[diagnostic.severity]} {listed}::{text}"


def _escape(text: str, *, in_property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
