"""Items of sequences, dicts and objects: read, written, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.linking import attributes, options, tensors
from softmax_lint.linking.heap import ITEMS, Record
from softmax_lint.linking.values import (
    MOST_OBJECTS,
    NO_GUARDS,
    Argument,
    Arguments,
    Case,
    Class,
    Const,
    Key,
    Lazy,
    Map,
    Method,
    Name,
    Obj,
    Repeat,
    Seq,
    Slice,
    Tensor,
    Thing,
    Unknown,
    Value,
    flat,
    is_object,
    join,
    just,
    literal,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def contents(machine: Machine, value: Value) -> Seq | None:
    """The items of a tuple or list that is the only case."""
    if len(value) != 1:
        return None
    thing = value[0].thing
    if isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        inner = record.slots.get(ITEMS)
        if record.kind != "list" or inner is None or len(inner) != 1:
            return None
        thing = inner[0].thing
    return thing if isinstance(thing, Seq) else None


def mapping(machine: Machine, value: Value) -> Map | None:
    value = machine.visible(machine.force(value))
    if len(value) != 1 or not isinstance(value[0].thing, Obj):
        return None
    inner = machine.heap.records[value[0].thing.id].slots.get(ITEMS)
    if inner is None or len(inner) != 1 or not isinstance(inner[0].thing, Map):
        return None
    return inner[0].thing


def elements(machine: Machine, value: Value) -> list[Any] | None:
    """What iterating gives: values and repeats in order; None when it is not known."""
    value = machine.force(value)
    if len(value) != 1:
        return None
    thing = value[0].thing
    if isinstance(thing, Seq):
        return list(thing.items)
    if isinstance(thing, Tensor) and thing.representation:
        return [Repeat((just(tensors.entry_of(thing)),))]
    if isinstance(thing, Obj):
        inner = machine.heap.records[thing.id].slots.get(ITEMS)
        inner = machine.visible(inner) if inner else None
        if inner is None or len(inner) != 1:
            return None
        thing = inner[0].thing
        if isinstance(thing, Seq):
            return list(thing.items)
        if isinstance(thing, Map) and not thing.open:
            return [just(Const(key)) for key, _ in thing.entries]
    return None


def is_list(machine: Machine, value: Value) -> bool:
    value = machine.force(value)
    return isinstance(value[0].thing, Obj) and machine.heap.records[value[0].thing.id].kind == "list"


def extend_in_place(machine: Machine, left: Value, right: Value) -> bool:
    """`left += right` for a list."""
    if len(left) != 1 or not isinstance(left[0].thing, Obj):
        return False
    second = machine.elements(right)
    found = None if second is None else extended(machine, left[0].thing, second)
    if found is None:
        return False
    machine.heap.write(left[0].thing.id, ITEMS, found)
    return True


def extended(machine: Machine, thing: Obj, more: list[Any]) -> Value | None:
    """The contents of a list with more behind, whichever they are; None when they are not known."""
    record = machine.heap.records[thing.id]
    items = record.slots.get(ITEMS)
    if not items or record.kind != "list":
        return None
    cases = []
    for case in items:
        if not isinstance(case.thing, Seq):
            return None
        cases.append(Case(Seq((*case.thing.items, *more)), case.guards))
    return tuple(cases)


def delete_item(machine: Machine, value: Value, index: Const | None) -> None:
    if (
        len(value) == 1
        and isinstance(value[0].thing, Obj)
        and ITEMS in machine.heap.records[value[0].thing.id].slots
    ):
        contents = machine.contents(value)
        kept = None
        if (
            contents is not None
            and index is not None
            and not any(isinstance(i, Repeat) for i in contents.items)
        ):
            kept = list(contents.items)
            try:
                del kept[index.value]  # type: ignore[arg-type]
            except Exception:
                kept = None
        new = just(Seq(tuple(kept))) if kept is not None else unknown("items were deleted")
        machine.heap.write(value[0].thing.id, ITEMS, new)


def item(machine: Machine, value: Value, index: Value) -> Value:
    for case in value:
        if case.thing.__class__ is Lazy:
            return machine.mapped(value, lambda forced: _items(machine, forced, index))
    return _items(machine, value, index)


def _items(machine: Machine, value: Value, index: Value) -> Value:
    index = machine.force(index)
    parts = []
    for case in machine.visible(value):
        with machine.given(case.guards):
            parts.append(under(_item(machine, case.thing, index), case.guards))
    return join(parts)


def _item(machine: Machine, thing: Thing, index: Value) -> Value:
    found = literal(index)
    kind = thing.__class__
    if kind is Obj:
        record = machine.heap.records[thing.id]
        if record.kind == "instance":
            method = machine.lookup_method(thing, "__getitem__")
            if method is not None:
                return machine.call(method, Arguments((Argument(index, None),)), None)
        slots = record.slots
        if record.kind == "output" and found is not None and isinstance(found.value, str):
            return slots.get(found.value) or unknown(f"the output `{found.value}` of a library model")
        inner = slots.get(ITEMS)
        if inner is not None:
            return (
                _items(machine, inner, index)
                if not isinstance(inner[0].thing, Seq)
                else join(
                    [
                        under(_sliced(machine, case.thing, found, record, thing), case.guards)
                        for case in _filled(inner)
                    ]
                )
            )
        key = found.value if found is not None else None
        return slots.get(f"[{key}]") or _unknown_item(
            machine, ("item in", thing.id, key if found else str(index)), found
        )
    if kind is Seq:
        return _sliced(machine, thing, found, None, None)
    if kind is Map:
        return _entry(machine, thing, index, found)
    if kind is Tensor:
        return tensors.item(machine, thing, index)
    if kind is Const and found is not None:
        try:
            at = slice(*found.value) if isinstance(found.value, Slice) else found.value
            picked = thing.value[at]
            return just(Const(picked, thing.origin))
        except Exception:
            return unknown("an index")
    if kind is Unknown:
        if thing.key is None:
            return unknown(thing.reason, machine.fresh("item"))
        return _unknown_item(
            machine,
            ("item", thing.key, found.value if found is not None else str(index)),
            found,
            thing.reason,
        )
    if isinstance(thing, Name) and thing.path.endswith(".__dict__"):
        thing = Method(Name(thing.path[: -len(".__dict__")]), "__dict__")
    if isinstance(thing, Name):
        return unknown(f"an item of `{thing.path}`", machine.key("item", thing.path, str(index)))
    if isinstance(thing, Method) and thing.name == "__dict__":
        return options.entry(machine, thing, index) or unknown("an entry of a module", machine.fresh("entry"))
    if isinstance(thing, Class):
        return just(thing)
    return unknown("an item of something that is not followed", machine.fresh("item"))


def _filled(lists: Value) -> Value:
    """Without the empty ones: nobody takes an item from those."""
    return tuple(case for case in lists if not isinstance(case.thing, Seq) or case.thing.items) or lists


def _unknown_item(
    machine: Machine, parts: tuple[Any, ...], found: Const | None, reason: str = "an item that is not known"
) -> Value:
    try:
        return unknown(reason, machine.key(*parts))
    except TypeError:
        return unknown(reason, machine.fresh("item"))


def _sliced(
    machine: Machine, thing: Thing, found: Const | None, record: Record | None, owner: Thing
) -> Value:
    if not isinstance(thing, Seq):
        return unknown("items that are not known", machine.fresh("items"))
    items = thing.items
    if found is None:
        if record is None or not items:
            return unknown("an index that is not known", machine.fresh("index"))
        values = [v for i in items for v in (i.values if isinstance(i, Repeat) else (i,))]
        return _one_of(machine, values, machine.fresh("which"))
    index = found.value
    if isinstance(index, bool):
        index = int(index)
    if isinstance(index, int):
        order = range(len(items)) if index >= 0 else range(len(items) - 1, -1, -1)
        steps = index if index >= 0 else -index - 1
        for position in order:
            if isinstance(items[position], Repeat):
                return join(v for v in items[position].values)
            if steps == 0:
                picked: Value = items[position]
                return picked
            steps -= 1
        return unknown("an index past the end")
    if isinstance(index, Slice):
        if any(isinstance(i, Repeat) for i in items):
            return unknown("a slice of a list of unknown length")
        part = Seq(items[slice(*index)])
        if record is None:
            return just(part)
        if record.kind == "list":
            return just(machine.make_list(part, None))
        copy = machine.heap.allocate(record.kind, record.of, record.origin, record.name, record.extra)
        machine.heap.records[copy].slots[ITEMS] = just(part)
        return just(Obj(copy))
    return unknown("an index that is not known", machine.fresh("index"))


def _entry(machine: Machine, thing: Map, index: Value, found: Const | None) -> Value:
    if found is not None:
        for key, value in thing.entries:
            if key == found.value and type(key) is type(found.value):
                return value
        return unknown(f"no entry {found.value!r} is known", machine.fresh("entry"))
    if len(thing.entries) > MOST_OBJECTS:
        return unknown("too many alternatives", machine.fresh("entry"))
    if len(index) == 1 and isinstance(index[0].thing, Unknown) and not thing.open:
        key = index[0].thing.key or machine.fresh("key")
        parts = []
        for name, value in thing.entries:
            parts.append(
                tuple(
                    Case(
                        case.thing,
                        case.guards
                        | {
                            (machine.key("is", key, name), True, "object"),
                            (machine.key("value", key), (name,), "object"),
                        },
                    )
                    for case in value
                )
            )
        return join(parts)
    if len(index) > 1:
        return join(
            [
                under(
                    _entry(machine, thing, (case._replace(guards=NO_GUARDS),), literal((case,))), case.guards
                )
                for case in index
            ]
        )
    return unknown("an entry that is not known", machine.fresh("entry"))


def _one_of(machine: Machine, values: list[Value], key: Key) -> Value:
    if len(values) > MOST_OBJECTS:
        return unknown("too many alternatives", machine.fresh("which"))
    parts = []
    for number, value in enumerate(values):
        parts.append(tuple(Case(c.thing, c.guards | {(key, number, "object")}) for c in value))
    return join(parts)


def _reassigned(machine: Machine, lists: Value, value: Value) -> Value | None:
    """A list of models after `models[n] = value`, n unknown: any of them, any number of times."""
    values = [value]
    for case in lists:
        if not isinstance(case.thing, Seq):
            return None
        values.extend(flat(case.thing.items))
    things = dict.fromkeys(case.thing for each in values for case in machine.force(each))
    if len(values) == 1 or not all(map(is_object, things)):
        return None
    return just(Seq((Repeat(tuple(map(just, things))),)))


def _override(machine: Machine, settings: Obj) -> None:
    """Settings after `settings[name] = …`, the name unknown: a file was merged in, also into what they nest."""
    for name, held in tuple(machine.heap.records[settings.id].slots.items()):
        things = [case.thing for case in held]
        if all(isinstance(thing, Const) for thing in things):
            other = unknown(f"setting `{name}`", machine.key("setting", settings.id, name))
            machine.heap.write(settings.id, name, other)
        for thing in things:
            if isinstance(thing, Obj) and machine.heap.records[thing.id].kind == "output":
                _override(machine, thing)


def set_item(machine: Machine, target: Value, index: Value, value: Value) -> None:
    target, index = machine.force(target), machine.force(index)
    found = literal(index)
    for case in target:
        thing = case.thing
        if isinstance(thing, Unknown):
            owner = attributes.owner_of(machine, thing)
            if owner is not None and found is not None:
                machine.heap.write(owner[0], f"{owner[1]}.{found.value}", value)
            continue
        if not isinstance(thing, Obj):
            continue
        record = machine.heap.records[thing.id]
        if record.kind == "instance":
            method = machine.lookup_method(thing, "__setitem__")
            if method is not None:
                machine.call(method, Arguments((Argument(index, None), Argument(value, None))), None)
                continue
        inner = record.slots.get(ITEMS)
        new = None
        if inner is not None and len(inner) == 1:
            contents = inner[0].thing
            if isinstance(contents, Map):
                entries = dict(contents.entries)
                loose = contents.open
                if found is not None:
                    old = entries.get(found.value)
                    entries[found.value] = value if len(target) == 1 or old is None else join((old, value))
                else:
                    entries["?", machine.counter] = value
                    loose = True
                    machine.counter += 1
                new = just(Map(tuple(entries.items()), loose))
            elif isinstance(contents, Seq):
                items = list(contents.items)
                if (
                    found is not None
                    and isinstance(found.value, int)
                    and not any(isinstance(i, Repeat) for i in items)
                ):
                    if -len(items) <= found.value < len(items):
                        items[found.value] = value
                        new = just(Seq(tuple(items)))
                elif found is not None and found.value == -1 and items and not isinstance(items[-1], Repeat):
                    new = just(Seq((*items[:-1], value)))
        if inner is not None and new is None and found is None:
            new = _reassigned(machine, inner, value)
        if inner is not None:
            machine.heap.write(
                thing.id, ITEMS, new or unknown("items were assigned", machine.fresh("assigned"))
            )
        elif found is not None:
            machine.heap.write(thing.id, f"[{found.value}]", value)
        elif record.kind == "output":
            _override(machine, thing)
