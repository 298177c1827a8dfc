"""``softmax-lint trace``: the path of the values on a line."""

from __future__ import annotations

import os
import re

from softmax_lint.commands.analysis import load_project, load_rules
from softmax_lint.commands.terminal import complain, write
from softmax_lint.config import load

CLEAN, FAILED = 0, 2
# A place may be pasted from a report, column and all.
_PLACE = re.compile(r"(?P<file>.+?)(?::cell (?P<cell>\d+))?:(?P<line>\d+)(?::\d+)?:?")


def run(place: str) -> int:
    """Trace ``FILE:LINE`` or ``NOTEBOOK:cell N:LINE``; gives CLEAN or FAILED. Raises ConfigError."""
    match = _PLACE.fullmatch(place)
    if match is None:
        complain(f"`{place}` is no FILE:LINE")
        return FAILED
    file = match["file"]
    if not os.path.isfile(file):
        complain(f"no such file: {file}")
        return FAILED
    settings = load([file], {}, load_rules())
    project, absolute, line = load_project(), os.path.abspath(file), int(match["line"])
    if match["cell"] is None:
        steps = project.trace(absolute, line, settings)
    else:
        steps = project.trace(absolute, line, settings, cell=int(match["cell"]))
    write("".join(f"{step}\n" for step in steps) or "no values on this line\n")
    return CLEAN
