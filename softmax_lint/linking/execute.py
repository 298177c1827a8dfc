"""Operations of lowered code: statements run on abstract values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from softmax_lint import code
from softmax_lint.linking import in_place
from softmax_lint.linking.decisions import decide
from softmax_lint.linking.evaluate import UNROLL, combine, evaluate
from softmax_lint.linking.path import Exhausted
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Class,
    Const,
    Descriptor,
    Func,
    Name,
    Repeat,
    Unknown,
    Value,
    just,
    literal,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.path import Frame

# How a list of operations ends.
NEXT, RETURN, RAISE, BREAK, CONTINUE = "next", "return", "raise", "break", "continue"
ENDED = (RETURN, RAISE)
MERGED_PER_OPERATION = 4  # slots that are merged in the time of one operation
MOST_DECORATING = 200  # operations of a decorator; one that takes more gives what it was given
MOST_UNROLLED = 400  # operations spent on the further rounds of a loop over numbers


def run(machine: Machine, frame: Frame, ops: code.Ops) -> str:
    """Run operations in order, to the end or to the first that certainly leaves."""
    for op in ops:
        machine.operations += 1
        if machine.operations > machine.most:
            raise Exhausted
        status = OPERATIONS[op[0]](machine, frame, op)
        if status != NEXT:
            return status
    return NEXT


def _bind(machine: Machine, frame: Frame, op: code.Op) -> str:
    value = evaluate(machine, frame, op[2])
    target = op[1]
    if target[0] == code.NAME:
        machine.store(frame, target[2], value)
    else:
        machine.bind(frame, target, value)
    return NEXT


def _bind_all(machine: Machine, frame: Frame, op: code.Op) -> str:
    value = evaluate(machine, frame, op[2])
    for target in op[1]:
        machine.bind(frame, target, value)
    return NEXT


def _augment(machine: Machine, frame: Frame, op: code.Op) -> str:
    left, right = evaluate(machine, frame, op[1]), evaluate(machine, frame, op[3])
    if op[2] == "+" and machine.extend_in_place(left, right):
        return NEXT
    machine.bind(frame, op[1], combine(machine, op[2], left, right))
    return NEXT


def _do(machine: Machine, frame: Frame, op: code.Op) -> str:
    machine.effects += 1
    try:
        value = machine.force(evaluate(machine, frame, op[1]))
        if in_place.is_change(op[1]):
            in_place.change(machine, frame, op[1], value)
    finally:
        machine.effects -= 1
    return NEXT


def _if(machine: Machine, frame: Frame, op: code.Op) -> str:
    if _is_typing(op[1]):
        with machine.unseen():
            return run(machine, frame, op[2])
    if op[1][0] == code.UNARY and op[1][2] == "not" and _is_typing(op[1][3]):
        return run(machine, frame, op[2])
    decision = decide(machine, frame, op[1])
    if decision.truth is not None:
        _explore(machine, frame, op, decision.truth)
        return run(machine, frame, op[2] if decision.truth else op[3])
    heap = machine.heap
    mark = heap.mark()
    with machine.assuming(decision.yes):
        first = run(machine, frame, op[2])
    then = heap.take_back(mark)
    with machine.assuming(decision.no):
        second = run(machine, frame, op[3])
    if first in ENDED:
        if second in ENDED:
            return RAISE if first == second == RAISE else RETURN
        machine.assume(decision.no)
        return NEXT
    if second in ENDED:
        heap.take_back(mark)
        heap.apply(then)
        machine.assume(decision.yes)
        return NEXT
    otherwise = heap.take_back(mark)
    machine.operations += (len(then) + len(otherwise)) // MERGED_PER_OPERATION
    heap.merge(decision.yes, decision.no, then, otherwise)
    return NEXT


def _is_typing(test: code.Expr) -> bool:
    """Whether a branch is for type checkers: it names what a program gets by other ways, so it counts."""
    return test[0] in (code.NAME, code.ATTR) and "TYPE_CHECKING" in test


def _explore(machine: Machine, frame: Frame, op: code.Op, truth: bool) -> None:
    """The branch that a constant turns off (`TRAIN = False`): people turn it on.

    It runs on a copy, with the switch the other way everywhere; only tensors made inside it count."""
    body = op[3] if truth else op[2]
    test = op[1][3] if op[1][0] == code.UNARY else op[1]
    if not body or test[0] != code.NAME or machine.exploring:
        return
    parameters = machine.heap.records[frame.env].extra
    if isinstance(parameters, frozenset) and test[2] in parameters:
        return  # a literal argument is a decision, not a switch
    switch = literal(machine.load(frame, test[2]))
    if switch is None or not isinstance(switch.value, bool) or switch.origin is None:
        return
    mark = machine.heap.mark()
    machine.exploring = machine.stamp = machine.stamp + 1
    with machine.assuming(((machine.key("switch", switch.origin), not switch.value),)):
        run(machine, frame, body)
    machine.exploring = 0
    machine.heap.take_back(mark)


def _loop(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, target, iterable, body, otherwise = op
    iterated = evaluate(machine, frame, iterable)
    items = machine.elements(iterated)
    depth = len(machine.path)
    if items is None or len(items) > UNROLL or (not items and machine.is_list(iterated)):
        # An empty list that is looped over was filled in some way that is not seen.
        _repeat(machine, frame, body, target, (unknown("an element", machine.fresh("element")),))
    else:
        started = machine.operations
        for number, item in enumerate(items):
            if isinstance(item, Repeat):
                _repeat(machine, frame, body, target, item.values)
                continue
            if number == 2 and literal(item) is not None:
                rest = len(items) - number
                if (machine.operations - started) // 2 * rest > MOST_UNROLLED:
                    # A training loop over epochs, not a loop that builds layers.
                    _repeat(machine, frame, body, target, (unknown("a number", machine.fresh("number")),))
                    break
            machine.bind(frame, target, item)
            status = run(machine, frame, body)
            machine.path.cut(depth)
            if status in ENDED:
                return status
            if status == BREAK:
                return NEXT
    machine.path.cut(depth)
    return run(machine, frame, otherwise)


def _while(machine: Machine, frame: Frame, op: code.Op) -> str:
    depth = len(machine.path)
    decision = decide(machine, frame, op[1])
    if decision.truth is False:
        return run(machine, frame, op[3])
    _repeat(machine, frame, op[2], None, ())
    machine.path.cut(depth)
    return NEXT


def _repeat(machine: Machine, frame: Frame, body: code.Ops, target: Any, values: tuple[Value, ...]) -> None:
    """A body that runs an unknown number of times: twice, joined with not at all."""
    key = machine.fresh("loop")
    for _ in range(2):
        mark = machine.heap.mark()
        depth = len(machine.path)
        for value in values or (None,):
            if target is not None and value is not None:
                machine.bind(frame, target, value)
            run(machine, frame, body)
            machine.path.cut(depth)
        machine.operations += (len(machine.heap.journal) - mark[0]) // MERGED_PER_OPERATION
        machine.heap.widen(mark, key)


def _with(machine: Machine, frame: Frame, op: code.Op) -> str:
    quiet = half = False
    for context, target in op[1]:
        value = machine.force(evaluate(machine, frame, context))
        quiet = quiet or any(
            isinstance(case.thing, Unknown) and case.thing.reason in ("no_grad", "inference_mode")
            for case in value
        )
        half = half or any(
            isinstance(case.thing, Unknown) and case.thing.reason == "autocast" for case in value
        )
        if target is not None:
            machine.bind(frame, target, machine.entered(value))
    machine.quiet += quiet
    machine.autocast += half
    status = run(machine, frame, op[2])
    machine.quiet -= quiet
    machine.autocast -= half
    return status


def _try(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, body, handlers, otherwise, final = op
    heap = machine.heap
    mark = heap.mark()
    status = run(machine, frame, body)
    if status == NEXT:
        status = run(machine, frame, otherwise)
    written = heap.changes(mark)
    for handler in handlers:
        # What a handler binds counts only where the body bound nothing: the body is the normal course.
        inner = heap.mark()
        depth, returns = len(machine.path), len(frame.returns)
        machine.assume(machine.choice("except")[0])
        run(machine, frame, handler)
        machine.path.cut(depth)
        del frame.returns[returns:]
        change = heap.take_back(inner)
        heap.apply(
            {
                slot: value
                for slot, value in change.items()
                if slot not in written and heap.read(*slot) is None
            }
        )
    ended = run(machine, frame, final)
    if ended != NEXT:
        return ended
    return NEXT if status in (RAISE, BREAK, CONTINUE) and handlers else status


def _return(machine: Machine, frame: Frame, op: code.Op) -> str:
    value = just(Const(None)) if op[1] is None else evaluate(machine, frame, op[1])
    frame.returns.append((value, machine.path.since(frame.entry)))
    return RETURN


def _raise(machine: Machine, frame: Frame, op: code.Op) -> str:
    return RAISE


def _def(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, name, function, decorators = op
    value = just(machine.make_function(frame, function))
    for decorator in reversed(decorators):
        value = _decorated(machine, frame, decorator, value)
    machine.store(frame, name, value)
    return NEXT


def _decorated(machine: Machine, frame: Frame, decorator: code.Expr, value: Value) -> Value:
    if decorator[0] == code.ATTR and decorator[3] in ("setter", "deleter", "getter"):
        previous = machine.load(frame, decorator[2][2]) if decorator[2][0] == code.NAME else None
        if previous and isinstance(previous[0].thing, Descriptor) and decorator[3] == "setter":
            return just(Descriptor("property", previous[0].thing.function, value))
        return value
    found = machine.force(evaluate(machine, frame, decorator))
    thing = found[0].thing
    if isinstance(thing, Name):
        kind = DESCRIPTORS.get(thing.path)
        if kind is not None:
            return just(Descriptor(kind, value))
        if thing.path in QUIET:
            return _quiet(machine, value)
        return value
    if isinstance(thing, Unknown) and thing.reason == "no_grad":
        return _quiet(machine, value)
    if isinstance(thing, (Func, Bound)) and len(found) == 1:
        mark = id(_body(thing))
        if mark in machine.heavy:
            return value
        with machine.wanting_effects():
            result = machine.within(MOST_DECORATING, lambda: _apply(machine, found, value))
        if result is None:
            machine.heavy.add(mark)
        if result is not None and len(result) == 1 and isinstance(result[0].thing, (Func, Bound, Class)):
            return result
    return value


def _body(thing: Func | Bound) -> Any:
    """The code of a function: the same for all that one definition makes."""
    inner = thing.function if isinstance(thing, Bound) else thing
    return inner.code if isinstance(inner, Func) else inner


def _apply(machine: Machine, decorator: Value, value: Value) -> Value:
    return machine.force(machine.call(decorator, Arguments((Argument(value, None),)), None))


def _quiet(machine: Machine, value: Value) -> Value:
    """The function under no_grad, wherever it is run from."""
    function = value[0].thing
    if not isinstance(function, Func):
        return value
    quiet = function._replace(quiet=True)
    if machine.made and machine.made[-1] == function:
        machine.made[-1] = quiet
    return just(quiet)


QUIET = frozenset({"torch.no_grad", "torch.inference_mode", "torch.jit.ignore"})


DESCRIPTORS = {
    "builtins.property": "property",
    "functools.cached_property": "property",
    "builtins.staticmethod": "static",
    "builtins.classmethod": "class",
    "abc.abstractmethod": None,
}


def _class(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, name, bases, _, decorators, body = op
    values = tuple(machine.force(evaluate(machine, frame, base)) for base in bases if base[0] != code.SPLAT)
    made = machine.make_class(frame, name, values)
    inner = machine.inner_frame(frame, env=made, owner=made)
    run(machine, inner, body)
    value = just(Class(made))
    for decorator in reversed(decorators):
        value = _decorated(machine, frame, decorator, value)
    machine.store(frame, name, value)
    return NEXT


def _import(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, module, name = op
    if name is None:
        machine.store(
            frame,
            module.partition(".")[0],
            machine.import_module(frame, module.partition(".")[0], whole=module),
        )
    else:
        machine.store(frame, name, machine.import_module(frame, module))
    return NEXT


def _from(machine: Machine, frame: Frame, op: code.Op) -> str:
    _, module, level, names = op
    for name, bound in names:
        if name == "*":
            machine.import_star(frame, module, level)
        else:
            machine.store(frame, bound, machine.import_from(frame, module, level, name))
    return NEXT


def _delete(machine: Machine, frame: Frame, op: code.Op) -> str:
    for target in op[1]:
        if target[0] == code.ITEM:
            items = evaluate(machine, frame, target[2])
            index = literal(evaluate(machine, frame, target[3]))
            machine.delete_item(items, index)
    return NEXT


def _global(machine: Machine, frame: Frame, op: code.Op) -> str:
    frame.shared.update(op[1])
    return NEXT


OPERATIONS: dict[str, Callable[[Any, Any, code.Op], str]] = {
    code.BIND: _bind,
    code.BIND_ALL: _bind_all,
    code.AUGMENT: _augment,
    code.DO: _do,
    code.IF: _if,
    code.LOOP: _loop,
    code.WHILE: _while,
    code.WITH: _with,
    code.TRY: _try,
    code.RETURN: _return,
    code.RAISE: _raise,
    code.BREAK: lambda machine, frame, op: BREAK,
    code.CONTINUE: lambda machine, frame, op: CONTINUE,
    code.DEF: _def,
    code.CLASS: _class,
    code.IMPORT: _import,
    code.FROM: _from,
    code.DELETE: _delete,
    code.GLOBAL: _global,
}
