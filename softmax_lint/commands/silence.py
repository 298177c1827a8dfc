"""``--add-noqa``: ignore comments, written into the files where something was found."""

from __future__ import annotations

import os
import re

from softmax_lint.commands.terminal import complain
from softmax_lint.diagnostic import Edit, Report
from softmax_lint.lines import Lines, Read
from softmax_lint.reporters.names import counted, located, shown
from softmax_lint.silencing import silence
from softmax_lint.source import decode, from_bytes

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def add_comments(report: Report, read: Read, lines: Lines, color: str) -> None:
    """Write the comments that silence `report`, and say how many; complains where that cannot be done."""
    done = silence(report.diagnostics, lines)
    files: dict[str, list[Edit]] = {}
    for edit in done.edits:
        files.setdefault(edit.place.filename, []).append(edit)
    added = 0
    for filename, edits in files.items():
        name = shown(filename, os.getcwd())
        if filename.endswith(".ipynb") or not os.path.isfile(filename):
            complain(f"{name}: comments can only be added to Python files", color)
            continue
        data = _changed(filename, read(filename), edits)
        with open(filename, "wb") as file:
            file.write(data)
        added += len(edits)
    for each in done.left:
        complain(f"{located(each.place, os.getcwd())}: {each.code} takes no ignore comment here", color)
    complain(f"added {counted(added, 'ignore comment')}", color, "note")


def _changed(filename: str, data: bytes, edits: list[Edit]) -> bytes:
    """A Python file with edits that each stay in one row; every other byte stays."""
    source = from_bytes(filename, data)
    rows = _LINE.findall(decode(source))
    for edit in edits:
        line = rows[edit.place.row - 1]
        first, last = edit.place.column - 1, edit.place.end_column - 1
        rows[edit.place.row - 1] = line[:first] + edit.content + line[last:]
    return source.bom + "".join(rows).encode(source.encoding)
