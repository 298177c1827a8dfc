"""Softmax before a loss for independent yes-or-no outputs.

## What it does
Finds a softmax or log-softmax output in front of a binary cross-entropy, over logits
(`BCEWithLogitsLoss`) or over probabilities (`BCELoss`, `BinaryCrossentropy`).

## Why is this bad?
A binary loss judges each output alone; a softmax makes them share one unit of probability. Two
labels can never both be likely, and a loss over logits squashes the probabilities once more. Over
probabilities it is a valid loss that learns worse than cross-entropy. Keras on TensorFlow makes it
worse to find: it looks behind the softmax and trains independent sigmoids, while `predict` returns
the softmax.

## What it costs
In front of `BCEWithLogitsLoss` a positive output costs at least 0.3133 and a negative one at least
0.6931: with 3 classes, one of them true, the mean stays above 0.5665. Log-probabilities in front of
`BCELoss` raise.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3), nn.Softmax(dim=1))
criterion = nn.BCEWithLogitsLoss()

inputs = torch.randn(32, 20)
targets = nn.functional.one_hot(torch.randint(0, 3, (32,)), 3).float()
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
criterion = nn.CrossEntropyLoss()

inputs = torch.randn(32, 20)
targets = nn.functional.one_hot(torch.randint(0, 3, (32,)), 3).float()
loss = criterion(model(inputs), targets)
loss.backward()
```
Where several labels can hold at once: no activation and `BCEWithLogitsLoss`.

## Fix safety
Shown, never applied: one class of several or several labels at once is the author's to say.

## Not detected
Losses that take probabilities of any kind (Dice, Tversky, focal) make no pair.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.representation import LOG_SOFTMAX
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import contrast
from softmax_lint.rules.severity import WRONG, is_recovered, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    if pair.produced == LOG_SOFTMAX:
        return contrast(pair)
    head = f"`{pair.sink_text}` judges each output alone, `{pair.source_text}` makes them sum to 1"
    if is_recovered(pair):
        return f"{head}; Keras trains sigmoids here and predicts a softmax"
    return head


RULE = Rule(
    code="SML201",
    name="softmax-into-binary-loss",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML201", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
