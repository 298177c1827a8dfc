"""The shapes of LibCST's expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst
from libcst import MaybeSentinel

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
    KEYWORD,
    MAP,
    NAME,
    OPAQUE,
    POSITIONAL,
    SEQ,
    SLICE,
    SPLAT,
    STAR,
    STAR_STAR,
    UNARY,
    WALRUS,
    YIELD,
)
from softmax_lint.lowering.literals import number_value, string_value, unescape
from softmax_lint.lowering.shapes import (
    SAME,
    Made,
    Node,
    Shape,
)

_CONSTANTS: dict[str, Shape] = {"True": (CONST, True), "False": (CONST, False), "None": (CONST, None)}
_NO_CHILDREN: Shape = (OPAQUE, ())


_TEMPLATE = getattr(libcst, "TemplatedString", None)

_SYMBOLS = {
    "Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/", "FloorDivide": "//", "Modulo": "%",
    "Power": "**", "LeftShift": "<<", "RightShift": ">>", "BitOr": "|", "BitAnd": "&", "BitXor": "^",
    "MatrixMultiply": "@",
    "Plus": "+", "Minus": "-", "BitInvert": "~", "Not": "not", "And": "and", "Or": "or",
    "LessThan": "<", "GreaterThan": ">", "Equal": "==", "LessThanEqual": "<=", "GreaterThanEqual": ">=",
    "NotEqual": "!=", "In": "in", "NotIn": "not in", "Is": "is", "IsNot": "is not",
}  # fmt: skip
OPERATORS: dict[type, str] = {getattr(libcst, name): symbol for name, symbol in _SYMBOLS.items()}
OPERATORS.update(
    {
        assign: symbol
        for name, symbol in _SYMBOLS.items()
        if (assign := getattr(libcst, f"{name}Assign", None))
    }
)


def _name(node: Any) -> Shape:
    value = node.value
    return _CONSTANTS.get(value) or (NAME, value)


def _number(node: Any) -> Shape:
    value = number_value(node.value)
    return _NO_CHILDREN if value is None else (CONST, value)


def _string(node: Any) -> Shape:
    value = string_value(node.value)
    return _NO_CHILDREN if value is None else (CONST, value)


def _concatenated(node: Any) -> Shape:
    pieces: list[Any] = []
    todo = [node]
    while todo:
        piece = todo.pop()
        if type(piece) is libcst.ConcatenatedString:
            todo += (piece.right, piece.left)
        else:
            pieces.append(piece)
    if all(type(piece) is libcst.SimpleString for piece in pieces):
        values = [string_value(piece.value) for piece in pieces]
        return _NO_CHILDREN if None in values else (CONST, "".join(value or "" for value in values))
    parts: list[Node] = []
    for piece in pieces:
        shape = EXPRESSIONS[type(piece).__name__](piece)
        if shape[0] == OPAQUE:
            parts.extend(shape[1])
        else:
            parts.extend(shape[1] if shape[0] == FORMAT else (piece,))
    if any(type(piece) is _TEMPLATE for piece in pieces):
        return (OPAQUE, [part for part in parts if not (isinstance(part, Made) and part.shape[0] == CONST)])
    return (FORMAT, parts)


def _format(node: Any) -> Shape:
    return (FORMAT, _format_parts(node.parts, "r" in node.start.lower()))


def _format_parts(nodes: Sequence[Any], is_raw: bool) -> list[Node]:
    parts: list[Node] = []
    for part in nodes:
        if type(part) is libcst.FormattedStringText:
            value = part.value.replace("{{", "{").replace("}}", "}")
            parts.append(Made((CONST, value if is_raw else unescape(value)), part, part))
            continue
        inner = part.expression
        if part.equal is not None:
            parts.append(Made((CONST, _self_documenting(part)), part, part))
        if part.format_spec is not None or part.conversion in ("r", "a") or part.equal is not None:
            inside = [n for n in _format_parts(part.format_spec or (), is_raw) if not _is_literal(n)]
            parts.append(Made((OPAQUE, [inner, *inside]), inner, inner))
        else:
            parts.append(inner)
    return parts


def _is_literal(node: Node) -> bool:
    return isinstance(node, Made) and node.shape[0] == CONST


def _self_documenting(part: Any) -> str:
    code = libcst.Module(()).code_for_node
    equal = part.equal
    pieces = (part.whitespace_before_expression, part.expression, part.whitespace_after_expression, equal)
    return "".join(code(piece) for piece in pieces)


def _template(node: Any) -> Shape:
    return (OPAQUE, [part.expression for part in node.parts if hasattr(part, "expression")])


def _subscript(node: Any) -> Shape:
    elements = node.slice
    if (
        len(elements) == 1
        and isinstance(elements[0].comma, MaybeSentinel)
        and not getattr(elements[0].slice, "star", None)
    ):
        return (ITEM, node.value, elements[0].slice)
    return (
        ITEM,
        node.value,
        Made((SEQ, "tuple", [e.slice for e in elements]), elements[0].slice, elements[-1].slice),
    )


def _index(node: Any) -> Shape:
    return (SPLAT, node.value) if node.star else (SAME, node.value)


def arguments(nodes: Sequence[Any]) -> tuple[list[Node], list[tuple[str | None, Node]]]:
    arguments: list[Node] = []
    keywords: list[tuple[str | None, Node]] = []
    for argument in nodes:
        if argument.keyword is not None:
            keywords.append((argument.keyword.value, argument.value))
        elif argument.star == "":
            arguments.append(argument.value)
        elif argument.star == "*":
            arguments.append(argument)
        else:
            keywords.append((None, argument.value))
    return arguments, keywords


def _call(node: Any) -> Shape:
    return (CALL, node.func, *arguments(node.args))


def _seq(kind: str) -> Callable[[Any], Shape]:
    def unfold(node: Any) -> Shape:
        return (SEQ, kind, [e.value if type(e) is libcst.Element else e for e in node.elements])

    return unfold


def _map(node: Any) -> Shape:
    return (MAP, [(e.key if type(e) is libcst.DictElement else None, e.value) for e in node.elements])


def _comp(kind: str) -> Callable[[Any], Shape]:
    def unfold(node: Any) -> Shape:
        return (COMP, kind, node.elt, _clauses(node))

    return unfold


def _clauses(node: Any) -> list[tuple[Node, Node, list[Node]]]:
    clauses: list[tuple[Node, Node, list[Node]]] = []
    clause = node.for_in
    while clause is not None:
        clauses.append((clause.target, clause.iter, [condition.test for condition in clause.ifs]))
        clause = clause.inner_for_in
    return clauses


def _dict_comp(node: Any) -> Shape:
    pair = Made((SEQ, "tuple", (node.key, node.value)), node.key, node.value)
    return (COMP, "dict", pair, _clauses(node))


def _binary(node: Any) -> Shape:
    return (BINARY, OPERATORS[type(node.operator)], node.left, node.right)


def _unary(node: Any) -> Shape:
    return (UNARY, OPERATORS[type(node.operator)], node.expression)


def _compare(node: Any) -> Shape:
    return (COMPARE, node.left, [(OPERATORS[type(c.operator)], c.comparator) for c in node.comparisons])


def _bool(node: Any) -> Shape:
    kind = type(node.operator)
    operands: list[Node] = []
    todo = [node.right, node.left]
    while todo:
        operand = todo.pop()
        if type(operand) is libcst.BooleanOperation and type(operand.operator) is kind and not operand.lpar:
            todo += (operand.right, operand.left)
        else:
            operands.append(operand)
    return (BOOL, OPERATORS[kind], operands)


def _yield(node: Any) -> Shape:
    value = node.value
    return (YIELD, value.item if isinstance(value, libcst.From) else value)


def parameters(node: Any) -> list[tuple[str, str, Node | None]]:
    result = [(p.name.value, POSITIONAL, p.default) for p in (*node.posonly_params, *node.params)]
    star = node.star_arg
    if isinstance(star, libcst.Param):
        result.append((star.name.value, STAR, None))
    result.extend((p.name.value, KEYWORD, p.default) for p in node.kwonly_params)
    if node.star_kwarg is not None:
        result.append((node.star_kwarg.name.value, STAR_STAR, None))
    return result


# By name: some of these types are younger than the oldest LibCST that works.
EXPRESSIONS: dict[str, Callable[[Any], Shape]] = {
    "Name": _name,
    "Integer": _number,
    "Float": _number,
    "Imaginary": _number,
    "SimpleString": _string,
    "ConcatenatedString": _concatenated,
    "FormattedString": _format,
    "TemplatedString": _template,
    "Ellipsis": lambda node: (CONST, ...),
    "Attribute": lambda node: (ATTR, node.value, node.attr.value),
    "Subscript": _subscript,
    "Index": _index,
    "Slice": lambda node: (SLICE, node.lower, node.upper, node.step),
    "Call": _call,
    "Arg": lambda node: (SPLAT, node.value),
    "StarredElement": lambda node: (SPLAT, node.value),
    "Tuple": _seq("tuple"),
    "List": _seq("list"),
    "Set": _seq("set"),
    "Dict": _map,
    "ListComp": _comp("list"),
    "SetComp": _comp("set"),
    "GeneratorExp": _comp("generator"),
    "DictComp": _dict_comp,
    "Lambda": lambda node: (FN, parameters(node.params), node.body),
    "IfExp": lambda node: (COND, node.test, node.body, node.orelse),
    "BinaryOperation": _binary,
    "UnaryOperation": _unary,
    "Comparison": _compare,
    "BooleanOperation": _bool,
    "NamedExpr": lambda node: (WALRUS, node.target.value, node.value),
    "Yield": _yield,
    "Await": lambda node: (SAME, node.expression),
}
