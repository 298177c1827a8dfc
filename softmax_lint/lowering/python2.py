"""Mask what only Python 2 accepts, so that the rest of a statement survives. Lengths and rows stay."""

from __future__ import annotations

import re
from collections.abc import Callable

from softmax_lint.regex import late
from softmax_lint.splitting import blank_hidden

# What stands before a small statement.
_START = r"(?:^|(?<=[;:]))[ \t]*"
_PRINT = late(_START + r"(print)[ \t]*(?=[\"'\w`{~])", re.M)
_EXEC = late(_START + r"(exec[ \t])[ \t]*(?=[\"'\w])", re.M)
_RAISE = late(_START + r"raise\b", re.M)
_EXCEPT = late(r"^[ \t]*except\b[^:\n]*?(,[ \t]*\w+[ \t]*):", re.M)
_OCTAL = late(r"(?<![\w.])(0+)(?=[0-9]+[lL]?(?![\w.]))")
_LONG = late(r"(?<![\w.])(?:0[xX][0-9a-fA-F]+|[0-9]+)([lL])\b")
_UNICODE_RAW = late(r"(?<!\w)([uU])(?=[rR][\"'])")
_ASYNC = late(r"(?<!\w)(async)(?=[ \t]*(?:=|\)|,|\.))")
_UNEQUAL = late(r"(<>)")
_BACKTICK = late(r"`")


def modernise(text: str) -> str:
    """The text with Python 2 statements and literals masked; the same text when it has none."""
    bare = blank_hidden(text)
    edits: dict[int, str] = {}
    _replace(_PRINT, bare, edits, lambda found: "pass;")
    _replace(_EXEC, bare, edits, lambda found: "pass;")
    _replace(_EXCEPT, bare, edits, lambda found: " " * len(found))
    for pattern in (_OCTAL, _LONG, _UNICODE_RAW):
        _replace(pattern, bare, edits, lambda found: " " * len(found))
    _replace(_ASYNC, bare, edits, lambda found: "_sync")
    _replace(_UNEQUAL, bare, edits, lambda found: "!=")
    for match in _RAISE.finditer(bare):
        comma = _comma(bare, match.end())
        if comma >= 0:
            edits[comma] = ";"
    for index, match in enumerate(_BACKTICK.finditer(bare)):
        edits[match.start()] = ")" if index % 2 else "("
    parts: list[str] = []
    position = 0
    for start in sorted(edits):
        if start >= position:
            parts += (text[position:start], edits[start])
            position = start + len(edits[start])
    return "".join(parts) + text[position:]


def _replace(pattern: re.Pattern[str], bare: str, edits: dict[int, str], by: Callable[[str], str]) -> None:
    for match in pattern.finditer(bare):
        edits[match.start(1)] = by(match[1])


def _comma(bare: str, start: int) -> int:
    """The first comma outside brackets before the end of the row, or -1."""
    depth = 0
    for offset in range(start, len(bare)):
        character = bare[offset]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            return offset
        elif character in "\n;" and depth <= 0:
            return -1
    return -1
