"""No softmax before a loss that expects probabilities or log-probabilities.

## What it does
Finds raw scores or a hidden activation in front of a categorical loss over probabilities (the
default of Keras) or log-probabilities (`NLLLoss`, the input of `KLDivLoss`), and log-probabilities
in front of one over probabilities.

## Why is this bad?
The loss reads the scores as something they are not. Keras normalises and clips them as if they were
probabilities: most of the gradient is lost or points elsewhere. `NLLLoss` returns the negated score
of the true class: the model lowers it by raising every score. This is the mistake that visibly
breaks training.

## What it costs
Over raw scores `NLLLoss` has no lower bound, and its gradient is -1 for the true class however good
the prediction is. In Keras the scores are clipped, divided by their sum or not, and what lies
outside 0 to 1 gets no gradient.

## Example
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
```

## Use instead
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10),
])
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
```

## Fix safety
Unsafe: the loss changes. The fix sets `from_logits=True`, or makes `NLLLoss` a `CrossEntropyLoss`.
A log-softmax in front of a Keras loss is dropped as well.

## Not detected
A softmax written by hand that linking cannot read makes the source unknown: nothing is reported.
Losses that take any scores (`MSELoss`, margin losses) make no pair.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.representation import LOG_PROBABILITIES, SCORES
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import contrast
from softmax_lint.rules.severity import WRONG, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    if pair.produced == SCORES and pair.expected == LOG_PROBABILITIES:
        return f"{contrast(pair)}; the loss has no lower bound"
    return contrast(pair)


RULE = Rule(
    code="SML003",
    name="missing-softmax",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: owns("SML003", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
