"""Methods of lists, dicts and containers of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge.schema import (
    AFFINE,
    Api,
)
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Arguments,
    Case,
    Const,
    Map,
    Obj,
    Origin,
    Repeat,
    Seq,
    Thing,
    Unknown,
    Value,
    integer,
    join,
    just,
    literal,
    merge,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


MANY_WAYS = 4  # in which a list was filled


def container(
    machine: Machine, thing: Obj, row: Api, name: str, given: Arguments, origin: Origin | None
) -> Value | None:
    """Sequential, ModuleList and ModuleDict as collections."""
    if name == "add_module" and len(given.positional) >= 2:
        return _append(machine, thing, given.positional[1].value)
    if name in ("add", "append") and given.positional:
        _append(machine, thing, given.positional[0].value)
        return just(thing) if name == "append" else just(Const(None))
    if name == "add" and given.keywords:
        return _append(machine, thing, given.keywords[0][1].value)
    if name == "get_layer":
        return _layer(machine, thing, given)
    if name in ("extend", "insert", "pop", "items", "keys", "values", "update", "get"):
        return collection(machine, thing, name, given, origin)
    return None


def _layer(machine: Machine, thing: Obj, given: Arguments) -> Value:
    index = given.get(("name", "index"), "index")
    if index is not None:
        return machine.item(just(Obj(view(machine, thing))), index.value)
    return unknown("`.get_layer()`", machine.fresh("layer"))


def _append(machine: Machine, thing: Obj, value: Value) -> Value:
    items = machine.heap.read(thing.id, ITEMS)
    if items is None:
        return just(Const(None))
    if machine.heap.records[thing.id].kind == "library":
        machine.contained.update(case.thing.id for case in value if isinstance(case.thing, Obj))
    if len(items) >= MANY_WAYS and _is_affine(machine, value):
        # What came before depends on settings; the layer starts afresh.
        before = Repeat((unknown("layers that depend on settings", machine.fresh("items")),))
        machine.heap.write(thing.id, ITEMS, just(Seq((before, value))))
        return just(Const(None))
    parts = []
    for case in items:
        if isinstance(case.thing, Seq):
            parts.append((Case(Seq((*case.thing.items, value)), case.guards),))
        elif isinstance(case.thing, Unknown):
            # What came before is not known, what is last is.
            parts.append(
                (
                    Case(
                        Seq((Repeat((unknown(case.thing.reason, machine.fresh("items")),)), value)),
                        case.guards,
                    ),
                )
            )
        else:
            parts.append((case,))
    machine.heap.write(thing.id, ITEMS, join(parts))
    return just(Const(None))


def _is_affine(machine: Machine, value: Value) -> bool:
    if len(value) != 1 or not isinstance(value[0].thing, Obj):
        return False
    record = machine.heap.records[value[0].thing.id]
    return record.kind == "library" and record.of.role == AFFINE


def collection(
    machine: Machine, thing: Obj, name: str, given: Arguments, origin: Origin | None
) -> Value | None:
    items = machine.heap.read(thing.id, ITEMS)
    values = [argument.value for argument in given.positional]
    if name == "append" and values:
        return _append(machine, thing, values[0])
    if name in ("extend", "insert", "pop", "update", "setdefault", "clear", "remove"):
        return _mutated(machine, thing, items, name, values, given)
    mapping = machine.mapping(just(thing))
    if mapping is not None:
        if name == "get" and values:
            return _got(machine, mapping, values)
        if name == "items":
            pairs = tuple(
                just(
                    Seq(
                        (
                            just(Const(k))
                            if not isinstance(k, tuple)
                            else unknown("a key", machine.fresh("key")),
                            v,
                        )
                    )
                )
                for k, v in mapping.entries
            )
            return just(
                Seq(
                    pairs
                    if not mapping.open
                    else (*pairs, Repeat((unknown("an item", machine.fresh("item")),)))
                )
            )
        if name == "values":
            return just(Seq(tuple(v for _, v in mapping.entries)))
        if name == "keys":
            return just(Seq(tuple(just(Const(k)) for k, _ in mapping.entries)))
        if name == "copy":
            return just(machine.make_dict(mapping, origin))
    if name == "copy" and items is not None and isinstance(items[0].thing, Seq):
        return just(machine.make_list(items[0].thing, origin))
    return None


def _got(machine: Machine, mapping: Map, values: list[Value]) -> Value:
    found = literal(values[0])
    if found is not None and not mapping.open and all(k != found.value for k, _ in mapping.entries):
        return values[1] if len(values) > 1 else just(Const(None))
    entry = machine.item(just(machine.make_dict(mapping, None)), values[0])
    if found is not None:
        return entry
    yes, no = machine.choice("get")
    default = values[1] if len(values) > 1 else just(Const(None))
    return merge(yes, no, entry, default, machine.heap.kind_of)


def _mutated(
    machine: Machine, thing: Obj, items: Value | None, name: str, values: list[Value], given: Arguments
) -> Value:
    result = just(Const(None))
    new: Thing = Unknown("items were changed", machine.fresh("items"))
    contents = items[0].thing if items is not None and len(items) == 1 else None
    if name == "extend" and values and items is not None and len(items) > 1:
        further = machine.elements(values[0])
        longer = None if further is None else machine.extended(thing, further)
        if longer is not None:
            machine.heap.write(thing.id, ITEMS, longer)
            return result
    if isinstance(contents, Seq):
        exact = not any(isinstance(i, Repeat) for i in contents.items)
        if name == "extend" and values:
            more = machine.elements(values[0])
            if more is not None:
                new = Seq((*contents.items, *more))
        elif name == "insert" and len(values) == 2:
            at = integer(values[0])
            if at is not None and (exact or at == 0):
                listed: list[Any] = list(contents.items)
                listed.insert(at, values[1])
                new = Seq(tuple(listed))
        elif name == "pop":
            at = integer(values[0]) if values else -1
            listed = list(contents.items)
            if at is not None and listed and (exact or (at == -1 and not isinstance(listed[-1], Repeat))):
                try:
                    result = listed.pop(at)
                    new = Seq(tuple(listed))
                except IndexError:
                    pass
        elif name == "clear":
            new = Seq(())
    elif isinstance(contents, Map):
        if name == "update":
            entries = dict(contents.entries)
            more_ = machine.mapping(values[0]) if values else Map(())
            if more_ is not None:
                entries.update(more_.entries)
            entries.update((k, a.value) for k, a in given.keywords)
            new = Map(tuple(entries.items()), contents.open or more_ is None or more_.open)
        elif name == "setdefault" and len(values) == 2:
            key = literal(values[0])
            if key is not None:
                entries = dict(contents.entries)
                result = entries.setdefault(key.value, values[1])
                new = Map(tuple(entries.items()), contents.open)
        elif name == "clear":
            new = Map(())
        elif name == "pop" and values:
            key = literal(values[0])
            if key is not None:
                entries = dict(contents.entries)
                result = entries.pop(key.value, values[1] if len(values) > 1 else unknown("a popped entry"))
                new = Map(tuple(entries.items()), contents.open)
    if items is not None:
        machine.heap.write(thing.id, ITEMS, just(new))
    return result


def view(machine: Machine, thing: Obj) -> int:
    """A list with the container's present items."""
    items = machine.heap.read(thing.id, ITEMS)
    made = machine.heap.allocate("list")
    if items is not None:
        machine.heap.records[made].slots[ITEMS] = items
    return made
