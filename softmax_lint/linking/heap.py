"""The heap: objects with slots, and a journal that lets a branch run on a copy and be merged or taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import ACTIVATION, AFFINE, CONTAINER, FUNCTIONAL, KEEP, LOSS, MODEL
from softmax_lint.linking.values import (
    FLOW,
    OBJECT,
    OBJECTS,
    Case,
    Choices,
    Key,
    Map,
    Name,
    Obj,
    Origin,
    Repeat,
    Seq,
    Tensor,
    Thing,
    Value,
    blank,
    flat,
    join,
    just,
    merge,
)

ITEMS = "*items"  # the slot with the contents of a list or dict

Slot = tuple[int, str]
Mark = tuple[int, int]
Change = dict[Slot, Value | None]  # None: the slot was not there
_NOTHING = just(Seq(()))


@dataclass(slots=True)
class Record:
    """What never changes about a heap object, beside its slots."""

    kind: str  # instance, library, class, list, dict, env
    of: Thing = None  # instance: Class; library: Row; class: bases (tuple of Value); env: parent id or None
    origin: Origin | None = None
    name: str = ""
    extra: Any = None
    slots: dict[str, Value] = field(default_factory=dict)


class Filled(dict[str, Value]):
    """Slots that were filled late."""

    __slots__ = ("fill",)
    fill: Callable[[], None]


class Waiting(Filled):
    """Slots of an instance that is initialised at the first look at them; then they are `Filled`."""

    __slots__ = ()

    def __init__(self, fill: Callable[[], None]) -> None:
        super().__init__()
        self.fill = fill

    def _now(self) -> Filled:
        self.__class__ = Filled  # type: ignore[assignment]
        self.fill()
        return self

    def get(self, name: str, default: Any = None) -> Any:
        return self._now().get(name, default)

    def pop(self, name: str, default: Any = None) -> Any:
        return self._now().pop(name, default)

    def __getitem__(self, name: str) -> Value:
        return self._now()[name]

    def __setitem__(self, name: str, value: Value) -> None:
        self._now()[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._now()

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def items(self) -> Any:
        return self._now().items()

    def values(self) -> Any:
        return self._now().values()

    def keys(self) -> Any:
        return self._now().keys()


class Heap:
    """Objects by number. Every write is journalled; `take_back` undoes to a mark and says what had changed."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.journal: list[tuple[int, str, Value | None]] = []
        self.staying = 0  # depth of what outlives the present root
        self.fleeting: list[int] = []  # objects that nobody can reach after the present root

    def allocate(
        self, kind: str, of: Thing = None, origin: Origin | None = None, name: str = "", extra: Any = None
    ) -> int:
        made = len(self.records)
        self.records.append(Record(kind, of, origin, name, extra))
        if not self.staying:
            self.fleeting.append(made)
        return made

    def forget(self, start: int) -> None:
        """Drop the contents of fleeting objects, from that position on."""
        for made in self.fleeting[start:]:
            self.records[made] = Record("gone")
        del self.fleeting[start:]

    def read(self, id: int, name: str) -> Value | None:
        return self.records[id].slots.get(name)

    def write(self, id: int, name: str, value: Value | None) -> None:
        slots = self.records[id].slots
        old = slots.get(name)
        if old is value:
            return
        self.journal.append((id, name, old))
        if value is None:
            slots.pop(name, None)
        else:
            slots[name] = value

    def mark(self) -> Mark:
        return len(self.journal), len(self.records)

    def changes(self, mark: Mark) -> Change:
        """The present value of every slot written since the mark, of objects that were there at the mark."""
        start, count = mark
        if len(self.journal) == start:
            return {}
        return {
            (id, name): self.records[id].slots.get(name) for id, name, _ in self.journal[start:] if id < count
        }

    def take_back(self, mark: Mark) -> Change:
        """Undo everything since the mark; the slots written, with the values they had.

        Objects made since the mark keep their slots: only who made them can reach them."""
        start, count = mark
        if len(self.journal) == start:
            return {}
        seen = self.changes(mark)
        for id, name, old in reversed(self.journal[start:]):
            if id >= count:
                continue
            slots = self.records[id].slots
            if old is None:
                slots.pop(name, None)
            else:
                slots[name] = old
        del self.journal[start:]
        return seen

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """What is written inside is never taken back: definitions and module bodies run once for all branches."""
        journal, self.journal = self.journal, []
        self.staying += 1
        try:
            yield
        finally:
            self.journal = journal
            self.staying -= 1

    def apply(self, change: Change) -> None:
        for (id, name), value in change.items():
            self.write(id, name, value)

    def kind_of(self, thing: Thing) -> str:
        """Whether an alternative of this thing is one of which object, or of what happened to the tensor.

        Layers and activations are steps of the data flow; models, losses, classes and functions are objects."""
        kind = thing.__class__
        if kind is Obj:
            record = self.records[thing.id]
            if record.kind == "library":
                if record.of.role == CONTAINER and record.slots.get(ITEMS) == _NOTHING:
                    return FLOW  # the identity
                return OBJECT if record.of.role in (LOSS, MODEL, CONTAINER, FUNCTIONAL) else FLOW
            return OBJECT if record.kind == "instance" else FLOW
        if kind is Name:
            found = find(thing.path)
            return FLOW if found is not None and found.role in (ACTIVATION, KEEP, AFFINE) else OBJECT
        return OBJECT if kind in OBJECTS else FLOW

    def merge(self, yes: Choices, no: Choices, then: Change, otherwise: Change) -> None:
        """The heap stands as before both branches: write what it is after either of them."""
        if not then and not otherwise:
            return
        for slot in {**then, **otherwise}:
            base = self.read(*slot)
            first = then.get(slot, base)
            second = otherwise.get(slot, base)
            if first is None or second is None:
                value, choices = (first, yes) if second is None else (second, no)
                self.write(*slot, value and self._guarded(value, choices))
            else:
                self.write(*slot, merge(yes, no, first, second, self.kind_of))

    def _guarded(self, value: Value, choices: Choices) -> Value:
        cases = []
        for thing, guards in value:
            kind = self.kind_of(thing)
            cases.append(Case(thing, guards | {(key, way, kind) for key, way in choices}))
        return tuple(cases)

    def widen(self, mark: Mark, key: Key) -> None:
        """After one run of a loop body since the mark: the state of any number of runs.

        A list that grew keeps its beginning, what was added is repeated; other slots are joined."""
        before: dict[Slot, Value | None] = {}
        start, count = mark
        for id, name, old in self.journal[start:]:
            if id < count:
                before.setdefault((id, name), old)
        for slot, old in before.items():
            new = self.read(*slot)
            if old is None or new is None or old == new:
                continue
            grown = _grown(old, new)
            if grown is None and blank(old):
                grown = tuple(case for case in new if isinstance(case.thing, Tensor)) or None
            if grown is None:
                ran = ((key, True),)
                not_run = ((key, False),)
                grown = merge(ran, not_run, new, old, self.kind_of)
            self.write(*slot, grown)


def _added(before: Seq, after: object) -> tuple[Any, ...] | None:
    """What stands behind a known beginning; nothing when the beginning is another."""
    count = len(before.items)
    return after.items[count:] if isinstance(after, Seq) and after.items[:count] == before.items else None


def _grown(old: Value, new: Value) -> Value | None:
    """A list or dict that only grew: the common beginning, then the additions any number of times."""
    if len(old) != 1:
        return None
    before, after = old[0].thing, new[0].thing
    if isinstance(before, Seq):
        values: list[Value] = []
        for case in new:
            added = _added(before, case.thing)
            if added is None:
                return None
            values.extend(flat(added))
        if not values:
            return old
        if len(new) > 1:
            # Which of them a run adds is open, and so is the number of runs.
            values = [join(values)]
        kept = new[0] if len(new) == 1 else old[0]
        head, last = before.items[:-1], before.items[-1:]
        if last and isinstance(last[0], Repeat):
            again = last[0].values
            if len(again) == len(values):
                repeat = Repeat(tuple(join(pair) for pair in zip(again, values, strict=True)))
            else:
                repeat = Repeat((join((*again, *values)),))
            return ((kept._replace(thing=Seq((*head, repeat)))),)
        return ((kept._replace(thing=Seq((*before.items, Repeat(tuple(values)))))),)
    if isinstance(before, Map) and isinstance(after, Map) and len(new) == 1:
        known = dict(before.entries)
        merged = tuple((k, join((known[k], v)) if k in known else v) for k, v in after.entries)
        return ((new[0]._replace(thing=Map(merged, before.open or after.open))),)
    return None
