"""Markdown for a comment on a pull request: a table, with the other ends and the fixes folded away."""

from __future__ import annotations

import re

from softmax_lint.diagnostic import Diagnostic, Report
from softmax_lint.regex import late
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.names import located, printable

MARK = "<!-- softmax-lint -->"
# GitHub's limit for a comment is 65,536 characters.
_MOST = 60_000
_SPECIAL = late(r"([\\*_{}\[\]<>#|~&!@$])")
_ICONS = {"error": "🛑 error", "warning": "⚠️ warning", "info": "ℹ️ info"}


def render(report: Report, options: RenderOptions) -> str:
    """`report` as Markdown that starts with MARK, by which a job can find the comment that it wrote."""
    parts = [MARK, "### softmax-lint", ""]
    if report.diagnostics:
        parts += ["| place | severity | rule | finding |", "|---|---|---|---|"]
        size = 0
        for number, each in enumerate(report.diagnostics):
            row = _row(each, options.cwd)
            size += len(row)
            if size > _MOST:
                parts += ["", f"… and {len(report.diagnostics) - number} more."]
                break
            parts.append(row)
        parts.append("")
    return "\n".join(parts) + "\n"


def _row(diagnostic: Diagnostic, cwd: str) -> str:
    details = [
        f"{code_span(located(each.place, cwd))} {escaped(each.message)}" for each in diagnostic.related
    ]
    for fix in diagnostic.fixes[:1]:
        details.append(f"help: {escaped(fix.message)}")
    folded = "".join(f"<br>{each}" for each in details)
    more = f"<details><summary>more</summary>{folded.removeprefix('<br>')}</details>" if folded else ""
    cells = (
        code_span(located(diagnostic.place, cwd)),
        _ICONS[diagnostic.severity],
        f"{diagnostic.code} {diagnostic.name}",
        escaped(diagnostic.message) + more,
    )
    return f"| {' | '.join(cells)} |"


def escaped(message: str) -> str:
    """A message as Markdown: code in backticks stays code, everything else is plain text."""
    pieces = printable(message).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick starts no code
        pieces[-2:] = [f"{pieces[-2]}'{pieces[-1]}"]
    return "".join(
        code_span(piece) if number % 2 and piece else _SPECIAL.sub(r"\\\1", piece)
        for number, piece in enumerate(pieces)
    )


def code_span(text: str) -> str:
    """`text` as code in a cell of a table."""
    text = printable(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")
