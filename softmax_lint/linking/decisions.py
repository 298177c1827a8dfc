"""Which way a test goes, and under which conditions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from softmax_lint import code
from softmax_lint.linking import consumers
from softmax_lint.linking.values import (
    Bound,
    Case,
    Choices,
    Class,
    Const,
    Func,
    Guards,
    Lazy,
    Method,
    Module,
    Name,
    Obj,
    Partial,
    Repeat,
    Seq,
    Slice,
    Unknown,
    Value,
    just,
    literal,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.path import Frame


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": lambda a, b: a is b or (a == b and type(a) is type(b)),
    "is not": lambda a, b: not (a is b or (a == b and type(a) is type(b))),
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


MOST_MEMBERS = 8

# Reasons of unknowns that are texts or numbers.
COMPUTED = frozenset(("a length", "a string", "a formatted string"))
MOVED = frozenset(("to", "cuda", "cpu", "float", "half", "double", "bfloat16", "clone", "detach"))


NEGATED = {"!=": "==", "is not": "is", "not in": "in"}


class Decision(NamedTuple):
    """How a test goes: decided, or which choices hold in either branch."""

    truth: bool | None
    yes: Choices = ()
    no: Choices = ()


_YES, _NO = Decision(True), Decision(False)


def decide(machine: Machine, frame: Frame, e: code.Expr) -> Decision:
    """How the test goes; evaluates it."""
    tag = e[0]
    if tag == code.UNARY and e[2] == "not":
        inner = decide(machine, frame, e[3])
        return Decision(None if inner.truth is None else not inner.truth, inner.no, inner.yes)
    if tag == code.BOOL:
        return _decide_all(machine, frame, e)
    if tag == code.COMPARE:
        left = machine.force(machine.evaluate(frame, e[3]))
        right = machine.force(machine.evaluate(frame, e[4]))
        consumers.compared(machine, e[2], left, right, (frame.unit, e[1]))
        return _compare(machine, e[2], left, right)
    return truth_of(machine, machine.evaluate(frame, e))


def _decide_all(machine: Machine, frame: Frame, e: code.Expr) -> Decision:
    stop = e[2] == "or"
    open_parts: list[Decision] = []
    for part in e[3]:
        decision = decide(machine, frame, part)
        if decision.truth is stop:
            return decision if not open_parts else Decision(stop)
        if decision.truth is None:
            open_parts.append(decision)
    if not open_parts:
        return Decision(not stop)
    if len(open_parts) == 1:
        return open_parts[0]
    key = machine.key(e[2], tuple(part.yes for part in open_parts))
    if stop:  # all fail in the branch "no"
        return Decision(None, ((key, True),), ((key, False), *(c for part in open_parts for c in part.no)))
    return Decision(None, ((key, True), *(c for part in open_parts for c in part.yes)), ((key, False),))


def _compare(machine: Machine, sign: str, left: Value, right: Value) -> Decision:
    left, right = machine.force(left), machine.force(right)
    if sign in NEGATED:
        inner = _compare(machine, NEGATED[sign], left, right)
        return Decision(None if inner.truth is None else not inner.truth, inner.no, inner.yes)
    results: list[tuple[bool | None, Guards, Any]] = []
    for a in left:
        for b in right:
            truth, key = _compare_things(machine, sign, a.thing, b.thing)
            results.append((truth, a.guards | b.guards, key))
    return _collect(machine, results)


def _compare_things(machine: Machine, sign: str, a: Any, b: Any) -> tuple[bool | None, Any]:
    if a.__class__ is Const and b.__class__ is Const:
        try:
            return bool(COMPARE[sign](a.value, b.value)), None
        except Exception:
            return None, None
    if sign == "in" and isinstance(a, Const):
        contents = machine.mapping(just(b)) if isinstance(b, Obj) else None
        if contents is not None:
            wanted = a.value
            for key, _ in contents.entries:
                if key == wanted:
                    return True, None
            return (None, None) if contents.open else (False, None)
        items = machine.contents(just(b))
        if items is not None and all(
            not isinstance(i, Repeat) and literal(i) is not None for i in items.items
        ):
            return any(literal(i).value == a.value for i in items.items), None  # type: ignore[union-attr]
        if isinstance(b, Unknown) and b.key is not None and isinstance(a.value, str):
            return None, machine.key("contains", b.key, a.value)
        return None, None
    if sign in ("is", "=="):
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Const) and one.value is None and _is_never_none(machine, other):
                return False, None
        if isinstance(a, (Class, Name, Func, Obj)) and isinstance(b, (Class, Name, Func, Obj)):
            return a == b, None
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Unknown) and one.key is not None:
            if isinstance(other, Const) and isinstance(other.value, (str, int, float, bool, type(None))):
                if sign in ("==", "is"):
                    return None, machine.key("is", one.key, other.value)
                return None, machine.key("compared", sign, one is a, one.key, other.value)
            items = machine.contents(just(other))
            if sign == "in" and items is not None:
                found = [None if isinstance(i, Repeat) else literal(i) for i in items.items]
                values = tuple(getattr(i, "value", None) for i in found)
                return None, machine.key("among" if None in found else "in", one.key, values)
    return None, None


def _is_never_none(machine: Machine, thing: Any) -> bool:
    if not isinstance(thing, Unknown):
        return not isinstance(thing, (Const, Lazy))
    if thing.reason in COMPUTED:
        return True
    parts = machine.parts(thing.key) if thing.key is not None else ()
    if parts[:1] == ("item",) and isinstance(parts[1], int):  # a size
        owner = machine.parts(parts[1])
        return owner[0] in ("attr of", "attr") and owner[2].rpartition(".")[2] == "shape"
    # What a tensor or a module was moved to is one, too.
    return len(parts) == 3 and parts[0] == "method" and parts[2] in MOVED


def truth_of(machine: Machine, value: Value) -> Decision:
    value = machine.force(value)
    results: list[tuple[bool | None, Guards, Any]] = []
    for case in value:
        if case.thing.__class__ is Unknown:
            results.append((None, case.guards, case.thing.key))
        else:
            results.append((definite(machine, case), case.guards, None))
    return _collect(machine, results)


def _member(machine: Machine, key: Any, parts: tuple[Any, ...]) -> Decision:
    """`x in (a, b)`: who is not among them equals none of them, and who is the only one equals it."""
    subject, values = parts[1], parts[2]
    chosen = machine.path.way(machine.key("value", subject))
    if chosen is not None:
        return Decision(chosen[0] in values)
    try:
        each = tuple(machine.key("is", subject, value) for value in values[:MOST_MEMBERS])
    except TypeError:
        return Decision(None, ((key, True),), ((key, False),))
    if len(each) == len(values) and all(machine.path.way(one) is False for one in each):
        return Decision(False)
    yes: Choices = ((key, True),)
    if len(values) == 1:
        yes = (*yes, (each[0], True), (machine.key("value", subject), (values[0],)))
    return Decision(None, yes, ((key, False), *((one, False) for one in each)))


def definite(machine: Machine, case: Case) -> bool | None:
    thing = case.thing
    if thing.__class__ is Const:
        if machine.exploring and isinstance(thing.value, bool) and thing.origin is not None:
            turned = machine.path.way(machine.key("switch", thing.origin))
            if turned is not None:
                return bool(turned)
        return None if isinstance(thing.value, Slice) else bool(thing.value)
    if isinstance(thing, (Class, Func, Module, Bound, Partial, Method, Name)):
        return True
    if isinstance(thing, Seq):
        if not thing.items:
            return False
        return True if any(not isinstance(i, Repeat) for i in thing.items) else None
    if isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        if record.kind == "list":
            contents = machine.contents(just(thing))
            return None if contents is None else definite(machine, Case(contents))
        if record.kind == "dict":
            mapping = machine.mapping(just(thing))
            if mapping is None or mapping.open:
                return None
            return bool(mapping.entries)
        return True
    return None


def _collect(machine: Machine, results: list[tuple[bool | None, Guards, Any]]) -> Decision:
    """One decision from the outcomes of all cases, each under its guards."""
    if len(results) > 1:
        results = [r for r in results if machine.possible(r[1])] or results
    truths = {truth for truth, _, _ in results}
    if len(truths) == 1 and None not in truths:
        return _YES if results[0][0] else _NO
    if len(results) == 1:
        key = results[0][2]
        if key is not None:
            negated = False
            parts = machine.parts(key)
            while parts[0] == "not":
                key, negated = parts[1], not negated
                parts = machine.parts(key)
            way = machine.path.way(key)
            if isinstance(way, bool):
                return Decision(way is not negated)
            if parts[0] == "is":
                chosen = machine.path.way(machine.key("value", parts[1]))
                if chosen is not None and chosen[0] != parts[2]:
                    return Decision(negated)
                value = (machine.key("value", parts[1]), (parts[2],))
                yes, no = ((key, True), value), ((key, False),)
                return Decision(None, no, yes) if negated else Decision(None, yes, no)
            if parts[0] == "contains":
                chosen = machine.path.way(machine.key("value", parts[1]))
                if chosen is not None and isinstance(chosen[0], str):
                    return Decision((parts[2] in chosen[0]) is not negated)
                without: Choices = ((key, False), (machine.key("is", parts[1], parts[2]), False))
                holds: Choices = ((key, True),)
                return Decision(None, without, holds) if negated else Decision(None, holds, without)
            if parts[0] == "in":
                member = _member(machine, key, parts)
                if not negated:
                    return member
                return Decision(None if member.truth is None else not member.truth, member.no, member.yes)
            return Decision(None, ((key, not negated),), ((key, negated),))
    if None not in truths:
        true = [guards for truth, guards, _ in results if truth]
        false = [guards for truth, guards, _ in results if not truth]
        if len(true) == 1 and len(false) == 1 and true[0] and false[0]:
            return Decision(None, _choices(true[0]), _choices(false[0]))
        first, second = machine.choice("mixed")
        met = (*first, *(_choices(true[0]) if len(true) == 1 else _none_of(machine, false, true)))
        unmet = (*second, *(_choices(false[0]) if len(false) == 1 else _none_of(machine, true, false)))
        return Decision(None, met, unmet)
    return Decision(None, *machine.choice("test"))


def _choices(guards: Guards) -> Choices:
    return tuple(sorted(((key, way) for key, way, _ in guards), key=repr))


def _none_of(machine: Machine, cases: list[Guards], others: list[Guards]) -> Choices:
    """What holds in the others: a name that chooses one of the cases, and none of them, has another value."""
    met = {key for guards in others for key, _, _ in guards}
    excluded: dict[Any, None] = {}
    for guards in cases:
        keys = [key for key, way, _ in guards if way is True and machine.parts(key)[0] == "is"]
        if len(keys) == 1 and keys[0] not in met:
            value = ("value", machine.parts(keys[0])[1])
            if all(key == keys[0] or machine.parts(key) == value for key, _, _ in guards):
                excluded[keys[0]] = None
    return tuple((key, False) for key in excluded)
