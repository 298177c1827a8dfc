"""Sigmoid before a loss that applies sigmoid itself.

## What it does
Finds a sigmoid or log-sigmoid output in front of a binary loss over logits: `BCEWithLogitsLoss`,
`F.binary_cross_entropy_with_logits`, `BinaryCrossentropy(from_logits=True)`,
`tf.nn.sigmoid_cross_entropy_with_logits`, `optax.sigmoid_binary_cross_entropy`.

## Why is this bad?
The loss takes the probability for a score and squashes it again: between 0 and 1 the second sigmoid
only moves from a half to about 73 %. A negative example can never be told from a coin toss, and
gradients shrink.

## What it costs
A positive target costs at least 0.3133 (`log(1 + 1/e)`), a negative one at least 0.6931 (`log 2`),
before class weights. Keras on TensorFlow undoes a sigmoid made by a Keras layer, activation or
operation and warns at run time.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 1), nn.Sigmoid())
criterion = nn.BCEWithLogitsLoss()

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
Unsafe: the loss changes, and thresholds on the output move from 0.5 to 0. In Keras the alternative
is to drop `from_logits=True` and keep the sigmoid.

## Not detected
A sigmoid that only metrics or displays read, beside logits that go into the loss, is right and
stays unreported.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
- https://www.tensorflow.org/api_docs/python/tf/nn/sigmoid_cross_entropy_with_logits
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.representation import LOG_SIGMOID
from softmax_lint.rules.costs import double_sigmoid_floor, one_sided_floor
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import place_backend
from softmax_lint.rules.severity import WRONG, is_recovered, severity
from softmax_lint.rules.table import is_focal, owns


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` applies sigmoid itself"
    if pair.produced == LOG_SIGMOID:
        # Keras leaves a trace on sigmoid only, so no backend undoes this one.
        where, cost = "", f"a positive target costs at least {one_sided_floor():.4f}"
    elif is_recovered(pair):
        return f"{head}; Keras undoes `{pair.source_text}` and warns"
    else:
        where = place_backend(pair)
        positive, negative = double_sigmoid_floor(True), double_sigmoid_floor(False)
        cost = f"a positive target costs at least {positive:.4f}, a negative one {negative:.4f}"
    if is_focal(pair):
        cost = "the loss cannot reach 0"
    return f"{head}; {where}{cost}"


RULE = Rule(
    code="SML102",
    name="double-sigmoid",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML102", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
