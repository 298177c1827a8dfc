"""The shapes of LibCST's statements and patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst

from softmax_lint.code import (
    AUGMENT,
    BIND,
    BREAK,
    CLASS,
    CONTINUE,
    DEF,
    DELETE,
    DO,
    FROM,
    GLOBAL,
    IF,
    IMPORT,
    LOOP,
    RAISE,
    RETURN,
    TRY,
    WHILE,
    WITH,
)
from softmax_lint.lowering.cst.expressions import OPERATORS, arguments, parameters
from softmax_lint.lowering.shapes import (
    ALIAS,
    CAPTURE,
    EITHER,
    MATCH,
    NOTHING,
    PARTS,
    SINGLETON,
    VALUE,
    Node,
    Shape,
)


def flat(nodes: Sequence[Any]) -> list[Node]:
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
    return flat(suite.body) if type(suite) is libcst.IndentedBlock else suite.body


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


def _def(node: Any) -> Shape:
    decorators = [decorator.decorator for decorator in node.decorators]
    return (DEF, node.name, parameters(node.params), _body(node), decorators)


def _class(node: Any) -> Shape:
    bases, keywords = arguments((*node.bases, *node.keywords))
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
    return (AUGMENT, node.target, OPERATORS[type(node.operator)], node.value)


# By name: some of these types are younger than the oldest LibCST that works.
STATEMENTS: dict[str, Callable[[Any], Shape]] = {
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
