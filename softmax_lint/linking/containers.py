"""What containers and library models put out: the last of their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge.schema import (
    Api,
)
from softmax_lint.linking import activations, spelling
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Const,
    Map,
    Obj,
    Repeat,
    Seq,
    Tensor,
    Unknown,
    Value,
    integer,
    join,
    just,
    literal,
    merge,
    under,
    unknown,
)
from softmax_lint.representation import SCORES

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def contained(machine: Machine, row: Api, given: Arguments) -> Value:
    """The items of a container from its constructor's arguments."""
    values = [argument.value for argument in given.positional]
    if row.name in ("torch.nn.Sequential",) and len(values) != 1:
        return just(Seq(tuple(values))) if not given.loose else _loose(machine, values)
    if not values:
        named = given.get((), "layers") or given.get((), "modules")
        if named is None:
            return just(Map(())) if row.name.endswith("Dict") else just(Seq(()))
        values = [named.value]
    if given.loose:
        return _loose(machine, values)
    first = machine.force(values[0])
    if len(first) == 1 and isinstance(first[0].thing, Obj):
        record = machine.heap.records[first[0].thing.id]
        inner = record.slots.get(ITEMS)
        if inner is not None and record.kind in ("list", "dict"):
            if row.name == "torch.nn.Sequential" and record.kind == "dict":
                mapping = machine.mapping(first)
                if mapping is None or mapping.open:
                    return _last_known(mapping)
                return just(Seq(tuple(value for _, value in mapping.entries)))
            return inner
    if len(first) == 1 and isinstance(first[0].thing, Seq):
        if row.name != "torch.nn.Sequential":
            return first
        return just(Seq((first,)))
    if row.name == "torch.nn.Sequential" and not isinstance(first[0].thing, Unknown):
        return just(Seq((first,)))
    return unknown("items that are not known", machine.fresh("items"))


def members(items: Value) -> set[int]:
    found: set[int] = set()
    for case in items:
        values = case.thing.items if isinstance(case.thing, Seq) else ()
        if isinstance(case.thing, Map):
            values = tuple(value for _, value in case.thing.entries)
        for value in values:
            for part in value.values if isinstance(value, Repeat) else (value,):
                found.update(c.thing.id for c in part if isinstance(c.thing, Obj))
    return found


def _last_known(mapping: Map | None) -> Value:
    """A dict with entries under unknown keys, in order: the entries that are known by their place."""
    if mapping is None:
        return unknown("items that are not known")
    items: list[Any] = []
    for key, value in mapping.entries:
        items.append(Repeat((value,)) if isinstance(key, tuple) and key and key[0] == "?" else value)
    return just(Seq(tuple(items)))


def _loose(machine: Machine, values: list[Value]) -> Value:
    """Arguments with a starred list of unknown length: what stands behind it is still last."""
    items: list[Any] = []
    for value in values:
        if len(value) == 1 and isinstance(value[0].thing, Seq):
            items.extend(value[0].thing.items)
        else:
            items.append(value)
    if any(isinstance(item, Repeat) for item in items):
        return just(Seq(tuple(items)))
    return unknown("starred items", machine.fresh("items"))


def run_container(machine: Machine, thing: Obj, value: Value | None) -> Value:
    """A Sequential: each item on what the one before gave."""
    items = machine.heap.read(thing.id, ITEMS)
    if items is None:
        return unknown("a container whose items are not known", machine.fresh("container"))
    start = value if value is not None else unknown("data", machine.key("data"))
    parts = []
    for case in machine.visible(items):
        with machine.given(case.guards):
            if isinstance(case.thing, Seq):
                result = _chain(machine, case.thing.items, start)
            elif isinstance(case.thing, Map):
                result = unknown("a call of a dict of layers", machine.fresh("container"))
            else:
                reason = case.thing.reason if isinstance(case.thing, Unknown) else "items that are not known"
                result = unknown(reason, machine.fresh("container"))
        parts.append(under(result, case.guards))
    return join(parts)


def _chain(machine: Machine, items: tuple[Any, ...], value: Value) -> Value:
    for item in items:
        machine.spend()
        if isinstance(item, Repeat):
            before = value
            for again in item.values:
                value = machine.call(again, Arguments((Argument(value, None),)), None)
            yes, no = machine.choice("repeated")
            value = merge(yes, no, value, before, machine.heap.kind_of)
            continue
        value = machine.call(item, Arguments((Argument(value, None),)), None)
    return value


def model_output(machine: Machine, thing: Obj, row: Api, built: Arguments, value: Value | None) -> Value:
    """A library model: its replaced head, else what the row says."""
    slots = machine.heap.records[thing.id].slots
    heads = [row.head] if row.head else []
    if row.framework == "torch":
        heads += [name for name in ("fc", "classifier", "head", "heads", "last_linear") if name not in heads]
    for head in heads:
        replaced = slots.get(head)
        if replaced is None and "." in head and head.split(".")[0] in slots:
            replaced = slots[head.split(".")[0]]
        if replaced is not None and not isinstance(replaced[0].thing, Unknown):
            return machine.call(
                replaced, Arguments((Argument(unknown("features", machine.fresh("features")), None),)), None
            )
    if any("." in name and not name.startswith("*") for name in slots):
        return unknown("a library model with changed layers", machine.fresh("model"))
    for flag in row.flags:
        argument = built.get(row.params, flag.name)
        found = literal(argument.value) if argument is not None else None
        if argument is not None and found is None:
            return unknown(f"`{flag.name}` is not a literal", machine.fresh("model"))
        setting = flag.default if found is None else found.value
        for literal_value, meaning in flag.when:
            if literal_value == setting and meaning != SCORES:
                return unknown(f"the {meaning} of a library model", machine.fresh("model"))
    if row.produces != SCORES:
        return unknown(f"`{row.name}`", machine.fresh("model"))
    at = machine.heap.records[thing.id].origin or (0, 0)
    units = built.get(row.params, row.units) if row.units else None
    scores = Tensor(
        SCORES, at, spelling.short(row.name), units=integer(units.value) if units is not None else None, layer=at,
        keras=row.framework == "keras", measured=row.measured, made=machine.exploring,
    )  # fmt: skip
    result: Value = just(scores)
    if row.activation:
        argument = built.get(row.params, row.activation)
        if argument is None:
            argument = Argument(just(Const(row.activation_default)), at)
        result = activations.activated(machine, argument, scores, row.framework, at)
    if row.name.startswith("transformers."):
        made = machine.heap.allocate("output", origin=at)
        machine.heap.records[made].slots["logits"] = result
        return just(Obj(made))
    return result
