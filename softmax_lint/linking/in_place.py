"""Statements that change a tensor where it is: what holds it goes on with what it has become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint import code
from softmax_lint.linking.evaluate import evaluate
from softmax_lint.linking.values import Name, Tensor, Value

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.path import Frame


def is_change(e: code.Expr) -> bool:
    """Whether it calls what changes its tensor in place, as PyTorch names such functions: ``p.clamp_(0.1, 0.9)``."""
    if e[0] != code.CALL or e[2][0] != code.ATTR:
        return False
    name: str = e[2][3]
    return name.endswith("_") and not name.startswith("_") and not name.endswith("__")


def change(machine: Machine, frame: Frame, call: code.Expr, value: Value) -> None:
    """``p.data.clamp_(min=0.1)`` or ``torch.clamp_(p, 0.1)``, which give `value`: that is p from now on."""
    target = call[2][2]
    if any(isinstance(case.thing, Name) for case in evaluate(machine, frame, target)):
        target = call[3][0] if call[3] else target
    while target[0] == code.ATTR and target[3] == "data":
        target = target[2]
    if target[0] not in (code.NAME, code.ATTR):
        return
    before = [case.thing for case in machine.force(evaluate(machine, frame, target))]
    if not any(isinstance(thing, Tensor) for thing in before):
        return
    # Gradients flow through the rest of the program, also where they do not through the change.
    detached = any(isinstance(thing, Tensor) and thing.detached for thing in before)
    cases = [
        case._replace(thing=case.thing._replace(detached=detached))
        if isinstance(case.thing, Tensor)
        else case
        for case in value
    ]
    machine.bind(frame, target, tuple(cases))
