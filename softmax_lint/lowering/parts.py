"""Members of a class one by one: to find a place in a long class, LibCST reads only the member around it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache

from softmax_lint.lowering import places

# Shorter text is read whole.
_SHORT = 1_500


@dataclass(frozen=True, slots=True)
class Member:
    """A statement in a class's body: its ordinals (the end is exclusive) and its rows, from 0 (inclusive)."""

    start: int
    end: int
    row: int
    last_row: int
    indent: str


def around(text: str, ordinal: int) -> tuple[str, int]:
    """(text, ordinal) of the same expression, in the same row and column, in a text with less in it."""
    found = _members(text) if len(text) > _SHORT else ()
    if not found:
        return text, ordinal
    lines = text.split("\n")
    # What stands before the body has the first ordinals.
    moved = ordinal
    for member in found:
        if member.start <= ordinal < member.end:
            moved = ordinal - member.start + found[0].start
        else:
            lines[member.row] = f"{member.indent}pass"
            lines[member.row + 1 : member.last_row + 1] = [""] * (member.last_row - member.row)
    return "\n".join(lines), moved


@lru_cache(maxsize=64)
def _members(text: str) -> tuple[Member, ...]:
    """The members of a text that is one class definition, or nothing for other text."""
    read = places.walked(text)
    if read is None or len(read.nodes) != 1 or not isinstance(read.nodes[0], ast.ClassDef):
        return ()
    whole, lines, walk = read.nodes[0], read.lines, read.walk
    body = whole.body
    first = {id(node): start for start, node in reversed(walk.owners)}
    starts = [first[id(node)] for node in body]
    found: list[Member] = []
    for node, start, end in zip(body, starts, [*starts[1:], len(walk.anchors)], strict=True):
        decorators = getattr(node, "decorator_list", ())
        row = min([node.lineno, *(each.lineno for each in decorators)]) - 1
        last_row = (node.end_lineno or node.lineno) - 1
        code = lines[row].lstrip(" \t")
        indent = lines[row][: len(lines[row]) - len(code)]
        if row <= (found[-1].last_row if found else whole.lineno - 1) or not indent:
            return ()
        found.append(Member(start, end, row, last_row, indent))
    return tuple(found)
