"""Whether running a function that nobody calls can come to anything.

Nothing is known of its arguments, so every loss, model and tensor that it meets has to come from what it can reach:
the functions, classes and objects that it names. A loss counts wherever it is applied. A logarithm or a sampler
counts only where an activation is in reach, a comparison with a fraction only where something is applied that can
be a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge import find, has_own
from softmax_lint.knowledge.schema import LOG, LOSS, SAMPLER, TRAINER
from softmax_lint.linking import effects
from softmax_lint.linking.bodies import Calls, calls_in
from softmax_lint.linking.heap import ITEMS, Waiting
from softmax_lint.linking.values import (
    Bound,
    Class,
    Const,
    Definition,
    Descriptor,
    Func,
    Lazy,
    Module,
    Name,
    Obj,
    Partial,
    Thing,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softmax_lint.linking.machine import Machine

# Tokens of `effects` that stand for a draw or a logarithm: they find something in what an activation gives, alone.
DRAWS = frozenset(
    {"log", "log_", "categorical", "onehotcategorical", "bernoulli", "multinomial", "gumbel_softmax"}
)
_PREDICTING = frozenset({"predict", "predict_on_batch", "eval", "forward"})
_MOST = 500  # functions; where there are more to look at, running is the shorter way
# Runs for the sake of one function's sinks that did not meet them, after which none is made for that any more. One
# that did allows for as many again.
MOST_FUTILE = 16


def reason(machine: Machine, function: Func, receiver: Thing) -> Definition | None:
    """The function whose sink may be met when `function` runs for itself, with that receiver; None without one."""
    found = None
    if effects.may_meet(machine, function, receiver):
        found = function.definition if has_own() else _Search(machine, function).run(receiver)
    if found is None and (
        effects.softens(machine, function)
        or (machine.watching > 0 and _applies_model(machine, function, receiver))
    ):
        return function.definition
    return found


def learn(machine: Machine, function: Func, reason: Definition, met: bool) -> None:
    """What came of a run of the function for that reason: many may lead to one whose sink none of them meets."""
    if met:
        machine.futile[reason] -= MOST_FUTILE
    elif reason != function.definition:
        machine.futile[reason] += 1


def _applies_model(machine: Machine, function: Func, receiver: Thing) -> bool:
    """Whether it may call a model."""
    print_ = effects.footprint(machine, function.code)
    if print_.attributes & _PREDICTING or calls_in(function.code).applies:
        return True
    found = [effects.peek(machine, function.env, name) for name in print_.names]
    if isinstance(receiver, Obj):
        slots = machine.heap.records[receiver.id].slots
        found += [slots.get(name) for name in print_.own]
    return any(isinstance(case.thing, Obj) for value in found if value is not None for case in value)


class _Search:
    """One search from a function through what it names."""

    def __init__(self, machine: Machine, root: Func) -> None:
        self.machine = machine
        self.root = root
        self.seen: set[Any] = set()
        self.pending: list[tuple[Func, Thing]] = []
        self.draws = self.reads = self.active = self.applies = False

    def run(self, receiver: Thing) -> Definition | None:
        self.pending.append((self.root, receiver))
        while self.pending:
            function, receiver = self.pending.pop()
            if len(self.seen) > _MOST:
                return self.root.definition
            if self._looks(function, receiver):
                return function.definition
            if (self.draws and self.active) or (self.reads and self.applies and self.machine.reading):
                return self.root.definition
        return None

    def _looks(self, function: Func, receiver: Thing) -> bool:
        """Whether a loss is met in the function itself; what it leads to is looked at later."""
        if id(function.code) in self.seen:
            return False
        self.seen.add(id(function.code))
        machine = self.machine
        print_, calls = effects.footprint(machine, function.code), calls_in(function.code)
        self.active = self.active or calls.active
        self.applies = self.applies or calls.applies or (calls.applies_given and function is not self.root)
        self.reads = self.reads or (print_.reads and machine.watchful)
        self._holds(function, receiver, calls)
        # What only counts as a way to something else is looked at, too.
        futile = function is not self.root and machine.futile[function.definition] >= MOST_FUTILE
        return any(found and not futile for found in self._signs(function, receiver, calls, print_))

    def _signs(
        self, function: Func, receiver: Thing, calls: Calls, print_: effects.Footprint
    ) -> Iterator[bool]:
        """One by one, whether what the function names is a loss."""
        yield calls.compiles
        for first, path in calls.sinks:
            yield self._sink(function, receiver, first, path)
        for first, path in calls.held_sinks:
            yield self._is_loss(function, receiver, first, path)
        for name in print_.names:
            if name not in calls.given and name not in calls.bound:
                value = effects.peek(self.machine, function.env, name)
                yield value is not None and self._value(value)
        for name in print_.own:
            value = self._attribute(receiver, name)
            yield value is not None and self._value(value, receiver)

    def _holds(self, function: Func, receiver: Thing, calls: Calls) -> None:
        """Objects that the function can hand on to others."""
        if self.active and self.applies:
            return
        machine = self.machine
        found: list[Value | None] = []
        if isinstance(receiver, Obj):
            slots = machine.heap.records[receiver.id].slots
            found += [slots.get(name) for name in calls.held] if not isinstance(slots, Waiting) else []
        env: int | None = function.env
        while env is not None:
            record = machine.heap.records[env]
            found += [record.slots[name] for name in calls.names if name in record.slots]
            env = record.of if record.kind in ("env", "module") else record.extra
        found += [effects.peek(machine, function.env, name) for name in calls.owners]
        if any(self._is_object(case.thing) for value in found if value is not None for case in value):
            self.active = self.applies = True

    def _is_object(self, thing: Thing) -> bool:
        """Whether it can be a model, or hold one. What an import brings is looked at where it is used."""
        if isinstance(thing, Lazy):
            return self.machine.delayed[thing.cell].function is not None
        return isinstance(thing, Obj)

    def _sink(self, function: Func, receiver: Thing, first: str | None, path: tuple[str, ...]) -> bool:
        """Whether a call of `first.path` may be one of a loss."""
        machine, last, calls = self.machine, path[-1] if path else first or "", calls_in(function.code)
        draws = last.lower() in DRAWS
        if last == "backward" and path and calls.applies:
            return True  # what goes backward may come from a loss that has another name here
        if first is not None and first == _me(function) and len(path) == 1:
            self.draws = self.draws or draws
            value = self._attribute(receiver, last)
            if value is not None and self._value(value, receiver):
                return True
            vague = value is None or any(isinstance(case.thing, (Const, Unknown)) for case in value)
            return vague and self._anywhere(last)
        if first is not None and first not in calls.given and first not in calls.bound:
            value = effects.peek(machine, function.env, first)
            if value is None:
                self.draws = self.draws or draws
                return not draws
            if all(isinstance(case.thing, Name) for case in value):
                return any(self._row(".".join((case.thing.path, *path))) for case in value)
            if not path:
                return self._value(value)
            if all(isinstance(case.thing, Module) for case in value):
                found = [machine.force(machine.attribute_of(case.thing, path[0])) for case in value]
                if len(path) == 1:
                    return any(map(self._value, found))
                self.draws = self.draws or draws
                return not draws
        elif not path:
            return not draws and (first in calls.bound or first in calls.preset)
        self.draws = self.draws or draws
        return not draws and self._anywhere(last)

    def _is_loss(self, function: Func, receiver: Thing, first: str, path: tuple[str, ...]) -> bool:
        """Whether the function has a loss in its hands, to give it to another one."""
        if first == _me(function):
            value = self._attribute(receiver, path[0]) if len(path) == 1 else None
            return value is not None and effects.carries_loss(self.machine, value)
        calls = calls_in(function.code)
        if first in calls.given or first in calls.bound:
            return False
        value = effects.peek(self.machine, function.env, first)
        if value is None:
            return False
        if not path:
            return effects.carries_loss(self.machine, value)
        return any(isinstance(c.thing, Name) and self._row(".".join((c.thing.path, *path))) for c in value)

    def _row(self, path: str) -> bool:
        row = find(path)
        if row is None:
            return False
        self.draws = self.draws or row.role in (LOG, SAMPLER)
        return row.role in (LOSS, TRAINER)

    def _anywhere(self, name: str) -> bool:
        """Whether an attribute of this name, of whatever object, may be a loss or a function that meets one."""
        if name == "backward":
            return False
        known = self.machine.named
        known.learn(self.machine)
        for function in known.functions.get(name, ()):
            self.pending.append((function, None))
        return name in known.stored

    def _attribute(self, receiver: Thing, name: str) -> Value | None:
        machine = self.machine
        if isinstance(receiver, Class):
            return machine.class_attribute(receiver.id, name)
        if not isinstance(receiver, Obj):
            return None
        record = machine.heap.records[receiver.id]
        value = None if isinstance(record.slots, Waiting) else record.slots.get(name)
        if value is None and record.kind == "instance":
            value = machine.class_attribute(record.of.id, name)
        return value

    def _value(self, value: Value, receiver: Thing = None) -> bool:
        """Whether calling the value, or making an instance of it, may meet a loss."""
        machine = self.machine
        for case in value:
            thing = case.thing
            if isinstance(thing, Partial) and self._value(thing.function):
                return True
            if isinstance(thing, Descriptor):
                if thing.kind not in ("static", "class") or self._value(thing.function, receiver):
                    return True
            elif isinstance(thing, Func):
                self.pending.append((thing, receiver))
            elif isinstance(thing, Bound) and isinstance(thing.function, Func):
                self.pending.append((thing.function, thing.receiver))
            elif isinstance(thing, Class):
                if self._class(thing):
                    return True
            elif isinstance(thing, Obj):
                self.active = self.applies = True
                record = machine.heap.records[thing.id]
                if record.kind == "library" and record.of.role == LOSS:
                    return True
                if record.kind == "instance" and self._class(record.of):
                    return True
                if record.kind in ("list", "dict") and thing.id not in self.seen:
                    self.seen.add(thing.id)
                    inner = record.slots.get(ITEMS)
                    if inner is not None and any(map(self._value, effects.values_in(inner[0].thing))):
                        return True
            elif isinstance(thing, Name) and self._row(thing.path):
                return True
        return False

    def _class(self, thing: Class) -> bool:
        """Whether a method of the class may meet a loss, or is run by a library that does."""
        if ("class", thing.id) in self.seen:
            return False
        self.seen.add(("class", thing.id))
        machine = self.machine
        if effects.is_trainer(machine, thing):
            return True
        for made in machine.order(thing.id):
            for value in machine.heap.records[made].slots.values():
                for case in value:
                    inner = case.thing.function[0].thing if isinstance(case.thing, Descriptor) else case.thing
                    if isinstance(inner, Func):
                        self.active = self.active or calls_in(inner.code).active
                        if inner.code[2] == "__init__" or effects.footprint(machine, inner.code).meets:
                            self.pending.append((inner, thing))
        return False


class Named:
    """Functions by name, and attributes with the names of losses that something is stored in, of all code so far."""

    def __init__(self) -> None:
        self.functions: dict[str, list[Func]] = {}
        self.stored: set[str] = set()
        self._functions = self._classes = 0

    def learn(self, machine: Machine) -> None:
        for function in machine.made[self._functions :]:
            self.functions.setdefault(function.code[2], []).append(function)
            self.stored |= effects.footprint(machine, function.code).stored
        self._functions = len(machine.made)
        for made, _, _ in machine.modules.classes[self._classes :]:
            for name, value in machine.heap.records[made].slots.items():
                if not any(isinstance(case.thing, Func) for case in value):
                    self.stored.add(name)
        self._classes = len(machine.modules.classes)


def _me(function: Func) -> str | None:
    """The name of a method's receiver."""
    return function.code[3][0][0] if function.code[3] and function.owner is not None else None
