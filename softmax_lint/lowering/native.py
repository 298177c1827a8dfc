"""The adaptor over Python's own parser: ten times faster than LibCST's, and without places to report.

It refuses, by `Unparsable`, whatever Python's parser reads differently than LibCST or not at all; such text
is left to LibCST.
"""

from __future__ import annotations

import ast
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from typing import Any

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
from softmax_lint.lowering.faults import too_deep
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
from softmax_lint.regex import late

_FOREIGN_WORD = late(r"\w*[^\x00-\x7f]\w*")
# From 3.14 on ``except A, B`` catches both; before, and for LibCST, it is Python 2 for ``except A as B``.
_BARE_EXCEPT = late(r"^[ \t]*except\b(?!\*?[ \t]*\()[^:\n]*,", re.M) if sys.version_info >= (3, 14) else None

_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^", ast.MatMult: "@",
    ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Lt: "<", ast.Gt: ">", ast.Eq: "==", ast.LtE: "<=", ast.GtE: ">=", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_REPR, _STR, _ASCII = 114, 115, 97
_NO_CHILDREN: Shape = (OPAQUE, ())
_PLAIN = frozenset((str, int, float, bool, type(None), type(...)))


def parse(text: str) -> Sequence[Node]:
    """The top-level statements of a text. Raises `Unparsable`."""
    if not text.isascii() and any(map(_is_respelled, _FOREIGN_WORD.findall(text))):
        raise Unparsable(0, 0, "Python spells identifiers differently")
    if _BARE_EXCEPT is not None and _BARE_EXCEPT.search(text):
        raise Unparsable(0, 0, "what is caught depends on the version")
    if too_deep(text):
        raise Unparsable(0, 0, "nested too deeply")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError):
        raise Unparsable(0, 0, "invalid syntax") from None


def _is_respelled(word: str) -> bool:
    """Whether Python may know a name by other letters; what no name can hold stands in a text or a comment."""
    return unicodedata.normalize("NFKC", word) != word and any(
        not letter.isascii() and f"_{letter}".isidentifier() for letter in word
    )


def _refuse(node: Any) -> Shape:
    raise Unparsable(0, 0, f"{type(node).__name__} is not known")


def _constant(node: Any) -> Shape:
    value = node.value
    return (CONST, value) if type(value) in _PLAIN else _NO_CHILDREN


def _made_name(identifier: str, node: Any) -> Made:
    return Made((NAME, identifier), node, node)


def _format(node: Any) -> Shape:
    return (FORMAT, _format_parts(node.values))


def _format_parts(nodes: Sequence[Any]) -> list[Node]:
    parts: list[Node] = []
    literal = ""
    for part in nodes:
        if type(part) is not ast.FormattedValue:
            if type(part) is not ast.Constant:
                _refuse(part)
            parts.append(part)
            literal = part.value
            continue
        inner = part.value
        if part.conversion == _STR and literal.rstrip().endswith("="):
            # ``f"{a=!s}"`` or ``f"a={a!s}"``: the tree is the same.
            raise Unparsable(0, 0, "an f-string that may document itself")
        literal = ""
        if part.format_spec is not None or part.conversion in (_REPR, _ASCII):
            spec: Any = part.format_spec
            nested = spec.values if spec is not None else ()
            inside = [each for each in _format_parts(nested) if type(each) is not ast.Constant]
            parts.append(Made((OPAQUE, [inner, *inside]), inner, inner))
        else:
            parts.append(inner)
    return parts


def _call(node: Any) -> Shape:
    return (CALL, node.func, node.args, [(keyword.arg, keyword.value) for keyword in node.keywords])


def _seq(kind: str) -> Callable[[Any], Shape]:
    return lambda node: (SEQ, kind, node.elts)


def _comp(kind: str) -> Callable[[Any], Shape]:
    return lambda node: (COMP, kind, node.elt, _clauses(node))


def _clauses(node: Any) -> list[tuple[Node, Node, list[Node]]]:
    return [(clause.target, clause.iter, clause.ifs) for clause in node.generators]


def _dict_comp(node: Any) -> Shape:
    if node.value is None:
        _refuse(node)
    pair = Made((SEQ, "tuple", (node.key, node.value)), node.key, node.value)
    return (COMP, "dict", pair, _clauses(node))


def _compare(node: Any) -> Shape:
    links = [(_OPERATORS[type(o)], right) for o, right in zip(node.ops, node.comparators, strict=True)]
    return (COMPARE, node.left, links)


def _parameters(node: Any) -> list[tuple[str, str, Node | None]]:
    positional = [*node.posonlyargs, *node.args]
    bare = len(positional) - len(node.defaults)
    result: list[tuple[str, str, Node | None]] = [
        (given.arg, POSITIONAL, node.defaults[index - bare] if index >= bare else None)
        for index, given in enumerate(positional)
    ]
    if node.vararg is not None:
        result.append((node.vararg.arg, STAR, None))
    for given, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        result.append((given.arg, KEYWORD, default))
    if node.kwarg is not None:
        result.append((node.kwarg.arg, STAR_STAR, None))
    return result


def _with(node: Any) -> Shape:
    return (WITH, [(item.context_expr, item.optional_vars) for item in node.items], node.body)


def _try(node: Any) -> Shape:
    handlers = [
        (None if handler.name is None else _made_name(handler.name, handler), handler.body)
        for handler in node.handlers
    ]
    return (TRY, node.body, handlers, node.orelse, node.finalbody)


def _def(node: Any) -> Shape:
    return (DEF, _made_name(node.name, node), _parameters(node.args), node.body, node.decorator_list)


def _annotated(node: Any) -> Shape:
    if _start(node) != _start(node.target):
        _refuse(node)  # ``(x): int``
    return (NOTHING,) if node.value is None else (BIND, (node.target,), node.value)


def _start(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _class(node: Any) -> Shape:
    if node.keywords and node.bases and _start(node.bases[-1]) > _start(node.keywords[0].value):
        _refuse(node)  # ``class A(metaclass=M, *B)``
    keywords = [(keyword.arg, keyword.value) for keyword in node.keywords]
    return (CLASS, node.name, node.bases, keywords, node.decorator_list, node.body)


def _import(node: Any) -> Shape:
    return (IMPORT, [(alias.name, alias.asname) for alias in node.names])


def _from(node: Any) -> Shape:
    if node.names[0].name == "*":
        return (FROM, node.module or "", node.level, (("*", "*"),))
    names = [(alias.name, alias.asname or alias.name) for alias in node.names]
    return (FROM, node.module or "", node.level, names)


def _match_as(node: Any) -> Shape:
    return (CAPTURE, node.pattern, None if node.name is None else _made_name(node.name, node))


def _match_star(node: Any) -> Shape:
    return (CAPTURE, None, None if node.name is None else _made_name(node.name, node))


def _match_mapping(node: Any) -> Shape:
    return (PARTS, node.patterns, () if node.rest is None else (_made_name(node.rest, node),))


# By name: some of these types are younger than the oldest Python that works.
_SHAPES: dict[str, Callable[[Any], Shape]] = {
    "Name": lambda node: (NAME, node.id),
    "Constant": _constant,
    "JoinedStr": _format,
    "Attribute": lambda node: (ATTR, node.value, node.attr),
    "Subscript": lambda node: (ITEM, node.value, node.slice),
    "Slice": lambda node: (SLICE, node.lower, node.upper, node.step),
    "Call": _call,
    "Starred": lambda node: (SPLAT, node.value),
    "Tuple": _seq("tuple"),
    "List": _seq("list"),
    "Set": _seq("set"),
    "Dict": lambda node: (MAP, list(zip(node.keys, node.values, strict=True))),
    "ListComp": _comp("list"),
    "SetComp": _comp("set"),
    "GeneratorExp": _comp("generator"),
    "DictComp": _dict_comp,
    "Lambda": lambda node: (FN, _parameters(node.args), node.body),
    "IfExp": lambda node: (COND, node.test, node.body, node.orelse),
    "BinOp": lambda node: (BINARY, _OPERATORS[type(node.op)], node.left, node.right),
    "UnaryOp": lambda node: (UNARY, _OPERATORS[type(node.op)], node.operand),
    "Compare": _compare,
    "BoolOp": lambda node: (BOOL, _OPERATORS[type(node.op)], node.values),
    "NamedExpr": lambda node: (WALRUS, node.target.id, node.value),
    "Yield": lambda node: (YIELD, node.value),
    "YieldFrom": lambda node: (YIELD, node.value),
    "Await": lambda node: (SAME, node.value),
    "Expr": lambda node: (DO, node.value),
    "Assert": lambda node: (DO, node.test),
    "Assign": lambda node: (BIND, node.targets, node.value),
    "AnnAssign": _annotated,
    "AugAssign": lambda node: (AUGMENT, node.target, _OPERATORS[type(node.op)], node.value),
    "If": lambda node: (IF, node.test, node.body, node.orelse),
    "For": lambda node: (LOOP, node.target, node.iter, node.body, node.orelse),
    "AsyncFor": lambda node: (LOOP, node.target, node.iter, node.body, node.orelse),
    "While": lambda node: (WHILE, node.test, node.body, node.orelse),
    "With": _with,
    "AsyncWith": _with,
    "Try": _try,
    "TryStar": _try,
    "Return": lambda node: (RETURN, node.value),
    "Raise": lambda node: (RAISE, node.exc),
    "Break": lambda node: (BREAK,),
    "Continue": lambda node: (CONTINUE,),
    "Pass": lambda node: (NOTHING,),
    "FunctionDef": _def,
    "AsyncFunctionDef": _def,
    "ClassDef": _class,
    "Import": _import,
    "ImportFrom": _from,
    "Delete": lambda node: (DELETE, node.targets),
    "Global": lambda node: (GLOBAL, node.names),
    "Nonlocal": lambda node: (GLOBAL, node.names),
    "TypeAlias": lambda node: (ALIAS, node.name),
    "Match": lambda node: (MATCH, node.subject, [(c.pattern, c.guard, c.body) for c in node.cases]),
    "MatchValue": lambda node: (VALUE, node.value),
    "MatchSingleton": lambda node: (SINGLETON, Made((CONST, node.value), node, node)),
    "MatchOr": lambda node: (EITHER, node.patterns),
    "MatchAs": _match_as,
    "MatchStar": _match_star,
    "MatchSequence": lambda node: (PARTS, node.patterns, ()),
    "MatchMapping": _match_mapping,
    "MatchClass": lambda node: (PARTS, [*node.patterns, *node.kwd_patterns], ()),
}


def _unfold() -> dict[type, Callable[[Any], Shape]]:
    table: dict[type, Callable[[Any], Shape]] = {Made: shape_of_made}
    for name, kind in vars(ast).items():
        if isinstance(kind, type) and issubclass(kind, (ast.expr, ast.stmt, ast.pattern)):
            table[kind] = _SHAPES.get(name, _refuse)
    return table


ADAPTOR = Adaptor(parse, _unfold())
