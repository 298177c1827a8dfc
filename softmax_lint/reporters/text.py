"""The full format: a header, the source at both ends with carets, and what would help.

train.py:7:24: SML001 [warning] message
  |
7 |     Dense(10, activation="softmax"),
  |                          ^^^^^^^^^
  --> train.py:40:5 loss is here
   |
40 |     model.compile(loss="categorical_crossentropy")
   |                        --------------------------
help: remove the softmax and set `from_logits=True`
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from softmax_lint.diagnostic import Diagnostic, Fix, Place, Report
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.concise import header
from softmax_lint.reporters.names import degrade, located, painted, printable

# Roles that show source; the others are notes of one line.
EXCERPTED = ("source", "sink", "output")
TAB = 4


def render(report: Report, options: RenderOptions) -> str:
    """The findings of `report`, an empty line after each."""
    return "".join("\n".join(_finding(each, options)) + "\n\n" for each in report.diagnostics)


def _finding(diagnostic: Diagnostic, options: RenderOptions) -> Iterator[str]:
    yield header(diagnostic, options)
    shown = [diagnostic.place, *(each.place for each in diagnostic.related if each.role in EXCERPTED)]
    margin = max(len(str(place.end_row)) for place in shown)
    yield from _excerpt(diagnostic.place, "^", diagnostic.severity, margin, options)
    for related in diagnostic.related:
        where = degrade(
            f"{located(related.place, options.cwd)} {printable(related.message)}", options.encoding
        )
        yield " " * margin + painted("--> ", "dim", options.color) + where
        if related.role in EXCERPTED:
            yield from _excerpt(related.place, "-", "dim", margin, options)
    for number, fix in enumerate(diagnostic.fixes):
        yield _help(fix, number > 0, options)


def _help(fix: Fix, is_alternative: bool, options: RenderOptions) -> str:
    label = painted("help:", "help", options.color)
    either = "or " if is_alternative else ""
    kind = {"unsafe": " (unsafe fix)", "display": " (by hand)"}.get(fix.applicability, "")
    return f"{label} {either}{degrade(printable(fix.message), options.encoding)}{kind}"


def _excerpt(place: Place, mark: str, color: str, margin: int, options: RenderOptions) -> Iterator[str]:
    lines = options.lines(place.filename, place.cell)
    rows = [row for row in _rows(place) if row <= len(lines)]
    if not rows:
        return
    bar = painted("|", "dim", options.color)
    yield f"{' ' * margin} {bar}"
    previous = rows[0]
    for row in rows:
        line = lines[row - 1]
        first = place.column - 1 if row == place.row else len(line) - len(line.lstrip())
        last = place.end_column - 1 if row == place.end_row else len(line.rstrip())
        text, before, under = _window(
            degrade(line, options.encoding), first, max(last, first + 1), options.width
        )
        if row > previous + 1:
            yield "..."
        previous = row
        number = painted(f"{row:>{margin}}", "dim", options.color)
        yield f"{number} {bar} {text}".rstrip()
        yield f"{' ' * margin} {bar} {' ' * before}{painted(mark * under, color, options.color)}"


def _rows(place: Place) -> Sequence[int]:
    """The rows to show: all of a short place, both ends of a long one."""
    last = place.end_row - 1 if place.end_column == 1 and place.end_row > place.row else place.end_row
    if last - place.row < 4:
        return range(place.row, last + 1)
    return (place.row, place.row + 1, last)


def _window(line: str, first: int, last: int, most: int) -> tuple[str, int, int]:
    """`line` as the terminal shows it, cut to `most` columns around [first, last): (text, columns before,
    columns under).
    """
    pieces, widths = [], []
    at = 0
    for character in line:
        piece = " " * (TAB - at % TAB) if character == "\t" else printable(character)
        width = len(piece) if character == "\t" else _width(piece)
        pieces.append(piece)
        widths.append(width)
        at += width
    start, end = 0, len(pieces)
    if at > most:
        start = first if sum(widths[:last]) > most - most // 6 else 0
        while start and sum(widths[start : first + 1]) < most // 4:
            start -= 1
        room = most
        for end in range(start, len(pieces)):
            room -= widths[end]
            if room < 0:
                break
        else:
            end = len(pieces)
    head, tail = "..." if start else "", "..." if end < len(pieces) else ""
    before = len(head) + sum(widths[start:first])
    under = sum(widths[first : min(last, end)])
    return head + "".join(pieces[start:end]) + tail, before, max(under, 1)


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
