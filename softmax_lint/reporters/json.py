"""JSON: a list with ruff's keys, plus ``related`` and ``fixes``; a list of verdicts for ``pairs``."""

from __future__ import annotations

import json
from typing import Any

from softmax_lint.diagnostic import Diagnostic, Fix, Place, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.names import shown


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report` as a JSON list."""
    return _dump([as_object(each, options.cwd) for each in report.diagnostics])


def render_pairs(report: Report, options: RenderOptions) -> str:
    """The verdicts of `report` as a JSON list."""
    return _dump(
        [
            {
                **_place(each.place, options.cwd),
                "verdict": each.verdict,
                "codes": list(each.codes),
                "reason": each.reason,
                "produced": each.produced,
                "expected": each.expected,
            }
            for each in report.verdicts
        ]
    )


def _dump(value: list[Any]) -> str:
    return json.dumps(value, indent=2) + "\n"


def _place(place: Place, cwd: str) -> dict[str, Any]:
    return {
        "filename": shown(place.filename, cwd),
        "cell": place.cell,
        "location": {"row": place.row, "column": place.column},
        "end_location": {"row": place.end_row, "column": place.end_column},
    }


def _fix(fix: Fix, cwd: str) -> dict[str, Any]:
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": [{**_place(edit.place, cwd), "content": edit.content} for edit in fix.edits],
    }


def as_object(diagnostic: Diagnostic, cwd: str) -> dict[str, Any]:
    """A finding with the keys of the JSON format."""
    fixes = [_fix(fix, cwd) for fix in diagnostic.fixes]
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "url": None,
        **_place(diagnostic.place, cwd),
        "noqa_row": diagnostic.place.row if diagnostic.noqa_row is None else diagnostic.noqa_row,
        "related": [
            {"role": each.role, "message": each.message, **_place(each.place, cwd)}
            for each in diagnostic.related
        ],
        "fix": fixes[0] if fixes else None,
        "fixes": fixes,
    }
