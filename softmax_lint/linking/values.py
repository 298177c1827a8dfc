"""Abstract values: what a name can hold while lowered code runs.

A `Value` is a tuple of 1 to 8 cases; a `Case` is one thing under a set of guards. A guard says which way an
undecided test or choice went: `(key, alternative, kind)`. Two cases whose guards give one key different alternatives
never combine. `kind` tells the two sorts of alternatives apart: OBJECT (which model, loss or constructor is it: each
is judged alone) and FLOW (what happened to the tensor: a finding needs all of them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

Key = int  # interned by the machine
Guard = tuple[Key, Any, str]
Guards = frozenset[Guard]
Choices = tuple[tuple[Key, Any], ...]
Origin = tuple[int, int]  # unit (top-level statement), ordinal in it
Definition = tuple[int, int]  # the same, of a function

OBJECT: Final = "object"
FLOW: Final = "flow"
FEW_GUARDS: Final = 4
MOST_GUARDS: Final = 16
NO_GUARDS: Final[Guards] = frozenset()
MOST_CASES: Final = 8
MOST_OBJECTS: Final = 64  # with those that are objects: the entries of a registry, each is judged alone


class Const(NamedTuple):
    value: object
    origin: Origin | None = None


class Slice(NamedTuple):
    """A literal slice, as the value of a `Const`."""

    start: Any
    stop: Any
    step: Any


class Name(NamedTuple):
    """A public name of a library, as written after resolving imports."""

    path: str


class Func(NamedTuple):
    """A function or lambda of the project: its code, the environment it was made in, the class it belongs to."""

    code: tuple[Any, ...]
    env: int
    unit: int
    module: int
    owner: int | None = None  # class object, for super()
    quiet: bool = False  # decorated with no_grad

    @property
    def definition(self) -> tuple[int, int]:
        """Where it is defined: two files with the same text share code, not definitions."""
        return self.unit, self.code[1]

    def __hash__(self) -> int:
        return hash((id(self.code), self.env, self.owner))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Func)
            and self.code is other.code
            and self.env == other.env
            and self.owner == other.owner
            and self.quiet == other.quiet
        )


class Class(NamedTuple):
    """A class of the project; `id` is its heap object, whose slots are the class attributes."""

    id: int


class Obj(NamedTuple):
    """An object on the heap: an instance of a project class, a library object, a list or a dict."""

    id: int


class Module(NamedTuple):
    """A module of the project, by its index among the files."""

    file: int


class Bound(NamedTuple):
    """A function with its receiver."""

    function: Any
    receiver: Any


class Method(NamedTuple):
    """A library method on a receiver: `x.view`, `model.compile`, `layers.append`."""

    receiver: Any
    name: str


class Partial(NamedTuple):
    function: Value
    arguments: Arguments


class Super(NamedTuple):
    owner: int  # class object to start behind
    receiver: Any


class Seq(NamedTuple):
    """A tuple, or the contents of a list. Items are values; a `Repeat` stands for any number of its values."""

    items: tuple[Any, ...]


class Repeat(NamedTuple):
    values: tuple[Value, ...]


class Map(NamedTuple):
    """The contents of a dict: entries by literal key in order; `open` when there may be others."""

    entries: tuple[tuple[object, Value], ...]
    open: bool = False


# What was done to a tensor since it was made, the later words including the earlier ones.
AS_MADE: Final = 0
PICKED: Final = 1  # an entry or some entries of its first axis: axes count from the end as before
MOVED: Final = 2  # its axes may be others
CHANGED: Final = 3  # its numbers are others
SHIFTED: Final = 4  # less something that was computed, which may have been their log-sum-exp


class Tensor(NamedTuple):
    """A tensor whose representation is known.

    `source` is the place somebody would change, `built` where a called activation was constructed (or the literal
    that names it), `layer` the call that made the last layer. `keras` and `plain` say whether Keras can get the
    logits back: made by a Keras layer or op, and nothing but pass-through layers since.
    """

    representation: str
    source: Origin
    text: str
    axis: int | None = None
    units: int | None = None
    rank: int | None = None
    implicit_axis: bool = False
    activation: str = ""
    built: Origin | None = None
    layer: Origin | None = None
    name: str = ""  # Keras: the output's layer name
    keras: bool = False
    plain: bool = True
    graph: bool = False  # made by an operation of TensorFlow: Keras gets the logits back in graphs alone
    half: bool = False
    detached: bool = False
    guarded: bool = False  # clamped or shifted by an epsilon
    measured: bool = True
    made: int = 0  # the exploration of a branch that is turned off, in which it was made
    steps: int = AS_MADE
    array: bool = False  # it is an array of NumPy or a number of Python by now
    twice: bool = False  # made of what the same activation had given


class Lazy(NamedTuple):
    """A call that was not run yet; `cell` indexes the linker's delayed calls."""

    cell: int


class Descriptor(NamedTuple):
    """A function under @property, @staticmethod or @classmethod."""

    kind: str
    function: Value
    setter: Value | None = None


class Pending(NamedTuple):
    """A definition that was not lowered yet."""

    unit: int


class Unknown(NamedTuple):
    """Anything else. `key` identifies the unknown, so that one test of it is one choice everywhere."""

    reason: str
    key: Key | None = None


Thing = Any


class Case(NamedTuple):
    thing: Thing
    guards: Guards = NO_GUARDS


Value = tuple[Case, ...]


OBJECTS: Final = frozenset({Obj, Class, Func, Name, Bound, Partial, Module})


class Argument(NamedTuple):
    value: Value
    origin: Origin | None


class Arguments(NamedTuple):
    """The arguments of a call. `loose` when a starred argument could not be expanded."""

    positional: tuple[Argument, ...] = ()
    keywords: tuple[tuple[str, Argument], ...] = ()
    loose: bool = False

    def get(self, names: tuple[str, ...], name: str) -> Argument | None:
        """The argument of parameter `name`, given the parameter names in positional order ("*" ends them)."""
        for keyword, argument in self.keywords:
            if keyword == name:
                return argument
        for position, parameter in enumerate(names):
            if parameter == "*":
                return None
            if parameter == name:
                return self.positional[position] if position < len(self.positional) else None
        return None


# What the constructor of a NamedTuple calls, without the function around it: most of all time goes into small parts.
make: Final = tuple.__new__


def just(thing: Thing) -> Value:
    return (make(Case, (thing, NO_GUARDS)),)


def unknown(reason: str, key: Key | None = None) -> Value:
    return (make(Case, (make(Unknown, (reason, key)), NO_GUARDS)),)


def compatible(left: Guards, right: Iterable[Guard]) -> bool:
    """Whether no key has different alternatives in the two sets."""
    if left:
        for key, alternative, _ in right:
            for other, chosen, _ in left:
                if other == key and chosen != alternative:
                    return False
    return True


def is_object(thing: Thing) -> bool:
    """Whether alternatives of this thing are alternatives of *which object*."""
    return thing.__class__ in OBJECTS


def under(value: Value, guards: Guards) -> Value:
    """The value with more guards on every case; cases that contradict them are dropped."""
    if not guards:
        return value
    return tuple(
        [
            make(Case, (case.thing, case.guards | guards if case.guards else guards))
            for case in value
            if not case.guards or compatible(case.guards, guards)
        ]
    )


def join(values: Iterable[Value]) -> Value:
    """All cases of the values, each once; past MOST_CASES an Unknown (MOST_OBJECTS for objects, calls, and the
    outputs of alternative objects)."""
    values = tuple(values)
    if len(values) == 1 and len(values[0]) == 1 and len(values[0][0].guards) <= FEW_GUARDS:
        return values[0]
    cases: dict[Case, Case] = {}
    guarded: dict[Thing, bool] = {}  # whether each thing stands under conditions
    for value in values:
        for case in value:
            guards = case.guards
            if len(guards) > FEW_GUARDS:
                case = _trimmed(case)
                guards = case.guards
            thing = case.thing
            known = guarded.get(thing)
            if known is False:
                continue
            if not guards:
                if known:
                    cases = {k: v for k, v in cases.items() if k.thing != thing}
                guarded[thing] = False
            elif known is None:
                guarded[thing] = True
            cases[case] = case
    if not cases:
        return unknown("no value")
    if len(cases) > MOST_CASES:
        others = sum(not _is_by_object(case) for case in cases.values())
        if len(cases) > MOST_OBJECTS or others > MOST_CASES:
            return _one_of_many([case.thing for case in cases.values()])
    return tuple(cases.values())


def _one_of_many(things: list[Thing]) -> Value:
    """What is left of too many alternatives: of lists, that any of their items comes any number of times."""
    items: dict[Value, None] = {}
    for thing in things:
        if not isinstance(thing, Seq):
            return unknown("too many alternatives")
        items.update(dict.fromkeys(flat(thing.items)))
    return just(Seq((Repeat(tuple(items)),)))


def _is_by_object(case: Case) -> bool:
    """Whether the case is an object, or there because of which object another value is."""
    kind = case.thing.__class__
    if kind is Tensor:
        return any(guard[2] == OBJECT for guard in case.guards)
    return kind in OBJECTS or kind is Lazy


def _trimmed(case: Case) -> Case:
    """Without the guards of the data flow, where there are so many that they tell nothing any more."""
    if len(case.guards) <= MOST_GUARDS and not isinstance(case.thing, (Unknown, Const)):
        return case
    kept = frozenset(guard for guard in case.guards if guard[2] == OBJECT)
    return Case(case.thing, kept if len(kept) <= MOST_GUARDS else NO_GUARDS)


def merge(yes: Choices, no: Choices, then: Value, otherwise: Value, kind_of: Callable[[Thing], str]) -> Value:
    """The value after an undecided test: cases of both branches, guarded where they differ.

    `yes` and `no` are the (key, alternative) pairs that hold in either branch."""
    if then == otherwise:
        return then
    both = set(then) & set(otherwise)
    return join((_guarded(then, both, yes, kind_of), _guarded(otherwise, both, no, kind_of)))


def _guarded(value: Value, same: set[Case], choices: Choices, kind_of: Callable[[Thing], str]) -> Value:
    """The value under the choices, but for the cases that are the same without them."""
    cases = []
    added: dict[str, Guards] = {}
    for case in value:
        if case not in same:
            thing, guards = case
            kind = kind_of(thing)
            more = added.get(kind)
            if more is None:
                more = added[kind] = frozenset([(key, way, kind) for key, way in choices])
            if guards and not compatible(guards, more):
                continue
            case = make(Case, (thing, guards | more if guards else more))
        cases.append(case)
    return tuple(cases)


def flat(items: Iterable[Any]) -> Iterator[Value]:
    """The values in items of a list, those that are repeated once."""
    for item in items:
        if item.__class__ is Repeat:
            yield from item.values
        else:
            yield item


def literal(value: Value | None) -> Const | None:
    """The only literal the value can be, else None."""
    if value is None or len(value) != 1:
        return None
    thing = value[0].thing
    return thing if thing.__class__ is Const else None


def blank(value: Value) -> bool:
    """Whether the value is a tensor of zeros or a number: what a loop fills or adds to."""
    if len(value) != 1:
        return False
    thing = value[0].thing
    if isinstance(thing, Const):
        return isinstance(thing.value, (int, float)) and not isinstance(thing.value, bool)
    return isinstance(thing, Unknown) and thing.reason in BLANK


BLANK: Final = frozenset(
    f"`torch.{name}`" for name in ("zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like")
)


def integer(value: Value | None) -> int | None:
    found = literal(value)
    return (
        found.value if found and isinstance(found.value, int) and not isinstance(found.value, bool) else None
    )
