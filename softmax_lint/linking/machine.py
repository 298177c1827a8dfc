"""The linker's machine: names, attributes, items and calls on abstract values, by need.

A call of a project function is delayed (`Lazy`) unless its body can have an effect; what is never demanded is never
run. All limits are counts, so that a run gives the same result on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from softmax_lint import code
from softmax_lint.knowledge.schema import Api
from softmax_lint.linking import attributes, calls, classes, effects, items, names, reach
from softmax_lint.linking.evaluate import evaluate
from softmax_lint.linking.execute import run
from softmax_lint.linking.heap import ITEMS, Heap
from softmax_lint.linking.modules import Modules
from softmax_lint.linking.path import (
    LEAST_SHARED,
    MOST_COMPUTING,
    MOST_GIVEN_UP,
    MOST_OF_ROOT,
    MOST_OPERATIONS,
    Delayed,
    Exhausted,
    Frame,
    Path,
    Spending,
)
from softmax_lint.linking.sinks import Meeting
from softmax_lint.linking.values import (
    Arguments,
    Choices,
    Class,
    Definition,
    Func,
    Guards,
    Key,
    Lazy,
    Map,
    Obj,
    Origin,
    Pending,
    Seq,
    Value,
    join,
    just,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.part import Part
    from softmax_lint.linking.trace import Trace


class Machine:
    """Everything that linking one project knows; see the methods by theme below."""

    def __init__(self, modules: Modules) -> None:
        self.heap = Heap()
        self.modules = modules
        self.delayed: list[Delayed] = []
        self.path = Path()
        self._keys: dict[tuple[Any, ...], Key] = {}
        self._parts: list[tuple[Any, ...]] = []
        self._fresh = 0
        self._first = 0  # delayed calls before this one were made before the present root
        self.quiet = 0  # depth of no_grad contexts
        self.autocast = 0  # depth of autocast contexts
        self.root = -1  # the file whose program runs
        self.policies: dict[int, bool] = {}  # Keras: whether the program of a file sets a 16-bit policy
        self.contained: set[int] = set()  # library objects that sit in a container
        self.effects = 0
        self.meetings: dict[Any, Meeting] = {}
        self.applied: set[Origin] = set()  # where something met a loss, or something else that judges it
        self.entered_code: set[tuple[int, int]] = set()  # definitions
        self.lone: tuple[int, int] | None = None  # the function that runs for itself
        self.lonely: set[tuple[int, int]] = set()  # those that did
        self.called: set[tuple[int, int]] = set()  # those of them that others called later
        self.candidates: dict[Key, tuple[str, ...]] = {}  # strings that an unknown can be
        self.entered_on: set[tuple[tuple[int, int], int]] = set()  # definition, receiver
        self.made: list[Func] = []
        self.named = reach.Named()
        self.futile: Counter[tuple[int, int]] = Counter()  # see `reach.learn`
        self.instances: dict[int, list[int]] = {}  # class to its own instances
        self.descended: dict[int, list[int]] = {}  # class to some instances of it and of derived classes
        self.orders: dict[int, list[int]] = {}
        self.frames: list[Any] = []
        self.computing = 0
        self.trace: Trace | None = None  # tells which run did what
        self.part: Part | None = None  # what is run of a project, where that is not all
        self.typing = False  # within a branch for type checkers
        self.fitting = False  # within `compile`: what a loss does there runs in a graph
        self.stamp = self.exploring = 0
        self.operations = 0
        self.most = MOST_OPERATIONS  # operations that the present root may take
        self.limited = 0  # depth of what has a limit of its own
        self.spent = 0  # operations of the root that ended last
        self.patience = 0  # those that it may take once it met a sink
        self.counter = 0
        self.assumed: dict[tuple[int, str], str] = {}
        self.alone: dict[int, int] = {}  # file to the operations of its functions that nobody calls
        self.spending = Spending()  # of the present root
        self.remembered: list[tuple[int, int]] = []  # class and instance, in the order they were made
        self.making = 0  # depth of instances that are initialised
        self.bringing: dict[int, bool] = {}  # class to whether a method of it may meet a sink
        self.patient: dict[int, bool] = {}  # class to whether the `__init__` of its instances can wait
        self.met = 0  # times that something met a sink
        self.dull: dict[tuple[int, int], int] = {}  # definition to its runs that only kept books
        self.heavy: set[Any] = set()  # decorators and calls that took too long once
        self.pause: Callable[[], None] = _go_on  # between roots: who waits no longer may raise
        self.watching = 0  # where fixes are planned: 1, and 1 more for each call that runs to be watched
        self.watchful = False  # there are losses on binary logits: comparisons with their output matter
        self.reading = False  # functions that compare something, and meet no loss, are run, too

    # Names, items, attributes and calls: each theme is a module of functions over the machine.

    evaluate = evaluate

    load = names.load
    global_name = names.global_name
    settle = names.settle
    store = names.store
    bind = names.bind

    contents = items.contents
    mapping = items.mapping
    elements = items.elements
    is_list = items.is_list
    extended = items.extended
    extend_in_place = items.extend_in_place
    delete_item = items.delete_item
    item = items.item
    set_item = items.set_item

    class_attribute = classes.class_attribute
    order = classes.order
    library_bases = classes.library_bases
    library_row = classes.library_row

    attribute = attributes.attribute
    attribute_of = attributes.attribute_of
    lookup_method = attributes.lookup_method
    set_attribute = attributes.set_attribute

    call_method = calls.call_method
    call = calls.call
    call_thing = calls.call_thing
    call_function = calls.call_function
    instantiate = calls.instantiate
    call_object = calls.call_object
    output = calls.output
    entered = calls.entered

    # Counting.

    def key(self, *parts: Any) -> Key:
        """The number of a key: the same parts give the same number."""
        known = self._keys.get(parts)
        if known is None:
            known = self._keys[parts] = len(self._parts)
            self._parts.append(parts)
        return known

    def parts(self, key: Key) -> tuple[Any, ...]:
        return self._parts[key] if key >= 0 else ("fresh",)

    def fresh(self, why: str) -> Key:
        """A key of its own, below zero: nothing is kept of it."""
        self._fresh -= 1
        return self._fresh

    def choice(self, why: str) -> tuple[Choices, Choices]:
        key = self.fresh(why)
        return ((key, True),), ((key, False),)

    def spend(self) -> None:
        self.operations += 1
        if self.operations > self.most:
            raise Exhausted

    def go_on(self) -> None:
        """Operations for more of a root that came to something new, outside of what has a limit of its own."""
        if self.most >= MOST_OPERATIONS and not self.limited:
            self.most = max(self.most, min(self.operations + MOST_OPERATIONS, MOST_OF_ROOT))

    def sharing(self, what: Definition | int, compute: Callable[[], Value]) -> Value:
        """The value of a call of a function or class; unknown when all calls of it took a quarter of what their
        root may, and that came to its end.

        What the call wrote is taken back, and no other of the same is run. The root may take half as much again:
        the rest of it is worth as much.
        """
        taken, given_up = self.spending.taken, self.spending.given_up
        if what in given_up:
            return unknown("a call that takes too long", self.fresh("long"))
        if self.limited or self.most < LEAST_SHARED:
            return compute()
        start, here = self.operations, self._here()
        try:
            value = compute()
        except Exhausted:
            usual = min(self.most, MOST_OPERATIONS)
            taken[what] += self.operations - start
            if self.limited or len(given_up) >= MOST_GIVEN_UP or taken[what] < usual // 4:
                raise
            given_up.add(what)
            self.most = self.operations + usual // 2
            self._go_back(here)
            return unknown("a call that takes too long", self.fresh("long"))
        taken[what] += self.operations - start
        return value

    def within(self, most: int, compute: Callable[[], Value]) -> Value | None:
        """The value, None when it takes more operations than that: then what it wrote is taken back."""
        before, here = self.most, self._here()
        self.most = min(before, self.operations + most)
        self.limited += 1
        try:
            return compute()
        except Exhausted:
            if self.operations > before:
                raise
            self._go_back(here)
            return None
        finally:
            self.most = before
            self.limited -= 1

    def _here(self) -> tuple[Any, ...]:
        """What a run that is given up on the way goes back to."""
        state = self.quiet, self.autocast, self.effects, self.exploring, self.making
        return len(self.path), len(self.frames), self.heap.mark(), state

    def _go_back(self, here: tuple[Any, ...]) -> None:
        depth, frames, mark, state = here
        self.path.cut(depth)
        del self.frames[frames:]
        self.quiet, self.autocast, self.effects, self.exploring, self.making = state
        self.heap.take_back(mark)

    # Conditions on the way.

    def assuming(self, choices: Choices) -> Path:
        return self.path.assuming(choices)

    def given(self, guards: Guards) -> Path:
        """Within a case: what its guards say holds."""
        return self.path.assuming([(key, way) for key, way, _ in guards] if guards else ())

    def assume(self, choices: Choices) -> None:
        self.path.extend(choices)

    def possible(self, guards: Guards) -> bool:
        way_of = self.path.way
        for key, way, _ in guards:
            chosen = way_of(key)
            if chosen is not None and chosen is not way and chosen != way:
                return False
        return True

    def visible(self, value: Value) -> Value:
        """The cases that can be here."""
        if len(value) == 1 or not self.path.before:
            return value
        left = [case for case in value if not case.guards or self.possible(case.guards)]
        return tuple(left) if left else value

    @contextmanager
    def wanting_effects(self) -> Iterator[None]:
        self.effects += 1
        try:
            yield
        finally:
            self.effects -= 1

    # Delayed calls.

    def delay(self, compute: Callable[[], Value], function: Func | None = None) -> Value:
        made = Delayed(compute, self.path.ways(), tuple(self.frames), function=function)
        made.stays = self.heap.staying > 0
        self.delayed.append(made)
        return just(Lazy(len(self.delayed) - 1))

    def force(self, value: Value) -> Value:
        """The value with every delayed call run."""
        for case in value:
            kind = case.thing.__class__
            if kind is Lazy or kind is Pending:
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
            stays = delayed.stays or lazy.cell < self._first
            self.heap.staying += stays
            try:
                delayed.value = self.force(delayed.compute())
            finally:
                delayed.running = False
                self.computing -= 1
                self.heap.staying -= stays
                self.path, self.frames = path, frames
        return delayed.value

    @contextmanager
    def fleeting(self) -> Iterator[None]:
        """A root whose writes are taken back: what it made is dropped, unless something of it runs later."""
        mark = self.heap.mark()
        first, self._first = self._first, len(self.delayed)
        objects, functions, instances = len(self.heap.fleeting), len(self.made), len(self.remembered)
        classes = len(self.modules.classes)
        try:
            yield
        finally:
            self.heap.take_back(mark)
            if not self._outlive(objects, classes, functions, instances):
                self.heap.forget(objects)
                for cell in range(self._first, len(self.delayed)):
                    if not self.delayed[cell].stays:
                        self.delayed[cell] = _GONE
            self._first = first

    def _outlive(self, objects: int, classes: int, functions: int, instances: int) -> bool:
        """Whether one of the objects since then may be run later; those that may not are struck off the lists."""
        gone = frozenset(self.heap.fleeting[objects:])
        if any(made in gone for made, _, _ in self.modules.classes[classes:]):
            return True
        for each in self.made[functions:]:
            left = each.env in gone and each.definition not in self.entered_code
            if left and reach.reason(self, each, None) is not None:
                return True
        new = [pair for pair in self.remembered[instances:] if pair[1] in gone]
        if any(effects.brings_loss(self, Class(made)) for made in dict.fromkeys(made for made, _ in new)):
            return True
        # Looking for reasons makes objects, too.
        gone = frozenset(self.heap.fleeting[objects:])
        new = [pair for pair in self.remembered[instances:] if pair[1] in gone]
        self.made[functions:] = [each for each in self.made[functions:] if each.env not in gone]
        for made, instance in new:
            for id_ in self.order(made):
                known = self.descended.get(id_, [])
                if instance in known:
                    known.remove(instance)
            self.instances[made].remove(instance)
            if not self.instances[made]:
                del self.instances[made]
        return False

    def mapped(self, value: Value, function: Callable[[Value], Value]) -> Value:
        """`function` of the value: now where nothing is delayed, else when it is wanted."""
        for case in value:
            if case.thing.__class__ is Lazy:
                made_by = self.delayed[case.thing.cell].function
                return self.delay(lambda: function(self.force(value)), made_by)
        return function(value)

    # Bodies and imports.

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Where no program comes by: what is imported there does not run for that."""
        before, self.typing = self.typing, True
        try:
            yield
        finally:
            self.typing = before

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Run something that belongs to no branch and no call: a definition or a module body."""
        saved = self.path, self.frames, self.quiet, self.effects, self.operations, self.most, self.limited
        typing, self.typing = self.typing, False
        around, self.spending = self.spending, Spending()
        self.path, self.frames, self.quiet, self.effects = Path(), [], 0, 0
        self.operations, self.most, self.limited = 0, MOST_OPERATIONS, 0
        try:
            with self.heap.lasting():
                yield
        except Exhausted:
            pass
        finally:
            self.path, self.frames, self.quiet, self.effects, self.operations, self.most, self.limited = saved
            self.typing = typing
            self.spending = around

    @contextmanager
    def traced(self, definition: tuple[int, int], receiver: int | None = None) -> Iterator[None]:
        """Run for a definition, or for the body of file (-1 - file, 0)."""
        trace = self.trace
        if trace is None:
            yield
            return
        before = trace.run, trace.entering
        trace.start(definition, receiver)
        try:
            yield
        finally:
            trace.run, trace.entering = before

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


def _go_on() -> None:
    """Nobody wants to stop."""


_GONE = Delayed(lambda: unknown("of another root"), {}, (), unknown("of another root"))
