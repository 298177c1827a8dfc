"""Which run found what: enough to run again, after an edit, only what touches it.

A run is that of a module's body and program, or of one function or class that nobody uses, on one receiver. What
it met and which functions it entered is kept apart from what other runs did, in lists that JSON can hold:

    [paths, runs, meetings, names]

    run      [[file, statement, ordinal], name that the statement binds, number of the run that made its receiver
              or -1, [definitions it entered]]
    meeting  [kind, expected, place, application, text, name, framework, measured, reason, setting, groups]
    group    [things, [[run, whether it ran alone with parameters nobody knew, whether within Keras's `fit`], ...]]

`names` has what the body of each file binds. Places and definitions are [file, statement, ordinal], a body has
statement -1. Of things only tensors and unknown ones are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from softmax_lint.linking.sinks import Meeting
from softmax_lint.linking.values import Definition, Origin, Tensor, Thing, Unknown
from softmax_lint.representation import SCORES, SIGMOID_LOGITS

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.modules import Modules

Plain = list[Any]

BODY = -1
_ORIGINS = frozenset(("source", "built", "layer"))


class Trace:
    """Written while a machine runs."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Definition, int], int] = {}
        self.entered: list[set[Definition]] = []  # by run
        self.makers: dict[int, int] = {}  # instance to the run that made it
        self.met: dict[tuple[Any, Any], dict[int, tuple[bool, bool]]] = {}
        self.run = self.now = -1
        self.entering: set[Definition] = set()

    def start(self, definition: Definition, receiver: int | None = None) -> None:
        """What follows is done by the run of a definition, or of the body of file (-1 - file, 0)."""
        maker = -1 if receiver is None else self.makers.get(receiver, -1)
        known = self._numbers.setdefault((definition, maker), len(self._numbers))
        if known == len(self.entered):
            self.entered.append(set())
        self.run, self.entering = known, self.entered[known]

    def meets(self, key: Any, group: Any, alone: bool, fitting: bool) -> None:
        known = self.met.setdefault((key, group), {})
        before = known.get(self.run, (True, True))
        known[self.run] = before[0] and alone, before[1] and fitting

    def runs(self) -> Iterator[tuple[Definition, int, set[Definition]]]:
        """(definition, maker of the receiver, definitions entered) in the order of their numbers."""
        for (definition, maker), number in self._numbers.items():
            yield definition, maker, self.entered[number]


class _Places:
    """Places of a linker as lists, and back."""

    def __init__(self, modules: Modules, paths: Iterable[str] = ()) -> None:
        self.modules = modules
        self.paths = dict.fromkeys(paths)
        self._number = {path: number for number, path in enumerate(self.paths)}
        self._by_number = list(self.paths)

    def plain(self, at: Origin | Definition | None) -> list[int] | None:
        if at is None:
            return None
        first, ordinal = at[0], at[1]
        if first < 0:  # the body of a file
            return [self._file(self.modules.files[-1 - first].path), BODY, 0]
        file = self.modules.units[first].file
        return [self._file(self.modules.files[file].path), first - self.modules.units_of(file)[0], ordinal]

    def _file(self, path: str) -> int:
        if path not in self._number:
            self._number[path] = len(self._number)
            self._by_number.append(path)
        return self._number[path]

    def origin(self, at: list[int] | None) -> Any:
        if at is None:
            return None
        number, statement, ordinal = at
        file = self.modules.add(self._by_number[number], later=True)
        assert file is not None
        return self.modules.units_of(file)[statement], ordinal

    def files(self) -> list[str]:
        return self._by_number


def plain(machine: Machine, trace: Trace) -> Plain:
    """What was traced, as lists."""
    places = _Places(machine.modules)
    units = machine.modules.units
    runs = [
        [
            places.plain(definition),
            units[definition[0]].name if definition[0] >= 0 else "",
            maker,
            [places.plain(each) for each in sorted(entered)],
        ]
        for definition, maker, entered in trace.runs()
    ]
    meetings = []
    for key, meeting in machine.meetings.items():
        groups = []
        for group in meeting.groups:
            by = trace.met.get((key, group))
            if by is not None:
                things = [_plain_thing(places, thing) for thing in group]
                groups.append([things, [[run, alone, fitting] for run, (alone, fitting) in by.items()]])
        meetings.append(
            [
                meeting.meeting, meeting.expected, places.plain(meeting.place), places.plain(meeting.application),
                meeting.text, meeting.name, meeting.framework, meeting.measured, meeting.reason,
                places.plain(meeting.setting), groups,
            ]
        )  # fmt: skip
    bound = {
        module.path: sorted(machine.heap.records[module.env].slots)
        for module in machine.modules.files
        if module.env is not None
    }
    return [places.files(), runs, meetings, bound]


def _plain_thing(places: _Places, thing: Thing) -> Any:
    if isinstance(thing, Tensor):
        return _converted(thing, places.plain)
    return thing.reason if isinstance(thing, Unknown) else None


def merge(earlier: Plain, gone: list[bool], new: Plain) -> Plain:
    """The trace of all runs: the earlier ones that are not gone, then the new ones."""
    files = list(dict.fromkeys([*earlier[0], *new[0]]))
    number = {path: at for at, path in enumerate(files)}
    runs: list[Any] = []
    meetings: dict[Any, Any] = {}
    known: dict[Any, int] = {}
    for trace, out in ((earlier, gone), (new, [False] * len(new[1]))):
        paths = trace[0]

        def placed(at: Any, paths: list[str] = paths) -> Any:
            return None if at is None else [number[paths[at[0]]], at[1], at[2]]

        renumbered: dict[int, int] = {-1: -1}
        for run, (definition, name, maker, entered) in enumerate(trace[1]):
            if not out[run]:
                key = (tuple(placed(definition)), renumbered.get(maker, -1))
                if key not in known:
                    known[key] = len(runs)
                    runs.append([placed(definition), name, key[1], []])
                renumbered[run] = known[key]
                at = runs[known[key]]
                at[3] = [list(each) for each in dict.fromkeys(map(tuple, [*at[3], *map(placed, entered)]))]
        for meeting in trace[2]:
            head = [*meeting[:2], placed(meeting[2]), placed(meeting[3]), *meeting[4:9], placed(meeting[9])]
            identity = repr((head[0], head[2], head[3], head[1], head[5]))
            groups = []
            for things, by in meeting[10]:
                left = [[renumbered[run], *flags] for run, *flags in by if not out[run]]
                if left:
                    groups.append([[_placed_thing(thing, placed) for thing in things], left])
            if groups:
                _add_groups(meetings.setdefault(identity, [*head, []])[10], groups)
    return [files, runs, list(meetings.values()), {**earlier[3], **new[3]}]


def _placed_thing(thing: Any, placed: Callable[[Any], Any]) -> Any:
    return _converted(thing, placed) if isinstance(thing, list) else thing


def _converted(tensor: Iterable[Any], convert: Callable[[Any], Any]) -> list[Any]:
    """The fields of a tensor, with its places as `convert` has them."""
    return [
        convert(value) if name in _ORIGINS else value
        for name, value in zip(Tensor._fields, tensor, strict=True)
    ]


def _add_groups(known: list[Any], groups: list[Any]) -> None:
    at = {repr(things): by for things, by in known}
    for things, by in groups:
        if (text := repr(things)) in at:
            at[text] += by
        else:
            at[text] = by
            known.append([things, by])


def places_in(groups: Plain) -> Iterator[list[int] | None]:
    """The places of all tensors in groups."""
    for things, _ in groups:
        for thing in things:
            if isinstance(thing, list):
                yield from (
                    value for name, value in zip(Tensor._fields, thing, strict=True) if name in _ORIGINS
                )


def has_logits(trace: Plain) -> bool:
    """Whether a loss on binary logits was met by raw scores, as in `sinks.known_logits`."""
    return any(
        isinstance(thing, list) and thing[0] == SCORES
        for meeting in trace[2]
        if meeting[1] == SIGMOID_LOGITS
        for things, _ in meeting[10]
        for thing in things
    )


def meetings_of(modules: Modules, trace: Plain) -> list[Meeting]:
    """The meetings of a trace, without what functions met that ran alone and that others enter."""
    places = _Places(modules, trace[0])
    entered = _entered_by_others(trace[1])
    found = []
    for kind, expected, place, application, text, name, framework, measured, reason, setting, groups in trace[
        2
    ]:
        meeting = Meeting(
            kind,
            expected,
            places.origin(place),
            places.origin(application),
            text,
            name,
            framework,
            measured,
            reason,
        )
        meeting.setting = places.origin(setting)
        meeting.graph = all(fitting for _, by in groups for *_, fitting in by)
        left = [group for group in groups if not _is_forgotten(group, trace[1], entered)]
        for things, _ in left or groups:
            meeting.groups[tuple(_thing(places, thing) for thing in things)] = None
        found.append(meeting)
    return found


def _entered_by_others(runs: Plain) -> frozenset[tuple[int, ...]]:
    return frozenset(
        tuple(each) for definition, _, _, entered in runs for each in entered if each != definition
    )


def _is_forgotten(group: Any, runs: Plain, entered: Collection[tuple[int, ...]]) -> bool:
    things, by = group
    return any(isinstance(thing, str) and thing.startswith("parameter `") for thing in things) and all(
        alone and tuple(runs[run][0]) in entered for run, alone, _ in by
    )


def _thing(places: _Places, thing: Any) -> Thing:
    if isinstance(thing, list):
        return Tensor(*_converted(thing, places.origin))
    return Unknown(thing or "not a tensor", None)
