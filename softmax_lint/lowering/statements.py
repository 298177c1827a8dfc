"""Lower statements: from the shapes of an adaptor to the operations of `softmax_lint.code`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from softmax_lint.code import (
    AUGMENT,
    BIND,
    BIND_ALL,
    BOOL,
    BREAK,
    CLASS,
    COMPARE,
    CONST,
    CONTINUE,
    DEF,
    DELETE,
    DO,
    FN,
    FROM,
    GLOBAL,
    IF,
    IMPORT,
    LOOP,
    OPAQUE,
    RAISE,
    RETURN,
    SEQ,
    TRY,
    WHILE,
    WITH,
    Expr,
    Op,
    Ops,
)
from softmax_lint.lowering.expressions import MAX_DEPTH, each, expression, maybe, named, parameters
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
    Walk,
)


def block(walk: Walk, nodes: Sequence[Node], depth: int = 0, owner: Node | None = None) -> Ops:
    """The operations of a list of statement nodes. `owner` is the statement that the list is a part of."""
    if not nodes:
        return ()
    if depth > MAX_DEPTH:
        walk.anchors.append(nodes[0])
        return ((DO, (OPAQUE, len(walk.anchors) - 1, ())),)
    operations: list[Op] = []
    for node in nodes:
        walk.owners.append((len(walk.anchors), node))
        shape = walk.shape(node)
        lower = _LOWER.get(shape[0])
        if lower is not None:
            operations.extend(lower(walk, shape, depth + 1, node))
    if owner is not None:
        walk.owners.append((len(walk.anchors), owner))
    return tuple(operations)


def _do(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    inner = walk.shape(shape[1])
    if inner[0] == CONST or (inner[0] == OPAQUE and not inner[1]):
        return ()
    return ((DO, expression(walk, shape[1], depth)),)


def _bind(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, targets, value = shape
    if len(targets) == 1:
        return ((BIND, expression(walk, targets[0], depth), expression(walk, value, depth)),)
    return ((BIND_ALL, each(walk, targets, depth), expression(walk, value, depth)),)


def _augment(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, target, operator, value = shape
    return ((AUGMENT, expression(walk, target, depth), operator, expression(walk, value, depth)),)


def _if(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, test, body, otherwise = shape
    condition = expression(walk, test, depth)
    return ((IF, condition, block(walk, body, depth, node), block(walk, otherwise, depth, node)),)


def _loop(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, target, iterable, body, otherwise = shape
    head = (LOOP, expression(walk, target, depth), expression(walk, iterable, depth))
    return ((*head, block(walk, body, depth, node), block(walk, otherwise, depth, node)),)


def _while(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, test, body, otherwise = shape
    condition = expression(walk, test, depth)
    return ((WHILE, condition, block(walk, body, depth, node), block(walk, otherwise, depth, node)),)


def _with(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    items = [(expression(walk, item, depth), maybe(walk, target, depth)) for item, target in shape[1]]
    return ((WITH, tuple(items), block(walk, shape[2], depth, node)),)


def _try(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, body, handlers, otherwise, final = shape
    first = block(walk, body, depth, node)
    rescues: list[Ops] = []
    for name, lines in handlers:
        bound = _bind_opaque(walk, name) if name is not None else ()
        rescues.append(bound + block(walk, lines, depth, node))
    return (
        (TRY, first, tuple(rescues), block(walk, otherwise, depth, node), block(walk, final, depth, node)),
    )


def _return(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ((RETURN, maybe(walk, shape[1], depth)),)


def _raise(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ((RAISE, maybe(walk, shape[1], depth)),)


def _keep(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ((shape[0],),)


def _nothing(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ()


def _def(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, name_node, inputs, body, decorators = shape
    name = walk.shape(name_node)[1]
    place = len(walk.anchors)
    walk.anchors.append(name_node)
    given = parameters(walk, inputs, depth)
    function = (FN, place, name, given, block(walk, body, depth, node))
    return ((DEF, name, function, each(walk, decorators, depth)),)


def _class(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    _, name, bases, keywords, decorators, body = shape
    parents = each(walk, bases, depth)
    given = named(walk, keywords, depth)
    wrappers = each(walk, decorators, depth)
    return ((CLASS, name, parents, given, wrappers, block(walk, body, depth, node)),)


def _import(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return tuple([(IMPORT, module, name) for module, name in shape[1]])


def _from(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ((FROM, shape[1], shape[2], tuple(shape[3])),)


def _delete(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    targets: list[Expr] = []
    for target in shape[1]:
        _flatten(walk, target, depth, targets)
    return ((DELETE, tuple(targets)),)


def _flatten(walk: Walk, target: Node, depth: int, targets: list[Expr]) -> None:
    shape = walk.shape(target)
    if shape[0] == SEQ and depth <= MAX_DEPTH:
        for item in shape[2]:
            _flatten(walk, item, depth + 1, targets)
    else:
        targets.append(expression(walk, target, depth))


def _global(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return ((GLOBAL, tuple(shape[1])),)


def _alias(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return _bind_opaque(walk, shape[1])


def _bind_opaque(walk: Walk, name: Node) -> Ops:
    target = expression(walk, name, 0)
    walk.anchors.append(name)
    return ((BIND, target, (OPAQUE, len(walk.anchors) - 1, ())),)


def _match(walk: Walk, shape: Shape, depth: int, node: Node) -> Ops:
    return _cases(walk, shape[1], list(shape[2]), depth, node)


Case = tuple[Node, "Node | None", Sequence[Node]]


def _cases(walk: Walk, subject: Node, cases: list[Case], depth: int, node: Node) -> Ops:
    """A chain of IF. The subject is lowered again for every test."""
    if not cases or depth > MAX_DEPTH:
        return ()
    pattern, guard, body = cases[0]
    names = _names(walk, pattern, True, depth)
    if guard is None:
        test = None if _always_matches(walk, pattern, depth) else _test(walk, subject, pattern, depth)
    elif names:
        # The guard reads names that are bound with the match itself.
        test = (OPAQUE, _anchor(walk, pattern), ())
    elif _always_matches(walk, pattern, depth):
        test = expression(walk, guard, depth)
    else:
        both = _anchor(walk, pattern)
        test = (BOOL, both, "and", (_test(walk, subject, pattern, depth), expression(walk, guard, depth)))
    bound: Ops = ()
    for name, is_whole in names:
        if is_whole:
            bound += ((BIND, expression(walk, name, depth), expression(walk, subject, depth)),)
        else:
            bound += _bind_opaque(walk, name)
    then = bound + block(walk, body, depth, node)
    if test is None:
        return then
    return ((IF, test, then, _cases(walk, subject, cases[1:], depth + 1, node)),)


def _anchor(walk: Walk, node: Node) -> int:
    walk.anchors.append(node)
    return len(walk.anchors) - 1


def _always_matches(walk: Walk, pattern: Node, depth: int) -> bool:
    shape = walk.shape(pattern)
    if depth > MAX_DEPTH:
        return False
    if shape[0] == CAPTURE:
        return shape[1] is None or _always_matches(walk, shape[1], depth + 1)
    return shape[0] == EITHER and any(_always_matches(walk, option, depth + 1) for option in shape[1])


def _test(walk: Walk, subject: Node, pattern: Node, depth: int) -> Expr:
    """The test of a pattern that may not match."""
    shape = walk.shape(pattern)
    kind = shape[0]
    if kind == CAPTURE and shape[1] is not None and depth <= MAX_DEPTH:
        return _test(walk, subject, shape[1], depth + 1)
    place = _anchor(walk, pattern)
    if depth <= MAX_DEPTH:
        if kind in (VALUE, SINGLETON):
            operator = "==" if kind == VALUE else "is"
            left = expression(walk, subject, depth + 1)
            return (COMPARE, place, operator, left, expression(walk, shape[1], depth + 1))
        if kind == EITHER:
            return (
                BOOL,
                place,
                "or",
                tuple([_test(walk, subject, option, depth + 1) for option in shape[1]]),
            )
    return (OPAQUE, place, (expression(walk, subject, depth + 1),))


def _names(walk: Walk, pattern: Node, is_whole: bool, depth: int) -> list[tuple[Node, bool]]:
    """The names that a pattern binds: (NAME node, whether to the whole subject)."""
    shape = walk.shape(pattern)
    if depth > MAX_DEPTH:
        return []
    inner: Sequence[Node] = ()
    names: Sequence[Node] = ()
    if shape[0] == CAPTURE:
        inner = () if shape[1] is None else (shape[1],)
        names = () if shape[2] is None else (shape[2],)
    elif shape[0] == EITHER:
        # All alternatives bind the same names.
        inner = shape[1][:1]
    elif shape[0] == PARTS:
        inner, names, is_whole = shape[1], shape[2], False
    found: list[tuple[Node, bool]] = []
    for part in inner:
        found += _names(walk, part, is_whole, depth + 1)
    return found + [(name, is_whole) for name in names]


_LOWER: dict[str, Callable[[Walk, Shape, int, Node], Ops]] = {
    DO: _do,
    BIND: _bind,
    AUGMENT: _augment,
    IF: _if,
    LOOP: _loop,
    WHILE: _while,
    WITH: _with,
    TRY: _try,
    RETURN: _return,
    RAISE: _raise,
    BREAK: _keep,
    CONTINUE: _keep,
    DEF: _def,
    CLASS: _class,
    IMPORT: _import,
    FROM: _from,
    DELETE: _delete,
    GLOBAL: _global,
    MATCH: _match,
    ALIAS: _alias,
    NOTHING: _nothing,
}
