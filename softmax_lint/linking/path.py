"""One activation of a body, what holds on the way through it, and what is put off until it is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from softmax_lint.linking.values import (
    Choices,
    Definition,
    Key,
    Thing,
    Value,
)

MOST_FRAMES = 24
MOST_REMEMBERED = 4  # instances of one class whose methods are run when nobody calls them
MOST_COMPUTING = 200  # delayed calls that wait for one another
# Of a root, since a new tensor last met a sink: of 1,400 losses that programs meet, the last is met after 6,700. A
# script that tries one model after the other goes on.
MOST_OPERATIONS = 12_000
MOST_OF_ROOT = 60_000
LEAST_SHARED = 4_000  # a root that may take as many can give up a call
MOST_GIVEN_UP = 3  # functions and classes that a root gives up


class Exhausted(Exception):
    """A root used up its operations."""


@dataclass(slots=True)
class Spending:
    """What one root spends on the functions and classes that it calls, in operations, and which it gave up."""

    taken: Counter[Definition | int] = field(default_factory=Counter)
    given_up: set[Definition | int] = field(default_factory=set)


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
    """What holds on the way here: choices in order, with the way of each key at hand.

    `before` has what each choice put in the place of; `way` is which way a key goes here, None when that is open.
    As a context, a path forgets at the end what came up since `assuming`.
    """

    __slots__ = ("_depths", "_kept", "_ways", "before", "way")
    way: Callable[[Key], Any]

    def __init__(self, ways: dict[Key, Any] | None = None) -> None:
        self.before: list[tuple[Key, Any]] = []
        self._ways: dict[Key, Any] = ways or {}
        self.way = self._ways.get
        self._kept: dict[Key, Any] | None = None
        self._depths: list[int] = []

    def __len__(self) -> int:
        return len(self.before)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        depth = self._depths.pop()
        if len(self.before) > depth:
            self.cut(depth)

    def assuming(self, choices: Collection[tuple[Key, Any]]) -> Path:
        """To be entered at once: the choices hold until the end of the context."""
        self._depths.append(len(self.before))
        if choices:
            self.extend(choices)
        return self

    def extend(self, choices: Iterable[tuple[Key, Any]]) -> None:
        self._kept = None
        ways, before = self._ways, self.before
        for key, way in choices:
            before.append((key, ways.get(key)))
            ways[key] = way

    def cut(self, depth: int) -> None:
        before = self.before
        if len(before) <= depth:
            return
        self._kept = None
        ways = self._ways
        while len(before) > depth:
            key, way = before.pop()
            if way is None:
                del ways[key]
            else:
                ways[key] = way

    def ways(self) -> dict[Key, Any]:
        """A copy to keep, not to write to: the same one while nothing changes."""
        if self._kept is None:
            self._kept = self._ways.copy()
        return self._kept

    def since(self, depth: int) -> Choices:
        return tuple((key, self._ways[key]) for key in dict.fromkeys(key for key, _ in self.before[depth:]))


@dataclass(slots=True)
class Delayed:
    """A call that has not been run: `compute` runs it under `path`."""

    compute: Callable[[], Value]
    path: dict[Key, Any]
    frames: tuple[Any, ...]  # the calls it was made in: a call of one of them would be a recursion
    value: Value | None = None
    running: bool = False
    stays: bool = False  # it outlives the root that made it
    function: Any = None  # the function of the project whose call this is, or a step on what it gives
