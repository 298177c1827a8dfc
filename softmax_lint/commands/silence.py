"""``--add-noqa``: ignore comments, written into the files where something was found."""

from __future__ import annotations

import os

from softmax_lint.commands.terminal import complain
from softmax_lint.diagnostic import Edit, Report
from softmax_lint.edits.replace import replace_all
from softmax_lint.edits.tree import Refused
from softmax_lint.edits.written import written
from softmax_lint.lines import Lines, Read
from softmax_lint.reporters.names import counted, located, shown
from softmax_lint.silencing import silence
from softmax_lint.source import Unreadable


def add_comments(report: Report, read: Read, lines: Lines, color: str) -> None:
    """Write the comments that silence `report`, and say how many; complains where that cannot be done."""
    done = silence(report.diagnostics, lines)
    files: dict[str, list[Edit]] = {}
    for edit in done.edits:
        files.setdefault(edit.place.filename, []).append(edit)
    before, after = {filename: read(filename) for filename in files}, {}
    for filename, edits in files.items():
        try:
            after[filename] = written(filename, before[filename], edits)
        except (Refused, Unreadable) as refusal:
            complain(f"{shown(filename, os.getcwd())}: {refusal}", color)
    replaced, stale = replace_all([(filename,) for filename in after], after, before)
    for filename in stale:
        complain(f"{shown(filename, os.getcwd())}: changed while it was checked, left alone", color)
    added = sum(len(files[filename]) for filename in replaced)
    for each in done.left:
        complain(f"{located(each.place, os.getcwd())}: {each.code} takes no ignore comment here", color)
    complain(f"added {counted(added, 'ignore comment')}", color, "note")
