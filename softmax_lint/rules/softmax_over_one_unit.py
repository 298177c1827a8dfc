"""Softmax over a single unit.

## What it does
Finds a softmax or log-softmax whose axis provably has size 1, on its way to a loss.

## Why is this bad?
One number divided by itself is 1: the output is constant, whatever the weights are, and the layer
before it gets no gradient. A single yes-or-no output takes a sigmoid.

## What it costs
The output is always 1 (of a log-softmax: always 0) and the gradient is exactly 0: nothing is
learnt. Keras on TensorFlow hides it: it looks behind the softmax, the printed loss falls, and
`predict` still returns 1.

## Example
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(1, activation="softmax"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
```

## Use instead
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(1),
])
model.compile(optimizer="adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
```
Or two units with a categorical cross-entropy.

## Fix safety
Shown, never applied: a sigmoid over one unit and a softmax over two are both right.

## Not detected
An attention over time with `Linear(h, 1)` runs its softmax over the time axis and is right; where
the axis cannot be told from the unit's, nothing is reported.

## References
- https://github.com/keras-team/keras/issues/18105
- https://keras.io/api/layers/activations/
"""

from __future__ import annotations

from softmax_lint.pair import LOSS, Pair
from softmax_lint.representation import LOG_SOFTMAX, SOFTMAX
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG


def _is_last(axis: int | None, rank: int | None) -> bool:
    return axis == -1 or (axis is not None and rank is not None and axis % rank == rank - 1)


def _matches(pair: Pair) -> bool:
    return (
        pair.meeting == LOSS
        and pair.produced in (SOFTMAX, LOG_SOFTMAX)
        and pair.units == 1
        and _is_last(pair.axis, pair.rank)
    )


def _describe(pair: Pair) -> str:
    constant = 0 if pair.produced == LOG_SOFTMAX else 1
    return f"`{pair.source_text}` over one unit is always {constant}; nothing is learnt"


RULE = Rule(
    code="SML203",
    name="softmax-over-one-unit",
    kind=WRONG,
    blame="source",
    matches=_matches,
    message=_describe,
    # No recovery makes the output of such a model mean anything.
    severity=lambda pair: "error",
)
