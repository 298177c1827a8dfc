"""Logarithms, and what draws by scores: sinks of activations beside the losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge.schema import Api
from softmax_lint.linking import sinks, spelling
from softmax_lint.linking.values import Argument, Origin, Tensor, Unknown, Value, just
from softmax_lint.representation import ANY, SOFTMAX_LOGITS

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

SCALED = "scaled"  # first part of the key of a logarithm that was divided by a temperature
_LOG = Api("log", "function", "log", "torch")


def logarithm(machine: Machine, tensor: Tensor, origin: Origin, text: str) -> None:
    sinks.meet(machine, pair.LOG, _LOG, "log", origin, origin, text, just(tensor))


def drawn(machine: Machine, scores: Value) -> None:
    """Something is drawn by these scores, without a gradient: logarithms among them may be infinite."""
    for case in machine.force(scores):
        thing = case.thing
        source = None
        if isinstance(thing, Tensor) and thing.built is not None:
            source = thing.source
        elif isinstance(thing, Unknown) and thing.key is not None and machine.parts(thing.key)[0] == SCALED:
            source = machine.parts(thing.key)[1]
        if source is not None and (pair.LOG, source, source, "log", _LOG.name) in machine.meetings:
            sinks.meet(machine, pair.LOG, _LOG, ANY, source, source, "", just(thing))


def sampler(machine: Machine, row: Api, argument: Argument | None, origin: Origin | None, path: str) -> None:
    if argument is None or origin is None:
        return
    found = machine.force(argument.value)
    if all(isinstance(case.thing, Tensor) for case in found):
        sinks.meet(
            machine,
            pair.SAMPLER,
            row,
            row.expects or SOFTMAX_LOGITS,
            origin,
            origin,
            spelling.called(path),
            found,
        )
