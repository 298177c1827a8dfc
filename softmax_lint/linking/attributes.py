"""Attributes of objects, classes, modules and tensors: read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.linking import methods, options, tensors
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Case,
    Class,
    Const,
    Descriptor,
    Func,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Obj,
    Seq,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    join,
    just,
    make,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def attribute(machine: Machine, value: Value, name: str) -> Value:
    for case in value:
        if case.thing.__class__ is Lazy:
            return machine.mapped(value, lambda forced: _attributes(machine, forced, name))
    return _attributes(machine, value, name)


def _attributes(machine: Machine, value: Value, name: str) -> Value:
    parts = []
    for case in value if len(value) == 1 else machine.visible(value):
        thing = case.thing
        if thing.__class__ is Const and thing.value is None:
            continue
        parts.append(under(attribute_of(machine, thing, name), case.guards))
    return join(parts)


def attribute_of(machine: Machine, thing: Thing, name: str) -> Value:
    kind = thing.__class__
    if kind is Name:
        return just(make(Name, (f"{thing.path}.{name}",)))
    if kind is Module:
        if name == "__dict__":
            return just(Method(thing, name))
        return machine.modules.attribute(machine, thing.file, name)
    if kind is Obj:
        return machine.visible(_object_attribute(machine, thing, name))
    if kind is Class:
        found = machine.class_attribute(thing.id, name)
        if found is None:
            return _class_fallback(machine, thing, name)
        return join([_from_class(machine, case, thing) for case in found])
    if kind is Super:
        return _super_attribute(machine, thing, name)
    if kind is Tensor:
        return tensors.attribute(machine, thing, name)
    if kind is Unknown:
        owner = owner_of(machine, thing)
        if owner is not None:
            dotted = f"{owner[1]}.{name}"
            stored = machine.heap.read(owner[0], dotted)
            return stored or unknown(thing.reason, machine.key("attr", owner[0], dotted))
        return unknown(
            thing.reason,
            machine.key("attr of", thing.key, name) if thing.key is not None else machine.fresh("attr"),
        )
    if isinstance(thing, (Const, Seq, Map)):
        return just(Method(thing, name))
    if isinstance(thing, Func) and name in ("__name__", "__qualname__"):
        return just(Const(thing.code[2]))
    if isinstance(thing, (Func, Bound)) and name in (
        "__call__",
        "apply",
        "python_function",
        "__wrapped__",
    ):
        return just(thing)
    return unknown("an attribute of something that is not followed", machine.fresh("attr"))


def _object_attribute(machine: Machine, thing: Obj, name: str) -> Value:
    record = machine.heap.records[thing.id]
    value = record.slots.get(name)
    if value is not None:
        return value
    if record.kind == "instance":
        found = machine.class_attribute(record.of.id, name)
        if found is not None:
            return join([_bound(machine, case, thing) for case in found])
        if name == "__class__":
            return just(record.of)
        method = machine.lookup_method(thing, "__getattr__")
        if method is not None:
            return unknown(f"`{name}` through __getattr__", machine.key("attr", thing.id, name))
    row = machine.library_row(thing)
    if row is not None:
        derived = methods.attribute(machine, thing, row, name)
        if derived is not None:
            return derived
        if methods.known(row, name):
            return just(Method(thing, name))
    elif record.kind in ("list", "dict", options.PARSER):
        return just(Method(thing, name))
    elif record.kind == options.OPTIONS:
        return options.read(machine, thing, name)
    return unknown(f"attribute `{name}` is not known", machine.key("attr", thing.id, name))


def _bound(machine: Machine, case: Case, thing: Thing) -> Value:
    found = case.thing
    if isinstance(found, Func):
        return (Case(Bound(found, thing), case.guards),)
    if isinstance(found, Descriptor):
        if found.kind == "property":
            return machine.mapped(
                found.function, lambda f: machine.call(_receive(machine, f, thing), Arguments(), None)
            )
        if found.kind == "class":
            return _receive(machine, found.function, Class(machine.heap.records[thing.id].of.id))
        return found.function
    return (case,)


def _receive(machine: Machine, functions: Value, thing: Thing) -> Value:
    return tuple(Case(Bound(c.thing, thing), c.guards) if isinstance(c.thing, Func) else c for c in functions)


def _from_class(machine: Machine, case: Case, thing: Class) -> Value:
    if isinstance(case.thing, Descriptor):
        return (
            _receive(machine, case.thing.function, thing)
            if case.thing.kind == "class"
            else case.thing.function
        )
    return (case,)


def _class_fallback(machine: Machine, thing: Class, name: str) -> Value:
    if name in ("__name__", "__qualname__"):
        return just(Const(machine.heap.records[thing.id].name))
    for base in machine.library_bases(thing.id):
        if isinstance(base, Name):
            return just(Name(f"{base.path}.{name}"))
    return unknown(f"attribute `{name}` is not known", machine.key("class attr", thing.id, name))


def _super_attribute(machine: Machine, thing: Super, name: str) -> Value:
    receiver = thing.receiver
    start = (
        receiver.id
        if isinstance(receiver, Class)
        else machine.heap.records[receiver.id].of.id
        if isinstance(receiver, Obj)
        else thing.owner
    )
    order = machine.order(start)
    behind = order[order.index(thing.owner) + 1 :] if thing.owner in order else []
    for made in behind:
        value = machine.heap.read(made, name)
        if value is not None:
            return join(
                [_bound(machine, case, receiver) if isinstance(receiver, Obj) else (case,) for case in value]
            )
    return just(Method(thing, name))


def lookup_method(machine: Machine, thing: Obj, name: str) -> Value | None:
    """A method that the project defines for the object's class."""
    record = machine.heap.records[thing.id]
    if record.kind != "instance":
        return None
    found = machine.class_attribute(record.of.id, name)
    if found is None:
        return None
    return join([_bound(machine, case, thing) for case in found])


def set_attribute(machine: Machine, target: Value, name: str, value: Value) -> None:
    target = machine.force(target)
    for case in target:
        thing = case.thing
        if isinstance(thing, Obj):
            record = machine.heap.records[thing.id]
            if record.kind == "instance":
                found = machine.class_attribute(record.of.id, name)
                if found is not None and isinstance(found[0].thing, Descriptor) and found[0].thing.setter:
                    machine.call(
                        _receive(machine, found[0].thing.setter, thing),
                        Arguments((Argument(value, None),)),
                        None,
                    )
                    continue
            old = record.slots.get(name)
            machine.heap.write(
                thing.id, name, value if len(target) == 1 or old is None else join((old, value))
            )
        elif isinstance(thing, Class):
            machine.heap.write(thing.id, name, value)
        elif isinstance(thing, Module):
            machine.heap.write(machine.modules.env(machine, thing.file), name, value)
        elif isinstance(thing, Unknown):
            owner = owner_of(machine, thing)
            if owner is not None:
                machine.heap.write(owner[0], f"{owner[1]}.{name}", value)


def owner_of(machine: Machine, thing: Unknown) -> tuple[int, str] | None:
    """For an attribute that was never set: the object it would be on, and its dotted name."""
    if thing.key is None:
        return None
    parts = machine.parts(thing.key)
    return (parts[1], parts[2]) if parts[0] == "attr" else None
