"""Prediction and target swapped.

## What it does
Finds a loss that gets the model's output in the target's place and data in the prediction's.

## Why is this bad?
A loss treats its two arguments differently: it normalises the prediction and weights by the target.
Swapped, it normalises the labels. PyTorch losses take (input, target), Keras and TensorFlow losses
(true, predicted).

## What it costs
Depends on the loss: it raises on the type of the target, or a gradient flows that does not fit the
prediction. `BCEWithLogitsLoss(target, output)` is linear in the output: it has no lower bound.

## Example
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

model = nn.Linear(20, 1)
criterion = nn.BCEWithLogitsLoss()
data = TensorDataset(torch.randn(64, 20), torch.randint(0, 2, (64, 1)).float())

for inputs, targets in DataLoader(data, batch_size=32):
    loss = criterion(targets, model(inputs))
    loss.backward()
```

## Use instead
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

model = nn.Linear(20, 1)
criterion = nn.BCEWithLogitsLoss()
data = TensorDataset(torch.randn(64, 20), torch.randint(0, 2, (64, 1)).float())

for inputs, targets in DataLoader(data, batch_size=32):
    loss = criterion(model(inputs), targets)
    loss.backward()
```

## Fix safety
Shown, never applied: in a distillation either side may be the teacher.

## Not detected
Calls where both arguments come from models, or where neither is known to.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
- https://keras.io/api/losses/
"""

from __future__ import annotations

from softmax_lint.pair import SWAPPED
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity

RULE = Rule(
    code="SML402",
    name="swapped-arguments",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: pair.meeting == SWAPPED,
    message=lambda pair: f"`{pair.sink_text}` gets the output of `{pair.source_text}` as its target",
    severity=lambda pair: severity(WRONG, pair),
)
