"""Library functions that give back or pack up what they get: launchers of models, `namedtuple`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Const,
    Name,
    Obj,
    Origin,
    Partial,
    Repeat,
    Seq,
    Value,
    integer,
    just,
    literal,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def given_back(arguments: tuple[Argument, ...]) -> Value:
    """What a launcher gives: its only argument, or all of them as a tuple."""
    if len(arguments) == 1:
        return arguments[0].value
    return just(Seq(tuple(argument.value for argument in arguments)))


def amp(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """apex: the models, with the optimizers when there are any."""
    model, optimizer = (given.get(("models", "optimizers"), name) for name in ("models", "optimizers"))
    if model is None:
        return unknown("`amp.initialize`", machine.fresh("amp"))
    return model.value if optimizer is None else just(Seq((model.value, optimizer.value)))


def engine(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """DeepSpeed: engine, optimizer, loader, scheduler; the engine is called like its model."""
    model = given.get(("args", "model"), "model")
    if model is None:
        return unknown("`deepspeed.initialize`", machine.fresh("engine"))
    rest = (unknown("what DeepSpeed made", machine.fresh("engine")) for _ in range(3))
    return just(Seq((model.value, *rest)))


def record_type(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """`namedtuple(name, fields)`: what its calls make has the fields as attributes, and in order."""
    fields = given.positional[1].value if len(given.positional) > 1 else None
    found = literal(fields)
    names = None
    if found is not None and isinstance(found.value, str):
        names = found.value.replace(",", " ").split()
    if names is None and fields is not None:
        parts = machine.elements(fields) or ()
        items = [literal(item) for item in parts if not isinstance(item, Repeat)]
        names = [item.value for item in items if item is not None and isinstance(item.value, str)]
    if not names:
        return unknown("a record", machine.fresh("record"))
    kept = Arguments(tuple(Argument(just(Const(name)), None) for name in (len(names), *names)))
    return just(Partial(just(Name("collections.namedtuple()")), kept))


def record(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    count = integer(given.positional[0].value) or 0
    names = [literal(argument.value) for argument in given.positional[1 : count + 1]]
    fields = tuple(str(name.value) for name in names if name is not None)
    rest = Arguments(given.positional[count + 1 :], given.keywords)
    made = machine.heap.allocate("output", origin=origin)
    slots = machine.heap.records[made].slots
    values = []
    for field_ in fields:
        argument = rest.get(fields, field_)
        missing = unknown(f"field `{field_}`", machine.fresh("field"))
        values.append(argument.value if argument is not None else missing)
        slots[field_] = values[-1]
    slots[ITEMS] = just(Seq(tuple(values)))
    return just(Obj(made))


def namespace(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """`SimpleNamespace(…)`, `EasyDict({…})`: settings by attribute, also those of a dict inside."""
    made = machine.heap.allocate("output", origin=origin)
    slots = machine.heap.records[made].slots
    for argument in given.positional[:1]:
        inner = machine.mapping(argument.value)
        for name, value in inner.entries if inner is not None else ():
            if isinstance(name, str):
                nested = machine.mapping(value) is not None
                slots[name] = namespace(machine, _only(value), origin) if nested else value
    slots.update((name, argument.value) for name, argument in given.keywords)
    return just(Obj(made))


def _only(value: Value) -> Arguments:
    return Arguments((Argument(value, None),))
