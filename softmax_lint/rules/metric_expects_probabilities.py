"""Metric of probabilities on raw scores.

## What it does
Finds Keras metrics that read probabilities (cross-entropies without `from_logits=True`, `AUC`,
metrics with a threshold of 0.5) in the `compile` of a model whose loss takes its output as
logits. `'accuracy'` is one of them where the model has one unit.

## Why is this bad?
Nothing raises. A threshold of 0.5 on raw scores is another threshold, `AUC` counts with thresholds
between 0 and 1, a cross-entropy takes the logarithm of raw scores. The loss is right, so the model
trains; what is shown of it, and what stops or saves it, is not.

## What it costs
With a threshold of one half on raw scores only examples count as positive whose probability is
above 0.6225.

## Example
```python
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.compile(
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.AUC(), "accuracy"],
)
```

## Use instead
```python
import keras

model = keras.Sequential([keras.layers.Dense(1)])
model.compile(
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[
        keras.metrics.AUC(from_logits=True),
        keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
    ],
)
```
Keras 3.0 to 3.4 refuse a threshold of 0: `threshold=1e-7` is the same one in every version.

## Fix safety
Unsafe: what is measured changes, which is the point; names in the history stay. Thresholds of a
softmax have no counterpart for logits: such a metric has no fix.

## Not detected
Metrics that the project writes, metrics given as functions, other thresholds than 0.5, and
`'accuracy'` where the number of units is no literal. Metrics that only rank the classes are the
same on logits.

## References
- https://keras.io/api/metrics/
- https://keras.io/api/metrics/accuracy_metrics/
"""

from __future__ import annotations

from typing import Final

from softmax_lint.pair import METRIC, Pair
from softmax_lint.representation import BINARY, CATEGORICAL, SCORES
from softmax_lint.rules.costs import half_threshold
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import contrast
from softmax_lint.rules.severity import WRONG, severity

# With these the threshold is 0.5 unless another one is given.
_HALVES: Final = frozenset({"accuracy", "acc", "binary_accuracy", "binaryaccuracy", "precision", "recall"})


def _describe(pair: Pair) -> str:
    if pair.sink_text.strip("'").lower() not in _HALVES or (pair.units or 1) > 1:
        return contrast(pair)
    return f"{contrast(pair)}: only probabilities above {half_threshold():.4f} count as positive"


RULE = Rule(
    code="SML301",
    name="metric-expects-probabilities",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: (
        pair.meeting == METRIC and pair.produced == SCORES and pair.expected in (BINARY, CATEGORICAL)
    ),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
