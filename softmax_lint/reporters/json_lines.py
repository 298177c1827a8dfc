"""JSON Lines: the objects of the JSON format, one a line."""

from __future__ import annotations

import json

from softmax_lint.diagnostic import Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.json import as_object


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report` as JSON objects, one a line."""
    return "".join(json.dumps(as_object(each, options.cwd)) + "\n" for each in report.diagnostics)
