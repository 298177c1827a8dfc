"""The linker's machine: names, attributes, items and calls on abstract values, by need.

A call of a project function is delayed (`Lazy`) unless its body can have an effect; what is never demanded is never
run. All limits are counts, so that a run gives the same result on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from softmax_lint import code
from softmax_lint.knowledge import convention, find
from softmax_lint.knowledge.schema import BASE, Api
from softmax_lint.linking import builtins, effects, library, methods, options, tensors
from softmax_lint.linking.evaluate import evaluate
from softmax_lint.linking.execute import run
from softmax_lint.linking.heap import Heap, Record
from softmax_lint.linking.modules import Modules
from softmax_lint.linking.sinks import Meeting
from softmax_lint.linking.values import (
    MOST_OBJECTS,
    NO_GUARDS,
    Argument,
    Arguments,
    Bound,
    Case,
    Choices,
    Class,
    Const,
    Descriptor,
    Func,
    Guards,
    Key,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Obj,
    Origin,
    Partial,
    Pending,
    Repeat,
    Seq,
    Slice,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    compatible,
    join,
    just,
    literal,
    under,
    unknown,
)

MOST_FRAMES = 24
MOST_REMEMBERED = 4  # instances of one class whose methods are run when nobody calls them
MOST_COMPUTING = 200  # delayed calls that wait for one another
MOST_OPERATIONS = 20_000
ITEMS = "*items"


class Exhausted(Exception):
    """A root used up its operations."""


@dataclass(slots=True)
class Frame:
    """One activation of a function, class body or module."""

    env: int
    unit: int
    module: int
    owner: int | None = None  # class whose body or method this is
    receiver: Thing = None
    entry: int = 0  # length of the path when it began
    returns: list[tuple[Value, Choices]] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)  # names declared global or nonlocal
    generator: bool = False


class Path:
    """What holds on the way here: choices in order, with the way of each key at hand."""

    __slots__ = ("_before", "_ways")

    def __init__(self, ways: dict[Key, Any] | None = None) -> None:
        self._before: list[tuple[Key, Any]] = []
        self._ways: dict[Key, Any] = ways or {}

    def __len__(self) -> int:
        return len(self._before)

    def way(self, key: Key) -> Any:
        """Which way the key goes here, None when that is open."""
        return self._ways.get(key)

    def extend(self, choices: Iterable[tuple[Key, Any]]) -> None:
        for key, way in choices:
            self._before.append((key, self._ways.get(key)))
            self._ways[key] = way

    def cut(self, depth: int) -> None:
        while len(self._before) > depth:
            key, way = self._before.pop()
            if way is None:
                del self._ways[key]
            else:
                self._ways[key] = way

    def ways(self) -> dict[Key, Any]:
        return self._ways.copy()

    def since(self, depth: int) -> Choices:
        return tuple((key, self._ways[key]) for key in dict.fromkeys(key for key, _ in self._before[depth:]))


@dataclass(slots=True)
class Delayed:
    """A call that has not been run: `compute` runs it under `path`."""

    compute: Callable[[], Value]
    path: dict[Key, Any]
    frames: tuple[Any, ...]  # the calls it was made in: a call of one of them would be a recursion
    value: Value | None = None
    running: bool = False


class Machine:
    """Everything that linking one project knows; see the methods by theme below."""

    def __init__(self, modules: Modules) -> None:
        self.heap = Heap()
        self.modules = modules
        self.delayed: list[Delayed] = []
        self.path = Path()
        self._keys: dict[tuple[Any, ...], Key] = {}
        self._parts: list[tuple[Any, ...]] = []
        self.quiet = 0  # depth of no_grad contexts
        self.autocast = 0  # depth of autocast contexts
        self.root = -1  # the file whose program runs
        self.policies: dict[int, bool] = {}  # Keras: whether the program of a file sets a 16-bit policy
        self.contained: set[int] = set()  # library objects that sit in a container
        self.effects = 0
        self.meetings: dict[Any, Meeting] = {}
        self.entered_code: set[int] = set()
        self.candidates: dict[Key, tuple[str, ...]] = {}  # strings that an unknown can be
        self.entered_on: set[tuple[int, int]] = set()  # function, receiver
        self.made: list[Func] = []
        self.instances: dict[int, list[int]] = {}  # class to its own instances
        self.descended: dict[int, list[int]] = {}  # class to some instances of it and of derived classes
        self._orders: dict[int, list[int]] = {}
        self.frames: list[Any] = []
        self.computing = 0
        self.fitting = False  # within `compile`: what a loss does there runs in a graph
        self.stamp = self.exploring = 0
        self.operations = 0
        self.counter = 0
        self.assumed: dict[str, str] = {}
        self.alone: dict[int, int] = {}  # file to the operations of its functions that nobody calls
        self.exhausted: set[int] = set()

    # Counting.

    def key(self, *parts: Any) -> Key:
        """The number of a key: the same parts give the same number."""
        known = self._keys.get(parts)
        if known is None:
            known = self._keys[parts] = len(self._parts)
            self._parts.append(parts)
        return known

    def parts(self, key: Key) -> tuple[Any, ...]:
        return self._parts[key]

    def fresh(self, why: str) -> Key:
        self._parts.append(("fresh", why))
        return len(self._parts) - 1

    def choice(self, why: str) -> tuple[Choices, Choices]:
        key = self.fresh(why)
        return ((key, True),), ((key, False),)

    def spend(self) -> None:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            raise Exhausted

    # Conditions on the way.

    @contextmanager
    def assuming(self, choices: Choices) -> Iterator[None]:
        depth = len(self.path)
        self.path.extend(choices)
        try:
            yield
        finally:
            self.path.cut(depth)

    def assume(self, choices: Choices) -> None:
        self.path.extend(choices)

    def possible(self, guards: Guards) -> bool:
        return not guards or all(self.path.way(key) in (None, way) for key, way, _ in guards)

    def visible(self, value: Value) -> Value:
        """The cases that can be here."""
        if len(value) == 1 or not len(self.path):
            return value
        left = tuple(case for case in value if self.possible(case.guards))
        return left or value

    @contextmanager
    def wanting_effects(self) -> Iterator[None]:
        self.effects += 1
        try:
            yield
        finally:
            self.effects -= 1

    # Delayed calls.

    def delay(self, compute: Callable[[], Value]) -> Value:
        self.delayed.append(Delayed(compute, self.path.ways(), tuple(self.frames)))
        return just(Lazy(len(self.delayed) - 1))

    def force(self, value: Value) -> Value:
        """The value with every delayed call run."""
        for case in value:
            if isinstance(case.thing, (Lazy, Pending)):
                break
        else:
            return value
        parts = []
        for case in value:
            if isinstance(case.thing, Lazy):
                parts.append(under(self._compute(case.thing), case.guards))
            else:
                parts.append((case,))
        return self.force(join(parts))

    def _compute(self, lazy: Lazy) -> Value:
        delayed = self.delayed[lazy.cell]
        if delayed.value is None:
            if delayed.running:
                return unknown("recursive")
            if self.computing >= MOST_COMPUTING:
                return unknown("too deep", self.fresh("deep"))
            delayed.running = True
            path, self.path = self.path, Path(delayed.path.copy())
            frames, self.frames = self.frames, list(delayed.frames)
            self.computing += 1
            try:
                delayed.value = self.force(delayed.compute())
            finally:
                delayed.running = False
                self.computing -= 1
                self.path, self.frames = path, frames
        return delayed.value

    def mapped(self, value: Value, function: Callable[[Value], Value]) -> Value:
        """`function` of the value: now where nothing is delayed, else when it is wanted."""
        if any(isinstance(case.thing, Lazy) for case in value):
            return self.delay(lambda: function(self.force(value)))
        return function(value)

    # Names.

    def load(self, frame: Frame, name: str) -> Value:
        env: int | None = frame.env
        while env is not None:
            record = self.heap.records[env]
            value = record.slots.get(name)
            if value is not None:
                if isinstance(value[0].thing, Pending):
                    value = self.settle(env, name, value[0].thing)
                return self.visible(value)
            env = record.of if record.kind in ("env", "module") else record.extra
        return self.global_name(frame.module, name)

    def global_name(self, module: int, name: str) -> Value:
        """What a name means that no scope binds."""
        value = self.modules.starred(self, module, name)
        if value is not None:
            return value
        if name in builtins.NAMES:
            return just(Name(f"builtins.{name}"))
        path = convention(name)
        if path is not None and not self.modules.binds(self, module, name):
            self.assumed[name] = path
            return just(Name(path))
        return unknown(f"nothing binds `{name}`", self.key("global", module, name))

    def settle(self, env: int, name: str, pending: Pending) -> Value:
        """Run the definition that the slot stands for, and read it again."""
        self.heap.records[env].slots[name] = unknown(
            f"`{name}` is being defined", self.key("pending", pending.unit)
        )
        self.modules.define(self, pending.unit)
        return self.heap.read(env, name) or unknown(f"`{name}` could not be defined")

    def store(self, frame: Frame, name: str, value: Value) -> None:
        env: int | None = frame.env
        if name in frame.shared:
            env = self.heap.records[env].of if env is not None else None
            while env is not None:
                record = self.heap.records[env]
                if name in record.slots or record.kind == "module":
                    break
                env = record.of
        at = frame.env if env is None else env
        before = self.heap.read(at, name)
        if before is not None and isinstance(before[0].thing, Pending) and before[0].thing.unit != frame.unit:
            self.settle(at, name, before[0].thing)  # a branch may join what the name was with what it becomes
        self.heap.write(at, name, value)

    def bind(self, frame: Frame, target: code.Expr, value: Value) -> None:
        tag = target[0]
        if tag == code.NAME:
            self.store(frame, target[2], value)
        elif tag == code.ATTR:
            self.set_attribute(evaluate(self, frame, target[2]), target[3], value)
        elif tag == code.ITEM:
            owner = evaluate(self, frame, target[2])
            if target[2][0] in (code.NAME, code.ATTR):
                filled = tensors.filled(self, owner, value)
                if filled is not None:
                    self.bind(frame, target[2], filled)
                    return
            self.set_item(owner, evaluate(self, frame, target[3]), value)
        elif tag == code.SEQ:
            self._unpack(frame, target[3], value)
        elif tag == code.SPLAT:
            self.bind(frame, target[2], value)

    def _unpack(self, frame: Frame, targets: tuple[code.Expr, ...], value: Value) -> None:
        star = next((i for i, t in enumerate(targets) if t[0] == code.SPLAT), None)
        for position, target in enumerate(targets):
            if star is None:
                part = self._part(value, position, len(targets))
            elif position == star:
                rest = self.contents(self.force(value))
                after = len(targets) - star - 1
                part = unknown("a starred target", self.fresh("starred"))
                if rest is not None and not any(isinstance(i, Repeat) for i in rest.items):
                    part = just(self.make_list(Seq(rest.items[star : len(rest.items) - after]), None))
            else:
                index = position if position < star else position - len(targets)
                part = self.item(value, just(Const(index)))
            self.bind(frame, target, part)

    def _part(self, value: Value, position: int, count: int) -> Value:
        def part(value: Value) -> Value:
            parts = []
            for case in value:
                if isinstance(case.thing, Const) and case.thing.value is None:
                    continue
                items = self.elements((case,))
                if items is not None and not any(isinstance(i, Repeat) for i in items):
                    if len(items) == count:
                        parts.append(under(items[position], case.guards))
                    continue
                if isinstance(case.thing, Tensor):
                    parts.append(
                        (Case(case.thing._replace(plain=False, rank=None, units=None), case.guards),)
                    )
                    continue
                parts.append(
                    under(self.item((case._replace(guards=NO_GUARDS),), just(Const(position))), case.guards)
                )
            return join(parts)

        return self.mapped(value, part)

    # Bodies and imports.

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Run something that belongs to no branch and no call: a definition or a module body."""
        saved = self.path, self.frames, self.quiet, self.effects, self.operations
        self.path, self.frames, self.quiet, self.effects, self.operations = Path(), [], 0, 0, 0
        try:
            with self.heap.lasting():
                yield
        except Exhausted:
            pass
        finally:
            self.path, self.frames, self.quiet, self.effects, self.operations = saved

    def run_body(self, env: int, unit: int, module: int, ops: code.Ops) -> None:
        run(self, Frame(env, unit, module, entry=len(self.path)), ops)

    def import_module(self, frame: Frame, module: str, whole: str | None = None) -> Value:
        return self.modules.import_module(self, frame.module, module, whole)

    def import_from(self, frame: Frame, module: str, level: int, name: str) -> Value:
        return self.modules.import_from(self, frame.module, module, level, name)

    def import_star(self, frame: Frame, module: str, level: int) -> None:
        self.modules.import_star(self, frame.module, module, level)

    # Making things.

    def make_list(self, contents: Seq, origin: Origin | None) -> Obj:
        made = self.heap.allocate("list", origin=origin)
        self.heap.records[made].slots[ITEMS] = just(contents)
        return Obj(made)

    def make_dict(self, contents: Map, origin: Origin | None) -> Obj:
        made = self.heap.allocate("dict", origin=origin)
        self.heap.records[made].slots[ITEMS] = just(contents)
        return Obj(made)

    def make_library(self, row: Api, given: Arguments, origin: Origin | None, path: str = "") -> Obj:
        return Obj(self.heap.allocate("library", of=row, origin=origin, name=path or row.name, extra=given))

    def make_function(self, frame: Frame, e: code.Expr) -> Func:
        env = frame.env
        record = self.heap.records[env]
        if record.kind == "class":
            env = record.extra
        made = Func(e, env, frame.unit, frame.module, frame.owner)
        self.made.append(made)
        return made

    def make_class(self, frame: Frame, name: str, bases: tuple[Value, ...]) -> int:
        env = frame.env
        if self.heap.records[env].kind == "class":
            env = self.heap.records[env].extra
        made = self.heap.allocate("class", of=bases, origin=(frame.unit, 0), name=name, extra=env)
        self.modules.classes.append((made, frame.module, frame.unit))
        return made

    def inner_frame(self, frame: Frame, env: int | None = None, owner: int | None = None) -> Frame:
        if env is None:
            env = self.heap.allocate("env", of=frame.env)
        return Frame(env, frame.unit, frame.module, owner or frame.owner, frame.receiver, len(self.path))

    # Contents of sequences and dicts.

    def contents(self, value: Value) -> Seq | None:
        """The items of a tuple or list that is the only case."""
        if len(value) != 1:
            return None
        thing = value[0].thing
        if isinstance(thing, Obj):
            record = self.heap.records[thing.id]
            inner = record.slots.get(ITEMS)
            if record.kind != "list" or inner is None or len(inner) != 1:
                return None
            thing = inner[0].thing
        return thing if isinstance(thing, Seq) else None

    def mapping(self, value: Value) -> Map | None:
        value = self.force(value)
        if len(value) != 1 or not isinstance(value[0].thing, Obj):
            return None
        inner = self.heap.records[value[0].thing.id].slots.get(ITEMS)
        if inner is None or len(inner) != 1 or not isinstance(inner[0].thing, Map):
            return None
        return inner[0].thing

    def elements(self, value: Value) -> list[Any] | None:
        """What iterating gives: values and repeats in order; None when it is not known."""
        value = self.force(value)
        if len(value) != 1:
            return None
        thing = value[0].thing
        if isinstance(thing, Seq):
            return list(thing.items)
        if isinstance(thing, Tensor) and thing.representation:
            return [Repeat((just(thing._replace(plain=False, rank=None, units=None)),))]
        if isinstance(thing, Obj):
            inner = self.heap.records[thing.id].slots.get(ITEMS)
            if inner is None or len(inner) != 1:
                return None
            thing = inner[0].thing
            if isinstance(thing, Seq):
                return list(thing.items)
            if isinstance(thing, Map) and not thing.open:
                return [just(Const(key)) for key, _ in thing.entries]
        return None

    def is_list(self, value: Value) -> bool:
        value = self.force(value)
        return isinstance(value[0].thing, Obj) and self.heap.records[value[0].thing.id].kind == "list"

    def extend_in_place(self, left: Value, right: Value) -> bool:
        """`left += right` for a list."""
        if len(left) != 1 or not isinstance(left[0].thing, Obj):
            return False
        first, second = self.contents(left), self.elements(right)
        if first is None or second is None:
            return False
        self.heap.write(left[0].thing.id, ITEMS, just(Seq(first.items + tuple(second))))
        return True

    def delete_item(self, value: Value, index: Const | None) -> None:
        if (
            len(value) == 1
            and isinstance(value[0].thing, Obj)
            and ITEMS in self.heap.records[value[0].thing.id].slots
        ):
            contents = self.contents(value)
            kept = None
            if (
                contents is not None
                and index is not None
                and not any(isinstance(i, Repeat) for i in contents.items)
            ):
                kept = list(contents.items)
                try:
                    del kept[index.value]  # type: ignore[arg-type]
                except Exception:
                    kept = None
            new = just(Seq(tuple(kept))) if kept is not None else unknown("items were deleted")
            self.heap.write(value[0].thing.id, ITEMS, new)

    # Items.

    def item(self, value: Value, index: Value) -> Value:
        return self.mapped(value, lambda forced: self._items(forced, index))

    def _items(self, value: Value, index: Value) -> Value:
        index = self.force(index)
        parts = []
        for case in self.visible(value):
            with self.assuming(tuple((k, w) for k, w, _ in case.guards)):
                parts.append(under(self._item(case.thing, index), case.guards))
        return join(parts)

    def _item(self, thing: Thing, index: Value) -> Value:
        found = literal(index)
        if isinstance(thing, Obj):
            record = self.heap.records[thing.id]
            if record.kind == "instance":
                method = self.lookup_method(thing, "__getitem__")
                if method is not None:
                    return self.call(method, Arguments((Argument(index, None),)), None)
            slots = record.slots
            if record.kind == "output" and found is not None and isinstance(found.value, str):
                return slots.get(found.value) or unknown(f"the output `{found.value}` of a library model")
            inner = slots.get(ITEMS)
            if inner is not None:
                return (
                    self._items(inner, index)
                    if not isinstance(inner[0].thing, Seq)
                    else join(
                        [under(self._sliced(case.thing, found, record, thing), case.guards) for case in inner]
                    )
                )
            key = found.value if found is not None else None
            return slots.get(f"[{key}]") or self._unknown_item(
                ("item in", thing.id, key if found else str(index)), found
            )
        if isinstance(thing, Seq):
            return self._sliced(thing, found, None, None)
        if isinstance(thing, Map):
            return self._entry(thing, index, found)
        if isinstance(thing, Tensor):
            return tensors.item(self, thing, index)
        if isinstance(thing, Const) and found is not None:
            try:
                at = slice(*found.value) if isinstance(found.value, Slice) else found.value
                picked = thing.value[at]  # type: ignore[index]
                return just(Const(picked, thing.origin))
            except Exception:
                return unknown("an index")
        if isinstance(thing, Unknown):
            if thing.key is None:
                return unknown(thing.reason, self.fresh("item"))
            return self._unknown_item(
                ("item", thing.key, found.value if found is not None else str(index)), found, thing.reason
            )
        if isinstance(thing, Name) and thing.path.endswith(".__dict__"):
            thing = Method(Name(thing.path[: -len(".__dict__")]), "__dict__")
        if isinstance(thing, Name):
            return unknown(f"an item of `{thing.path}`", self.key("item", thing.path, str(index)))
        if isinstance(thing, Method) and thing.name == "__dict__":
            return options.entry(self, thing, index) or unknown("an entry of a module", self.fresh("entry"))
        if isinstance(thing, Class):
            return just(thing)
        return unknown("an item of something that is not followed", self.fresh("item"))

    def _unknown_item(
        self, parts: tuple[Any, ...], found: Const | None, reason: str = "an item that is not known"
    ) -> Value:
        try:
            return unknown(reason, self.key(*parts))
        except TypeError:
            return unknown(reason, self.fresh("item"))

    def _sliced(self, thing: Thing, found: Const | None, record: Record | None, owner: Thing) -> Value:
        if not isinstance(thing, Seq):
            return unknown("items that are not known", self.fresh("items"))
        items = thing.items
        if found is None:
            if record is None or not items:
                return unknown("an index that is not known", self.fresh("index"))
            values = [v for i in items for v in (i.values if isinstance(i, Repeat) else (i,))]
            return self._one_of(values, self.fresh("which"))
        index = found.value
        if isinstance(index, bool):
            index = int(index)
        if isinstance(index, int):
            order = range(len(items)) if index >= 0 else range(len(items) - 1, -1, -1)
            steps = index if index >= 0 else -index - 1
            for position in order:
                if isinstance(items[position], Repeat):
                    return join(v for v in items[position].values)
                if steps == 0:
                    picked: Value = items[position]
                    return picked
                steps -= 1
            return unknown("an index past the end")
        if isinstance(index, Slice):
            if any(isinstance(i, Repeat) for i in items):
                return unknown("a slice of a list of unknown length")
            part = Seq(items[slice(*index)])
            if record is None:
                return just(part)
            if record.kind == "list":
                return just(self.make_list(part, None))
            copy = self.heap.allocate(record.kind, record.of, record.origin, record.name, record.extra)
            self.heap.records[copy].slots[ITEMS] = just(part)
            return just(Obj(copy))
        return unknown("an index that is not known", self.fresh("index"))

    def _entry(self, thing: Map, index: Value, found: Const | None) -> Value:
        if found is not None:
            for key, value in thing.entries:
                if key == found.value and type(key) is type(found.value):
                    return value
            return unknown(f"no entry {found.value!r} is known", self.fresh("entry"))
        if len(thing.entries) > MOST_OBJECTS:
            return unknown("too many alternatives", self.fresh("entry"))
        if len(index) == 1 and isinstance(index[0].thing, Unknown) and not thing.open:
            key = index[0].thing.key or self.fresh("key")
            parts = []
            for name, value in thing.entries:
                parts.append(
                    tuple(
                        Case(
                            case.thing,
                            case.guards
                            | {
                                (self.key("is", key, name), True, "object"),
                                (self.key("value", key), (name,), "object"),
                            },
                        )
                        for case in value
                    )
                )
            return join(parts)
        if len(index) > 1:
            return join(
                [
                    under(
                        self._entry(thing, (case._replace(guards=NO_GUARDS),), literal((case,))), case.guards
                    )
                    for case in index
                ]
            )
        return unknown("an entry that is not known", self.fresh("entry"))

    def _one_of(self, values: list[Value], key: Key) -> Value:
        if len(values) > MOST_OBJECTS:
            return unknown("too many alternatives", self.fresh("which"))
        parts = []
        for number, value in enumerate(values):
            parts.append(tuple(Case(c.thing, c.guards | {(key, number, "object")}) for c in value))
        return join(parts)

    def set_item(self, target: Value, index: Value, value: Value) -> None:
        target, index = self.force(target), self.force(index)
        found = literal(index)
        for case in target:
            thing = case.thing
            if isinstance(thing, Unknown):
                owner = self._owner(thing)
                if owner is not None and found is not None:
                    self.heap.write(owner[0], f"{owner[1]}.{found.value}", value)
                continue
            if not isinstance(thing, Obj):
                continue
            record = self.heap.records[thing.id]
            if record.kind == "instance":
                method = self.lookup_method(thing, "__setitem__")
                if method is not None:
                    self.call(method, Arguments((Argument(index, None), Argument(value, None))), None)
                    continue
            inner = record.slots.get(ITEMS)
            new = None
            if inner is not None and len(inner) == 1:
                contents = inner[0].thing
                if isinstance(contents, Map):
                    entries = dict(contents.entries)
                    loose = contents.open
                    if found is not None:
                        old = entries.get(found.value)
                        entries[found.value] = (
                            value if len(target) == 1 or old is None else join((old, value))
                        )
                    else:
                        entries["?", self.counter] = value
                        loose = True
                        self.counter += 1
                    new = just(Map(tuple(entries.items()), loose))
                elif isinstance(contents, Seq):
                    items = list(contents.items)
                    if (
                        found is not None
                        and isinstance(found.value, int)
                        and not any(isinstance(i, Repeat) for i in items)
                    ):
                        if -len(items) <= found.value < len(items):
                            items[found.value] = value
                            new = just(Seq(tuple(items)))
                    elif (
                        found is not None
                        and found.value == -1
                        and items
                        and not isinstance(items[-1], Repeat)
                    ):
                        new = just(Seq((*items[:-1], value)))
            if inner is not None:
                self.heap.write(
                    thing.id, ITEMS, new or unknown("items were assigned", self.fresh("assigned"))
                )
            elif found is not None:
                self.heap.write(thing.id, f"[{found.value}]", value)

    # Attributes.

    def attribute(self, value: Value, name: str) -> Value:
        return self.mapped(value, lambda forced: self._attributes(forced, name))

    def _attributes(self, value: Value, name: str) -> Value:
        parts = []
        for case in self.visible(value):
            if isinstance(case.thing, Const) and case.thing.value is None:
                continue
            parts.append(under(self.attribute_of(case.thing, name), case.guards))
        return join(parts)

    def attribute_of(self, thing: Thing, name: str) -> Value:
        if isinstance(thing, Name):
            return just(Name(f"{thing.path}.{name}"))
        if isinstance(thing, Module):
            if name == "__dict__":
                return just(Method(thing, name))
            return self.modules.attribute(self, thing.file, name)
        if isinstance(thing, Obj):
            return self.visible(self._object_attribute(thing, name))
        if isinstance(thing, Class):
            found = self.class_attribute(thing.id, name)
            if found is None:
                return self._class_fallback(thing, name)
            return join([self._from_class(case, thing) for case in found])
        if isinstance(thing, Super):
            return self._super_attribute(thing, name)
        if isinstance(thing, Tensor):
            return tensors.attribute(self, thing, name)
        if isinstance(thing, Unknown):
            owner = self._owner(thing)
            if owner is not None:
                dotted = f"{owner[1]}.{name}"
                stored = self.heap.read(owner[0], dotted)
                return stored or unknown(thing.reason, self.key("attr", owner[0], dotted))
            return unknown(
                thing.reason,
                self.key("attr of", thing.key, name) if thing.key is not None else self.fresh("attr"),
            )
        if isinstance(thing, (Const, Seq, Map)):
            return just(Method(thing, name))
        if isinstance(thing, Func) and name in ("__name__", "__qualname__"):
            return just(Const(thing.code[2]))
        if isinstance(thing, (Func, Bound)) and name in (
            "__call__",
            "apply",
            "python_function",
            "__wrapped__",
        ):
            return just(thing)
        return unknown("an attribute of something that is not followed", self.fresh("attr"))

    def _object_attribute(self, thing: Obj, name: str) -> Value:
        record = self.heap.records[thing.id]
        value = record.slots.get(name)
        if value is not None:
            return value
        if record.kind == "instance":
            found = self.class_attribute(record.of.id, name)
            if found is not None:
                return join([self._bound(case, thing) for case in found])
            if name == "__class__":
                return just(record.of)
            method = self.lookup_method(thing, "__getattr__")
            if method is not None:
                return unknown(f"`{name}` through __getattr__", self.key("attr", thing.id, name))
        row = self.library_row(thing)
        if row is not None:
            derived = methods.attribute(self, thing, row, name)
            if derived is not None:
                return derived
            if methods.known(row, name):
                return just(Method(thing, name))
        elif record.kind in ("list", "dict", options.PARSER):
            return just(Method(thing, name))
        elif record.kind == options.OPTIONS:
            return options.read(self, thing, name)
        return unknown(f"attribute `{name}` is not known", self.key("attr", thing.id, name))

    def _bound(self, case: Case, thing: Thing) -> Value:
        found = case.thing
        if isinstance(found, Func):
            return (Case(Bound(found, thing), case.guards),)
        if isinstance(found, Descriptor):
            if found.kind == "property":
                return self.mapped(
                    found.function, lambda f: self.call(self._receive(f, thing), Arguments(), None)
                )
            if found.kind == "class":
                return self._receive(found.function, Class(self.heap.records[thing.id].of.id))
            return found.function
        return (case,)

    def _receive(self, functions: Value, thing: Thing) -> Value:
        return tuple(
            Case(Bound(c.thing, thing), c.guards) if isinstance(c.thing, Func) else c for c in functions
        )

    def _from_class(self, case: Case, thing: Class) -> Value:
        if isinstance(case.thing, Descriptor):
            return (
                self._receive(case.thing.function, thing)
                if case.thing.kind == "class"
                else case.thing.function
            )
        return (case,)

    def _class_fallback(self, thing: Class, name: str) -> Value:
        if name in ("__name__", "__qualname__"):
            return just(Const(self.heap.records[thing.id].name))
        for base in self.library_bases(thing.id):
            if isinstance(base, Name):
                return just(Name(f"{base.path}.{name}"))
        return unknown(f"attribute `{name}` is not known", self.key("class attr", thing.id, name))

    def _super_attribute(self, thing: Super, name: str) -> Value:
        receiver = thing.receiver
        start = (
            receiver.id
            if isinstance(receiver, Class)
            else self.heap.records[receiver.id].of.id
            if isinstance(receiver, Obj)
            else thing.owner
        )
        order = self.order(start)
        behind = order[order.index(thing.owner) + 1 :] if thing.owner in order else []
        for made in behind:
            value = self.heap.read(made, name)
            if value is not None:
                return join(
                    [self._bound(case, receiver) if isinstance(receiver, Obj) else (case,) for case in value]
                )
        return just(Method(thing, name))

    def class_attribute(self, made: int, name: str) -> Value | None:
        for id in self.order(made):
            value = self.heap.read(id, name)
            if value is not None:
                return value
        return None

    def order(self, made: int) -> list[int]:
        """The project classes of the method resolution order, most derived first."""
        known = self._orders.get(made)
        if known is not None:
            return known
        found = self._orders[made] = [made]
        for base in self.heap.records[made].of:
            for case in base:
                if isinstance(case.thing, Class):
                    found.extend(id for id in self.order(case.thing.id) if id not in found)
                    break
        return found

    def library_bases(self, made: int) -> list[Thing]:
        """The bases that are no classes of the project, in order: Name or Unknown."""
        found: list[Thing] = []
        for id in self.order(made):
            for base in self.heap.records[id].of:
                found.extend(case.thing for case in base if isinstance(case.thing, (Name, Unknown)))
        return found

    def library_row(self, thing: Obj) -> Api | None:
        """The knowledge row of a library object, or of the library class that an instance derives from."""
        record = self.heap.records[thing.id]
        if record.kind == "library":
            row: Api = record.of
            return row
        if record.kind != "instance":
            return None
        for base in self.library_bases(record.of.id):
            if isinstance(base, Name):
                found = find(base.path)
                if found is not None:
                    return found
        return None

    def lookup_method(self, thing: Obj, name: str) -> Value | None:
        """A method that the project defines for the object's class."""
        record = self.heap.records[thing.id]
        if record.kind != "instance":
            return None
        found = self.class_attribute(record.of.id, name)
        if found is None:
            return None
        return join([self._bound(case, thing) for case in found])

    def set_attribute(self, target: Value, name: str, value: Value) -> None:
        target = self.force(target)
        for case in target:
            thing = case.thing
            if isinstance(thing, Obj):
                record = self.heap.records[thing.id]
                if record.kind == "instance":
                    found = self.class_attribute(record.of.id, name)
                    if found is not None and isinstance(found[0].thing, Descriptor) and found[0].thing.setter:
                        self.call(
                            self._receive(found[0].thing.setter, thing),
                            Arguments((Argument(value, None),)),
                            None,
                        )
                        continue
                old = record.slots.get(name)
                self.heap.write(
                    thing.id, name, value if len(target) == 1 or old is None else join((old, value))
                )
            elif isinstance(thing, Class):
                self.heap.write(thing.id, name, value)
            elif isinstance(thing, Module):
                self.heap.write(self.modules.env(self, thing.file), name, value)
            elif isinstance(thing, Unknown):
                owner = self._owner(thing)
                if owner is not None:
                    self.heap.write(owner[0], f"{owner[1]}.{name}", value)

    def _owner(self, thing: Unknown) -> tuple[int, str] | None:
        """For an attribute that was never set: the object it would be on, and its dotted name."""
        if thing.key is None:
            return None
        parts = self.parts(thing.key)
        return (parts[1], parts[2]) if parts[0] == "attr" else None

    def entered(self, value: Value) -> Value:
        """What `with value as x` binds."""
        thing = value[0].thing
        if len(value) == 1 and isinstance(thing, Obj):
            method = self.lookup_method(thing, "__enter__")
            if method is not None:
                return self.call(method, Arguments(), None)
        return value

    # Calls.

    def call_method(
        self, receiver: Value, name: str, given: Arguments, origin: Origin | None, frame: Frame | None = None
    ) -> Value:
        """`receiver.name(…)`; steps that only pass a tensor on do not run a delayed receiver."""
        if (
            any(isinstance(case.thing, Lazy) for case in receiver)
            and not self.effects
            and methods.passes(name)
        ):
            return self.delay(lambda: self.call_method(self.force(receiver), name, given, origin))
        parts = []
        for case in self.visible(self.force(receiver)):
            if isinstance(case.thing, Const) and case.thing.value is None:
                continue
            with self.assuming(tuple((k, w) for k, w, _ in case.guards)):
                if isinstance(case.thing, (Tensor, Unknown, Seq)):
                    if name == "compile" and isinstance(case.thing, Unknown):
                        methods.compile_unknown(self, case.thing, given, origin)
                    value = methods.on_tensor(self, case.thing, name, given, origin)
                    if value is None:
                        value = self.call(self.attribute_of(case.thing, name), given, origin)
                else:
                    value = self.call(self.attribute_of(case.thing, name), given, origin)
            parts.append(under(value, case.guards))
        return join(parts) if parts else unknown("a method of None", self.fresh("call"))

    def call(self, callee: Value, given: Arguments, origin: Origin | None) -> Value:
        self.spend()
        parts = []
        callee = self.visible(self.force(callee))
        for case in callee:
            if isinstance(case.thing, Const) and case.thing.value is None:
                continue
            if not case.guards:
                parts.append(self.call_thing(case.thing, given, origin))
                continue
            with self.assuming(tuple((k, w) for k, w, _ in case.guards)):
                value = self.call_thing(case.thing, given, origin)
            parts.append(under(value, case.guards))
        return join(parts) if parts else unknown("a call of None", self.fresh("call"))

    def call_thing(self, thing: Thing, given: Arguments, origin: Origin | None) -> Value:
        if isinstance(thing, (Func, Bound)):
            return self.call_function(thing, given, origin)
        if isinstance(thing, Obj):
            return self.call_object(thing, given, origin)
        if isinstance(thing, Name):
            return library.call_name(self, thing.path, given, origin)
        if isinstance(thing, Method):
            return methods.call(self, thing.receiver, thing.name, given, origin)
        if isinstance(thing, Class):
            return self.instantiate(thing, given, origin)
        if isinstance(thing, Partial):
            first = thing.arguments
            names = {name for name, _ in given.keywords}
            kept = tuple(pair for pair in first.keywords if pair[0] not in names)
            both = Arguments(
                first.positional + given.positional, kept + given.keywords, first.loose or given.loose
            )
            return self.call(thing.function, both, origin)
        if isinstance(thing, Descriptor):
            return self.call(thing.function, given, origin)
        reason = thing.reason if isinstance(thing, Unknown) else "a call of something that is not followed"
        return unknown(reason, self.fresh("call"))

    def call_function(self, thing: Func | Bound, given: Arguments, origin: Origin | None) -> Value:
        function = thing.function if isinstance(thing, Bound) else thing
        receiver = thing.receiver if isinstance(thing, Bound) else None
        if not isinstance(function, Func):
            return self.call_thing(function, given, origin)
        if isinstance(thing, Bound):
            given = given._replace(positional=(Argument(just(receiver), None), *given.positional))
        if not self.effects and not effects.matters(self, function, receiver, given):
            return self.delay(lambda: self._enter(function, given))
        return self._enter(function, given)

    def _enter(self, function: Func, given: Arguments) -> Value:
        """Run the function's body: its value is what it returns, each return under its conditions."""
        _, _, _, parameters, body = function.code
        receiver = (
            given.positional[0].value[0].thing if given.positional and function.owner is not None else None
        )
        mark = (id(function.code), receiver if isinstance(receiver, Obj) else None)
        if mark in self.frames:
            return unknown("recursive", self.fresh("recursive"))
        if len(self.frames) >= MOST_FRAMES:
            return unknown("too deep", self.fresh("deep"))
        self.entered_code.add(id(function.code))
        if isinstance(receiver, Obj):
            self.entered_on.add((id(function.code), receiver.id))
        self.frames.append(mark)
        effects_, self.effects = self.effects, 0
        self.quiet += function.quiet
        try:
            env = self.heap.allocate("env", of=function.env)
            frame = Frame(env, function.unit, function.module, function.owner, receiver, len(self.path))
            self._bind_parameters(frame, function, parameters, given)
            run(self, frame, body)
            return self._returned(frame)
        finally:
            self.effects = effects_
            self.quiet -= function.quiet
            self.frames.pop()

    def _returned(self, frame: Frame) -> Value:
        self.path.cut(frame.entry)
        if frame.generator:
            return unknown("a generator", self.fresh("generator"))
        if not frame.returns:
            return just(Const(None))
        if len(frame.returns) == 1:
            return frame.returns[0][0]
        parts = []
        for value, choices in frame.returns:
            cases = []
            for case in value:
                kind = self.heap.kind_of(case.thing)
                added = frozenset((key, way, kind) for key, way in choices)
                if compatible(case.guards, added):
                    cases.append(Case(case.thing, case.guards | added))
            if cases:
                parts.append(tuple(cases))
        return join(parts)

    def _bind_parameters(self, frame: Frame, function: Func, parameters: Any, given: Arguments) -> None:
        self.heap.records[frame.env].extra = frozenset(name for name, _, _ in parameters)
        slots = self.heap.records[frame.env].slots
        positional = list(given.positional)
        keywords = dict(given.keywords)
        outer = Frame(
            function.env, function.unit, function.module, function.owner, frame.receiver, frame.entry
        )
        for name, kind, default in parameters:
            if kind == code.POSITIONAL and positional:
                slots[name] = positional.pop(0).value
            elif kind == code.STAR:
                rest: tuple[Any, ...] = tuple(argument.value for argument in positional)
                slots[name] = (
                    just(Seq(rest)) if not given.loose else unknown("starred arguments", self.fresh("star"))
                )
                positional = []
            elif kind == code.STAR_STAR:
                entries = tuple((k, a.value) for k, a in keywords.items())
                slots[name] = just(self.make_dict(Map(entries, given.loose), None))
            elif name in keywords:
                slots[name] = keywords.pop(name).value
            elif default is not None and not given.loose:
                slots[name] = evaluate(self, outer, default)
            else:
                slots[name] = unknown(f"parameter `{name}`", self.fresh("parameter"))

    def instantiate(self, thing: Class, given: Arguments, origin: Origin | None) -> Value:
        record = self.heap.records[thing.id]
        made = Obj(self.heap.allocate("instance", of=thing, origin=origin, name=record.name))
        own = self.instances.setdefault(thing.id, [])
        own.append(made.id)
        if len(own) <= MOST_REMEMBERED:
            for id in self.order(thing.id):
                self.descended.setdefault(id, []).append(made.id)
        self.heap.records[made.id].extra = given
        init = self.lookup_method(made, "__init__")
        if init is not None:
            with self.wanting_effects():
                self.call(init, given, origin)
            return just(made)
        row = self.library_row(made)
        if row is not None and row.role not in (BASE,):
            library.initialise(self, made, row, given)
        elif any(
            isinstance(base, Name) and base.path.startswith("enum.") for base in self.library_bases(thing.id)
        ):
            return unknown("an enum", self.fresh("enum"))
        else:
            for name, argument in given.keywords:
                self.heap.write(made.id, name, argument.value)
        return just(made)

    def call_object(self, thing: Obj, given: Arguments, origin: Origin | None) -> Value:
        record = self.heap.records[thing.id]
        if record.kind == "library":
            return library.call_object(self, thing, record.of, given, origin)
        if record.kind != "instance":
            return unknown("a call of something that is not followed", self.fresh("call"))
        row = self.library_row(thing)
        names = ["__call__"]
        if row is not None and row.call:
            names.append(row.call)
        names += ["forward", "call"]
        for name in names:
            method = self.lookup_method(thing, name)
            if method is not None:
                return self.call(method, given, origin)
        if row is not None and row.role not in (BASE,):
            return library.call_object(self, thing, row, given, origin)
        return unknown("a call of an object without `forward` or `call`", self.fresh("call"))

    def output(self, thing: Obj) -> Value:
        """What a model gives for data nobody knows."""
        data = Argument(unknown("data", self.key("data")), None)
        return self.call_object(thing, Arguments((data,), (), True), None)
