"""Where a layer or a product may not give what its knowledge row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.linking.values import Arguments, Origin, Unknown

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

# What the names of functions that make weights hold.
_WEIGHTS = (
    "ariable",
    "weight",
    "param",
    "random",
    "normal",
    "uniform",
    "zeros",
    "ones",
    "constant",
    "initial",
)


def of_arguments(given: Arguments) -> bool:
    """Whether a product is one of arguments that nobody gave, and what was made of such: no sign of weights."""
    factors = [argument.value for argument in given.positional[:2]]
    return len(factors) == 2 and not any(_may_be_weights(case.thing) for factor in factors for case in factor)


def _may_be_weights(thing: object) -> bool:
    if not isinstance(thing, Unknown):
        return True
    if thing.reason.startswith("`") and not any(sign in thing.reason for sign in _WEIGHTS):
        return False
    return not thing.reason.startswith(("parameter `", "a call of something", "targets"))


def scoped(machine: Machine, origin: Origin) -> bool:
    """Whether the file of a layer, or the program that runs, sets defaults of layers for whole blocks."""
    modules = machine.modules
    files = {modules.units[origin[0]].file, machine.root}
    return any(
        "arg_scope" in modules.units[unit].text
        for file in files
        if file >= 0
        for unit in modules.units_of(file)
    )
