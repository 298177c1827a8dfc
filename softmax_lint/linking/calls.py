"""Calls: of functions, methods, classes, objects and whatever else stands in a name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from softmax_lint import code
from softmax_lint.knowledge.schema import BASE
from softmax_lint.linking import activations, bookkeeping, effects, library, methods, waiting
from softmax_lint.linking.evaluate import evaluate
from softmax_lint.linking.execute import run
from softmax_lint.linking.path import MOST_FRAMES, MOST_REMEMBERED, Frame
from softmax_lint.linking.values import (
    OBJECT,
    Argument,
    Arguments,
    Bound,
    Case,
    Class,
    Const,
    Descriptor,
    Func,
    Guards,
    Lazy,
    Map,
    Method,
    Name,
    Obj,
    Origin,
    Partial,
    Seq,
    Tensor,
    Thing,
    Unknown,
    Value,
    compatible,
    join,
    just,
    under,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

# Packages whose classes make their classes an `__init__` of the fields, or none at all.
_MAKE_INIT = frozenset({"abc", "attr", "attrs", "builtins", "pydantic", "pydantic_settings", "typing"})
MOST_WRITING = 200  # operations of a call that meets no loss, for the sake of what it writes


def call_method(
    machine: Machine,
    receiver: Value,
    name: str,
    given: Arguments,
    origin: Origin | None,
    frame: Frame | None = None,
) -> Value:
    """`receiver.name(…)`; steps that only pass a tensor on do not run a delayed receiver."""
    for case in receiver:
        if case.thing.__class__ is Lazy:
            if not machine.effects and methods.passes(name):
                return machine.delay(
                    lambda: machine.call_method(machine.force(receiver), name, given, origin),
                    machine.delayed[case.thing.cell].function,
                )
            break
    parts = []
    for case in machine.visible(machine.force(receiver)):
        thing = case.thing
        kind = thing.__class__
        if kind is Const and thing.value is None:
            continue
        with machine.given(case.guards):
            if kind is Tensor or kind is Unknown or kind is Seq:
                if name == "compile" and kind is Unknown:
                    methods.compile_unknown(machine, thing, given, origin)
                value = methods.on_tensor(machine, thing, name, given, origin)
                if value is None:
                    value = call(machine, machine.attribute_of(thing, name), given, origin)
            else:
                held = machine.attribute_of(thing, name)
                if all(isinstance(each.thing, Const) and each.thing.value is None for each in held):
                    continue  # the part that this alternative has not: nobody calls that
                value = call(machine, held, given, origin)
                if kind is Obj and isinstance(held[0].thing, Name):
                    value = activations.from_argument(machine, thing, held[0].thing, value, origin)
        parts.append(under(value, case.guards))
    return join(parts) if parts else unknown("a method of None", machine.fresh("call"))


def call(machine: Machine, callee: Value, given: Arguments, origin: Origin | None) -> Value:
    machine.spend()
    parts = []
    callee = machine.visible(machine.force(callee))
    if len(callee) > 1 and _disagree(callee, given):
        return unknown("one of functions that take their arguments in other orders", machine.fresh("call"))
    for case in callee:
        if case.thing.__class__ is Const and case.thing.value is None:
            continue
        if not case.guards:
            parts.append(call_thing(machine, case.thing, given, origin))
            continue
        with machine.given(case.guards):
            value = call_thing(machine, case.thing, given, origin)
        parts.append(under(value, _which_object(case)))
    return join(parts) if parts else unknown("a call of None", machine.fresh("call"))


def _which_object(case: Case) -> Guards:
    """The conditions of a callee: a class chosen by a call that had to wait is a choice of objects, too."""
    if not isinstance(case.thing, Class):
        return case.guards
    return frozenset((key, way, OBJECT) for key, way, _ in case.guards)


def _disagree(callee: Value, given: Arguments) -> bool:
    """Whether this call cannot be right for all project functions that it may reach.

    One name is at different places among the first parameters, or they need other arguments than those that
    are written out here, and not the same ones."""
    count = len(given.positional)
    places: dict[str, int] = {}
    needed: set[frozenset[str]] = set()
    written = {name for name, _ in given.keywords}
    for case in callee:
        thing = case.thing
        function = thing.function if isinstance(thing, Bound) else thing
        if isinstance(function, Func):
            parameters = function.code[3][isinstance(thing, Bound) :]
            if any(
                places.setdefault(name, place) != place
                for place, (name, _, _) in enumerate(parameters[:count])
            ):
                return True
            needed.add(
                frozenset(
                    name
                    for name, kind, default in parameters[count:]
                    if default is None and kind == code.POSITIONAL and name not in written
                )
            )
    return len(needed) > 1


def call_thing(machine: Machine, thing: Thing, given: Arguments, origin: Origin | None) -> Value:
    kind = thing.__class__
    if kind is Func or kind is Bound:
        return call_function(machine, thing, given, origin)
    if kind is Obj:
        return call_object(machine, thing, given, origin)
    if kind is Name:
        return library.call_name(machine, thing.path, given, origin)
    if kind is Method:
        return methods.call(machine, thing.receiver, thing.name, given, origin)
    if kind is Class:
        return instantiate(machine, thing, given, origin)
    if kind is Partial:
        first = thing.arguments
        names = {name for name, _ in given.keywords}
        kept = tuple(pair for pair in first.keywords if pair[0] not in names)
        both = Arguments(
            first.positional + given.positional, kept + given.keywords, first.loose or given.loose
        )
        return machine.call(thing.function, both, origin)
    if kind is Descriptor:
        return machine.call(thing.function, given, origin)
    reason = thing.reason if kind is Unknown else "a call of something that is not followed"
    return unknown(reason, machine.fresh("call"))


def call_function(machine: Machine, thing: Func | Bound, given: Arguments, origin: Origin | None) -> Value:
    function = thing.function if isinstance(thing, Bound) else thing
    receiver = thing.receiver if isinstance(thing, Bound) else None
    if not isinstance(function, Func):
        return machine.call_thing(function, given, origin)
    if isinstance(thing, Bound):
        given = given._replace(positional=(Argument(just(receiver), None), *given.positional))
    compute = partial(_enter, machine, function, given)
    if not (machine.making and isinstance(receiver, Obj)):
        # What an object holds that is half made is not known: then it is given up as a whole.
        compute = partial(machine.sharing, function.definition, compute)
    if not effects.matters(machine, function, receiver, given):
        return compute() if machine.effects else machine.delay(compute, function)
    if machine.effects or machine.making or effects.matters(machine, function, receiver, given, writes=False):
        return compute()
    # It writes, and meets no loss. Where that takes long, its value alone counts, when somebody wants it.
    mark = (function.definition, function.env if receiver is None else _class_of(machine, receiver))
    if mark not in machine.heavy:
        value = machine.within(MOST_WRITING, compute)
        if value is not None:
            return value
        machine.heavy.add(mark)
    return machine.delay(compute, function)


def _class_of(machine: Machine, thing: Thing) -> int | None:
    if not isinstance(thing, Obj):
        return None
    record = machine.heap.records[thing.id]
    return record.of.id if record.kind == "instance" else None


def _enter(machine: Machine, function: Func, given: Arguments) -> Value:
    """Run the function's body: its value is what it returns, each return under its conditions."""
    _, _, _, parameters, body = function.code
    receiver = given.positional[0].value[0].thing if given.positional and function.owner is not None else None
    mark = (function.definition, receiver if isinstance(receiver, Obj) else None)
    if mark in machine.frames:
        return unknown("recursive", machine.fresh("recursive"))
    if len(machine.frames) >= MOST_FRAMES:
        return unknown("too deep", machine.fresh("deep"))
    machine.entered_code.add(function.definition)
    if machine.trace is not None:
        machine.trace.entering.add(function.definition)
    if function.definition in machine.lonely:
        machine.called.add(function.definition)
    dull = bookkeeping.skipped(machine, function, given)
    if dull is not None:
        return dull
    before = machine.operations, machine.met, machine.heap.mark()
    if isinstance(receiver, Obj):
        machine.entered_on.add((function.definition, receiver.id))
    machine.frames.append(mark)
    effects_, machine.effects = machine.effects, 0
    machine.quiet += function.quiet
    try:
        env = machine.heap.allocate("env", of=function.env)
        frame = Frame(env, function.unit, function.module, function.owner, receiver, len(machine.path))
        _bind_parameters(machine, frame, function, parameters, given)
        run(machine, frame, body)
        result = _returned(machine, frame)
        bookkeeping.note(machine, function, result, before)
        return result
    finally:
        machine.effects = effects_
        machine.quiet -= function.quiet
        machine.frames.pop()


def _returned(machine: Machine, frame: Frame) -> Value:
    machine.path.cut(frame.entry)
    if frame.generator:
        return unknown("a generator", machine.fresh("generator"))
    if not frame.returns:
        return just(Const(None))
    if len(frame.returns) == 1:
        return frame.returns[0][0]
    parts = []
    for value, choices in frame.returns:
        cases = []
        for case in value:
            kind = machine.heap.kind_of(case.thing)
            added = frozenset((key, way, kind) for key, way in choices)
            if compatible(case.guards, added):
                cases.append(Case(case.thing, case.guards | added))
        if cases:
            parts.append(tuple(cases))
    return join(parts)


def _bind_parameters(
    machine: Machine, frame: Frame, function: Func, parameters: Any, given: Arguments
) -> None:
    record = machine.heap.records[frame.env]
    record.extra = frozenset([name for name, _, _ in parameters])
    slots = record.slots
    positional = given.positional
    keywords = dict(given.keywords)
    outer: Frame | None = None
    for place, (name, kind, default) in enumerate(parameters):
        if kind == code.POSITIONAL and place < len(positional):
            slots[name] = positional[place].value
        elif kind == code.STAR:
            rest: tuple[Any, ...] = tuple(argument.value for argument in positional[place:])
            slots[name] = (
                just(Seq(rest)) if not given.loose else unknown("starred arguments", machine.fresh("star"))
            )
            positional = ()
        elif kind == code.STAR_STAR:
            entries = tuple((k, a.value) for k, a in keywords.items())
            slots[name] = just(machine.make_dict(Map(entries, given.loose), None))
        elif name in keywords:
            slots[name] = keywords.pop(name).value
        elif default is not None and not given.loose:
            if outer is None:
                outer = Frame(
                    function.env, function.unit, function.module, function.owner, frame.receiver, frame.entry
                )
            slots[name] = evaluate(machine, outer, default)
        else:
            slots[name] = unknown(f"parameter `{name}`", machine.fresh("parameter"))


def instantiate(machine: Machine, thing: Class, given: Arguments, origin: Origin | None) -> Value:
    return machine.sharing(thing.id, lambda: _instantiate(machine, thing, given, origin))


def _instantiate(machine: Machine, thing: Class, given: Arguments, origin: Origin | None) -> Value:
    record = machine.heap.records[thing.id]
    made = Obj(machine.heap.allocate("instance", of=thing, origin=origin, name=record.name))
    own = machine.instances.setdefault(thing.id, [])
    own.append(made.id)
    if len(own) <= MOST_REMEMBERED:
        for id in machine.order(thing.id):
            machine.descended.setdefault(id, []).append(made.id)
    machine.remembered.append((thing.id, made.id))
    if machine.trace is not None:
        machine.trace.makers[made.id] = machine.trace.run
    machine.heap.records[made.id].extra = given
    init = machine.lookup_method(made, "__init__")
    if init is not None:

        def initialise() -> None:
            machine.making += 1
            machine.effects += 1
            try:
                machine.call(init, given, origin)
            finally:
                machine.effects -= 1
                machine.making -= 1

        if not waiting.postpone(machine, made, given, initialise):
            initialise()
        return just(made)
    row = machine.library_row(made)
    if row is not None and row.role not in (BASE,):
        library.initialise(machine, made, row, given)
    elif any(
        isinstance(base, Name) and base.path.startswith("enum.") for base in machine.library_bases(thing.id)
    ):
        return unknown("an enum", machine.fresh("enum"))
    else:
        _fill_fields(machine, thing, made, given)
    return just(made)


def _fill_fields(machine: Machine, thing: Class, made: Obj, given: Arguments) -> None:
    """What an `__init__` that nobody wrote does: fields get their arguments, and `__post_init__` runs.

    The order of the fields is not known, nor which of them a starred argument has: then no default is sure."""
    named = dict(given.keywords)
    if (given.loose or given.positional) and all(
        isinstance(base, Name) and base.path.partition(".")[0] in _MAKE_INIT
        for base in machine.library_bases(thing.id)
    ):
        for id in machine.order(thing.id):
            for name, value in list(machine.heap.records[id].slots.items()):
                if name not in named and not isinstance(value[0].thing, (Func, Descriptor, Class)):
                    field = unknown(f"field `{name}`", machine.key("field", made.id, name))
                    machine.heap.write(made.id, name, field)
    for name, argument in named.items():
        machine.heap.write(made.id, name, argument.value)
    after = machine.lookup_method(made, "__post_init__")
    if after is not None:
        with machine.wanting_effects():
            machine.call(after, Arguments(), None)


def call_object(machine: Machine, thing: Obj, given: Arguments, origin: Origin | None) -> Value:
    record = machine.heap.records[thing.id]
    if record.kind == "library":
        return library.call_object(machine, thing, record.of, given, origin)
    if record.kind != "instance":
        return unknown("a call of something that is not followed", machine.fresh("call"))
    row = machine.library_row(thing)
    names = ["__call__"]
    if row is not None and row.call:
        names.append(row.call)
    names += ["forward", "call"]
    for name in names:
        method = machine.lookup_method(thing, name)
        if method is not None:
            return machine.call(method, given, origin)
    if row is not None and row.role not in (BASE,):
        return library.call_object(machine, thing, row, given, origin)
    return unknown("a call of an object without `forward` or `call`", machine.fresh("call"))


def output(machine: Machine, thing: Obj) -> Value:
    """What a model gives for data nobody knows."""
    data = Argument(unknown("data", machine.key("data")), None)
    return machine.call_object(thing, Arguments((data,), (), True), None)


def entered(machine: Machine, value: Value) -> Value:
    """What `with value as x` binds."""
    thing = value[0].thing
    if len(value) == 1 and isinstance(thing, Obj):
        method = machine.lookup_method(thing, "__enter__")
        if method is not None:
            return machine.call(method, Arguments(), None)
    return value
