"""The pair rules as one table: what a source produces × what a loss expects.

Every cell has exactly one owner: a rule's code, or `OK`. A word outside the table has no cell: undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from softmax_lint.pair import LOSS, Pair
from softmax_lint.representation import EXPECTED, HIDDEN, LOG_SIGMOID, LOG_SOFTMAX, SCORES, SIGMOID, SOFTMAX

OK: Final = "ok"

# One row per produced representation; the columns follow EXPECTED:
#             softmax logits, categorical, log-probabilities, sigmoid logits, binary
_ROWS: Final = {
    SCORES: (OK, "SML003", "SML003", OK, "SML103"),
    HIDDEN: ("SML205", "SML003", "SML003", "SML205", "SML103"),
    SOFTMAX: ("SML002", "SML001", "SML005", "SML201", "SML201"),
    LOG_SOFTMAX: ("SML004", "SML003", OK, "SML201", "SML201"),
    SIGMOID: ("SML202", "SML202", "SML202", "SML102", "SML101"),
    LOG_SIGMOID: ("SML202", "SML202", "SML202", "SML102", "SML103"),
}

TABLE: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        (produced, expected): owner
        for produced, owners in _ROWS.items()
        for expected, owner in zip(EXPECTED, owners, strict=True)
    }
)

# A focal loss clips or reweights on its own terms: only a missing or a doubled activation is certain there.
FOCAL_CODES: Final = frozenset({"SML002", "SML003", "SML102", "SML103"})
# Cells whose mathematics a focal loss shares with its plain sibling: correct, whatever their numerical price.
_FOCAL_OK: Final = frozenset({OK, "SML001", "SML004", "SML101"})


def owner(pair: Pair) -> str | None:
    """The owner of the pair's cell: a code or `OK`. None when the pair is no loss or has no cell."""
    if pair.meeting != LOSS:
        return None
    return TABLE.get((pair.produced, pair.expected))


def owns(code: str, pair: Pair) -> bool:
    return owner(pair) == code


def is_focal(pair: Pair) -> bool:
    return "focal" in pair.sink_text.lower()


def cell_is_ok(pair: Pair) -> bool:
    """Whether source and loss agree in exact arithmetic, as far as the table says."""
    cell = owner(pair)
    return cell in _FOCAL_OK if is_focal(pair) else cell == OK
