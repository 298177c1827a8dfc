"""Names chosen at run time: options of the command line, and what is looked up by their value.

An option is unknown, but its default and its choices are values it can have: `getattr(models, args.arch)` is
any of them. The machine keeps those candidates by the key of the unknown.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from softmax_lint.linking.values import (
    MOST_CASES,
    OBJECT,
    Arguments,
    Case,
    Const,
    Guards,
    Key,
    Method,
    Module,
    Obj,
    Origin,
    Repeat,
    Seq,
    Unknown,
    Value,
    is_object,
    join,
    just,
    literal,
    under,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.path import Frame

PARSER, OPTIONS = "parser", "options"  # kinds of heap objects


def make_parser(machine: Machine, given: Arguments, origin: Origin | None) -> Value:
    return just(Obj(machine.heap.allocate(PARSER, origin=origin)))


def parser_method(machine: Machine, thing: Obj, name: str, given: Arguments) -> Value:
    if name in ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers"):
        return just(thing)
    if name == "add_parser":  # a command
        return just(Obj(machine.heap.allocate(PARSER, of=_outermost(machine, thing))))
    if name == "set_defaults":
        return _set_defaults(machine, thing, given)
    if name in ("parse_args", "parse_known_args"):
        found = just(Obj(machine.heap.allocate(OPTIONS, of=_outermost(machine, thing))))
        if name == "parse_args":
            return found
        return just(Seq((found, unknown("other arguments", machine.fresh("arguments")))))
    if name == "add_argument":
        _add(machine, thing, given)
    return unknown(f"`.{name}()`", machine.fresh("parser"))


def _outermost(machine: Machine, parser: Obj) -> int:
    """The parser that has this one as a command, or itself."""
    outer: int | None = machine.heap.records[parser.id].of
    return parser.id if outer is None else outer


def _set_defaults(machine: Machine, parser: Obj, given: Arguments) -> Value:
    """Classes and functions that a command stands for: the defaults of one command go together."""
    outer = _outermost(machine, parser)
    for name, argument in given.keywords:
        value = machine.force(argument.value)
        if not all(is_object(case.thing) for case in value):
            continue
        if outer != parser.id:
            value = under(value, frozenset({(machine.key("command of", outer), parser.id, OBJECT)}))
        before = machine.heap.read(outer, name)
        machine.heap.write(outer, name, join((before, value)) if before and outer != parser.id else value)
    return just(Const(None))


def _add(machine: Machine, thing: Obj, given: Arguments) -> None:
    flags = [literal(argument.value) for argument in given.positional]
    named = literal(dest.value) if (dest := given.get((), "dest")) is not None else None
    spelled = [flag.value for flag in flags if flag is not None and isinstance(flag.value, str)]
    long = [flag for flag in spelled if not flag.startswith("-") or flag.startswith("--")] or spelled
    if named is not None and isinstance(named.value, str):
        name = named.value
    elif long:
        name = long[0].lstrip("-").replace("-", "_")
    else:
        return
    values: list[str] = []
    default, choices = given.get((), "default"), given.get((), "choices")
    if default is not None:
        found = literal(machine.force(default.value))
        values += [found.value] if found is not None and isinstance(found.value, str) else []
    for item in (machine.elements(choices.value) or []) if choices is not None else []:
        found = None if isinstance(item, Repeat) else literal(item)
        values += [found.value] if found is not None and isinstance(found.value, str) else []
    key = machine.key("option", _outermost(machine, thing), name)
    if machine.heap.records[thing.id].of is not None:  # other commands have an option of the same name
        values = [*machine.candidates.get(key, ()), *values]
    machine.candidates[key] = tuple(dict.fromkeys(values))


def read(machine: Machine, thing: Obj, name: str) -> Value:
    """An option by its attribute of what `parse_args` gave."""
    parser = machine.heap.records[thing.id].of
    stands_for = machine.heap.read(parser, name)
    if stands_for is not None:
        return stands_for
    key = machine.key("option", parser, name)
    return unknown(f"the command-line option `{name}`", key)


def _choice(machine: Machine, key: Key, text: str) -> Guards:
    return frozenset(
        {(machine.key("is", key, text), True, OBJECT), (machine.key("value", key), (text,), OBJECT)}
    )


def spelled(machine: Machine, value: Value) -> list[tuple[str, Case]] | None:
    """The strings a value can be, each with the case that says when; None when they are not known."""
    found: list[tuple[str, Case]] = []
    for case in machine.visible(machine.force(value)):
        thing = case.thing
        if isinstance(thing, Const) and isinstance(thing.value, str):
            found.append((thing.value, case))
        elif isinstance(thing, Unknown) and thing.key is not None and machine.candidates.get(thing.key):
            for text in machine.candidates[thing.key]:
                found.append((text, Case(thing, case.guards | _choice(machine, thing.key, text))))
        else:
            return None
    return found if 0 < len(found) <= MOST_CASES else None


def chosen(machine: Machine, name: Value, look_up: Callable[[str], Value]) -> Value | None:
    """What is found under each string the name can be; None when the name is not known at all."""
    names = spelled(machine, name)
    if names is None:
        return None
    parts = []
    for text, at in names:
        with machine.assuming(tuple((key, way) for key, way, _ in at.guards)):
            found = look_up(text)
        if all(isinstance(case.thing, Unknown) for case in found) and len(names) > 1:
            continue
        parts.append(tuple(Case(case.thing, case.guards | at.guards) for case in found))
    return join(parts) if parts else None


def pieced(machine: Machine, parts: list[Value]) -> Value | None:
    """A string made of literals and one string that is chosen at run time."""
    before = after = ""
    open_key = None
    for part in parts:
        part = machine.force(part)
        found = literal(part)
        if found is not None and isinstance(found.value, (str, int)):
            if open_key is None:
                before += str(found.value)
            else:
                after += str(found.value)
        elif (
            open_key is None
            and len(part) == 1
            and isinstance(part[0].thing, Unknown)
            and part[0].thing.key is not None
        ):
            open_key = part[0].thing.key
        else:
            return None
    if open_key is None:
        return None
    inner = machine.parts(open_key)
    if inner[0] == "text":  # pieces of pieces
        before, open_key, after = before + inner[1], inner[2], inner[3] + after
    key = machine.key("text", before, open_key, after)
    known = machine.candidates.get(open_key)
    if known:
        machine.candidates[key] = tuple(before + text + after for text in known)
    return unknown("a string made of an unknown one", key)


def imported(machine: Machine, name: Value, origin: Origin | None) -> Value | None:
    """`import_module` of a name that is no literal: its candidates, else all modules of its package."""

    def look_up(dotted: str) -> Value:
        return machine.modules.absolute(machine, dotted, origin) or unknown(f"`{dotted}` was not found")

    found = chosen(machine, name, look_up)
    if found is not None:
        return found
    thing = machine.force(name)[0].thing
    parts = machine.parts(thing.key) if isinstance(thing, Unknown) and thing.key is not None else ("",)
    if parts[0] != "text" or parts[3] or not parts[1].endswith("."):
        return None
    package = machine.modules.absolute(machine, parts[1][:-1], origin)
    if package is None:
        return None
    files = machine.modules.inside(package[0].thing.file)
    if not 0 < len(files) <= MOST_CASES:
        return None
    cases = []
    for file in files:
        stem = os.path.basename(machine.modules.files[file].path)[:-3]
        cases.append(Case(Module(file), _choice(machine, parts[2], stem)))
    return tuple(cases)


def evaluated(machine: Machine, frame: Frame, name: Value) -> Value | None:
    """`eval` of a name or a dotted name."""

    def look_up(text: str) -> Value:
        first, *rest = text.strip().removesuffix("()").split(".")
        if not all(part.isidentifier() for part in (first, *rest)):
            return unknown("`eval`", machine.fresh("eval"))
        value = machine.load(frame, first)
        for part in rest:
            value = machine.attribute(value, part)
        if text.strip().endswith("()"):
            value = machine.call(value, Arguments(), None)
        return value

    return chosen(machine, name, look_up)


def entry(machine: Machine, thing: Method, index: Value) -> Value | None:
    """An entry of `module.__dict__`, `vars(module)` or `globals()`."""
    return chosen(machine, index, lambda text: machine.attribute(just(thing.receiver), text))
