"""GitLab's Code Quality report: a JSON list in the form that Code Climate gave it."""

from __future__ import annotations

import json

from softmax_lint.diagnostic import Report
from softmax_lint.fingerprint import fingerprints
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.flat import line_of, rows_of
from softmax_lint.reporters.names import shown

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report` as a JSON list; paths are relative to the working directory, which has to be
    the repository's root for GitLab to find them.
    """
    found = report.diagnostics
    issues = []
    for diagnostic, fingerprint in zip(found, fingerprints(found, options.lines, options.cwd), strict=True):
        row, _, end_row, _ = rows_of(diagnostic.place)
        issues.append(
            {
                "type": "issue",
                "check_name": f"{diagnostic.code} {diagnostic.name}",
                "description": f"{diagnostic.code}: {line_of(diagnostic.message, diagnostic.place)}",
                "categories": ["Bug Risk"],
                "severity": _SEVERITIES[diagnostic.severity],
                "fingerprint": fingerprint,
                "location": {
                    "path": shown(diagnostic.place.filename, options.cwd),
                    "lines": {"begin": row, "end": end_row},
                },
            }
        )
    return json.dumps(issues, indent=2) + "\n"
