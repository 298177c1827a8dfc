"""Functions that cost much and only keep books: after a few runs that brought nothing they are not run again.

Large libraries check versions, hardware and options in the initialiser of every model. A function is dull when its
runs met no loss and neither wrote nor gave anything that a tensor could depend on: layers, losses, models, functions,
texts that name one of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import KEEP
from softmax_lint.linking import effects
from softmax_lint.linking.heap import ITEMS, Mark, Slot
from softmax_lint.linking.values import (
    Arguments,
    Bound,
    Const,
    Func,
    Lazy,
    Map,
    Module,
    Name,
    Obj,
    Partial,
    Repeat,
    Seq,
    Thing,
    Unknown,
    Value,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

MANY = 150  # operations of one run, from which on it counts
RUNS = 3  # dull ones, after which no more are made
DEEP = 3  # levels of contents that are looked through
_ONE = re.compile("soft|sigm|log(?!g)|linear|entropy|loss|bce|nll|relu|tanh|elu|identity")


def skipped(machine: Machine, function: Func, given: Arguments) -> Value | None:
    """What stands for a call of a function that is known to be dull; None where it has to be run."""
    if machine.dull.get(function.definition, 0) < RUNS:
        return None
    first = function.owner is not None
    values = [*given.positional[first:], *(argument for _, argument in given.keywords)]
    if any(_matters(machine, argument.value) for argument in values):
        return None
    return unknown(f"`{function.code[2]}` is not followed any more", machine.fresh("dull"))


def note(machine: Machine, function: Func, result: Value, before: tuple[int, int, Mark]) -> None:
    """Learn from a run: `before` is the operations, the meetings and the heap as they were."""
    operations, met, mark = before
    if machine.operations - operations < MANY:
        return
    at = function.definition
    dull = machine.met == met and not _matters(machine, result) and not _wrote(machine, mark)
    machine.dull[at] = machine.dull.get(at, 0) + 1 if dull else 0


def _wrote(machine: Machine, mark: Mark) -> bool:
    """Whether something that matters was written to what had been there, and is new there."""
    start, count = mark
    before: dict[Slot, Value | None] = {}
    for id_, name, old in machine.heap.journal[start:]:
        if id_ < count:
            before.setdefault((id_, name), old)
    for slot, old in before.items():
        new = machine.heap.read(*slot) or ()
        if machine.heap.records[slot[0]].kind == "module":
            new = tuple(case for case in new if not isinstance(case.thing, Lazy))  # no tensor lives there
        if new != old and _matters(machine, new):
            return True
    return False


def _matters(machine: Machine, value: Value, depth: int = 0) -> bool:
    return any(_thing_matters(machine, case.thing, depth) for case in value)


def _thing_matters(machine: Machine, thing: Thing, depth: int) -> bool:
    if isinstance(thing, Unknown | Module):
        return False
    if isinstance(thing, Const):
        return isinstance(thing.value, str) and _names_one(thing.value)
    if isinstance(thing, Name):
        row = find(thing.path)
        return row is not None and row.role != KEEP
    if depth >= DEEP:
        return True
    if isinstance(thing, Lazy):
        made_by = machine.delayed[thing.cell].function
        return made_by is None or _thing_matters(machine, made_by, depth + 1)
    if isinstance(thing, Func):
        print_ = effects.footprint(machine, thing.code)
        return print_.meets or any(map(_names_one, print_.names | print_.attributes))
    if isinstance(thing, Bound):
        return _thing_matters(machine, thing.function, depth + 1)
    if isinstance(thing, Partial):
        return _matters(machine, thing.function, depth + 1)
    if isinstance(thing, Seq):
        items = [
            part for item in thing.items for part in (item.values if isinstance(item, Repeat) else (item,))
        ]
        return any(_matters(machine, item, depth + 1) for item in items)
    if isinstance(thing, Map):
        return any(_matters(machine, item, depth + 1) for _, item in thing.entries)
    if isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        if record.kind in ("list", "dict"):
            inner = record.slots.get(ITEMS)
            return inner is not None and _matters(machine, inner, depth + 1)
        if record.kind != "instance" or any(
            isinstance(base, Name) and find(base.path) is not None
            for base in machine.library_bases(record.of.id)
        ):
            return True
        return any(_matters(machine, slot, depth + 1) for slot in list(record.slots.values()))
    return True


def _names_one(text: str) -> bool:
    return _ONE.search(text.lower()) is not None
