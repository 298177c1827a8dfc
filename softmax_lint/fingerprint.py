"""Fingerprints: what a finding is known by when the lines around it move.

Two runs give a finding the same fingerprint as long as its rule, its file and the text of its first row stay,
white space apart.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable

from softmax_lint.diagnostic import Diagnostic
from softmax_lint.lines import Lines


def fingerprints(diagnostics: Iterable[Diagnostic], lines: Lines, root: str) -> list[str]:
    """One fingerprint for each diagnostic, all different, 40 hexadecimal digits.

    File names count relative to the folder `root`, with slashes. Findings of one rule on rows of the same
    text are told apart by their order. A notebook's cells are not counted: they are moved more than edited.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for diagnostic in diagnostics:
        place = diagnostic.place
        rows = lines(place.filename, place.cell)
        text = "".join(rows[place.row - 1].split()) if 0 < place.row <= len(rows) else ""
        name = relative(place.filename, root)
        key = (diagnostic.code, name, text)
        number = seen[key]
        seen[key] += 1
        joined = "\0".join((*key, str(number)))
        found.append(hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:40])
    return found


def relative(filename: str, root: str) -> str:
    """`filename` relative to the folder `root`, with slashes; absolute where there is no way, as on another
    drive.
    """
    try:
        return os.path.relpath(filename, root).replace(os.sep, "/")
    except ValueError:
        return filename.replace(os.sep, "/")
