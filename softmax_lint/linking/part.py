"""A part of a project that is run alone: what touches the files that somebody asks about.

Names lead to most of it before anything runs. Others turn out to belong to it while it runs: what uses an object
that the part's definitions were put into, as into a registry, and what tells whether outputs that are read are logits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from softmax_lint.linking import sinks
from softmax_lint.linking.heap import Waiting
from softmax_lint.linking.values import (
    Bound,
    Class,
    Descriptor,
    Func,
    Lazy,
    Map,
    Method,
    Obj,
    Partial,
    Seq,
    Tensor,
    Thing,
    Value,
    flat,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.touching import About, More, Touched


class Part:
    """What somebody asks about, and all that touches it as far as that is known; `more` finds the rest."""

    def __init__(self, machine: Machine, about: About, more: More) -> None:
        self.machine = machine
        self.given = about.files
        self._more = more
        self.names = set(about.own)
        self.paths = set(about.whole)  # of files that belong to it with all their names
        self._learn(more(about.whole, about.names, ()))

    def begin(self, roots: Collection[int]) -> None:
        """The bodies of the roots ran; now all that they define may."""

    def holding(self, roots: Collection[int]) -> list[int]:
        """More roots: what uses a name that leads to something of the part by more than an import."""
        search = _Holders(self)
        found = []
        for module in self.machine.modules.files:
            if module.env is not None and module.path not in self.paths:
                for name, value in self.machine.heap.records[module.env].slots.items():
                    if (module.path, name) not in self.names and search.leads(value):
                        found.append((module.path, name))
        return self._find((), (), found, roots)

    def training(self, roots: Collection[int]) -> list[int]:
        """More roots: what trains what metrics and thresholds in the given files read."""
        sources = sinks.sources_read_in(self.machine, self.given)
        files = [path for path, name in sources if not name]
        return self._find(files, [source for source in sources if source[1]], (), roots)

    def _find(
        self,
        files: Collection[str],
        names: Collection[tuple[str, str]],
        held: Collection[tuple[str, str]],
        roots: Collection[int],
    ) -> list[int]:
        if not files and not names and not held:
            return []
        touched = self._more(files, names, held)
        self._learn(touched)
        added = [self.machine.modules.add(path, later=True) for path in sorted(touched.roots)]
        return [file for file in added if file is not None and file not in roots]

    def _learn(self, touched: Touched) -> None:
        self.names |= touched.names
        if touched.whole:
            self.paths |= touched.roots

    def has(self, unit: int) -> bool:
        """Whether a statement is one of the part."""
        statement = self.machine.modules.units[unit]
        path = self.machine.modules.files[statement.file].path
        return path in self.paths or (path, statement.name) in self.names


class _Holders:
    """A search for what leads to something of a part."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.machine = part.machine
        self._bare: set[int] = set()  # records that lead to nothing

    def leads(self, value: Value) -> bool:
        seen: set[int] = set()
        pending = [
            inner
            for thing in _things(value)
            if not self._is_of_part(thing)
            for inner in self._in(thing, seen)
        ]
        while pending:
            thing = pending.pop()
            if self._is_of_part(thing):
                return True
            pending += self._in(thing, seen)
        self._bare |= seen
        return False

    def _is_of_part(self, thing: Thing) -> bool:
        """Whether the part defines or makes it."""
        if isinstance(thing, Func):
            return self.part.has(thing.unit)
        origin = None
        if isinstance(thing, Class):
            origin = self.machine.heap.records[thing.id].origin
        elif isinstance(thing, Tensor):
            origin = thing.source
        return origin is not None and self.part.has(origin[0])

    def _in(self, thing: Thing, seen: set[int]) -> Iterator[Thing]:
        """What a thing holds."""
        if isinstance(thing, Func):
            yield from self._recorded(thing.env, seen)
        elif isinstance(thing, (Class, Obj)):
            yield from self._recorded(thing.id, seen)
        elif isinstance(thing, Seq):
            yield from chain.from_iterable(map(_things, flat(thing.items)))
        elif isinstance(thing, Map):
            yield from chain.from_iterable(_things(value) for _, value in thing.entries)
        elif isinstance(thing, (Bound, Method)):
            yield thing.receiver
            if isinstance(thing, Bound):
                yield thing.function
        elif isinstance(thing, Partial):
            yield from _things(thing.function)
            given = thing.arguments
            for argument in chain(given.positional, (argument for _, argument in given.keywords)):
                yield from _things(argument.value)
        elif isinstance(thing, Descriptor):
            yield from _things(thing.function)
        elif isinstance(thing, Lazy):
            delayed = self.machine.delayed[thing.cell]
            if delayed.function is not None and delayed.value is not None:
                yield from _things(delayed.value)

    def _recorded(self, at: int, seen: set[int]) -> Iterator[Thing]:
        record = self.machine.heap.records[at]
        if at in seen or at in self._bare or record.kind == "module" or isinstance(record.slots, Waiting):
            return
        seen.add(at)
        if record.kind == "instance":
            yield record.of
        if record.kind == "env" and isinstance(record.of, int):
            yield from self._recorded(record.of, seen)
        for value in list(record.slots.values()):
            yield from _things(value)


def _things(value: Value) -> Iterator[Thing]:
    return (case.thing for case in value)
