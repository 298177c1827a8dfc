"""What reads an output outside of any loss: a comparison, a rounding, a second softmax.

Only what could be a finding is recorded: a tensor of raw scores beside a number that would be a probability,
and a softmax over the axis of another one. Judging knows which of the raw scores are binary logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge.schema import FUNCTION, Api
from softmax_lint.linking import sinks
from softmax_lint.linking.values import (
    AS_MADE,
    CHANGED,
    MOVED,
    Arguments,
    Func,
    Lazy,
    Origin,
    Seq,
    Tensor,
    Value,
    flat,
    literal,
    unknown,
)
from softmax_lint.representation import ANY, BINARY, LOG_SOFTMAX, SCORES, SIGMOID, SOFTMAX

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

ORDERED = frozenset({"<", "<=", ">", ">="})
COMPARISONS = frozenset({
    "gt", "ge", "lt", "le", "greater", "greater_equal", "less", "less_equal",
})  # fmt: skip
ROUNDINGS = frozenset({"round", "round_", "around", "rint"})
_COMPARISON = Api("comparison", FUNCTION, "consumer", "")
_ROUNDING = Api("rounding", FUNCTION, "consumer", "")
STEP = "step"
_OUTPUT = Api("output", FUNCTION, "consumer", "")
_LAYER = Api("layer", FUNCTION, "consumer", "")
_REMOVABLE = frozenset({SOFTMAX, LOG_SOFTMAX, SIGMOID})
MOST_WATCHING = 2_000  # operations to see what a call gives back
MOST_WATCHED = 3  # such calls within one another


def compared(machine: Machine, sign: str, left: Value, right: Value, origin: Origin) -> None:
    """`left sign right`, both at hand."""
    if sign not in ORDERED:
        return
    for tensor, other in ((left, right), (right, left)):
        number = _fraction(other)
        if number is not None and _are_scores(tensor):
            text = f"{sign} {number}" if tensor is left else f"{number} {sign}"
            sinks.meet(machine, pair.CONSUMER, _COMPARISON, BINARY, origin, origin, text, tensor)


def called(machine: Machine, row: Api, value: Value, given: Arguments, origin: Origin) -> None:
    """A function or method that reads the tensor `value`: `torch.round(x)`, `x.gt(0.5)`."""
    name = row.name.rpartition(".")[2]
    if name in ROUNDINGS:
        value = machine.force(value)
        if _are_scores(value) and given.get(row.params, "decimals") is None:
            sinks.meet(machine, pair.CONSUMER, _ROUNDING, BINARY, origin, origin, name.rstrip("_"), value)
    elif name in COMPARISONS:
        other = next((each for each in given.positional[::-1] if _fraction(machine.force(each.value))), None)
        if other is not None:
            number = _fraction(machine.force(other.value))
            value = machine.force(value)
            if _are_scores(value):
                text = f"{name} {number}"
                sinks.meet(machine, pair.CONSUMER, _COMPARISON, BINARY, origin, origin, text, value)


def _fraction(value: Value) -> float | None:
    """A number strictly between 0 and 1."""
    found = literal(value)
    number = found.value if found is not None else None
    return number if isinstance(number, float) and 0 < number < 1 else None


def _are_scores(value: Value) -> bool:
    return all(
        isinstance(case.thing, Tensor) and case.thing.representation == SCORES and case.thing.steps < CHANGED
        for case in value
    )


def again(
    machine: Machine,
    value: Value,
    row: Api,
    axis: int | None,
    origin: Origin,
    text: str,
    built: Origin | None,
) -> bool:
    """A softmax of `value` over `axis`, or a sigmoid, `built` where it is called by a name: whether all of that is
    what another one gave. What is none of probabilities is recorded, too: the same softmax may be right for others."""
    produced = row.produces or ""
    if any(isinstance(case.thing, Lazy) for case in value):
        if all(_may_end_in(machine, produced, case.thing) for case in value):
            value = machine.force(value)
        else:
            value = unknown("a call that was not run")
    things = [case.thing for case in machine.visible(value)]
    is_again = all(isinstance(thing, Tensor) and _is_made(thing, produced, axis) for thing in things)
    expected = produced if is_again else ANY
    sinks.meet(machine, pair.AGAIN, row, expected, origin, origin, text, value, setting=built)
    return is_again and bool(things)


def _may_end_in(machine: Machine, produced: str, thing: object) -> bool:
    """Whether it is worth running a delayed call for: its own code spells such an activation."""
    if not isinstance(thing, Lazy):
        return True
    function = machine.delayed[thing.cell].function
    return isinstance(function, Func) and produced in machine.modules.units[function.unit].text.lower()


def _is_made(tensor: Tensor, produced: str, axis: int | None) -> bool:
    """Whether a tensor is what such an activation gave, over the same axis."""
    if produced == SIGMOID:
        return tensor.representation == SIGMOID
    if tensor.representation != SOFTMAX or tensor.axis is None or axis is None or tensor.steps >= MOVED:
        return False
    if tensor.axis == axis:
        return axis < 0 or tensor.steps == AS_MADE
    return tensor.steps == AS_MADE and tensor.rank is not None and (tensor.axis - axis) % tensor.rank == 0


def given_back(machine: Machine, value: Value, callee: Value, given: Arguments, origin: Origin) -> None:
    """A call that gives probabilities. One that was not run is run for that, within limits, and nothing else
    takes notice. A call that got them itself is a step."""
    found = _watched(machine, value)
    if found is None:
        return
    value = found
    if any(isinstance(case.thing, Tensor) and case.thing.representation in _REMOVABLE for case in value):
        sources = {case.thing.source for case in value if isinstance(case.thing, Tensor)}
        inputs = (callee, *(a.value for a in given.positional), *(a.value for _, a in given.keywords))
        is_step = any(_holds(machine, each, sources) for each in inputs)
        sinks.meet(machine, pair.OUTPUT, _OUTPUT, ANY, origin, origin, STEP if is_step else "", value)


def _watched(machine: Machine, value: Value) -> Value | None:
    """A value with its delayed calls run within limits, None where those do not do."""
    if not any(isinstance(case.thing, Lazy) for case in value):
        return value
    if machine.watching > MOST_WATCHED:
        return None
    spent = machine.operations
    machine.watching += 1
    try:
        return machine.within(MOST_WATCHING, lambda: machine.force(value))
    finally:
        machine.watching -= 1
        machine.operations = spent


def entered(machine: Machine, value: Value, layer: Origin) -> None:
    """A layer with weights is put on `value`: whether that is probabilities."""
    found = _watched(machine, value)
    if found is not None and any(
        isinstance(case.thing, Tensor) and case.thing.representation in _REMOVABLE for case in found
    ):
        sinks.meet(machine, pair.OUTPUT, _LAYER, ANY, layer, layer, "", found)


def picked(machine: Machine, whole: Value, value: Value, origin: Origin) -> None:
    """An item of what a call gives. What lists and dicts keep was looked at where it was put there."""
    for case in whole:
        known = machine.delayed[case.thing.cell].value if isinstance(case.thing, Lazy) else (case,)
        if known is None or any(not isinstance(inner.thing, Seq) for inner in known):
            return
    given_back(machine, value, (), Arguments(), origin)


def _holds(machine: Machine, value: Value, sources: set[Origin], depth: int = 0) -> bool:
    """Whether a value is or has a tensor from one of the sources, as far as that is known by now."""
    for case in value:
        thing = case.thing
        if isinstance(thing, Lazy):
            known = machine.delayed[thing.cell].value
            if known is not None and _holds(machine, known, sources, depth):
                return True
        elif isinstance(thing, Tensor):
            if thing.source in sources:
                return True
        elif depth < 2:
            items = machine.contents((case,))
            inner = flat(items.items if items is not None else ())
            if any(_holds(machine, part, sources, depth + 1) for part in inner):
                return True
    return False
