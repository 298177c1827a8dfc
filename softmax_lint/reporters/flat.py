"""What formats without cells and excerpts share: one row of one file, and one line of text.

A row of a notebook's cell is no row of the notebook's file, so findings in notebooks stand at its first row
and say their cell.
"""

from __future__ import annotations

import os
import string

from softmax_lint.diagnostic import Place, Related
from softmax_lint.reporters.names import located, printable, shown

_PLAIN = frozenset(f"{string.ascii_letters}{string.digits}-._~/".encode())


def rows_of(place: Place) -> tuple[int, int, int, int]:
    """(row, column, end row, end column) in the file itself."""
    if place.cell is not None:
        return 1, 1, 1, 1
    return place.row, place.column, place.end_row, place.end_column


def line_of(message: str, place: Place) -> str:
    """`message` in one line, with the cell that it speaks of."""
    text = printable(message)
    return text if place.cell is None else f"cell {place.cell}, row {place.row}: {text}"


def sentence(related: Related, cwd: str) -> str:
    """Another end of a finding in one line."""
    return f"{located(related.place, cwd)} {printable(related.message)}"


def uri(filename: str, cwd: str) -> tuple[str, bool]:
    """(URI reference of a file, whether it is relative to `cwd`)."""
    name = shown(filename, cwd)
    if name.startswith("/"):
        return "file://" + _quoted(name), False
    if name[1:3] == ":/":  # a drive
        return f"file:///{name[:2]}{_quoted(name[2:])}", False
    return _quoted(name), True


def _quoted(path: str) -> str:
    return "".join(chr(each) if each in _PLAIN else f"%{each:02X}" for each in os.fsencode(path))
