"""What a value is: `isinstance`, `callable`, `type`, `hasattr`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge.schema import (
    ACTIVATION,
    AFFINE,
    CLASS,
    JOIN,
    KEEP,
    LOSS,
    MIX,
    NAMED_ACTIVATION,
    RECURRENT,
)
from softmax_lint.linking.values import (
    Arguments,
    Bound,
    Class,
    Const,
    Func,
    Name,
    Obj,
    Origin,
    Repeat,
    Seq,
    Tensor,
    Unknown,
    Value,
    just,
    literal,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

LAYERS = frozenset({ACTIVATION, AFFINE, JOIN, KEEP, LOSS, MIX, NAMED_ACTIVATION, RECURRENT})


def has_attribute(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    if len(given.positional) == 2:
        value, name = machine.force(given.positional[0].value), literal(given.positional[1].value)
        if (
            len(value) == 1
            and isinstance(value[0].thing, Obj)
            and name is not None
            and isinstance(name.value, str)
        ):
            record = machine.heap.records[value[0].thing.id]
            if name.value in record.slots:
                return just(Const(True))
            if record.kind == "instance" and machine.class_attribute(record.of.id, name.value) is not None:
                return just(Const(True))
            return unknown("hasattr", machine.key("hasattr", value[0].thing.id, name.value))
    return unknown("hasattr", machine.fresh("hasattr"))


def is_instance(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    """Decided for tensors, sequences, dicts, strings and instances of project classes."""
    if len(given.positional) != 2:
        return unknown("isinstance", machine.fresh("isinstance"))
    value, kinds = machine.force(given.positional[0].value), machine.force(given.positional[1].value)
    if len(value) != 1 or len(kinds) != 1:
        return unknown("isinstance", machine.fresh("isinstance"))
    options = machine.contents(kinds)
    wanted = (
        [kinds[0].thing]
        if options is None
        else [i[0].thing for i in options.items if not isinstance(i, Repeat)]
    )
    results = [_is(machine, value[0].thing, kind) for kind in wanted]
    if any(result is True for result in results):
        return just(Const(True))
    if results and all(result is False for result in results):
        return just(Const(False))
    key = getattr(value[0].thing, "key", None)
    return unknown(
        "isinstance",
        machine.key("isinstance", key, str(wanted)) if key is not None else machine.fresh("isinstance"),
    )


def _is(machine: Machine, thing: Any, kind: Any) -> bool | None:
    if isinstance(thing, Unknown):
        return None
    if isinstance(kind, Class):
        if not isinstance(thing, Obj):
            return False
        record = machine.heap.records[thing.id]
        return record.kind == "instance" and kind.id in machine.order(record.of.id)
    if not isinstance(kind, Name):
        return None
    path = kind.path
    plain = {
        "builtins.tuple": Seq,
        "builtins.str": str,
        "builtins.int": int,
        "builtins.float": float,
        "builtins.bool": bool,
    }
    if isinstance(thing, Tensor):
        return (
            True
            if path in ("torch.Tensor", "tensorflow.Tensor")
            else False
            if path in plain or path in ("builtins.list", "builtins.dict")
            else None
        )
    if isinstance(thing, Const):
        if path in plain and path != "builtins.tuple":
            return isinstance(thing.value, plain[path])
        return False if path in ("builtins.list", "builtins.dict", "builtins.tuple", "torch.Tensor") else None
    if isinstance(thing, Seq):
        return path == "builtins.tuple" if path.startswith("builtins.") else False
    if isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        if record.kind in ("list", "dict"):
            return path == f"builtins.{record.kind}"
        if path in ("builtins.list", "builtins.tuple", "builtins.dict", "builtins.str"):
            return False
        if record.kind == "library":
            from softmax_lint.knowledge import find

            row = find(path)
            if row is None or row.form != CLASS:
                return None
            if row.role == record.of.role:
                return bool(row.name == record.of.name)
            # Layers with a role of their own have no subclasses with another one.
            return False if row.role in LAYERS and row.framework == record.of.framework else None
    return None


def is_callable(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    value = machine.force(given.positional[0].value) if given.positional else ()
    if len(value) == 1 and isinstance(value[0].thing, (Func, Bound, Class, Name)):
        return just(Const(True))
    if len(value) == 1 and isinstance(value[0].thing, Const):
        return just(Const(False))
    return unknown("callable", machine.fresh("callable"))


def type_of(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    value = machine.force(given.positional[0].value) if given.positional else ()
    if len(value) == 1 and isinstance(value[0].thing, Obj):
        record = machine.heap.records[value[0].thing.id]
        if record.kind == "instance":
            return just(record.of)
    return unknown("a type", machine.fresh("type"))
