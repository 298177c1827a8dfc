"""What a body names and calls, as far as its code alone tells: ways to a loss, and what could lead away from one."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from softmax_lint import code
from softmax_lint.linking import effects
from softmax_lint.regex import late

# Names of all that gives probabilities: activations, and models that end in one.
ACTIVE = late(
    "softmax|sigmoid|sparsemax|softmin|expit|logistic|^(?:convnext(?:tiny|small|base|x?large)|densenet[0-9]+|"
    "efficientnet(?:v2)?(?:b[0-9]|[sml])|inception(?:v3|resnetv2)|mobilenet(?:v[23])?(?:large|small)?|"
    "nasnet(?:large|mobile)|resnet[0-9]+(?:v2)?|vgg1[69]|xception|fpn|linknet|pspnet|unet|imageclassifier)$",
    re.I,
)
# Methods that apply a model.
_APPLYING = frozenset({"predict", "predict_on_batch", "forward", "call", "__call__"})


class Calls(NamedTuple):
    """What a body calls by names that sinks have: (first name or None, attributes), and what else counts here."""

    sinks: frozenset[tuple[str | None, tuple[str, ...]]]
    held_sinks: frozenset[tuple[str, tuple[str, ...]]]  # such names that it reads, and may hand on
    compiles: bool
    given: frozenset[str]  # its parameters
    preset: frozenset[str]  # those that have a default which is no constant
    bound: frozenset[str]  # other names that it binds
    names: frozenset[str]  # names that it reads
    owners: frozenset[str]  # those of them whose methods it calls
    held: frozenset[str]  # attributes of its first parameter that it reads
    active: bool
    applies: bool  # it calls what it has made itself
    applies_given: bool  # it calls a parameter


_CACHE: dict[int, tuple[code.Expr, Calls]] = {}


def calls_in(function: code.Expr) -> Calls:
    cached = _CACHE.get(id(function))
    if cached is not None and cached[0] is function:
        return cached[1]
    sinks: set[tuple[str | None, tuple[str, ...]]] = set()
    held_sinks: set[tuple[str, tuple[str, ...]]] = set()
    given = frozenset(name for name, _, _ in function[3])
    bound: set[str] = set()
    names: set[str] = set()
    held: set[str] = set()
    called: set[str] = set()
    owners: set[str] = set()
    used: set[int] = set()  # what is called or compared right here, and so handed on to nobody
    me = function[3][0][0] if function[3] else None
    compiles = active = applies = False
    stack: list[Any] = [function[3], function[4]]
    while stack:
        node = stack.pop()
        if not node:
            continue
        tag, number = node[0], len(node)
        if tag.__class__ is not str:
            stack += node  # a sequence or pair of nodes
            continue
        if tag == code.CALL and number == 5 and isinstance(node[1], int):
            callee = node[2]
            first, path = _chain(callee)
            last = path[-1] if path else first or ""
            if last == "compile" and path:
                compiles = compiles or effects.compiles_model(node)
            elif effects.is_token(last) and not (path and effects.is_plain_log(callee)):
                sinks.add((first, path))
            used.add(id(callee))
            if effects.only_looks(callee):
                used.update(map(id, node[3]))
            applies = applies or callee[0] in (code.CALL, code.ITEM) or last in _APPLYING
            if callee[0] == code.NAME:
                called.add(callee[2])
            elif first is not None:
                owners.add(first)
        elif tag == code.NAME and number == 3 and isinstance(node[1], int):
            names.add(node[2])
            if effects.is_token(node[2]) and id(node) not in used:
                held_sinks.add((node[2], ()))
            active = active or _active(node[2])
        elif tag == code.ATTR and number == 4 and isinstance(node[1], int):
            active = active or _active(node[3])
            if node[2][0] == code.NAME and node[2][2] == me:
                held.add(node[3])
            first, path = _chain(node) if effects.is_token(node[3]) and id(node) not in used else (None, ())
            if first is not None:
                held_sinks.add((first, path))
        elif tag == code.COMPARE and number == 5 and isinstance(node[1], int):
            used.add(id(node[4]))
        elif tag == code.FN and number == 5:
            bound.update(name for name, _, _ in node[3])
        elif tag == code.CONST and number == 3 and isinstance(node[2], str):
            active = active or (len(node[2]) < 60 and _active(node[2]))
        elif tag in (code.BIND, code.AUGMENT) and number > 2:
            _bind(node[1], bound)
        elif tag == code.BIND_ALL and number == 3:
            for target in node[1]:
                _bind(target, bound)
        elif tag == code.LOOP and number == 5:
            _bind(node[1], bound)
        elif tag == code.WITH and number == 3:
            for _, target in node[1]:
                if target is not None:
                    _bind(target, bound)
        elif tag == code.WALRUS and number == 4:
            bound.add(node[2])
        stack += [part for part in node if part.__class__ is tuple]
    bound -= given
    result = Calls(
        frozenset(sinks),
        frozenset(held_sinks),
        compiles,
        given,
        frozenset(name for name, _, default in function[3] if default and default[0] != code.CONST),
        frozenset(bound),
        frozenset(names - bound - given),
        frozenset(owners - bound - given),
        frozenset(held),
        active,
        applies or bool(called & bound),
        bool(called & given),
    )
    _CACHE[id(function)] = (function, result)
    return result


def _bind(target: Any, bound: set[str]) -> None:
    if target[0] == code.NAME:
        bound.add(target[2])
    elif target[0] == code.SEQ:
        for part in target[3]:
            _bind(part, bound)
    elif target[0] == code.SPLAT:
        _bind(target[2], bound)


def _chain(e: code.Expr) -> tuple[str | None, tuple[str, ...]]:
    """The first name and the attributes of `a.b.c`; None where something else stands first."""
    path: list[str] = []
    while e[0] == code.ATTR:
        path.append(e[3])
        e = e[2]
    return (e[2] if e[0] == code.NAME else None), tuple(reversed(path))


@cache
def _active(name: str) -> bool:
    return ACTIVE.search(name) is not None
