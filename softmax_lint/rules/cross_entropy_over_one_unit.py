"""Softmax cross-entropy over a single unit.

## What it does
Finds an output with one unit in front of a softmax cross-entropy: `CrossEntropyLoss`,
`SparseCategoricalCrossentropy`, `CategoricalCrossentropy`.

## Why is this bad?
The loss spreads one unit of probability over the classes. With a single class that class always has
all of it: no prediction is better than another. A single yes-or-no output takes a binary
cross-entropy.

## What it costs
The loss is 0 up to rounding for every prediction and its gradient is exactly 0: nothing is learnt.
A class index other than 0 raises.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
criterion = nn.BCEWithLogitsLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()
loss = criterion(model(inputs), targets)
loss.backward()
```
Or two units with the same loss.

## Fix safety
Shown, never applied: a binary loss over one unit and a second unit are both right.

## Not detected
Unit counts that are no literal.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import LOSS, Pair
from softmax_lint.representation import CATEGORICAL, SOFTMAX_LOGITS
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG


def _matches(pair: Pair) -> bool:
    return pair.meeting == LOSS and pair.units == 1 and pair.expected in (SOFTMAX_LOGITS, CATEGORICAL)


RULE = Rule(
    code="SML206",
    name="cross-entropy-over-one-unit",
    kind=WRONG,
    blame="source",
    matches=_matches,
    message=lambda pair: f"`{pair.sink_text}` over one unit is always 0; nothing is learnt",
    severity=lambda pair: "error",
)
