"""Instances that are initialised when somebody looks at them.

A model is a tree of blocks, and most of them stand before the layers that decide what it puts out. An `__init__` that
writes nothing but its own instance, and that brings no loss about, can wait for the first look at an attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from softmax_lint import code
from softmax_lint.linking import effects
from softmax_lint.linking.heap import Waiting
from softmax_lint.linking.path import Path
from softmax_lint.linking.values import Arguments, Class, Func, Obj, Unknown, Value

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


class Reach(NamedTuple):
    """What a body may write: attributes of its first parameter, and anything else that it did not make itself."""

    own: bool
    other: bool


def postpone(machine: Machine, made: Obj, given: Arguments, initialise: Callable[[], None]) -> bool:
    """Leave the instance's `__init__` for later, where nobody can tell the difference."""
    record = machine.heap.records[made.id]
    if not machine.making or not _can_wait(machine, record.of.id) or effects.carry_loss(machine, given):
        return False
    path, frames = machine.path.ways(), tuple(machine.frames)

    def fill() -> None:
        saved = machine.path, machine.frames, machine.quiet, machine.effects
        machine.path, machine.frames, machine.quiet, machine.effects = Path(path.copy()), list(frames), 0, 0
        try:
            with machine.heap.lasting():
                initialise()
        finally:
            machine.path, machine.frames, machine.quiet, machine.effects = saved

    record.slots = Waiting(fill)
    return True


def _can_wait(machine: Machine, made: int) -> bool:
    known = machine.patient.get(made)
    if known is None:
        machine.patient[made] = False  # a class that makes itself
        known = machine.patient[made] = _init_keeps(machine, made)
    return known


def _init_keeps(machine: Machine, made: int) -> bool:
    if effects.brings_loss(machine, Class(made)) or any(
        isinstance(base, Unknown) for base in machine.library_bases(made)
    ):
        return False
    init = machine.class_attribute(made, "__init__")
    return init is not None and _keep(machine, init, made, set())


def _keep(machine: Machine, functions: Value, made: int | None, seen: set[int]) -> bool:
    """Whether the functions write nothing but attributes of an instance of the class, when there is one."""
    return all(isinstance(case.thing, Func) and _keeps(machine, case.thing, made, seen) for case in functions)


def _keeps(machine: Machine, function: Func, made: int | None, seen: set[int]) -> bool:
    if id(function.code) in seen:
        return True
    seen.add(id(function.code))
    print_, reach = effects.footprint(machine, function.code), _reach(function.code)
    if print_.meets or reach.other or (reach.own and made is None):
        return False
    for name in print_.names:
        value = effects.peek(machine, function.env, name)
        for case in value or ():
            thing = case.thing
            if isinstance(thing, Func) and not _keeps(machine, thing, None, seen):
                return False
            if isinstance(thing, Class) and not _can_wait(machine, thing.id):
                return False
    if made is not None:
        for name in print_.own | print_.attributes:
            for id_ in machine.order(made):
                method = machine.heap.read(id_, name)
                if method is not None and not _keep(machine, method, made, seen):
                    return False
    return True


def _reach(function: code.Expr) -> Reach:
    cached = _REACH.get(id(function))
    if cached is not None and cached[0] is function:
        return cached[1]
    me = function[3][0][0] if function[3] else None
    fresh = _fresh(function[4]) - {name for name, _, _ in function[3]}
    own = other = False
    for target in _written(function[4]):
        name = _root(target)
        own = own or name == me
        other = other or (name != me and name not in fresh)
    result = Reach(own, other)
    _REACH[id(function)] = (function, result)
    return result


def _written(body: Any) -> Iterator[code.Expr]:
    """What is assigned to or changed in a body and its inner functions, without plain names."""
    for node in _nodes(body):
        tag = node[0]
        if tag in (code.BIND, code.AUGMENT) and len(node) > 2:
            yield from _parts(node[1])
        elif tag == code.BIND_ALL and len(node) > 2:
            for target in node[1]:
                yield from _parts(target)
        elif tag == code.GLOBAL:
            yield node
        elif tag == code.CALL and len(node) == 5 and isinstance(node[1], int):
            callee = node[2]
            if callee[0] == code.ATTR and callee[3] in effects.MUTATORS:
                yield callee[2]
            elif callee[0] == code.NAME and callee[2] == "setattr" and node[3]:
                yield node[3][0]


def _parts(target: Any) -> Iterator[code.Expr]:
    if target[0] in (code.ATTR, code.ITEM):
        yield target
    elif target[0] == code.SEQ:
        for part in target[3]:
            yield from _parts(part)
    elif target[0] == code.SPLAT:
        yield from _parts(target[2])


def _root(target: code.Expr) -> str | None:
    """The name before the first dot or bracket; None where something else stands there."""
    while target[0] in (code.ATTR, code.ITEM):
        target = target[2]
    return target[2] if target[0] == code.NAME else None


def _fresh(body: Any) -> set[str]:
    """Local names that only ever stand for something the body makes."""
    made: set[str] = set()
    taken: set[str] = set()
    for node in _nodes(body):
        if node[0] == code.BIND and len(node) > 2 and node[1][0] == code.NAME:
            (made if node[2][0] in _MAKING else taken).add(node[1][2])
    return made - taken


_MAKING = frozenset({code.SEQ, code.MAP, code.COMP, code.CALL})


def _nodes(body: Any) -> Iterator[Any]:
    stack: list[Any] = [body]
    while stack:
        node = stack.pop()
        if node:
            yield node
            stack += [part for part in node if part.__class__ is tuple]


_REACH: dict[int, tuple[code.Expr, Reach]] = {}
