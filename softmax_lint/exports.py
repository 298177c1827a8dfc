"""Scripts that were notebooks: their cells in other languages blanked, and Python behind Databricks' comments.

Rows, and the columns of all code, stay. Marks of cells are comments, so most of such a script is Python as it is.
"""

from __future__ import annotations

import re

from softmax_lint.notebook import is_foreign, timed
from softmax_lint.regex import late

_DATABRICKS = "# Databricks notebook source"
_MAGIC = "# MAGIC"
_MARK = late(r"^#(?:[ \t]*%%|[ \t]*COMMAND -|[ \t]*In\[).*\n?", re.M)
_PYTHON = late(r"%python[ \t]*(?:#.*)?$|%%\w")
_CODE = late(r"[ \t]*[^ \t#]")


def unfold(text: str) -> str:
    """The text of a script, ready for `mask_magics`. Lines end in newline characters."""
    if "\n%" in text or text.startswith("%"):
        text = _without_foreign(text)
    if text.startswith(_DATABRICKS):
        text = _uncommented(text)
    return text


def _without_foreign(text: str) -> str:
    """Cells that start with ``%%bash`` and the like are blanked. Text without marks of cells has none."""
    marks = [(match.start(), match.end()) for match in _MARK.finditer(text)]
    parts, at = [], 0
    for (_, start), (end, _) in zip(marks, [*marks[1:], (len(text), 0)], strict=False):
        if is_foreign(text[start:end]):
            parts += [text[at:start], "\n" * text.count("\n", start, end)]
            at = end
    return "".join(parts) + text[at:]


def _uncommented(text: str) -> str:
    """Databricks writes a cell that starts with a magic behind comments; one of Python is a block of its own
    here, whose indentation is the width of the comment sign.
    """
    lines = text.split("\n")
    row = 0
    while row < len(lines):
        first = row
        while row < len(lines) and (lines[row] == _MAGIC or lines[row].startswith(f"{_MAGIC} ")):
            row += 1
        if row == first:
            row += 1
            continue
        body = [line[len(_MAGIC) + 1 :] for line in lines[first:row]]
        indent = " " * (len(_MAGIC) + 1)
        if len(body) == 1:
            run = timed(body[0])
            if run is not None:
                lines[first] = f"pass;{indent}{run.removeprefix('pass;')}"
        elif _PYTHON.match(body[0]) and not is_foreign(body[0]) and any(map(_CODE.match, body[1:])):
            lines[first:row] = ["if True:", *(indent + line if line else "" for line in body[1:])]
    return "\n".join(lines)
