"""The LibCST adaptor: the authority for code, and the only source of places.

Everything that knows LibCST's node types is in this file; importing it imports LibCST.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import libcst
from libcst import MaybeSentinel
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from softmax_lint.code import (
    ATTR,
    AUGMENT,
    BINARY,
    BIND,
    BOOL,
    BREAK,
    CALL,
    CLASS,
    COMP,
    COMPARE,
    COND,
    CONST,
    CONTINUE,
    DEF,
    DELETE,
    DO,
    FN,
    FORMAT,
    FROM,
    GLOBAL,
    IF,
    IMPORT,
    ITEM,
    KEYWORD,
    LOOP,
    MAP,
    NAME,
    OPAQUE,
    POSITIONAL,
    RAISE,
    RETURN,
    SEQ,
    SLICE,
    SPLAT,
    STAR,
    STAR_STAR,
    TRY,
    UNARY,
    WALRUS,
    WHILE,
    WITH,
    YIELD,
)
from softmax_lint.lowering.faults import before, too_deep
from softmax_lint.lowering.literals import number_value, string_value, unescape
from softmax_lint.lowering.shapes import (
    ALIAS,
    CAPTURE,
    EITHER,
    MATCH,
    NOTHING,
    PARTS,
    SAME,
    SINGLETON,
    VALUE,
    Adaptor,
    Made,
    Node,
    Shape,
    Unparsable,
    shape_of_made,
)

_ERROR_PLACE = re.compile(r"error at (\d+):(\d+)")
_CONSTANTS: dict[str, Shape] = {"True": (CONST, True), "False": (CONST, False), "None": (CONST, None)}
_NO_CHILDREN: Shape = (OPAQUE, ())


def parse_module(text: str) -> libcst.Module:
    """The module of a text. Raises `Unparsable` for whatever goes wrong, in native code too."""
    if too_deep(text):
        raise Unparsable(1, 1, "nested too deeply")
    collecting = gc.isenabled()
    gc.disable()
    try:
        return libcst.parse_module(text)
    except libcst.ParserSyntaxError as error:
        raise _unparsable(error, text) from None
    except Exception as error:
        raise Unparsable(0, 0, f"{type(error).__name__} while parsing") from None
    except BaseException as error:
        # A panic of the native parser derives from BaseException.
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        raise Unparsable(0, 0, "the parser gave up") from None
    finally:
        if collecting:
            gc.enable()


def _unparsable(error: libcst.ParserSyntaxError, text: str) -> Unparsable:
    kind, _, rest = error.message.partition(": ")
    if kind == "tokenizer error":
        return Unparsable(0, 0, rest.partition("\n")[0])
    found = _ERROR_PLACE.search(error.message)
    if not found:
        return Unparsable(0, 0, "invalid syntax")
    row, column = before(text, int(found[1]), int(found[2]))
    return Unparsable(row, column, "invalid syntax")


def parse(text: str) -> Sequence[Node]:
    return _statements(parse_module(text).body)


def positions_of(text: str) -> tuple[Sequence[Node], Mapping[Any, CodeRange]]:
    """The top-level statements of a text and the position of every node. Raises `Unparsable`."""
    wrapper = MetadataWrapper(parse_module(text), unsafe_skip_copy=True)
    limit = sys.getrecursionlimit()
    # `too_deep` bounds the depth of trees; some frames are used for each level.
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        positions = wrapper.resolve(PositionProvider)
    except RecursionError:
        raise Unparsable(0, 0, "nested too deeply") from None
    finally:
        sys.setrecursionlimit(limit)
    return _statements(wrapper.module.body), positions


def span_of(anchor: Node, positions: Mapping[Any, CodeRange]) -> tuple[int, int, int, int]:
    """(row, column, end row, end column) of an anchor of `Walk`, columns from 1."""
    if isinstance(anchor, tuple):
        first, last = anchor
    elif isinstance(anchor, Made):
        first, last = anchor.first, anchor.last
    else:
        place = positions[anchor]
        return place.start.line, place.start.column + 1, place.end.line, place.end.column + 1
    row, column, _, _ = span_of(first, positions)
    _, _, end_row, end_column = span_of(last, positions)
    return row, column, end_row, end_column


def head_of(statement: Node, positions: Mapping[Any, CodeRange]) -> tuple[int, int]:
    """First and last row of a statement; of a compound statement, of its head up to the colon."""
    place = positions[statement]
    body = getattr(statement, "body", None)
    if isinstance(body, libcst.IndentedBlock):
        return place.start.line, positions[body.header].start.line
    if isinstance(statement, libcst.Match):
        return place.start.line, positions[statement.subject].end.line
    if isinstance(body, libcst.SimpleStatementSuite):
        return place.start.line, positions[body].start.line
    return place.start.line, place.end.line


# Statements


def _statements(nodes: Sequence[Any]) -> list[Node]:
    result: list[Node] = []
    for node in nodes:
        if type(node) is libcst.SimpleStatementLine:
            result.extend(node.body)
        else:
            result.append(node)
    return result


def _body(node: Any) -> Sequence[Node]:
    """The statements of whatever holds a suite; of nothing, none."""
    if node is None:
        return ()
    suite = node.body
    return _statements(suite.body) if type(suite) is libcst.IndentedBlock else suite.body


def _if(node: Any) -> Shape:
    orelse = node.orelse
    otherwise = (orelse,) if type(orelse) is libcst.If else _body(orelse)
    return (IF, node.test, _body(node), otherwise)


def _with(node: Any) -> Shape:
    items = [(item.item, item.asname.name if item.asname else None) for item in node.items]
    return (WITH, items, _body(node))


def _try(node: Any) -> Shape:
    handlers = [(handler.name.name if handler.name else None, _body(handler)) for handler in node.handlers]
    return (TRY, _body(node), handlers, _body(node.orelse), _body(node.finalbody))


def _parameters(node: Any) -> list[tuple[str, str, Node | None]]:
    result = [(p.name.value, POSITIONAL, p.default) for p in (*node.posonly_params, *node.params)]
    star = node.star_arg
    if isinstance(star, libcst.Param):
        result.append((star.name.value, STAR, None))
    result.extend((p.name.value, KEYWORD, p.default) for p in node.kwonly_params)
    if node.star_kwarg is not None:
        result.append((node.star_kwarg.name.value, STAR_STAR, None))
    return result


def _def(node: Any) -> Shape:
    decorators = [decorator.decorator for decorator in node.decorators]
    return (DEF, node.name, _parameters(node.params), _body(node), decorators)


def _class(node: Any) -> Shape:
    bases, keywords = _arguments((*node.bases, *node.keywords))
    return (CLASS, node.name.value, bases, keywords, [d.decorator for d in node.decorators], _body(node))


def _dotted(node: Any) -> str:
    parts: list[str] = []
    while isinstance(node, libcst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    parts.append(node.value)
    return ".".join(reversed(parts))


def _import(node: Any) -> Shape:
    return (IMPORT, [(_dotted(a.name), a.asname.name.value if a.asname else None) for a in node.names])


def _from(node: Any) -> Shape:
    module = _dotted(node.module) if node.module is not None else ""
    if isinstance(node.names, libcst.ImportStar):
        return (FROM, module, len(node.relative), (("*", "*"),))
    names = [(a.name.value, a.asname.name.value if a.asname else a.name.value) for a in node.names]
    return (FROM, module, len(node.relative), names)


def _match(node: Any) -> Shape:
    return (MATCH, node.subject, [(case.pattern, case.guard, _body(case)) for case in node.cases])


def _match_mapping(node: Any) -> Shape:
    rest = (node.rest,) if node.rest is not None else ()
    return (PARTS, [element.pattern for element in node.elements], rest)


def _match_class(node: Any) -> Shape:
    patterns = [element.value for element in node.patterns]
    return (PARTS, patterns + [element.pattern for element in node.kwds], ())


def _match_sequence(node: Any) -> Shape:
    return (PARTS, [p if isinstance(p, libcst.MatchStar) else p.value for p in node.patterns], ())


def _assign_operator(node: Any) -> Shape:
    return (AUGMENT, node.target, _OPERATORS[type(node.operator)], node.value)


# Expressions


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
        shape = _UNFOLD[type(piece)](piece)
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


def _arguments(nodes: Sequence[Any]) -> tuple[list[Node], list[tuple[str | None, Node]]]:
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
    return (CALL, node.func, *_arguments(node.args))


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
    return (BINARY, _OPERATORS[type(node.operator)], node.left, node.right)


def _unary(node: Any) -> Shape:
    return (UNARY, _OPERATORS[type(node.operator)], node.expression)


def _compare(node: Any) -> Shape:
    return (COMPARE, node.left, [(_OPERATORS[type(c.operator)], c.comparator) for c in node.comparisons])


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
    return (BOOL, _OPERATORS[kind], operands)


def _yield(node: Any) -> Shape:
    value = node.value
    return (YIELD, value.item if isinstance(value, libcst.From) else value)


_TEMPLATE = getattr(libcst, "TemplatedString", None)

_SYMBOLS = {
    "Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/", "FloorDivide": "//", "Modulo": "%", "Power": "**",
    "LeftShift": "<<", "RightShift": ">>", "BitOr": "|", "BitAnd": "&", "BitXor": "^", "MatrixMultiply": "@",
    "Plus": "+", "Minus": "-", "BitInvert": "~", "Not": "not", "And": "and", "Or": "or",
    "LessThan": "<", "GreaterThan": ">", "Equal": "==", "LessThanEqual": "<=", "GreaterThanEqual": ">=",
    "NotEqual": "!=", "In": "in", "NotIn": "not in", "Is": "is", "IsNot": "is not",
}  # fmt: skip
_OPERATORS: dict[type, str] = {getattr(libcst, name): symbol for name, symbol in _SYMBOLS.items()}
_OPERATORS.update(
    {
        assign: symbol
        for name, symbol in _SYMBOLS.items()
        if (assign := getattr(libcst, f"{name}Assign", None))
    }
)

# By name: some of these types are younger than the oldest LibCST that works.
_UNFOLD_BY_NAME: dict[str, Callable[[Any], Shape]] = {
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
    "Lambda": lambda node: (FN, _parameters(node.params), node.body),
    "IfExp": lambda node: (COND, node.test, node.body, node.orelse),
    "BinaryOperation": _binary,
    "UnaryOperation": _unary,
    "Comparison": _compare,
    "BooleanOperation": _bool,
    "NamedExpr": lambda node: (WALRUS, node.target.value, node.value),
    "Yield": _yield,
    "Await": lambda node: (SAME, node.expression),
    "Expr": lambda node: (DO, node.value),
    "Assert": lambda node: (DO, node.test),
    "Assign": lambda node: (BIND, [target.target for target in node.targets], node.value),
    "AnnAssign": lambda node: (NOTHING,) if node.value is None else (BIND, (node.target,), node.value),
    "AugAssign": _assign_operator,
    "If": _if,
    "For": lambda node: (LOOP, node.target, node.iter, _body(node), _body(node.orelse)),
    "While": lambda node: (WHILE, node.test, _body(node), _body(node.orelse)),
    "With": _with,
    "Try": _try,
    "TryStar": _try,
    "Return": lambda node: (RETURN, node.value),
    "Raise": lambda node: (RAISE, node.exc),
    "Break": lambda node: (BREAK,),
    "Continue": lambda node: (CONTINUE,),
    "Pass": lambda node: (NOTHING,),
    "FunctionDef": _def,
    "ClassDef": _class,
    "Import": _import,
    "ImportFrom": _from,
    "LazyImport": _import,
    "LazyImportFrom": _from,
    "Del": lambda node: (DELETE, (node.target,)),
    "Global": lambda node: (GLOBAL, [item.name.value for item in node.names]),
    "Nonlocal": lambda node: (GLOBAL, [item.name.value for item in node.names]),
    "TypeAlias": lambda node: (ALIAS, node.name),
    "Match": _match,
    "MatchValue": lambda node: (VALUE, node.value),
    "MatchSingleton": lambda node: (SINGLETON, node.value),
    "MatchOr": lambda node: (EITHER, [option.pattern for option in node.patterns]),
    "MatchAs": lambda node: (CAPTURE, node.pattern, node.name),
    "MatchStar": lambda node: (CAPTURE, None, node.name),
    "MatchList": _match_sequence,
    "MatchTuple": _match_sequence,
    "MatchMapping": _match_mapping,
    "MatchClass": _match_class,
}
_UNFOLD: dict[type, Callable[[Any], Shape]] = {
    kind: unfold
    for name, unfold in _UNFOLD_BY_NAME.items()
    if (kind := getattr(libcst, name, None)) is not None
}
_UNFOLD[Made] = shape_of_made

ADAPTOR = Adaptor(parse, _UNFOLD)
