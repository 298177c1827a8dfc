"""Whether a project function has to be run at once, or can wait until its result is wanted."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from softmax_lint import code
from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import LOSS, TRAINER
from softmax_lint.linking.consumers import COMPARISONS, ORDERED, ROUNDINGS
from softmax_lint.linking.heap import ITEMS, Waiting
from softmax_lint.linking.values import (
    Arguments,
    Bound,
    Class,
    Func,
    Map,
    Name,
    Obj,
    Partial,
    Pending,
    Repeat,
    Seq,
    Thing,
    Value,
)
from softmax_lint.regex import late

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

# Substrings of the names of losses and of what starts training; lower case.
TOKENS = (
    "crossentropy", "cross_entropy", "crossentropyloss", "nll", "bce", "kl_div", "kldiv", "log_loss", "logloss",
    "softmarginloss", "soft_margin", "neuralnet", "learner", "criterion", "loss",
)  # fmt: skip
# Other sinks, and what trains a model.
WHOLE = frozenset(
    {
        "backward",
        "log",
        "categorical",
        "onehotcategorical",
        "bernoulli",
        "multinomial",
        "gumbel_softmax",
        "log_",
    }
)
MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "add",
        "add_module",
        "register_module",
        "update",
        "setdefault",
        "pop",
        "clear",
        "remove",
        "setattr",
        "load_state_dict",
        "apply",
    ]
)
_MOST_NAMES = 50_000  # whose meaning is remembered
_MOST_TEXTS = 1_000  # of statements of which something is remembered; those of one file follow each other


class Footprint(NamedTuple):
    """What a body does by itself: whether it writes or may meet a loss, and which names it calls."""

    acts: bool
    meets: bool
    names: frozenset[str]
    attributes: frozenset[str]
    own: frozenset[str]  # methods and attributes of its first parameter that it calls
    reads: bool  # it compares something with a number between 0 and 1, or rounds it
    stored: frozenset[str]  # attributes with the name of a loss that it writes


def footprint(machine: Machine, function: code.Expr) -> Footprint:
    cached = _CACHE.get(id(function))
    if cached is not None and cached[0] is function:
        return cached[1]
    acts = meets = reads = False
    names: set[str] = set()
    own: set[str] = set()
    attributes: set[str] = set()
    stored: set[str] = set()
    me = function[3][0][0] if function[3] else None
    stack: list[Any] = [function[4]]
    pop, push = stack.pop, stack.append
    while stack:
        node = pop()
        if not node:
            continue
        tag = node[0]
        if tag.__class__ is not str:
            stack += node  # a sequence or pair of nodes
            continue
        # Keyword names can look like tags: a call has five parts and a number in second place.
        if tag not in _TOLD:
            if tag in _LEAVES and len(node) == 3 and node[1].__class__ is int:
                continue
        elif tag == code.CALL and len(node) == 5 and isinstance(node[1], int):
            callee = node[2]
            if not only_looks(callee):
                # A function that is handed on may be called by who gets it.
                names.update(part[2] for part in node[3] if part[0] == code.NAME)
                names.update(part[2] for _, part in node[4] if part[0] == code.NAME)
            if callee[0] == code.NAME:
                names.add(callee[2])
                meets = meets or is_token(callee[2])
            elif callee[0] == code.ATTR:
                attributes.add(callee[3])
                if callee[2][0] == code.NAME and callee[2][2] == me:
                    own.add(callee[3])
                elif callee[2][0] == code.NAME and callee[3] in ("forward", "__call__", "items", "values"):
                    names.add(callee[2][2])
                acts = acts or callee[3] in MUTATORS
                reads = reads or _is_reading(node)
                meets = (
                    meets
                    or (is_token(callee[3]) and not is_plain_log(callee))
                    or (callee[3] == "compile" and compiles_model(node))
                )
            elif callee[0] == code.ITEM and callee[2][0] == code.NAME:
                names.add(callee[2][2])
        elif tag == code.COMPARE and len(node) == 5 and isinstance(node[1], int):
            reads = reads or (node[2] in ORDERED and _has_threshold(node[3], node[4]))
        elif tag == code.LOOP and len(node) == 5 and node[2][0] == code.NAME:
            names.add(node[2][2])
        elif (
            tag in (code.BIND, code.AUGMENT) and len(node) > 2 and node[1][:1] in ((code.ATTR,), (code.ITEM,))
        ) or tag == code.GLOBAL:
            acts = True
            if node[1][0] == code.ATTR and is_token(node[1][3]):
                stored.add(node[1][3])
        for part in node:
            if part.__class__ is tuple:
                push(part)
    result = Footprint(
        acts or meets,
        meets,
        frozenset(names),
        frozenset(attributes),
        frozenset(own),
        reads,
        frozenset(stored),
    )
    _CACHE[id(function)] = (function, result)
    return result


def only_looks(callee: code.Expr) -> bool:
    """Whether what is given here is neither called nor kept: `isinstance(x, C)`, `", ".join(x)`."""
    if callee[0] == code.NAME:
        return callee[2] in LOOKING
    return bool(callee[0] == code.ATTR and callee[2][0] == code.CONST)


LOOKING = frozenset(("isinstance", "issubclass", "hasattr", "len", "id", "print", "repr"))


def _is_reading(call: code.Expr) -> bool:
    """`x.round()`, `np.round(x)`, `x.gt(0.5)`; numbers that are shown with some decimals are none."""
    name, given = call[2][3], call[3]
    if call[4]:
        return False
    if name in ROUNDINGS:
        return len(given) < 2
    return name in COMPARISONS and bool(given) and _is_fraction(given[-1])


def _has_threshold(left: code.Expr, right: code.Expr) -> bool:
    for one, other in ((left, right), (right, left)):
        if _is_fraction(one):
            name = ""
            if other[0] == code.CALL and other[2][0] in (code.ATTR, code.NAME):
                name = other[2][-1]
            return "rand" not in name and name not in ("uniform", "time")
    return False


def _is_fraction(e: code.Expr) -> bool:
    return e[0] == code.CONST and isinstance(e[2], float) and 0 < e[2] < 1


def is_plain_log(callee: code.Expr) -> bool:
    """`math.log`, `self.log`, `logger.log`: no logarithm of a tensor that trains."""
    return callee[3] == "log" and callee[2][:1] == (code.NAME,) and callee[2][2] in NO_TENSORS


NO_TENSORS = frozenset(
    [
        "math",
        "np",
        "numpy",
        "self",
        "logger",
        "logging",
        "wandb",
        "mlflow",
        "trainer",
        "writer",
        "cmath",
        "log",
        "tracker",
    ]
)


def compiles_model(call: code.Expr) -> bool:
    """`model.compile(…)`, not `re.compile(…)`."""
    if call[2][2][:1] == (code.NAME,) and call[2][2][2] in ("re", "torch"):
        return False
    if any(name in ("loss", "optimizer", "metrics", "loss_fn", None) for name, _ in call[4]):
        return True
    return len(call[3]) > 1 and call[2][2][:1] == (code.NAME,)


_CACHE: dict[int, tuple[code.Expr, Footprint]] = {}
_LEAVES = frozenset({code.NAME, code.CONST})
_TOLD = frozenset({code.CALL, code.COMPARE, code.LOOP, code.BIND, code.AUGMENT, code.GLOBAL})


@lru_cache(maxsize=_MOST_NAMES)
def is_token(name: str) -> bool:
    lowered = name.lower()
    return lowered in WHOLE or any(token in lowered for token in TOKENS)


def may_meet(machine: Machine, function: Func, receiver: Thing) -> bool:
    """Whether the function, or one that it calls by name, has the word of a sink in it."""
    return _matters(machine, function, receiver, set(), writes=False)


def softens(machine: Machine, function: Func) -> bool:
    """Whether it calls a softmax or sigmoid, and there is another one around it that may come before."""
    print_ = footprint(machine, function.code)
    called = {_activation(name) for name in (*print_.names, *print_.attributes)} - {""}
    if not called:
        return False
    units = machine.modules.units
    around = (
        [function.unit] if function.owner is not None else machine.modules.units_of(units[function.unit].file)
    )
    spelled = [name for each in around for name in _activations(units[each].text)]
    return any(spelled.count(name) > 1 for name in called)


@lru_cache(maxsize=_MOST_NAMES)
def _activation(name: str) -> str:
    return name.lower() if _ACTIVATION.fullmatch(name) else ""


@lru_cache(maxsize=_MOST_TEXTS)
def _activations(text: str) -> tuple[str, ...]:
    return tuple(found.lower() for found in _ACTIVATION.findall(text))


_ACTIVATION = late(r"(?<![a-zA-Z_])(?:softmax|sigmoid)(?![a-zA-Z_])", re.I)


def matters(machine: Machine, function: Func, receiver: Thing, given: Arguments, writes: bool = True) -> bool:
    """Whether the function may meet a loss (or write something) when it is run with these arguments."""
    if _matters(machine, function, receiver, set(), writes):
        return True
    for argument in given.positional[receiver is not None :]:
        if carries_loss(machine, argument.value):
            return True
    return any(carries_loss(machine, argument.value) for _, argument in given.keywords)


def carry_loss(machine: Machine, given: Arguments) -> bool:
    """Whether one of the arguments is a loss, or holds one."""
    return any(carries_loss(machine, a.value) for a in (*given.positional, *(a for _, a in given.keywords)))


def brings_loss(machine: Machine, thing: Class) -> bool:
    """Whether a method of the class may meet a sink."""
    known = machine.bringing.get(thing.id)
    if known is None:
        known = machine.bringing[thing.id] = _class_matters(machine, thing, set(), writes=False)
    return known


def _matters(machine: Machine, function: Func, receiver: Thing, seen: set[int], writes: bool = True) -> bool:
    body = function.code
    if id(body) in seen:
        return False
    seen.add(id(body))
    cached = _CACHE.get(id(body))
    print_ = cached[1] if cached is not None and cached[0] is body else footprint(machine, body)
    if print_.meets or (writes and print_.acts) or (print_.reads and machine.watchful):
        return True
    env = function.env
    for name in print_.names:
        value = peek(machine, env, name)
        if value is not None and _thing_matters(machine, value, seen, writes):
            return True
    if receiver.__class__ is Obj:
        record = machine.heap.records[receiver.id]
        for name in print_.own:
            value = None if isinstance(record.slots, Waiting) else record.slots.get(name)
            if value is None and record.kind == "instance":
                value = machine.class_attribute(record.of.id, name)
                if value is not None:
                    for case in value:
                        if isinstance(case.thing, Func) and _matters(
                            machine, case.thing, receiver, seen, writes
                        ):
                            return True
                    continue
            if value is not None and (
                carries_loss(machine, value) or _module_matters(machine, value, seen, writes)
            ):
                return True
    return False


def peek(machine: Machine, env: int | None, name: str) -> Value | None:
    records = machine.heap.records
    while env is not None:
        record = records[env]
        value = record.slots.get(name)
        if value is not None:
            thing = value[0].thing
            if thing.__class__ is Pending:
                value = machine.settle(env, name, thing)
            return machine.force(value)
        env = record.extra if record.kind == "class" else record.of
    return None


def _thing_matters(machine: Machine, value: Value, seen: set[int], writes: bool) -> bool:
    for case in value:
        thing = case.thing
        kind = thing.__class__
        if kind is Func:
            if _matters(machine, thing, None, seen, writes):
                return True
        elif kind is Class and (is_trainer(machine, thing) or _class_matters(machine, thing, seen, writes)):
            return True
    return carries_loss(machine, value) or _module_matters(machine, value, seen, writes)


def is_trainer(machine: Machine, thing: Class) -> bool:
    """Whether making an instance brings a model and a loss together, as a library's class does."""
    rows = (find(base.path) for base in machine.library_bases(thing.id) if isinstance(base, Name))
    return any(row is not None and row.role == TRAINER for row in rows)


def _class_matters(machine: Machine, thing: Class, seen: set[int], writes: bool) -> bool:
    """Whether making an instance may bring a loss about: its methods may be run by a library or by nobody."""
    if thing.id in seen or writes:
        return False
    seen.add(thing.id)
    for id in machine.order(thing.id):
        for value in machine.heap.records[id].slots.values():
            for case in value:
                if case.thing.__class__ is Func and footprint(machine, case.thing.code).meets:
                    return True
    return False


def _module_matters(machine: Machine, value: Value, seen: set[int], writes: bool) -> bool:
    """Whether calling an instance of a project class may meet a loss."""
    for case in value:
        if case.thing.__class__ is not Obj or machine.heap.records[case.thing.id].kind != "instance":
            continue
        for name in ("__call__", "forward", "call"):
            method = machine.class_attribute(machine.heap.records[case.thing.id].of.id, name)
            for found in method or ():
                if isinstance(found.thing, Func) and _matters(machine, found.thing, case.thing, seen, writes):
                    return True
    return False


def values_in(contents: Thing) -> list[Value]:
    """The values of a list or dict, as far as they are known one by one."""
    if isinstance(contents, Map):
        return [value for _, value in contents.entries]
    return (
        [item for item in contents.items if not isinstance(item, Repeat)] if isinstance(contents, Seq) else []
    )


def carries_loss(machine: Machine, value: Value) -> bool:
    for case in value:
        thing = case.thing
        kind = thing.__class__
        if kind is Name:
            row = find(thing.path)
            if row is not None and row.role in (LOSS, TRAINER):
                return True
        elif kind is Obj:
            record = machine.heap.records[thing.id]
            if record.kind == "library" and record.of.role == LOSS:
                return True
            inner = record.slots.get(ITEMS) if record.kind in ("list", "dict") else None
            if inner is not None and any(carries_loss(machine, item) for item in values_in(inner[0].thing)):
                return True
        elif kind is Partial:
            if carries_loss(machine, thing.function):
                return True
        elif kind is Func or kind is Bound:
            function = thing.function if kind is Bound else thing
            if function.__class__ is Func and footprint(machine, function.code).meets:
                return True
    return False
