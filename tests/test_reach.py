"""What decides whether a function that nobody calls is run knows every name that the rows have."""

from __future__ import annotations

import pytest

from softmax_lint.knowledge import rows
from softmax_lint.knowledge.schema import LOG, LOSS, METRIC, SAMPLER, TRAINER
from softmax_lint.linking.bodies import ACTIVE, calls_in
from softmax_lint.linking.reach import DRAWS
from softmax_lint.lowering import lower
from softmax_lint.representation import LOG_SOFTMAX, SIGMOID, SOFTMAX


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def test_activations_are_known_by_name() -> None:
    for row in rows():
        given = {
            row.produces,
            row.activation_default,
            *(meaning for flag in row.flags for _, meaning in flag.when),
        }
        if row.role in (LOSS, METRIC, TRAINER) or not given & {
            SOFTMAX,
            LOG_SOFTMAX,
            SIGMOID,
            "softmax",
            "sigmoid",
        }:
            continue
        for name in (row.name, *row.aliases):
            assert ACTIVE.search(_last(name)), name


def test_draws_are_known_by_name() -> None:
    named = {_last(name).lower() for row in rows() if row.role == LOG for name in (row.name, *row.aliases)}
    assert named <= DRAWS
    # Samplers with other names were never a reason to run a function.
    assert DRAWS - named <= {_last(row.name).lower() for row in rows() if row.role == SAMPLER}


@pytest.mark.parametrize(
    ("body", "held"),
    [
        ("return loss(x)", set()),
        ("return self.loss(x)", set()),
        ("return self.loss.apply(x)", {"self.loss"}),
        ("return run(loss)", {"loss"}),
        ("return run(self.loss, 1)", {"self.loss"}),
        ("keep = loss", {"loss"}),
        ("return kind in losses", set()),
        ("return isinstance(x, Loss)", set()),
        ("return '|'.join(losses)", set()),
        ("return partial(loss)(x)", {"loss"}),
    ],
)
def test_what_is_handed_on_counts(body: str, held: set[str]) -> None:
    """A loss that is called where it stands is looked at there; one that is handed on may be met by anybody."""
    (definition,), _ = lower(f"def f(self, x):\n    {body}")
    found = calls_in(definition[2]).held_sinks
    assert {".".join((first, *path)) for first, path in found} == held
