"""Losses that a Keras model is compiled with: each meets the output it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import CLASS, LOSS, Api
from softmax_lint.knowledge.strings import loss_path
from softmax_lint.linking import sinks
from softmax_lint.linking.values import (
    NO_GUARDS,
    Argument,
    Arguments,
    Bound,
    Const,
    Func,
    Guards,
    Name,
    Obj,
    Origin,
    Partial,
    Repeat,
    Seq,
    Tensor,
    Thing,
    Value,
    join,
    just,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def compiled(
    machine: Machine, losses: Argument | None, outputs: Value, origin: Origin, eager: bool = False
) -> None:
    """`model.compile(loss=…)`: every output with its loss."""
    if losses is None:
        return
    fitting, machine.fitting = machine.fitting, not eager
    try:
        for case in machine.visible(machine.force(losses.value)):
            with machine.given(case.guards):
                _compiled(machine, case.thing, losses.origin or origin, outputs, origin)
    finally:
        machine.fitting = fitting


def _compiled(machine: Machine, thing: Thing, place: Origin, outputs: Value, origin: Origin) -> None:
    several = machine.contents(just(thing)) if isinstance(thing, (Seq, Obj)) else None
    named = machine.mapping(just(thing)) if isinstance(thing, Obj) else None
    if several is not None:
        parts = outputs_of(machine, outputs, len(several.items))
        for position, loss in enumerate(several.items):
            if isinstance(loss, Repeat):
                return
            output = parts[position] if parts is not None and position < len(parts) else None
            if output is None:
                output = outputs if len(several.items) == 1 else unknown("one of several outputs")
            _each(machine, loss, place, output, origin)
        return
    if named is not None:
        for key, loss in named.entries:
            _each(machine, loss, place, _output_named(machine, outputs, key, len(named.entries)), origin)
        return
    parts = outputs_of(machine, outputs)
    for output in [outputs] if parts is None else parts:
        one_loss(machine, thing, place, output, origin)


def _each(machine: Machine, loss: Value, place: Origin, output: Value, origin: Origin) -> None:
    for case in machine.visible(machine.force(loss)):
        at = case.thing.origin if isinstance(case.thing, Const) and case.thing.origin else place
        with machine.given(case.guards):
            one_loss(machine, case.thing, at, output, origin)


def outputs_of(machine: Machine, outputs: Value, count: int | None = None) -> list[Value] | None:
    """The outputs of a model with several, in order. Of alternatives those with `count` outputs are meant."""
    found: list[tuple[Guards, list[Value]]] = []
    for case in machine.visible(machine.force(outputs)):
        value = (case._replace(guards=NO_GUARDS),)
        mapping = machine.mapping(value)
        items = machine.contents(value)
        if mapping is not None and not mapping.open:
            found.append((case.guards, [part for _, part in mapping.entries]))
        elif items is not None and not any(isinstance(item, Repeat) for item in items.items):
            found.append((case.guards, list(items.items)))
        elif count in (None, 1) or not isinstance(case.thing, Tensor):
            return None
    if count is not None and len(found) > 1:
        found = [(guards, parts) for guards, parts in found if len(parts) == count]
    if len({len(parts) for _, parts in found}) != 1:
        return None
    positions = zip(*(parts for _, parts in found), strict=True)
    return [join(under(v, g) for (g, _), v in zip(found, values, strict=True)) for values in positions]


def _output_named(machine: Machine, outputs: Value, name: object, count: int) -> Value:
    outputs = machine.force(outputs)
    mapping = machine.mapping(outputs)
    if mapping is not None:
        for key, value in mapping.entries:
            if key == name:
                return value
    parts = outputs_of(machine, outputs)
    for part in parts if parts is not None else [outputs]:
        forced = machine.force(part)
        if any(isinstance(case.thing, Tensor) and case.thing.name == name for case in forced):
            return forced
    if count == 1 and (parts is None or len(parts) == 1):
        return outputs if parts is None else parts[0]
    return unknown(f"the output named {name!r} was not found")


def one_loss(
    machine: Machine,
    thing: Thing,
    place: Origin,
    output: Value,
    origin: Origin,
    prefix: Arguments | None = None,
) -> None:
    """One loss, as given to `compile` or a trainer, with one output."""
    given = prefix or Arguments()
    if isinstance(thing, Const):
        path = loss_path(thing.value) if isinstance(thing.value, str) else None
        row = find(path) if path is not None else None
        if row is None:
            return
        expected, reason = sinks.expectation(machine, row, Arguments())
        text = f"'{thing.value}'"
        sinks.meet(machine, pair.LOSS, row, expected, place, origin, text, output, reason, thing.origin)
    elif isinstance(thing, Name):
        row = find(thing.path)
        if row is not None and row.role == LOSS:
            expected, reason = sinks.expectation(machine, row, given)
            sinks.meet(
                machine,
                pair.LOSS,
                row,
                expected,
                place,
                origin,
                thing.path.rpartition(".")[2],
                output,
                reason,
            )
    elif isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        row = machine.library_row(thing)
        if record.kind == "library" and row is not None and row.role == LOSS:
            expected, reason = sinks.expectation(machine, row, record.extra)
            text = row.name.rpartition(".")[2]
            sinks.meet(
                machine, pair.LOSS, row, expected, record.origin or place, origin, text, output, reason
            )
        elif record.kind == "instance":
            _own_loss(machine, thing, output, row, origin)
    elif isinstance(thing, Partial):
        row = None
        inner = machine.force(thing.function)[0].thing
        if isinstance(inner, Name):
            row = find(inner.path)
        if row is not None and row.role == LOSS and row.form != CLASS:
            expected, reason = sinks.expectation(machine, row, thing.arguments)
            sinks.meet(
                machine, pair.LOSS, row, expected, place, origin, row.name.rpartition(".")[2], output, reason
            )
        else:
            _own_loss(machine, thing, output, None, origin)
    elif isinstance(thing, (Func, Bound)):
        _own_loss(machine, thing, output, None, origin)


def _own_loss(machine: Machine, thing: Thing, output: Value, row: Api | None, origin: Origin) -> None:
    """A loss the project wrote, with Keras's arguments (targets, predictions)."""
    target = Argument(unknown("targets", machine.fresh("targets")), None)
    prediction = Argument(output, None)
    torch = row is not None and row.framework == "torch"
    order = (prediction, target) if torch else (target, prediction)
    with machine.wanting_effects():
        machine.force(machine.call(just(thing), Arguments(order), origin))
