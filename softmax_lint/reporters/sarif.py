"""SARIF 2.1.0, for code scanning: rules with their pages, related places, and fixes."""

from __future__ import annotations

import json
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from softmax_lint import __version__
from softmax_lint.diagnostic import Diagnostic, Edit, Fix, Place, Report
from softmax_lint.fingerprint import fingerprints
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, rows_of, uri
from softmax_lint.reporters.names import shown

if TYPE_CHECKING:
    from softmax_lint.rules.schema import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_KINDS = {"wrong": "error", "unstable": "warning", "redundant": "note", "warning": "warning"}


def render(report: Report, options: RenderOptions) -> str:
    """`report` as a SARIF log with one run, which names only the rules that found something."""
    from softmax_lint.rules import RULES

    found = report.diagnostics
    known = {rule.code: rule for rule in RULES}
    codes = [code for code in sorted({each.code for each in found}) if code in known]
    marks = fingerprints(found, options.lines, options.cwd)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "softmax-lint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(known[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.failures,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": failure.message},
                        "locations": [
                            {"physicalLocation": {"artifactLocation": _artifact(failure.filename, options)}}
                        ],
                    }
                    for failure in report.failures
                ],
            }
        ],
        "results": [_result(each, mark, codes, options) for each, mark in zip(found, marks, strict=True)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    page = cleandoc(rule.page)
    summary = page.partition("\n")[0].rstrip(".")
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": summary or rule.name},
        "fullDescription": {"text": summary or rule.name},
        "help": {"text": page or rule.name, "markdown": page or rule.name},
        "defaultConfiguration": {"level": _KINDS[rule.kind]},
        "properties": {"tags": [rule.kind], "problem.severity": _problem(_KINDS[rule.kind])},
    }


def _problem(level: str) -> str:
    return "recommendation" if level == "note" else level


def _result(diagnostic: Diagnostic, mark: str, codes: list[str], options: RenderOptions) -> dict[str, Any]:
    place = diagnostic.place
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": line_of(diagnostic.message, place)},
        "locations": [_location(place, options)],
        "partialFingerprints": {"softmaxLint/v1": mark},
    }
    if diagnostic.code in codes:
        result["ruleIndex"] = codes.index(diagnostic.code)
    if diagnostic.related:
        result["relatedLocations"] = [
            {
                "id": number,
                **_location(related.place, options),
                "message": {"text": line_of(related.message, related.place)},
            }
            for number, related in enumerate(diagnostic.related)
        ]
    fixes = [made for fix in diagnostic.fixes if (made := _fix(fix, options)) is not None]
    if fixes:
        result["fixes"] = fixes
    return result


def _location(place: Place, options: RenderOptions) -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(place.filename, options), "region": _region(place)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.cell is not None:
        name = shown(place.filename, options.cwd)
        location["logicalLocations"] = [
            {
                "name": f"cell {place.cell}",
                "fullyQualifiedName": f"{name}:cell {place.cell}:{place.row}:{place.column}",
            }
        ]
    return location


def _region(place: Place) -> dict[str, int]:
    row, column, end_row, end_column = rows_of(place)
    return {"startLine": row, "startColumn": column, "endLine": end_row, "endColumn": end_column}


def _artifact(filename: str, options: RenderOptions) -> dict[str, str]:
    reference, is_relative = uri(filename, options.cwd)
    return {"uri": reference, "uriBaseId": "%SRCROOT%"} if is_relative else {"uri": reference}


def _fix(fix: Fix, options: RenderOptions) -> dict[str, Any] | None:
    """None for a fix that SARIF cannot say: one without edits, or in the cells of a notebook."""
    if not fix.edits or any(edit.place.cell is not None for edit in fix.edits):
        return None
    changes: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        changes.setdefault(edit.place.filename, []).append(edit)
    kind = "" if fix.applicability == "safe" else f" ({fix.applicability})"
    return {
        "description": {"text": fix.message + kind},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(filename, options),
                "replacements": [
                    {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.content}}
                    for edit in edits
                ],
            }
            for filename, edits in changes.items()
        ],
    }
