"""Log-softmax before a loss that applies log-softmax itself.

## What it does
Finds a log-softmax output in front of a loss over logits: `CrossEntropyLoss`, Keras losses with
`from_logits=True`, `optax.softmax_cross_entropy`.

## Why is this bad?
It is not wrong: log-softmax of log-probabilities gives the same log-probabilities. But the work is
done twice, and the next reader, who knows that one of the two must go, may remove the wrong one.

## What it costs
Nothing but time: loss and gradient are equal up to rounding.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 10), nn.LogSoftmax(dim=1))
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 10))
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
```
Or keep `LogSoftmax` and make the loss `NLLLoss`.

## Fix safety
Safe when every loss, metric and consumer the project shows gives the same number; unsafe when the
output leaves sight or is read as log-probabilities elsewhere.

## Not detected
A log-softmax over another axis than the loss's is not redundant, but the axis is only known where
it is literal.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
- https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
"""

from __future__ import annotations

from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import REDUNDANT, severity
from softmax_lint.rules.table import owns

RULE = Rule(
    code="SML004",
    name="redundant-log-softmax",
    kind=REDUNDANT,
    blame="source",
    matches=lambda pair: owns("SML004", pair),
    message=lambda pair: (
        f"`{pair.sink_text}` applies log-softmax itself; `{pair.source_text}` changes nothing"
    ),
    severity=lambda pair: severity(REDUNDANT, pair),
)
