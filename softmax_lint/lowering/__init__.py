"""From text to lowered code, and from ordinals back to places.

    lower(text)         -> (operations, problems)
    locate(text)        -> a Span for every ordinal
    span(text, n)       -> the Span of ordinal n

`text` is one top-level statement as `splitting.split` cuts it, or a whole script or cell; its lines end in
newline characters. All rows and columns are relative to that text and count from 1; columns are code points,
ends are exclusive. Nothing here raises for any text. LibCST is the authority; it is imported with the first
text that Python's own parser refuses or that may have its places elsewhere there, and by `locate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from softmax_lint.code import Ops
from softmax_lint.lowering.shapes import Adaptor, Unparsable, Walk
from softmax_lint.regex import late

__all__ = ["Span", "SyntaxProblem", "locate", "lower", "span"]

_FORM_FEED = late(r"^[ \t\f]*\f", re.M)
_SURROGATE = late("[\ud800-\udfff]")

Tree = TypeVar("Tree")


@dataclass(frozen=True, slots=True)
class Span:
    """The place of an expression without its own parentheses; of a ``def``, its name.

    `last_row` is the last row of the smallest statement around it; of a compound statement, of its head.
    """

    row: int
    column: int
    end_row: int
    end_column: int
    last_row: int


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A statement that does not parse, with the place where that shows."""

    row: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was parsed instead of a text: `shifts` says how many columns a row of it has lost at its start."""

    text: str
    shifts: dict[int, int]
    problems: tuple[SyntaxProblem, ...]


def lower(text: str, *, reference: bool = False) -> tuple[Ops, tuple[SyntaxProblem, ...]]:
    """The operations of a text, and one problem for each of its top-level statements that does not parse.

    Of such a statement the parts that make sense are lowered; it lowers to nothing when there are none. With
    `reference`, LibCST reads everything; else it reads only what Python's own parser refuses.
    """
    from softmax_lint.lowering import native, statements

    if not reference:
        try:
            return statements.block(Walk(native.ADAPTOR.unfold), native.parse(_clean(text)[0])), ()
        except Unparsable:
            pass
    from softmax_lint.lowering import cst

    reading, nodes = _read(text, cst.ADAPTOR, cst.parse)
    return (statements.block(Walk(cst.ADAPTOR.unfold), nodes) if nodes else ()), reading.problems


@lru_cache(maxsize=64)
def locate(text: str) -> Sequence[Span]:
    """The span of every ordinal that `lower` gives for the same text."""
    from softmax_lint.lowering import cst, statements

    reading, found = _read(text, cst.ADAPTOR, cst.positions_of)
    if found is None:
        return ()
    nodes, positions = found
    walk = Walk(cst.ADAPTOR.unfold)
    statements.block(walk, nodes)
    spans: list[Span] = []
    owner, head = 0, (0, 0)
    for ordinal, anchor in enumerate(walk.anchors):
        while owner < len(walk.owners) and walk.owners[owner][0] <= ordinal:
            head = cst.head_of(walk.owners[owner][1], positions)
            owner += 1
        row, column, end_row, end_column = cst.span_of(anchor, positions)
        column += reading.shifts.get(row, 0)
        end_column += reading.shifts.get(end_row, 0)
        # Decorators and the patterns of cases stand outside the head of their statement.
        last = head[1] if head[0] <= row and end_row <= head[1] else end_row
        spans.append(Span(row, column, end_row, end_column, last))
    return tuple(spans)


def span(text: str, ordinal: int) -> Span:
    """The span of one ordinal of `lower(text)`, as `locate` has it.

    LibCST reads it only where Python's own parser may place it otherwise, and of a long class only what is around it.
    """
    from softmax_lint.lowering import parts, places

    found = places.find(text, ordinal)
    if found is not None:
        return Span(*found)
    less, moved = parts.around(text, ordinal)
    return locate(less)[moved]


def _read(text: str, adaptor: Adaptor, parse: Callable[[str], Tree]) -> tuple[_Reading, Tree | None]:
    clean, shifts = _clean(text)
    try:
        return _Reading(clean, shifts, ()), parse(clean)
    except Unparsable as error:
        from softmax_lint.lowering import recovery

        mended = recovery.mend(clean, error, _checker(adaptor))
    problems = tuple(
        SyntaxProblem(problem.row, problem.column + shifts.get(problem.row, 0), problem.message)
        for problem in mended.problems
    )
    for row, shift in mended.shifts.items():
        shifts[row] = shifts.get(row, 0) + shift
    reading = _Reading(mended.text, shifts, problems)
    try:
        return reading, parse(mended.text)
    except Unparsable:
        return reading, None


def _checker(adaptor: Adaptor) -> Callable[[str], Unparsable | None]:
    def check(text: str) -> Unparsable | None:
        try:
            adaptor.parse(text)
        except Unparsable as error:
            return error
        return None

    return check


def _clean(text: str) -> tuple[str, dict[int, int]]:
    """The text as parsers want it: no form feeds before code (they restart columns), no lone surrogates."""
    shifts: dict[int, int] = {}
    if "\f" in text:
        for match in _FORM_FEED.finditer(text):
            shifts[text.count("\n", 0, match.start()) + 1] = len(match[0])
        text = _FORM_FEED.sub("", text)
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return text, shifts
