"""Softmax before a loss that takes the logarithm itself.

## What it does
Finds a softmax output in front of a categorical cross-entropy that expects probabilities: the
default of `SparseCategoricalCrossentropy`, `CategoricalCrossentropy` and of their names as strings.

## Why is this bad?
The mathematics is right, the arithmetic is not: the probabilities are rounded before the loss takes
their logarithm. Keras clips them to 1e-7, and a clipped value has no gradient: the most confident
mistakes stop teaching. Computed from the logits in one step, loss and gradient are exact at every
gap.

## What it costs
From a gap of 16.1 between a wrong logit and the true one the loss stays at 16.1 and its gradient is
exactly 0. In float16 the gradient is not finite from a gap of 11.1. Keras on TensorFlow looks
behind a softmax made by a Keras layer, activation or operation and computes from the logits: there,
in float32, nothing is lost, and the finding is an info. Anything that makes a new tensor after the
softmax (a reshape, a cast, a `Lambda`) ends that.

## Example
```python
import keras

model = keras.Sequential([
    keras.Input(shape=(20,)),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
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
Where probabilities are needed afterwards: `keras.Sequential([model, keras.layers.Softmax()])`.

## Fix safety
Safe when every loss, metric and consumer the project shows gives the same number: `accuracy` and
other ranking metrics do. Unsafe when the output leaves sight (saved, exported, passed on) or a
consumer must be wrapped. Metrics over thresholds (`AUC`, `Precision`) have no exact rewrite after a
softmax: the fix is refused.

## Not detected
Losses that want probabilities by nature (`KLDivergence`, focal losses), and a softmax written by
hand.

## References
- https://keras.io/api/losses/probabilistic_losses/
- https://www.tensorflow.org/api_docs/python/tf/keras/losses/SparseCategoricalCrossentropy
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.rules.costs import half_log_gradient_gap
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import is_keras, price_clip
from softmax_lint.rules.severity import UNSTABLE, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` takes the logarithm of the rounded output of `{pair.source_text}`"
    if pair.half:
        return f"{head}; in float16 the gradient is not finite from a gap of {half_log_gradient_gap():.1f}"
    return f"{head}; {price_clip(pair)}" if is_keras(pair) else head


RULE = Rule(
    code="SML001",
    name="softmax-before-loss",
    kind=UNSTABLE,
    blame="source",
    matches=lambda pair: owns("SML001", pair),
    message=_describe,
    severity=lambda pair: severity(UNSTABLE, pair),
)
