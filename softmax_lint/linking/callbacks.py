"""Callbacks: training gives the model to objects of the project's classes, which read it from `self.model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.linking.values import Arguments, Obj, Value, flat, just

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

# Methods of a Keras model that take callbacks.
TRAINING = frozenset(
    {"fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator"}
)


def introduce(machine: Machine, model: Obj, given: Arguments) -> None:
    """Write the model to `model` of every callback that a call with these arguments names."""
    argument = given.get((), "callbacks")
    if argument is not None:
        _give(machine, just(model), argument.value, 2)


def _give(machine: Machine, model: Value, value: Value, depth: int) -> None:
    value = machine.force(value)
    for case in value:
        thing = case.thing
        if isinstance(thing, Obj) and machine.heap.records[thing.id].kind == "instance":
            machine.heap.write(thing.id, "model", model)
    listed = machine.contents(value) if depth else None
    for part in flat(listed.items if listed is not None else ()):
        _give(machine, model, part, depth - 1)
