"""No sigmoid before a loss that expects probabilities.

## What it does
Finds raw scores, a hidden activation or log-probabilities in front of a binary cross-entropy over
probabilities: `BCELoss`, `F.binary_cross_entropy`, and the default of `BinaryCrossentropy` in
Keras.

## Why is this bad?
The loss takes the logarithm of a score that may be negative. PyTorch raises as soon as one lies
outside 0 to 1. Keras clips it silently: such an example has no gradient at all.

## What it costs
In Keras every score outside 0 to 1 has a gradient of exactly 0; on the wrong side it costs a
constant 15.9 or 16.1, which is -log of 1e-7 up to rounding. In PyTorch it is a `RuntimeError`.

## Example
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(1),
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

## Fix safety
Unsafe: the loss changes. The fix sets `from_logits=True`, or makes `BCELoss` a `BCEWithLogitsLoss`.

## Not detected
A sigmoid written by hand makes the source unknown: nothing is reported.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import contrast, is_keras
from softmax_lint.rules.severity import WRONG, severity
from softmax_lint.rules.table import is_focal, owns


def _describe(pair: Pair) -> str:
    if is_focal(pair):
        return contrast(pair)
    if is_keras(pair):
        return f"{contrast(pair)}; outside 0 to 1 there is no gradient"
    if pair.framework == "torch":
        return f"{contrast(pair)}; outside 0 to 1 it raises"
    return contrast(pair)


RULE = Rule(
    code="SML103",
    name="missing-sigmoid",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: owns("SML103", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
