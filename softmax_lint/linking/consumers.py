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
    Tensor,
    Value,
    literal,
)
from softmax_lint.representation import BINARY, SCORES, SOFTMAX

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

ORDERED = frozenset({"<", "<=", ">", ">="})
COMPARISONS = frozenset({
    "gt", "ge", "lt", "le", "greater", "greater_equal", "less", "less_equal",
})  # fmt: skip
ROUNDINGS = frozenset({"round", "round_", "around", "rint"})
_COMPARISON = Api("comparison", FUNCTION, "consumer", "")
_ROUNDING = Api("rounding", FUNCTION, "consumer", "")
_AGAIN = Api("softmax", FUNCTION, "consumer", "")


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


def again(machine: Machine, value: Value, row: Api, axis: int | None, origin: Origin, text: str) -> None:
    """A softmax of `value` over `axis`."""
    if any(isinstance(case.thing, Lazy) for case in value):
        if not all(_may_end_in_softmax(machine, case.thing) for case in value):
            return
        value = machine.force(value)
    things = [case.thing for case in machine.visible(value)]
    if all(isinstance(thing, Tensor) and _same_axis(thing, axis) for thing in things):
        sinks.meet(machine, pair.SOFTMAX, row, SOFTMAX, origin, origin, text, value)


def _may_end_in_softmax(machine: Machine, thing: object) -> bool:
    """Whether it is worth running a delayed call for: its own code spells a softmax."""
    if not isinstance(thing, Lazy):
        return True
    function = machine.delayed[thing.cell].function
    return isinstance(function, Func) and "softmax" in machine.modules.units[function.unit].text.lower()


def _same_axis(tensor: Tensor, axis: int | None) -> bool:
    if tensor.representation != SOFTMAX or tensor.axis is None or axis is None or tensor.steps >= MOVED:
        return False
    if tensor.axis == axis:
        return axis < 0 or tensor.steps == AS_MADE
    return tensor.steps == AS_MADE and tensor.rank is not None and (tensor.axis - axis) % tensor.rank == 0
