"""Sigmoid before a loss for one class of several.

## What it does
Finds a sigmoid or log-sigmoid output in front of a categorical cross-entropy, over logits,
probabilities or log-probabilities.

## Why is this bad?
A categorical loss expects outputs that compete for one class; sigmoids are independent. Over logits
they are scores squeezed into 0 to 1, and the loss keeps a floor as with a second softmax. Keras
divides them by their sum, and on TensorFlow looks behind them and trains a softmax, while `predict`
returns sigmoids.

## What it costs
In front of `CrossEntropyLoss` the loss cannot go below `log(e + C - 1) - 1`: 1.4612 for 10 classes,
3.6222 for 100.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10), nn.Sigmoid())
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```
Where several labels can hold at once: no activation and `BCEWithLogitsLoss`.

## Fix safety
Shown, never applied: one class of several or several labels at once is the author's to say.

## Not detected
Focal and margin losses, where sigmoids may be meant, make no pair.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.representation import SIGMOID, SOFTMAX_LOGITS
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import place_backend, price_scores_in_unit_interval
from softmax_lint.rules.severity import WRONG, is_recovered, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` expects classes that compete, `{pair.source_text}` makes them independent"
    if is_recovered(pair):
        return f"{head}; Keras trains a softmax here and predicts sigmoids"
    if pair.produced == SIGMOID and pair.expected == SOFTMAX_LOGITS:
        return f"{head}; {place_backend(pair)}{price_scores_in_unit_interval(pair)}"
    return head


RULE = Rule(
    code="SML202",
    name="sigmoid-into-categorical-loss",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML202", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
