"""Places by Python's own parser, where they are certainly LibCST's: ten times faster, and without importing it.

What it spells otherwise than LibCST, or places otherwise, it refuses: names that are no expressions, tuples and
generators, which have their parentheses here, and what stands in an f-string.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from softmax_lint.lowering import native, statements
from softmax_lint.lowering.shapes import Made, Node, Unparsable, Walk
from softmax_lint.regex import late

Corners = tuple[int, int, int, int]

# A colon of a head, after what could hold one itself.
_COLON = late(r"(?:[^:#]|#[^\n]*\n)*:[ \t]*(?=[#\n])")
_OTHERWISE = (ast.Tuple, ast.GeneratorExp, ast.Slice, ast.Starred)
_BEFORE_BODY = ("bases", "keywords", "args", "returns", "type_params", "test", "target", "iter", "items")


@dataclass(frozen=True, slots=True)
class Walked:
    """A text that was lowered: its lines, its statements, its `Walk`, and what stands in f-strings by identity."""

    lines: list[str]
    nodes: Sequence[Node]
    walk: Walk
    formatted: frozenset[int]


def find(text: str, ordinal: int) -> tuple[int, int, int, int, int] | None:
    """(row, column, end row, end column, last row of the statement's head) of an ordinal; None if unsure.

    Rows and columns count from 1, columns are code points.
    """
    read = walked(text)
    if read is None or ordinal >= len(read.walk.anchors):
        return None
    corners = _corners(read, read.walk.anchors[ordinal])
    owner = next((node for first, node in reversed(read.walk.owners) if first <= ordinal), None)
    head = None if owner is None or corners is None else _head(read, owner)
    if corners is None or head is None:
        return None
    row, column, end_row, end_column = corners
    last = head[1] if head[0] <= row and end_row <= head[1] else end_row
    return row, _column(read, row, column), end_row, _column(read, end_row, end_column), last


@lru_cache(maxsize=16)
def walked(text: str) -> Walked | None:
    """A text read by Python's own parser, None where LibCST may read or place it otherwise."""
    if "\f" in text or "\r" in text:
        return None
    walk = Walk(native.ADAPTOR.unfold)
    try:
        nodes = native.parse(text)
        statements.block(walk, nodes)
    except Unparsable:
        return None
    formatted = frozenset(
        id(node)
        for anchor in walk.anchors
        if isinstance(anchor, ast.JoinedStr)
        for node in ast.walk(anchor)
        if node is not anchor
    )
    return Walked(text.split("\n"), nodes, walk, formatted)


def _corners(read: Walked, anchor: Node) -> Corners | None:
    """Where an anchor starts and ends as the parser counts: columns are bytes, from 0."""
    if isinstance(anchor, tuple):
        first, last = anchor
    elif isinstance(anchor, Made):
        first, last = anchor.first, anchor.last
    else:
        first = last = anchor
    for node in (first, last):
        if not isinstance(node, ast.expr) or isinstance(node, _OTHERWISE) or id(node) in read.formatted:
            return None
    return first.lineno, first.col_offset, last.end_lineno, last.end_col_offset


def _column(read: Walked, row: int, column: int) -> int:
    line = read.lines[row - 1]
    return (column if line.isascii() else len(line.encode()[:column].decode())) + 1


def _head(read: Walked, statement: Node) -> tuple[int, int] | None:
    """First and last row of a statement; of a compound one, of its head up to the colon; None if unsure."""
    body = getattr(statement, "body", None)
    if (
        not isinstance(statement, ast.stmt)
        or statement.end_lineno is None
        or isinstance(statement, ast.Match)
    ):
        return None
    if not isinstance(body, list):
        return statement.lineno, statement.end_lineno
    row, column = statement.lineno, statement.col_offset
    for node in _before_body(statement):
        row, column = max((row, column), (node.end_lineno, node.end_col_offset))
    ahead = "\n".join([read.lines[row - 1].encode()[column:].decode(), *read.lines[row : body[0].lineno]])
    found = _COLON.match(ahead)
    return None if found is None else (statement.lineno, row + found[0].count("\n"))


def _before_body(statement: Node) -> Iterator[Any]:
    for field in _BEFORE_BODY:
        held = getattr(statement, field, None)
        for part in held if isinstance(held, list) else [] if held is None else [held]:
            yield from (node for node in ast.walk(part) if getattr(node, "end_lineno", None) is not None)
