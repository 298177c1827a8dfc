"""File names and places as they are shown."""

from __future__ import annotations

import os

from softmax_lint.diagnostic import Place

COLORS = {"error": "1;31", "warning": "1;33", "info": "1;36", "bold": "1", "dim": "1;34", "help": "1;32"}


def shown(filename: str, cwd: str) -> str:
    """`filename` with slashes, relative to `cwd` when below it."""
    inside = filename.startswith(cwd.rstrip(os.sep) + os.sep)
    return (os.path.relpath(filename, cwd) if inside else filename).replace(os.sep, "/")


def located(place: Place, cwd: str) -> str:
    """``train.py:7:5``, or ``nb.ipynb:cell 3:7:5``."""
    cell = "" if place.cell is None else f"cell {place.cell}:"
    return f"{printable(shown(place.filename, cwd))}:{cell}{place.row}:{place.column}"


def printable(text: str) -> str:
    """`text` with control characters replaced: they could drive the terminal."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if ord(each) < 32 or 127 <= ord(each) < 160 else each for each in text)


def degrade(text: str, encoding: str) -> str:
    """`text` with a question mark for each character that `encoding` lacks."""
    return text.encode(encoding, "replace").decode(encoding)


def painted(text: str, color: str, on: bool) -> str:
    """`text` in one of COLORS when `on`."""
    return f"\x1b[{COLORS[color]}m{text}\x1b[0m" if on else text


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 loss``, ``2 losses``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
