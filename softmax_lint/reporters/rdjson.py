"""Reviewdog's Diagnostic Format: one JSON object. Its columns count bytes of UTF-8."""

from __future__ import annotations

import json
from typing import Any

from softmax_lint.diagnostic import Diagnostic, Fix, Place, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, sentence
from softmax_lint.reporters.names import shown


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report` as a JSON object."""
    value = {
        "source": {"name": "softmax-lint"},
        "diagnostics": [_diagnostic(each, options) for each in report.diagnostics],
    }
    return json.dumps(value, indent=2) + "\n"


def _diagnostic(diagnostic: Diagnostic, options: RenderOptions) -> dict[str, Any]:
    place = diagnostic.place
    lines = [line_of(diagnostic.message, place)]
    lines += [sentence(related, options.cwd) for related in diagnostic.related]
    value: dict[str, Any] = {
        "message": "\n".join(lines),
        "location": {"path": shown(place.filename, options.cwd), "range": _range(place, options)},
        "severity": diagnostic.severity.upper(),
        "code": {"value": diagnostic.code},
    }
    first = diagnostic.fixes[0] if diagnostic.fixes else None
    if first is not None and _can_be_suggested(first, place.filename):
        value["suggestions"] = [
            {"range": _range(edit.place, options), "text": edit.content} for edit in first.edits
        ]
    return value


def _can_be_suggested(fix: Fix, filename: str) -> bool:
    """A suggestion knows one file, and no cells."""
    return (
        fix.applicability != "display"
        and bool(fix.edits)
        and all(edit.place.filename == filename and edit.place.cell is None for edit in fix.edits)
    )


def _range(place: Place, options: RenderOptions) -> dict[str, Any]:
    if place.cell is not None:
        return {"start": {"line": 1, "column": 1}}
    return {
        "start": {"line": place.row, "column": _bytes(place, place.row, place.column, options)},
        "end": {"line": place.end_row, "column": _bytes(place, place.end_row, place.end_column, options)},
    }


def _bytes(place: Place, row: int, column: int, options: RenderOptions) -> int:
    lines = options.lines(place.filename, None)
    if row > len(lines):
        return column
    before = lines[row - 1][: column - 1]
    return column - len(before) + len(before.encode("utf-8", "surrogatepass"))
