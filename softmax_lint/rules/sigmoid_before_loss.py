"""Sigmoid before a loss that takes the logarithm itself.

## What it does
Finds a sigmoid output in front of a binary cross-entropy over probabilities: `BCELoss`,
`F.binary_cross_entropy`, and the default of `BinaryCrossentropy` in Keras.

## Why is this bad?
The mathematics is right, the arithmetic is not: the sigmoid rounds to 1 long before the logit is
large, and the loss then has no gradient to give. A confidently wrong prediction never recovers.
CUDA autocast refuses `BCELoss` for the same reason.

## What it costs
Against a negative target the gradient is exactly 0 from a logit of 16.6 in float32, 8.3 in float16
and 6.2 in bfloat16; `BCELoss` reports a constant 100 there, whatever the logit. Keras also clips
positive targets, from 16.1. Keras on TensorFlow looks behind a sigmoid made by a Keras layer,
activation or operation: there, in float32, nothing is lost, and the finding is an info.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 1), nn.Sigmoid())
criterion = nn.BCELoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 1))
criterion = nn.BCEWithLogitsLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()
loss = criterion(model(inputs), targets)
loss.backward()
```

## Fix safety
Safe when every loss, metric and consumer the project shows gives the same number; after removing a
sigmoid few do: a threshold of 0.5 becomes 0, and the fix carries the metrics it can along exactly.
Otherwise unsafe.

## Not detected
Arithmetic between the sigmoid and the loss (a product of two probabilities) is no logit and stays
unreported.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
- https://keras.io/api/losses/probabilistic_losses/
- https://github.com/pytorch/pytorch/issues/61098
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.rules.costs import FLOAT16_BITS, half_sigmoid_saturation, sigmoid_saturation
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import is_keras, price_clip
from softmax_lint.rules.severity import UNSTABLE, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` takes the logarithm of the rounded output of `{pair.source_text}`"
    if pair.half and pair.framework == "torch":
        return f"{head}; CUDA autocast refuses it"
    if pair.half:
        logit = half_sigmoid_saturation(FLOAT16_BITS)
        return f"{head}; in 16 bits the gradient is exactly 0 from a wrong logit of {logit:.1f}"
    if is_keras(pair):
        return f"{head}; {price_clip(pair, 'wrong logit', sigmoid_saturation())}"
    if pair.framework == "torch":
        logit = sigmoid_saturation()
        return f"{head}; for a negative target the gradient is exactly 0 from a logit of {logit:.1f}"
    return head


RULE = Rule(
    code="SML101",
    name="sigmoid-before-loss",
    kind=UNSTABLE,
    blame="source",
    matches=lambda pair: owns("SML101", pair),
    message=_describe,
    severity=lambda pair: severity(UNSTABLE, pair),
)
