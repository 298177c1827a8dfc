"""Lower expressions: from the shapes of an adaptor to the tuples of `softmax_lint.code`.

Ordinals are given in pre-order: an expression before its parts, parts in the order of the tuple's fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from softmax_lint.code import (
    ATTR,
    BINARY,
    BOOL,
    CALL,
    COMP,
    COMPARE,
    COND,
    CONST,
    FN,
    FORMAT,
    ITEM,
    MAP,
    NAME,
    OPAQUE,
    RETURN,
    SEQ,
    SLICE,
    SPLAT,
    UNARY,
    WALRUS,
    YIELD,
    Expr,
)
from softmax_lint.lowering.shapes import SAME, UNKNOWN, Node, Shape, Walk

# Code nested deeper is OPAQUE without children: no reader of lowered code has to fear for its stack.
MAX_DEPTH = 120
_LEAVES = frozenset((NAME, CONST))


def expression(walk: Walk, node: Node, depth: int) -> Expr:
    """The lowered code of one expression node, which stands `depth` levels below its statement list."""
    unfold, anchors = walk.unfold, walk.anchors
    found = unfold.get(type(node))
    shape = found(node) if found is not None else UNKNOWN
    kind = shape[0]
    while kind == SAME:
        node = shape[1]
        shape = walk.shape(node)
        kind = shape[0]
    place = len(anchors)
    anchors.append(node)
    if kind in _LEAVES:
        return (kind, place, shape[1])
    if depth > MAX_DEPTH:
        return (OPAQUE, place, ())
    return _LOWER.get(kind, _opaque)(walk, shape, place, depth + 1)


def maybe(walk: Walk, node: Node | None, depth: int) -> Expr | None:
    """The same for a node that may be absent."""
    return None if node is None else expression(walk, node, depth)


def each(walk: Walk, nodes: Sequence[Node], depth: int) -> tuple[Expr, ...]:
    return tuple([expression(walk, node, depth) for node in nodes])


def named(
    walk: Walk, pairs: Sequence[tuple[str | None, Node]], depth: int
) -> tuple[tuple[str | None, Expr], ...]:
    """Keyword arguments."""
    return tuple([(name, expression(walk, value, depth)) for name, value in pairs])


def parameters(walk: Walk, shapes: Sequence[tuple[str, str, Node | None]], depth: int) -> tuple[Any, ...]:
    return tuple([(name, kind, maybe(walk, default, depth)) for name, kind, default in shapes])


def _attr(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (ATTR, place, expression(walk, shape[1], depth), shape[2])


def _item(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (ITEM, place, expression(walk, shape[1], depth), expression(walk, shape[2], depth))


def _slice(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (
        SLICE,
        place,
        maybe(walk, shape[1], depth),
        maybe(walk, shape[2], depth),
        maybe(walk, shape[3], depth),
    )


def _call(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    function = expression(walk, shape[1], depth)
    return (CALL, place, function, each(walk, shape[2], depth), named(walk, shape[3], depth))


def _splat(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (SPLAT, place, expression(walk, shape[1], depth))


def _seq(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (SEQ, place, shape[1], each(walk, shape[2], depth))


def _map(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    pairs = [(maybe(walk, key, depth), expression(walk, value, depth)) for key, value in shape[1]]
    return (MAP, place, tuple(pairs))


def _fn(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    inputs = parameters(walk, shape[1], depth)
    return (FN, place, "<lambda>", inputs, ((RETURN, expression(walk, shape[2], depth)),))


def _cond(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    _, test, then, otherwise = shape
    return (
        COND,
        place,
        expression(walk, test, depth),
        expression(walk, then, depth),
        expression(walk, otherwise, depth),
    )


def _binary(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (BINARY, place, shape[1], expression(walk, shape[2], depth), expression(walk, shape[3], depth))


def _unary(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    _, operator, operand = shape
    if operator == "-":
        inner = walk.shape(operand)
        if inner[0] == CONST and type(inner[1]) in (int, float):
            return (CONST, place, -inner[1])
    return (UNARY, place, operator, expression(walk, operand, depth))


def _compare(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    _, left, links = shape
    if len(links) == 1:
        operator, right = links[0]
        return (COMPARE, place, operator, expression(walk, left, depth), expression(walk, right, depth))
    operands: list[Expr] = []
    for operator, right in links:
        link = len(walk.anchors)
        walk.anchors.append((left, right))
        operands.append(
            (COMPARE, link, operator, expression(walk, left, depth + 1), expression(walk, right, depth + 1))
        )
        left = right
    return (BOOL, place, "and", tuple(operands))


def _bool(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (BOOL, place, shape[1], each(walk, shape[2], depth))


def _comp(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    element = expression(walk, shape[2], depth)
    clauses = [
        (expression(walk, target, depth), expression(walk, iterable, depth), each(walk, conditions, depth))
        for target, iterable, conditions in shape[3]
    ]
    return (COMP, place, shape[1], element, tuple(clauses))


def _walrus(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (WALRUS, place, shape[1], expression(walk, shape[2], depth))


def _format(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    parts: list[Expr] = []
    literal, first, last = "", None, None
    for node in [*shape[1], None]:
        inner = walk.shape(node) if node is not None else None
        if inner is not None and inner[0] == CONST and isinstance(inner[1], str):
            if inner[1]:
                literal += inner[1]
                first, last = first or node, node
            continue
        if literal:
            parts.append((CONST, len(walk.anchors), literal))
            walk.anchors.append((first, last))
            literal, first = "", None
        if node is not None:
            parts.append(expression(walk, node, depth))
    return (FORMAT, place, tuple(parts))


def _yield(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (YIELD, place, maybe(walk, shape[1], depth))


def _opaque(walk: Walk, shape: Shape, place: int, depth: int) -> Expr:
    return (OPAQUE, place, each(walk, shape[1], depth) if shape[0] == OPAQUE else ())


_LOWER: dict[str, Callable[[Walk, Shape, int, int], Expr]] = {
    ATTR: _attr,
    ITEM: _item,
    SLICE: _slice,
    CALL: _call,
    SPLAT: _splat,
    SEQ: _seq,
    MAP: _map,
    FN: _fn,
    COND: _cond,
    BINARY: _binary,
    UNARY: _unary,
    COMPARE: _compare,
    BOOL: _bool,
    COMP: _comp,
    WALRUS: _walrus,
    FORMAT: _format,
    YIELD: _yield,
    OPAQUE: _opaque,
}
