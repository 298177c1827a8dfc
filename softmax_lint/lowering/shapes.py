"""The small node shape that lowering is defined over, and what an adaptor gives.

An adaptor makes one parser's trees readable: `Adaptor.unfold` maps a node's type to a function that gives the
node's *shape*, one level deep: a tuple of a kind and parts, where parts that are code are nodes of the
adaptor's own tree again, or `Made` nodes. `lowering.expressions` and `lowering.statements` do the rest, so
two adaptors that give the same shapes give the same code. Sequences are tuples or lists; "or None" marks what
may be absent.

Expressions
    (SAME, node)                        parentheses, ``await``: the node itself is nothing
    (NAME, identifier)  (CONST, value)  implicit concatenation is joined already; True, False, None and
                                        Ellipsis are constants; bytes and complex numbers are (OPAQUE, ())
    (ATTR, object, name)  (ITEM, object, index)  (SLICE, lower or None, upper or None, step or None)
    (CALL, function, arguments, ((name or None, value), …))
    (SPLAT, value)  (SEQ, kind, items)  (MAP, ((key or None, value), …))
    (FN, parameters, body)              a lambda; parameters: (name, kind, default or None)
    (COND, test, then, otherwise)  (BINARY, operator, left, right)  (UNARY, operator, operand)
    (COMPARE, left, ((operator, right), …))     a whole chain
    (BOOL, operator, operands)          ``a and b and c`` is one, ``(a and b) and c`` is two
    (COMP, kind, element, ((target, iterable, conditions), …))      a dict's element is a Made SEQ
    (WALRUS, identifier, value)  (YIELD, value or None)
    (FORMAT, parts)                     literal parts as Made CONST, also empty and adjacent ones; an
                                        expression with a format or conversion as Made OPAQUE of it and the
                                        expressions in its format
    (OPAQUE, children)                  also what an adaptor does not know
Patterns
    (VALUE, expression)  (SINGLETON, expression)  (EITHER, patterns)
    (CAPTURE, pattern or None, NAME node or None)
    (PARTS, patterns, NAME nodes)       sequences, mappings, classes: their patterns and names in order
Statements; bodies are sequences of statement nodes, with ``a; b`` as two
    (DO, expression)  (BIND, targets, value)  (AUGMENT, target, operator, value)
    (IF, test, body, otherwise)  (LOOP, target, iterable, body, otherwise)  (WHILE, test, body, otherwise)
    (WITH, ((expression, target or None), …), body)
    (TRY, body, ((NAME node or None, body), …), otherwise, final)
    (RETURN, value or None)  (RAISE, value or None)  (BREAK,)  (CONTINUE,)
    (DEF, NAME node, parameters, body, decorators)  (CLASS, name, bases, keywords, decorators, body)
    (IMPORT, ((module, name or None), …))  (FROM, module, level, ((name, bound name), …))
    (DELETE, targets)  (GLOBAL, names)  (MATCH, subject, ((pattern, guard or None, body), …))
    (ALIAS, NAME node)                  ``type X = …``
    (NOTHING,)                          ``pass``, an annotation without a value
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Node = Any
Shape = tuple[Any, ...]

SAME, MATCH, ALIAS, NOTHING = "same", "match", "alias", "nothing"
VALUE, SINGLETON, EITHER, CAPTURE, PARTS = "value", "singleton", "either", "capture", "parts"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A node that the parser's tree does not have: its shape, and the nodes where it starts and ends."""

    shape: Shape
    first: Node
    last: Node


def shape_of_made(node: Made) -> Shape:
    return node.shape


class Unparsable(Exception):
    """Text that is not Python. `row` counts from 1, `column` is a 1-based code point; row 0: nobody knows."""

    def __init__(self, row: int, column: int, message: str) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class Adaptor:
    """One parser. `parse` gives the nodes of the top-level statements, or raises `Unparsable`."""

    parse: Callable[[str], Sequence[Node]]
    unfold: Mapping[type, Callable[[Any], Shape]]


UNKNOWN: Shape = ("opaque", ())  # of a node that the adaptor does not know


class Walk:
    """What one run of lowering writes.

    `anchors` has the node behind each ordinal; a pair of nodes means from the start of the first to the end
    of the second. `owners` has (ordinal, statement node) wherever another statement begins to own the
    ordinals that follow.
    """

    __slots__ = ("anchors", "owners", "unfold")

    def __init__(self, unfold: Mapping[type, Callable[[Any], Shape]]) -> None:
        self.unfold = unfold
        self.anchors: list[Node] = []
        self.owners: list[tuple[int, Node]] = []

    def shape(self, node: Node) -> Shape:
        found = self.unfold.get(type(node))
        return found(node) if found is not None else UNKNOWN
