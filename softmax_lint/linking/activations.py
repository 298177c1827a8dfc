"""Activations: what they make of a tensor, by function, by layer and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    CLASS,
    KEEP,
    Api,
)
from softmax_lint.knowledge.strings import activation_path
from softmax_lint.linking import spelling, tensors
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Case,
    Class,
    Const,
    Func,
    Name,
    Obj,
    Origin,
    Partial,
    Tensor,
    Thing,
    Value,
    integer,
    join,
    just,
    literal,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def axis(row: Api, given: Arguments, names: tuple[str, ...] | None = None) -> tuple[int | None, bool]:
    """The axis of an activation, and whether it was left to the framework."""
    if not row.axis:
        return row.axis_default, False
    argument = given.get(names or row.params, row.axis)
    if argument is None and row.axis in ("dim", "axis"):
        argument = given.get((), "axis" if row.axis == "dim" else "dim")
    if argument is None:
        return row.axis_default, row.axis_default is None and not given.loose
    found = literal(argument.value)
    if found is not None and found.value is None:
        return row.axis_default, row.axis_default is None
    return integer(argument.value), False


def activated(machine: Machine, argument: Argument, tensor: Tensor, framework: str, layer: Origin) -> Value:
    """The tensor after the activation that an argument names: a string, function, layer or None."""
    parts = []
    for case in machine.force(argument.value):
        thing = case.thing
        at = argument.origin or layer
        path = None
        if isinstance(thing, Const):
            if thing.value is None:
                parts.append(under(just(tensor), case.guards))
                continue
            if isinstance(thing.value, str):
                path = activation_path(thing.value, framework)
        elif isinstance(thing, Name):
            path = thing.path
        elif isinstance(thing, (Func, Bound, Obj, Class, Partial)):
            made = machine.call(
                machine.call((case,), Arguments(), at) if isinstance(thing, Class) else (case,),
                Arguments((Argument(just(tensor), None),)),
                at,
            )
            parts.append(under(made, case.guards))
            continue
        row = find(path) if path is not None else None
        if row is not None and row.role == KEEP:
            parts.append(under(just(tensor), case.guards))
        elif row is not None and row.role == ACTIVATION and row.produces is not None:
            text = f"'{thing.value}'" if isinstance(thing, Const) else spelling.called(thing.path)
            built = thing.origin if isinstance(thing, Const) and thing.origin != argument.origin else None
            made = tensors.activate(
                machine,
                just(tensor),
                row,
                at,
                text,
                axis=row.axis_default if row.axis_default is not None else -1,
                built=built,
                layer=layer,
                half=tensor.half,
                keras=framework == "keras"
                and (
                    isinstance(thing, Const)
                    or thing.path.partition(".")[0] != "tensorflow"
                    or ".keras." in thing.path
                ),
            )
            parts.append(under(made, case.guards))
        elif row is not None and row.form == CLASS and isinstance(thing, Name):
            made = machine.call(
                machine.call((case,), Arguments(), at), Arguments((Argument(just(tensor), None),)), at
            )
            parts.append(under(made, case.guards))
        else:
            parts.append(
                under(unknown("an activation that is not known", machine.fresh("activation")), case.guards)
            )
    return join(parts)


def from_argument(machine: Machine, holder: Obj, name: Name, value: Value, at: Origin | None) -> Value:
    """The value of `self.activation(x)` at `at`, which comes from the argument that gave `holder` that function."""
    given = machine.heap.records[holder.id].extra
    if not isinstance(given, Arguments) or all(not isinstance(case.thing, Tensor) for case in value):
        return value
    for argument in (*given.positional, *(argument for _, argument in given.keywords)):
        if argument.origin is not None and any(_stands_for(case.thing, name) for case in argument.value):
            return tuple(_built_at(case, at, argument.origin) for case in value)
    return value


def _stands_for(thing: Thing, name: Name) -> bool:
    """Whether an argument is the function, or the string that means it."""
    if isinstance(thing, Const) and isinstance(thing.value, str):
        row = find(name.path)
        return row is not None and activation_path(thing.value, row.framework) == name.path
    return bool(thing == name)


def _built_at(case: Case, at: Origin | None, origin: Origin) -> Case:
    thing = case.thing
    if isinstance(thing, Tensor) and thing.source == at and thing.built is None:
        return case._replace(thing=thing._replace(built=origin))
    return case
