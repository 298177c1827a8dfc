"""Softmax before a loss that expects log-probabilities.

## What it does
Finds a softmax output in front of `NLLLoss`, `F.nll_loss`, the input of `KLDivLoss` and `F.kl_div`,
`CTCLoss` and `optax` losses over log-probabilities.

## Why is this bad?
`NLLLoss` negates what it is given and averages: it expects the logarithm to be taken already. Over
probabilities it is no likelihood at all, and a confidently wrong prediction gets almost no
gradient.

## What it costs
The loss is the negated probability of the true class: always between -1 and 0. A negative
"cross-entropy" in the log is the sign of this mistake. From a gap of 20 the gradient is below 1e-8,
where the exact one is 1.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1))
criterion = nn.NLLLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(dim=1))
criterion = nn.NLLLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```
Or drop the softmax and make the loss `CrossEntropyLoss`.

## Fix safety
Unsafe: the loss changes, and a reader of the probabilities now gets their logarithms.

## Not detected
Trainers that take the logarithm themselves before `NLLLoss`, as skorch does, are right with a
softmax.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
- https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import contrast
from softmax_lint.rules.severity import WRONG, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    # The range holds for a loss that picks one class; a divergence from a soft target has another.
    if "nll" in pair.sink_text.lower():
        return f"{contrast(pair)}; the loss stays between -1 and 0"
    return contrast(pair)


RULE = Rule(
    code="SML005",
    name="softmax-into-nll",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML005", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
