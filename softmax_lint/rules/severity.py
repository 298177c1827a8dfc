"""How loud a finding is: its kind, corrected by what Keras and 16-bit floats make of the pair."""

from __future__ import annotations

from typing import Final

from softmax_lint.pair import Pair
from softmax_lint.representation import BINARY, SIGMOID, SIGMOID_LOGITS, SOFTMAX, SOFTMAX_LOGITS
from softmax_lint.rules.table import is_focal

WRONG: Final = "wrong"
UNSTABLE: Final = "unstable"
REDUNDANT: Final = "redundant"
WARNING: Final = "warning"
KINDS: Final = (WRONG, UNSTABLE, REDUNDANT, WARNING)

_LADDER: Final = ("info", "warning", "error")
_STEP: Final = {WRONG: 2, UNSTABLE: 1, REDUNDANT: 0, WARNING: 1}

# A doubled activation is the only wrong pair that a recovery of the logits makes right.
_UNDONE: Final = frozenset({(SOFTMAX, SOFTMAX_LOGITS), (SIGMOID, SIGMOID_LOGITS)})
# Softmax outputs are valid binary probabilities: questionable mathematics, but a loss that learns.
_QUESTIONABLE: Final = frozenset({(SOFTMAX, BINARY)})


def is_recovered(pair: Pair) -> bool:
    """Whether Keras computes this loss from the logits behind the activation.

    Categorical focal losses never look behind it, on any backend.
    """
    return pair.recovered and not (pair.produced == SOFTMAX and is_focal(pair))


def severity(kind: str, pair: Pair) -> str:
    """``error``, ``warning`` or ``info`` for a finding of this kind (one of KINDS) about this pair."""
    cell = (pair.produced, pair.expected)
    step = _STEP[kind]
    softened = (kind == UNSTABLE and is_recovered(pair)) or (
        kind == WRONG and (cell in _QUESTIONABLE or (cell in _UNDONE and is_recovered(pair)))
    )
    if softened:
        step -= 1
    if pair.half and kind != REDUNDANT:
        step += 1
    return _LADDER[max(0, min(step, 2))]
