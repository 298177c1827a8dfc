"""Expressions of lowered code on abstract values, and what an undecided test says about both branches."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from softmax_lint import code
from softmax_lint.linking import consumers, decisions, options, tensors
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    FLOW,
    Argument,
    Arguments,
    Case,
    Class,
    Const,
    Guards,
    Map,
    Method,
    Module,
    Name,
    Obj,
    Repeat,
    Seq,
    Slice,
    Super,
    Unknown,
    Value,
    flat,
    join,
    just,
    literal,
    make,
    merge,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.path import Frame

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
MOST_FORKS = 4
MOST_SETTINGS = 8
UNROLL = 32


def evaluate(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    return EXPRESSIONS[e[0]](machine, frame, e)


def _name(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    return machine.load(frame, e[2])


def _const(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    return just(make(Const, (e[2], (frame.unit, e[1]))))


def _attr(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    return machine.attribute(evaluate(machine, frame, e[2]), e[3])


def _item(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    whole = evaluate(machine, frame, e[2])
    value = machine.item(whole, evaluate(machine, frame, e[3]))
    if machine.watching:
        consumers.picked(machine, whole, value, (frame.unit, e[1]))
    return value


def _slice(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    bounds = [literal(evaluate(machine, frame, part)) if part is not None else None for part in e[2:5]]
    for part, bound in zip(e[2:5], bounds, strict=True):
        if part is not None and (bound is None or not isinstance(bound.value, (int, type(None)))):
            return unknown("a slice")
    return just(Const(Slice(*(bound.value if bound else None for bound in bounds))))


def arguments(machine: Machine, frame: Frame, positional: Any, keywords: Any) -> Arguments:
    """The evaluated arguments of a call, with the place of each."""
    if not positional and not keywords:
        return _NONE
    listed: list[Argument] = []
    named: list[tuple[str, Argument]] = []
    loose = False
    unit = frame.unit
    for e in positional:
        tag = e[0]
        if tag == code.SPLAT:
            items = machine.elements(evaluate(machine, frame, e[2]))
            if items is None or any(isinstance(item, Repeat) for item in items):
                loose = True
                if items is not None:
                    listed.append(Argument(just(Seq(tuple(items))), None))
                continue
            listed.extend(Argument(item, (unit, e[1])) for item in items)
        else:
            listed.append(make(Argument, (EXPRESSIONS[tag](machine, frame, e), (unit, e[1]))))
    for name, e in keywords:
        value = EXPRESSIONS[e[0]](machine, frame, e)
        if name is not None:
            named.append((name, make(Argument, (value, (unit, e[1])))))
            continue
        contents = machine.mapping(value)
        if contents is None:
            loose = True
            continue
        loose = loose or contents.open
        named.extend((k, Argument(v, (unit, e[1]))) for k, v in contents.entries if isinstance(k, str))
    return make(Arguments, (tuple(listed), tuple(named), loose))


_NONE = Arguments()


def _call(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    function = e[2]
    origin = (frame.unit, e[1])
    tag = function[0]
    if tag == code.NAME and function[2] in _SPECIAL:
        found = _special(machine, frame, e, function[2])
        if found is not None:
            return found
    if tag == code.ATTR:
        receiver = evaluate(machine, frame, function[2])
        if e[3] and e[3][-1][0] == code.SPLAT and isinstance(receiver[0].thing, Name):
            forks = _forks(machine, machine.force(evaluate(machine, frame, e[3][-1][2])))
            if forks:
                name = function[3]
                return _each_fork(
                    machine,
                    frame,
                    e,
                    forks,
                    lambda given: machine.call_method(receiver, name, given, origin, frame),
                )
        given = arguments(machine, frame, e[3], e[4])
        value = machine.call_method(receiver, function[3], given, origin, frame)
        if machine.watching:
            consumers.given_back(machine, value, receiver, given, origin)
        return value
    callee = evaluate(machine, frame, function)
    if e[3] and e[3][-1][0] == code.SPLAT and isinstance(callee[0].thing, Name):
        forks = _forks(machine, machine.force(evaluate(machine, frame, e[3][-1][2])))
        if forks:
            return _each_fork(machine, frame, e, forks, lambda given: machine.call(callee, given, origin))
    if e[4] and e[4][-1][0] is None:
        forks = _settings(machine, machine.force(evaluate(machine, frame, e[4][-1][1])))
        if forks:
            return _each_fork(machine, frame, e, forks, lambda given: machine.call(callee, given, origin))
    given = arguments(machine, frame, e[3], e[4])
    if tag == code.NAME and function[2] == "super" and given.positional:
        owner, receiver = given.positional[0].value, given.positional[-1].value
        if isinstance(owner[0].thing, Class):
            return just(Super(owner[0].thing.id, receiver[0].thing))
    value = machine.call(callee, given, origin)
    if machine.watching:
        consumers.given_back(machine, value, callee, given, origin)
    return value


_SPECIAL = frozenset({"super", "locals", "globals", "eval"})


def _special(machine: Machine, frame: Frame, e: code.Expr, name: str) -> Value | None:
    """A call that reads the scope it is made in; None where it has to be made as others are."""
    if name == "super" and not e[3]:
        if frame.owner is not None and frame.receiver is not None:
            return just(Super(frame.owner, frame.receiver))
        return unknown("super() outside a class")
    if name in ("locals", "globals") and not e[3]:
        return just(Method(Module(frame.module), "__dict__"))
    if name == "eval" and len(e[3]) == 1 and not e[4]:
        return options.evaluated(machine, frame, evaluate(machine, frame, e[3][0]))
    return None


def _forks(machine: Machine, value: Value) -> list[Guards]:
    """What tells the contents of a starred list apart: it was filled under conditions."""
    if len(value) != 1 or not isinstance(value[0].thing, Obj):
        return []
    items = machine.visible(machine.heap.records[value[0].thing.id].slots.get(ITEMS) or ())
    if not 1 < len(items) <= MOST_FORKS or not all(isinstance(case.thing, Seq) for case in items):
        return []
    return [case.guards for case in items]


def _settings(machine: Machine, value: Value) -> list[Guards]:
    """What tells apart the dicts that `**settings` can be, as entries of one table are."""
    cases = machine.visible(value)
    known = all(isinstance(case.thing, (Obj, Unknown)) for case in cases)
    if not 1 < len(cases) <= MOST_SETTINGS or not known or not all(case.guards for case in cases):
        return []
    return [case.guards for case in cases]


def _each_fork(
    machine: Machine, frame: Frame, e: code.Expr, forks: list[Guards], call: Callable[[Arguments], Value]
) -> Value:
    """`nn.Sequential(*layers)`: a call for each way in which what is starred was filled or chosen."""
    results = []
    for guards in forks:
        with machine.given(guards):
            made = call(arguments(machine, frame, e[3], e[4]))
        results.append(under(made, guards))
    return join(results)


def _seq(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    items: list[Any] = []
    for part in e[3]:
        if part[0] == code.SPLAT:
            inner = machine.elements(evaluate(machine, frame, part[2]))
            items.extend([Repeat((unknown("a starred value"),))] if inner is None else inner)
        else:
            items.append(evaluate(machine, frame, part))
    contents = Seq(tuple(items))
    if e[2] == "tuple":
        return just(contents)
    return just(machine.make_list(contents, (frame.unit, e[1])))


def _map(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    entries: dict[object, Value] = {}
    loose = False
    for key, part in e[2]:
        value = evaluate(machine, frame, part)
        if key is None:
            inner = machine.mapping(value)
            if inner is None:
                loose = True
            else:
                entries.update(inner.entries)
                loose = loose or inner.open
            continue
        found = literal(evaluate(machine, frame, key))
        if found is None:
            loose = True
            entries[("?", key[1], frame.unit)] = value
        else:
            entries[found.value] = value
    return just(machine.make_dict(Map(tuple(entries.items()), loose), (frame.unit, e[1])))


def _fn(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    return just(machine.make_function(frame, e))


def _cond(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    decision = decisions.decide(machine, frame, e[2])
    if decision.truth is not None:
        return evaluate(machine, frame, e[3] if decision.truth else e[4])
    with machine.assuming(decision.yes):
        then = evaluate(machine, frame, e[3])
    with machine.assuming(decision.no):
        otherwise = evaluate(machine, frame, e[4])
    return merge(decision.yes, decision.no, then, otherwise, machine.heap.kind_of)


def _binary(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    left, right = evaluate(machine, frame, e[3]), evaluate(machine, frame, e[4])
    return combine(machine, e[2], left, right)


def combine(machine: Machine, sign: str, left: Value, right: Value) -> Value:
    """`left sign right`: constants are folded, lists joined, raw scores stay raw scores where that is sure."""
    a, b = literal(left), literal(right)
    if a is not None and b is not None and sign in ARITHMETIC:
        try:
            result = ARITHMETIC[sign](a.value, b.value)
        except Exception:
            return unknown("arithmetic")
        if isinstance(result, (str, int, float)) and (not isinstance(result, str) or len(result) < 500):
            return just(Const(result, a.origin if isinstance(result, str) else None))
        return unknown("arithmetic")
    if sign == "+" and any(v is not None and isinstance(v.value, str) for v in (a, b)):
        made = options.pieced(machine, [left, right])
        if made is not None:
            return made
    if (
        sign == "%"
        and a is not None
        and isinstance(a.value, str)
        and a.value.endswith("%s")
        and a.value.count("%") == 1
    ):
        made = options.pieced(machine, [just(Const(a.value[:-2])), right])
        if made is not None:
            return made
    if sign == "+":
        first, second = machine.contents(left), machine.contents(right)
        if first is not None and second is not None:
            if isinstance(left[0].thing, Obj):
                return just(machine.make_list(Seq(first.items + second.items), None))
            return just(Seq(first.items + second.items))
    if sign == "*":
        items = machine.contents(left)
        if items is not None:
            times = b.value if b is not None and isinstance(b.value, int) else None
            if times is not None and 0 <= times * len(items.items) <= UNROLL:
                return just(machine.make_list(Seq(items.items * times), None))
            return just(
                machine.make_list(
                    Seq((Repeat(tuple(i for i in items.items if not isinstance(i, Repeat))),)), None
                )
            )
    return tensors.arithmetic(machine, sign, left, right)


def _unary(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    if e[2] == "not":
        return _truth_value(machine, frame, e)
    value = evaluate(machine, frame, e[3])
    found = literal(value)
    if found is not None and e[2] == "-" and isinstance(found.value, (int, float)):
        return just(Const(-found.value, found.origin))
    if e[2] in "+-":
        return tensors.arithmetic(machine, "u" + e[2], value, None)
    return unknown(f"`{e[2]}` of a value", machine.fresh("unary"))


def _truth_value(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    decision = decisions.decide(machine, frame, e)
    if decision.truth is not None:
        return just(Const(decision.truth, (frame.unit, e[1])))
    if len(decision.yes) == 1:
        (key, way) = decision.yes[0]
        if way is True:
            return unknown("a comparison", key)
        if way is False:
            return unknown("a comparison", machine.key("not", key))
    yes = frozenset((key, way, FLOW) for key, way in decision.yes)
    no = frozenset((key, way, FLOW) for key, way in decision.no)
    return (Case(Const(True), yes), Case(Const(False), no))


def _bool(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    stop = e[2] == "or"
    result: list[Value] = []
    for part in e[3][:-1]:
        value = evaluate(machine, frame, part)
        decision = decisions.truth_of(machine, value)
        if decision.truth is stop:
            result.append(value)
            return join(result)
        if decision.truth is None:
            kept = tuple(case for case in value if decisions.definite(machine, case) is not (not stop))
            result.append(kept or value)
    last = evaluate(machine, frame, e[3][-1])
    if not result:
        return last
    if all(len(v) == 1 and isinstance(v[0].thing, Unknown) for v in (*result, last)):
        return _truth_value(machine, frame, e)
    merged = last
    for value in reversed(result):
        decision = decisions.truth_of(machine, value)
        yes, no = (decision.yes, decision.no) if decision.truth is None else ((), ())
        if not yes:
            yes, no = machine.choice("or")
        merged = (
            merge(yes, no, value, merged, machine.heap.kind_of)
            if stop
            else merge(no, yes, value, merged, machine.heap.kind_of)
        )
    return merged


def _comp(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    inner = machine.inner_frame(frame)
    found: list[Any] = []

    def run(clauses: tuple[Any, ...], sure: bool) -> None:
        if not clauses:
            value = evaluate(machine, inner, e[3])
            found.append(value if sure else Repeat((value,)))
            return
        target, iterable, conditions = clauses[0]
        items = machine.elements(evaluate(machine, inner, iterable))
        if items is None or len(items) > UNROLL:
            items = [Repeat((unknown("an element", machine.fresh("element")),))]
        for item in items:
            exact = not isinstance(item, Repeat)
            for value in item.values if isinstance(item, Repeat) else (item,):
                machine.bind(inner, target, value)
                certain = exact and sure
                skip = False
                for condition in conditions:
                    truth = decisions.decide(machine, inner, condition).truth
                    skip = skip or truth is False
                    certain = certain and truth is True
                if not skip:
                    run(clauses[1:], certain)

    run(e[4], True)
    if e[2] == "dict":
        entries: dict[object, Value] = {}
        loose = False
        for number, item in enumerate(found):
            repeated = isinstance(item, Repeat)
            pair = machine.contents(item.values[0] if repeated else item)
            if pair is None or len(pair.items) != 2:
                loose = True
                continue
            key = literal(pair.items[0])
            loose = loose or repeated or key is None
            entries[key.value if key is not None and not repeated else ("?", number)] = pair.items[1]
        return just(machine.make_dict(Map(tuple(entries.items()), loose), (frame.unit, e[1])))
    if len(found) > 1 and any(isinstance(item, Repeat) for item in found):
        found = [Repeat(tuple(flat(found)))]
    return just(machine.make_list(Seq(tuple(found)), (frame.unit, e[1])))


def _walrus(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    value = evaluate(machine, frame, e[3])
    machine.store(frame, e[2], value)
    return value


def _format(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    values = [evaluate(machine, frame, part) for part in e[2]]
    parts = [literal(value) for value in values]
    if all(part is not None for part in parts):
        return just(Const("".join(str(part.value) for part in parts if part), (frame.unit, e[1])))
    made = options.pieced(machine, values)
    if made is not None:
        return made
    return unknown("a formatted string", machine.fresh("format"))


def _yield(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    if e[2] is not None:
        evaluate(machine, frame, e[2])
    frame.generator = True
    return unknown("a value sent to a generator")


def _opaque(machine: Machine, frame: Frame, e: code.Expr) -> Value:
    for child in e[2]:
        evaluate(machine, frame, child)
    return unknown("an expression that is not followed", machine.fresh("opaque"))


EXPRESSIONS: dict[str, Callable[[Any, Any, code.Expr], Value]] = {
    code.NAME: _name,
    code.CONST: _const,
    code.ATTR: _attr,
    code.ITEM: _item,
    code.SLICE: _slice,
    code.CALL: _call,
    code.SPLAT: lambda machine, frame, e: evaluate(machine, frame, e[2]),
    code.SEQ: _seq,
    code.MAP: _map,
    code.FN: _fn,
    code.COND: _cond,
    code.BINARY: _binary,
    code.UNARY: _unary,
    code.COMPARE: _truth_value,
    code.BOOL: _bool,
    code.COMP: _comp,
    code.WALRUS: _walrus,
    code.FORMAT: _format,
    code.YIELD: _yield,
    code.OPAQUE: _opaque,
}


# Tests.
