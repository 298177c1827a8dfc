"""What is run, and in which order: module bodies, protocol methods, then every function nobody called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from softmax_lint import code
from softmax_lint.linking import effects, reach, sinks
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Class,
    Definition,
    Descriptor,
    Func,
    Obj,
    Pending,
    Value,
    just,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.part import Part

# Methods that a library runs on instances of classes derived from its own, by the name of the library class.
PROTOCOLS: dict[str, tuple[str, ...]] = {
    "lightning.pytorch.LightningModule": ("training_step", "validation_step", "test_step"),
    "keras.Model": ("train_step", "test_step"),
    "transformers.Trainer": ("compute_loss",),
}
# Methods that others run: they come after everything that may make their objects.
SPECIAL = frozenset(
    {"__init__", "forward", "call", "__call__"} | {name for names in PROTOCOLS.values() for name in names}
)
# Operations, each with what it may take of them.
MOST_ALONE = 25_000  # all functions of one file that nobody calls, and that met no loss
MOST_FUNCTION = 4_000  # a function that nobody calls; of 134 losses in such, 133 are met within 1,100
MOST_UNMET = 1_500  # such a function that names no loss itself, until it meets one
MOST_ASKING = 2_000  # what stands in the names of a function, to know whether running it is worthwhile
MOST_RESULT = 500  # what it returns, unless that is a softmax
MOST_MAKING = 2_000  # the `__init__` of an instance that nobody makes; what is there by then, counts
# The same for a part of a project: what initialisers have in common is learned in many of them.
MOST_MAKING_OF_PART = 8_000

MOST_INSTANCES = 4  # of one class, on which the methods of a protocol are run
MOST_RECEIVERS = 8  # instances, also of derived classes, on which a method is run that nobody called

Progress = Callable[[int, int], None]


def link(
    machine: Machine,
    roots: Sequence[int],
    fail: Callable[[int, Exception], None],
    progress: Progress | None = None,
    part: Part | None = None,
) -> set[int]:
    """Run everything that can bring a tensor to a sink in the root files. `fail(file, error)` hears of crashes.

    The roots of a `part` of a project become more while they run; all roots are returned.
    """
    machine.part = part
    known = set(roots)
    _bodies(machine, roots, fail, progress)
    while part is not None and (new := part.holding(known)):
        known.update(new)
        _bodies(machine, new, fail)
    if part is not None:
        part.begin(known)
    _rest(machine, known, fail)
    while part is not None and (new := part.training(known)):
        known.update(new)
        _bodies(machine, new, fail)
        _rest(machine, known, fail)
    return known


def _bodies(
    machine: Machine,
    roots: Sequence[int],
    fail: Callable[[int, Exception], None],
    progress: Progress | None = None,
) -> None:
    """Run modules and programs."""
    for number, file in enumerate(roots):
        with _guarded(machine, file, fail):
            machine.modules.execute(machine, file)
        with _guarded(machine, file, fail), machine.traced((-1 - file, 0)):
            machine.modules.run_main(machine, file)
        if progress is not None:
            progress(number + 1, len(roots))


def _rest(machine: Machine, roots: set[int], fail: Callable[[int, Exception], None]) -> None:
    """Run what no module body did. Of a part of a project nobody knows whether its outputs are logits."""
    for file in sorted(roots):
        _define_rest(machine, file, fail)
    _uncalled(machine, roots, False, fail)
    _leaves(machine, roots, fail)
    _protocols(machine, None if machine.part is not None else roots, fail)
    _uncalled(machine, roots, True, fail)
    if machine.watchful and (machine.part is not None or sinks.known_logits(machine)):
        machine.reading = True
        _uncalled(machine, roots, True, fail)


@contextmanager
def _guarded(machine: Machine, file: int, fail: Callable[[int, Exception], None]) -> Iterator[None]:
    """One root: its own budget; a crash is one failure and the rest goes on."""
    from softmax_lint.linking.path import MOST_OPERATIONS, Exhausted, Spending

    machine.pause()
    machine.root = file
    around = machine.operations, machine.most, machine.patience
    machine.operations = 0
    machine.most = MOST_OPERATIONS
    machine.patience = 0
    machine.spending = Spending()
    machine.path.cut(0)
    machine.frames = []
    machine.effects = machine.quiet = machine.autocast = machine.exploring = 0
    try:
        yield
    except Exhausted:
        pass
    except (Exception, RecursionError) as error:
        fail(file, error if isinstance(error, Exception) else RuntimeError(str(error)))
    machine.spent = machine.operations
    machine.operations, machine.most, machine.patience = around
    machine.path.cut(0)
    machine.frames = []


def _define_rest(machine: Machine, file: int, fail: Callable[[int, Exception], None]) -> None:
    """Definitions that nobody asked for, also those that a later one of the same name replaced."""
    known = machine.modules.files[file]
    if known.env is None:
        return
    for unit in machine.modules.units_of(file):
        statement = machine.modules.units[unit]
        if not statement.kind or statement.ran or not _is_asked_for(machine, unit):
            continue
        current = machine.heap.read(known.env, statement.name)
        with _guarded(machine, file, fail), machine.traced((unit, 0)):
            machine.modules.define(machine, unit)
        if current is not None and not (
            isinstance(current[0].thing, Pending) and current[0].thing.unit == unit
        ):
            machine.heap.write(known.env, statement.name, current)


def _leaves(machine: Machine, roots: set[int], fail: Callable[[int, Exception], None]) -> None:
    """One instance of every class that nobody makes and nobody derives from, when its methods may meet a loss."""
    derived = {id for made, _, _ in machine.modules.classes for id in machine.order(made)[1:]}
    for made, file, unit in list(machine.modules.classes):
        if (
            file not in roots
            or made in derived
            or made in machine.instances
            or not _is_asked_for(machine, unit)
        ):
            continue
        with _guarded(machine, file, fail), machine.traced((unit, 0)):
            if effects.brings_loss(machine, Class(made)):
                machine.most = _most_making(machine)
                machine.instantiate(Class(made), Arguments(), machine.heap.records[made].origin)


def _is_asked_for(machine: Machine, unit: int) -> bool:
    """Whether a statement belongs to what is run."""
    return machine.part is None or machine.part.has(unit)


def _most_making(machine: Machine) -> int:
    return MOST_MAKING_OF_PART if machine.part is not None else MOST_MAKING


def _protocols(machine: Machine, roots: set[int] | None, fail: Callable[[int, Exception], None]) -> None:
    """Methods that libraries run, on the instances of the roots' classes, or of all."""
    for made, file, _ in list(machine.modules.classes):
        if roots is not None and file not in roots:
            continue
        names: tuple[str, ...] = ()
        for instance in machine.instances.get(made, [])[:MOST_INSTANCES]:
            row = machine.library_row(Obj(instance))
            names = PROTOCOLS.get(row.name, ()) if row is not None else ()
            for name in names:
                with _guarded(machine, file, fail), machine.fleeting():
                    method = machine.lookup_method(Obj(instance), name)
                    if method is not None:
                        with machine.traced(_definition(method) or (-1 - file, 0), instance):
                            _invoke(machine, method)


def _uncalled(
    machine: Machine,
    roots: set[int],
    wanted: bool,
    fail: Callable[[int, Exception], None],
) -> None:
    """Functions, methods and inner functions that were made and never entered.

    First those that nobody mentions, for they may call the others; then (`wanted`) the rest."""
    position = 0
    seen: set[tuple[int, int]] = set()
    mentioned = set() if wanted else _mentioned(machine)
    while position < len(machine.made):
        function = machine.made[position]
        position += 1
        mark = function.definition
        name = function.code[2]
        if mark in seen or name == "<lambda>":
            continue
        if (function.module not in roots or not _is_asked_for(machine, function.unit)) and (
            function.owner is None or function.owner not in machine.descended
        ):
            continue
        if mark in machine.entered_code and function.owner is None:
            continue
        if not wanted and (name in mentioned or name in SPECIAL):
            continue
        seen.add(mark)
        with _guarded(machine, function.module, fail), machine.traced(function.definition):
            machine.most = MOST_ASKING
            _run_alone(machine, function, fail)


def _run_alone(machine: Machine, function: Func, fail: Callable[[int, Exception], None]) -> None:
    if machine.alone.get(function.module, 0) > MOST_ALONE:
        return
    if function.owner is None:
        if (reason := reach.reason(machine, function, None)) is not None:
            machine.lone = function.definition
            _try(machine, function, just(function), reason, fail)
            machine.lone = None
            machine.lonely.add(function.definition)
        return
    for receiver in _receivers(machine, function, fail):
        if receiver is None or not isinstance(receiver, Obj):
            if function.definition in machine.entered_code:
                continue
        elif (function.definition, receiver.id) in machine.entered_on and not _left_out(machine, function):
            continue
        if (reason := reach.reason(machine, function, receiver)) is not None:
            thing = just(Bound(function, receiver)) if receiver is not None else just(function)
            made = receiver.id if isinstance(receiver, Obj) else None
            with machine.traced(function.definition, made):
                if not _try(machine, function, thing, reason, fail):
                    break


def _definition(method: Value) -> tuple[int, int] | None:
    thing = method[0].thing
    inner = thing.function if isinstance(thing, Bound) else thing
    return inner.definition if isinstance(inner, Func) else None


def _try(
    machine: Machine,
    function: Func,
    thing: Value,
    reason: Definition,
    fail: Callable[[int, Exception], None],
) -> bool:
    """Run it for that reason; False when that took all it may without a loss."""
    met = machine.met
    with _guarded(machine, function.module, fail), machine.fleeting():
        direct = effects.footprint(machine, function.code).meets
        machine.most = MOST_FUNCTION if direct else MOST_UNMET
        machine.patience = MOST_FUNCTION
        _invoke(machine, thing)
    reach.learn(machine, function, reason, machine.met > met)
    if machine.met > met:
        return True
    machine.alone[function.module] = machine.alone.get(function.module, 0) + machine.spent
    return machine.spent < MOST_UNMET


def _mentioned(machine: Machine) -> set[str]:
    """The names that bodies of functions call, which were not entered themselves."""
    names: set[str] = set()
    for function in machine.made:
        if function.definition not in machine.entered_code:
            print_ = effects.footprint(machine, function.code)
            names |= (print_.names | print_.attributes) - {function.code[2]}
    return names


def _receivers(machine: Machine, function: Func, fail: Callable[[int, Exception], None]) -> list[Any]:
    """Instances to run a method on: those the project makes, else one made without arguments."""
    owner = function.owner
    assert owner is not None
    name = function.code[2]
    own = machine.heap.read(owner, name)
    if own is not None and isinstance(own[0].thing, Descriptor) and own[0].thing.kind == "static":
        return [None]
    if own is not None and isinstance(own[0].thing, Descriptor) and own[0].thing.kind == "class":
        return [Class(owner)]
    running = (id for id in machine.descended.get(owner, ()) if _runs(machine, Obj(id), name, function))
    found = list(islice(running, MOST_RECEIVERS))
    if not found and function.definition not in machine.entered_code and _wants_instance(machine, function):
        if not machine.instances.get(owner):
            with _guarded(machine, function.module, fail):
                machine.most = _most_making(machine)
                machine.instantiate(Class(owner), Arguments(), machine.heap.records[owner].origin)
        found = machine.instances.get(owner, [])  # where a decorator hides the function, too
    return [] if name == "__init__" else [Obj(id) for id in found[:MOST_RECEIVERS]]


def _wants_instance(machine: Machine, function: Func) -> bool:
    """Whether the method may meet a sink, or may call another one of its class that does."""
    assert function.owner is not None
    if reach.reason(machine, function, None) is not None:
        return True
    calls = effects.footprint(machine, function.code).own
    return bool(calls) and effects.brings_loss(machine, Class(function.owner))


def _runs(machine: Machine, thing: Obj, name: str, function: Func) -> bool:
    """Whether the instance's method of this name is that function, not an overriding one."""
    found = machine.class_attribute(machine.heap.records[thing.id].of.id, name)
    if found is None:
        return False
    things = [case.thing for case in found]
    inner = [t.function[0].thing if isinstance(t, Descriptor) else t for t in things]
    return function in inner


def _invoke(machine: Machine, function: Value) -> None:
    """Run with nothing known of the arguments.

    An argument that is None unless given (labels, targets) may be given; other defaults hold."""
    thing = function[0].thing
    inner = thing.function if isinstance(thing, Bound) else thing
    given = Arguments()
    if isinstance(inner, Func):
        given = Arguments((), tuple((name, _anything(machine, name)) for name in _optional(inner)))
    with machine.wanting_effects():
        result = machine.call(function, given, None)
        if isinstance(inner, Func) and effects.softens(machine, inner):
            machine.force(result)
        else:
            machine.within(MOST_RESULT, lambda: machine.force(result))


def _anything(machine: Machine, name: str) -> Argument:
    return Argument(unknown(f"parameter `{name}`", machine.fresh("parameter")), None)


def _optional(function: Func) -> list[str]:
    """The parameters whose default is None."""
    return [
        name
        for name, _, default in function.code[3]
        if default is not None and default[0] == code.CONST and default[2] is None
    ]


def _left_out(machine: Machine, function: Func) -> bool:
    """Whether calls gave no labels: the body names a loss, and none of its calls met one."""
    if not _optional(function) or not effects.footprint(machine, function.code).meets:
        return False
    stack: list[Any] = [function.code[4]]
    while stack:
        node = stack.pop()
        if (
            len(node) == 5
            and node[0] == code.CALL
            and isinstance(node[1], int)
            and (function.unit, node[1]) in machine.applied
        ):
            return False
        stack.extend([part for part in node if part.__class__ is tuple and part])
    return True
