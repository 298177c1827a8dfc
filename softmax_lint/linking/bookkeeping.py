"""Functions that cost much and only keep books: after a few runs that brought nothing they are not run again.

Large libraries check versions, hardware and options in the initialiser of every model, and fill graphs of what depends
on what for every set of data. A function is dull when its runs met no loss and neither wrote nor gave anything that a
tensor could depend on, however deep in lists and objects: layers, losses and what applies one, models, functions that
name one of them, texts that do.
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
    Seq,
    Thing,
    Unknown,
    Value,
    flat,
    just,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from softmax_lint.linking.machine import Machine

MANY = 150  # operations of one run, from which on it counts
RUNS = 3  # dull ones, after which no more are made
MOST_LOOKED = 300  # objects in what was written or given; where there are more, it counts as mattering
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


def _matters(machine: Machine, value: Value) -> bool:
    """Whether the value, or something in it, does."""
    seen: set[int] = set()
    pending = [case.thing for case in value]
    while pending:
        thing = pending.pop()
        if isinstance(thing, Obj):
            if thing.id in seen:
                continue
            seen.add(thing.id)
        inside = _inside(machine, thing)
        if inside is None or len(seen) > MOST_LOOKED:
            return True
        pending += [case.thing for each in inside for case in each]
    return False


def _inside(machine: Machine, thing: Thing) -> Iterable[Value] | None:
    """What the thing is made of; None where it matters itself."""
    if isinstance(thing, Unknown | Module):
        return ()
    if isinstance(thing, Const):
        return None if isinstance(thing.value, str) and _names_one(thing.value) else ()
    if isinstance(thing, Name):
        row = find(thing.path)
        return None if row is not None and row.role != KEEP else ()
    if isinstance(thing, Lazy):
        made_by = machine.delayed[thing.cell].function
        return None if made_by is None else (just(made_by),)
    if isinstance(thing, Func):
        print_ = effects.footprint(machine, thing.code)
        return None if print_.meets or any(map(_names_one, print_.names | print_.attributes)) else ()
    if isinstance(thing, Bound):
        return (just(thing.function),)
    if isinstance(thing, Partial):
        return (thing.function,)
    if isinstance(thing, Seq):
        return flat(thing.items)
    if isinstance(thing, Map):
        return [item for _, item in thing.entries]
    return _held(machine, thing) if isinstance(thing, Obj) else None


def _held(machine: Machine, thing: Obj) -> Iterable[Value] | None:
    record = machine.heap.records[thing.id]
    if record.kind in ("list", "dict"):
        inner = record.slots.get(ITEMS)
        return (inner,) if inner is not None else ()
    if record.kind not in ("instance", "output") or machine.library_row(thing) is not None:
        return None
    if record.kind == "instance" and effects.brings_loss(machine, record.of):
        return None
    return list(record.slots.values())


def _names_one(text: str) -> bool:
    return _ONE.search(text.lower()) is not None
