"""Suppression comments in source text.

Strings are never mistaken for comments, and text that does not parse (magics, half-written code) does no
harm: a string that is never closed ends with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from softmax_lint.regex import late
from softmax_lint.splitting import logical_lines

IGNORE, IGNORE_FILE, NOQA = "ignore", "ignore-file", "noqa"


@dataclass(frozen=True, slots=True)
class Directive:
    """One suppression. `codes` is None where it covers all rules; columns as in Place.

    `first_row` and `last_row` span the logical line that the comment stands in.
    """

    kind: str
    codes: tuple[str, ...] | None
    row: int
    column: int
    end_column: int
    first_row: int
    last_row: int


_STRING_OR_COMMENT = late(
    r"""\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:\"{3}|\Z)|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'{3}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|(?P<comment>\#[^\n]*)""",
    re.DOTALL,
)
_MARK = late(r"softmax-lint:|noqa", re.IGNORECASE)
_OURS = late(
    r"#\s*softmax-lint:\s*(?P<kind>ignore-file|ignore)(?![\w-])\s*(?:\[(?P<codes>[^\]]*)\])?(?:[^#]|#(?=\d))*"
)
_NOQA = late(
    r"#\s*noqa(?![\w-])(?P<colon>\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*(?![A-Z0-9]))?)?",
    re.IGNORECASE,
)


def mentions(data: bytes) -> bool:
    """Whether a file may hold a suppression at all."""
    return b"softmax-lint:" in data or b"noqa" in data.lower()


def names_us(data: bytes) -> bool:
    """Whether a file may hold a suppression that is meant for this linter alone."""
    # Searches for the usual spellings are much cheaper than one lowered copy of a notebook with its pictures.
    return b"softmax-lint:" in data or ((b"noqa" in data or b"NOQA" in data) and b"sml" in data.lower())


def scan(text: str) -> Iterator[Directive]:
    """The suppressions of a file or cell, in order. Lines of `text` end in newline characters."""
    row = 1
    for start, end in logical_lines(text):
        line = text[start:end]
        last_row = row + line.count("\n")
        if _MARK.search(line):
            for token in _STRING_OR_COMMENT.finditer(line):
                if token["comment"]:
                    before = line.count("\n", 0, token.start())
                    column = token.start() - line.rfind("\n", 0, token.start())
                    for kind, codes, first, last in _read(token["comment"]):
                        spot = (row + before, column + first, column + last)
                        yield Directive(kind, codes, *spot, first_row=row, last_row=last_row)
        row = last_row + 1


def _read(comment: str) -> Iterator[tuple[str, tuple[str, ...] | None, int, int]]:
    """(kind, codes, offset, end offset) of the suppressions in a comment."""
    for match in _OURS.finditer(comment):
        codes = None if match["codes"] is None else tuple(re.findall(r"[\w-]+", match["codes"]))
        yield match["kind"], codes, match.start(), match.start() + len(match[0].rstrip())
    for match in _NOQA.finditer(comment):
        if match["colon"] and not match["codes"]:
            continue  # A colon without codes suppresses nothing, here as in ruff.
        codes = tuple(re.findall(r"\w+", match["codes"])) if match["codes"] else None
        yield NOQA, codes, match.start(), match.start() + len(match[0].rstrip())
