"""Parsed statements: nodes found by their places, and the offsets of nodes in the text they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from softmax_lint.diagnostic import Edit, Place
from softmax_lint.lowering.cst import ADAPTOR, parse_module
from softmax_lint.lowering.recovery import mend
from softmax_lint.lowering.shapes import Unparsable
from softmax_lint.splitting import blank_hidden, split

Offsets = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Replace the text between two offsets of a file or cell by `content`."""

    start: int
    end: int
    content: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a primitive gives. `loses_comment` when a comment stands in what goes."""

    changes: tuple[Change, ...]
    loses_comment: bool = False

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.changes + other.changes, self.loses_comment or other.loses_comment)


class Refused(Exception):
    """There is no such edit here. The message says why, in the words of a report."""


@dataclass(slots=True)
class Tree:
    """One top-level statement. Offsets count in `text`, the whole text of the file or cell around it."""

    text: str
    module: cst.Module
    spans: dict[cst.CSTNode, Offsets]
    parents: dict[cst.CSTNode, cst.CSTNode]
    at: dict[Offsets, list[cst.BaseExpression]] = field(default_factory=dict)

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node, without its own parentheses."""
        start, end = self.spans[node]
        return self.text[start:end]

    def whole(self, node: cst.BaseExpression) -> Offsets:
        """The offsets of an expression with its own parentheses."""
        start, end = self.spans[node]
        for _ in getattr(node, "lpar", ()):
            start = self.text.rindex("(", 0, start)
            end = skip(self.text, end)
            if self.text[end : end + 1] != ")":
                raise Refused("parentheses that cannot be followed")
            end += 1
        return start, end

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around a node, from the inside out."""
        found = self.parents.get(node)
        while found is not None:
            yield found
            found = self.parents.get(found)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.parents.get(node)

    def find(self, span: Offsets) -> cst.BaseExpression:
        """The outermost expression with these offsets. Raises `Refused`."""
        found = self.at.get(span)
        if not found:
            raise Refused("the expression was not found")
        return found[0]

    def statement(self, node: cst.CSTNode) -> cst.BaseSmallStatement | cst.BaseCompoundStatement:
        """The smallest statement around a node."""
        for each in (node, *self.ancestors(node)):
            if isinstance(each, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                return each
        raise Refused("the statement was not found")


class Text:
    """The text of a file or cell (magics masked), and its statements, parsed when they are asked for."""

    def __init__(self, filename: str, cell: int | None, text: str) -> None:
        self.filename = filename
        self.cell = cell
        self.text = text
        self.lines = _line_starts(text)
        self._starts = [(self.lines[part.row - 1], part.text) for part in split(text)]
        self._trees: dict[int, Tree] = {}

    def span(self, place: Place) -> Offsets:
        return self.offset(place.row, place.column), self.offset(place.end_row, place.end_column)

    def offset(self, row: int, column: int) -> int:
        return self.lines[row - 1] + column - 1

    def position(self, offset: int) -> tuple[int, int]:
        """Row and column, from 1."""
        from bisect import bisect_right

        row = bisect_right(self.lines, offset)
        return row, offset - self.lines[row - 1] + 1

    def edit(self, change: Change) -> Edit:
        place = Place(self.filename, self.cell, *self.position(change.start), *self.position(change.end))
        return Edit(place, change.content)

    def tree(self, offset: int) -> Tree:
        """The top-level statement around an offset. Raises `Refused` when it does not parse."""
        index = max((n for n, (start, _) in enumerate(self._starts) if start <= offset), default=None)
        if index is None:
            raise Refused("the statement was not found")
        known = self._trees.get(index)
        if known is None:
            known = self._trees[index] = _parse(self.text, *self._starts[index])
        return known

    def trees_with(self, word: str) -> Iterator[Tree]:
        """The statements that parse and hold a word, in order."""
        for start, piece in self._starts:
            if word in piece:
                try:
                    yield self.tree(start)
                except Refused:
                    continue

    def find(self, place: Place) -> tuple[Tree, cst.BaseExpression]:
        """The expression at a place. Raises `Refused`."""
        span = self.span(place)
        tree = self.tree(span[0])
        return tree, tree.find(span)


def _parse(text: str, start: int, piece: str) -> Tree:
    module, positions, shifts = _positions(piece)
    lines = _line_starts(piece)

    def offset(row: int, column: int) -> int:
        return start + lines[min(row, len(lines)) - 1] + column + shifts.get(row, 0)

    spans = {
        node: (offset(at.start.line, at.start.column), offset(at.end.line, at.end.column))
        for node, at in positions.items()
    }
    tree = Tree(text, module, spans, {})
    pending: list[cst.CSTNode] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.BaseExpression) and node in spans:
            tree.at.setdefault(spans[node], []).append(node)
        for child in node.children:
            tree.parents[child] = node
            pending.append(child)
    return tree


def _positions(piece: str) -> tuple[cst.Module, Mapping[cst.CSTNode, CodeRange], Mapping[int, int]]:
    """A statement parsed, and by how much the columns of a row were shifted to make it parse."""
    shifts: dict[int, int] = {}
    if "\f" in piece:
        raise Refused("the statement holds form feeds")
    try:
        module = parse_module(piece)
    except Unparsable as error:
        mended = mend(piece, error, _fault)
        shifts = mended.shifts
        try:
            module = parse_module(mended.text)
        except Unparsable:
            raise Refused("the statement does not parse") from None
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    try:
        return wrapper.module, wrapper.resolve(PositionProvider), shifts
    except RecursionError:
        raise Refused("the statement is nested too deeply") from None


def _fault(text: str) -> Unparsable | None:
    try:
        ADAPTOR.parse(text)
    except Unparsable as error:
        return error
    return None


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def skip(text: str, at: int) -> int:
    """The offset of the next code at or behind `at`: blanks, line ends, comments, joined lines are passed."""
    while at < len(text):
        if text[at] in " \t\f\n":
            at += 1
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("\\\n", at):
            at += 2
        else:
            break
    return at


def has_comment(text: str) -> bool:
    """Whether a piece of text that starts outside strings holds a comment."""
    if "#" not in text:
        return False
    bare = blank_hidden(text)
    return any(mark == "#" and bare[at] == " " for at, mark in enumerate(text))
