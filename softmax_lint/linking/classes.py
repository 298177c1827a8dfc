"""Classes of the project: their order of resolution, and the library classes they derive from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import Api
from softmax_lint.linking.values import (
    Class,
    Name,
    Obj,
    Thing,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def class_attribute(machine: Machine, made: int, name: str) -> Value | None:
    for id in machine.order(made):
        value = machine.heap.read(id, name)
        if value is not None:
            return value
    return None


def order(machine: Machine, made: int) -> list[int]:
    """The project classes of the method resolution order, most derived first."""
    known = machine.orders.get(made)
    if known is not None:
        return known
    found = machine.orders[made] = [made]
    for base in machine.heap.records[made].of:
        for case in base:
            if isinstance(case.thing, Class):
                found.extend(id for id in machine.order(case.thing.id) if id not in found)
                break
    return found


def library_bases(machine: Machine, made: int) -> list[Thing]:
    """The bases that are no classes of the project, in order: Name or Unknown."""
    found: list[Thing] = []
    for id in machine.order(made):
        for base in machine.heap.records[id].of:
            found.extend(case.thing for case in base if isinstance(case.thing, (Name, Unknown)))
    return found


def library_row(machine: Machine, thing: Obj) -> Api | None:
    """The knowledge row of a library object, or of the library class that an instance derives from."""
    record = machine.heap.records[thing.id]
    if record.kind == "library":
        row: Api = record.of
        return row
    if record.kind != "instance":
        return None
    for base in machine.library_bases(record.of.id):
        if isinstance(base, Name):
            found = find(base.path)
            if found is not None:
                return found
    return None
