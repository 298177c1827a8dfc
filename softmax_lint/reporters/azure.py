"""Azure Pipelines: logging commands that become issues of a run."""

from __future__ import annotations

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, rows_of
from softmax_lint.reporters.names import printable, shown


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report`, one command a line."""
    return "".join(_command(each, options.cwd) + "\n" for each in report.diagnostics)


def _command(diagnostic: Diagnostic, cwd: str) -> str:
    row, column, _, _ = rows_of(diagnostic.place)
    properties = {
        # There is nothing below a warning.
        "type": "error" if diagnostic.severity == "error" else "warning",
        "sourcepath": printable(shown(diagnostic.place.filename, cwd)),
        "linenumber": str(row),
        "columnnumber": str(column),
        "code": diagnostic.code,
    }
    listed = "".join(f"{key}={_escape(value, in_property=True)};" for key, value in properties.items())
    text = _escape(line_of(diagnostic.message, diagnostic.place), in_property=False)
    return f"##vso[task.logissue {listed}]{text}"


def _escape(text: str, *, in_property: bool) -> str:
    text = text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(";", "%3B").replace("]", "%5D") if in_property else text
