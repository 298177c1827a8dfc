"""Reports as plain lists and back, for pipes and caches. Fixes are not kept: they are planned anew."""

from __future__ import annotations

from typing import Any

from softmax_lint.diagnostic import Diagnostic, Failure, Place, Related, Report, Verdict


def plain(report: Report) -> list[Any]:
    """The report as lists of strings and numbers."""
    return [
        [
            [
                each.code,
                each.name,
                each.severity,
                each.message,
                _place(each.place),
                [[end.role, end.message, _place(end.place)] for end in each.related],
                each.noqa_row,
            ]
            for each in report.diagnostics
        ],
        [
            [_place(each.place), each.verdict, list(each.codes), each.reason, each.produced, each.expected]
            for each in report.verdicts
        ],
        [[each.filename, each.message] for each in report.failures],
        report.files,
        [list(each) for each in report.assumed],
    ]


def report_of(values: list[Any]) -> Report:
    """What `plain` was given. Raises ValueError or TypeError for anything else."""
    diagnostics, verdicts, failures, files, assumed = values
    return Report(
        tuple(
            Diagnostic(
                code,
                name,
                severity,
                message,
                Place(*place),
                tuple(Related(role, text, Place(*at)) for role, text, at in related),
                (),
                row,
            )
            for code, name, severity, message, place, related, row in diagnostics
        ),
        tuple(
            Verdict(Place(*place), verdict, tuple(codes), reason, produced, expected)
            for place, verdict, codes, reason, produced, expected in verdicts
        ),
        tuple(Failure(filename, message) for filename, message in failures),
        files,
        assumed=tuple((filename, name, path) for filename, name, path in assumed),
    )


def _place(place: Place) -> list[Any]:
    return [place.filename, place.cell, place.row, place.column, place.end_row, place.end_column]
