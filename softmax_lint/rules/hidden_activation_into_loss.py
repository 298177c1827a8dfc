"""Hidden activation before a loss over logits.

## What it does
Finds a `relu`, `relu6` or `softplus` output in front of a binary loss over logits. Other hidden
activations, and hidden activations in front of a softmax cross-entropy, are reported only when the
rule is selected by its code.

## Why is this bad?
Logits must be free to go below 0: a score that cannot be negative gives every negative example a
probability of at least a half. After a `relu` that is also where the gradient ends.

## What it costs
Each negative target costs at least 0.6931 (`log 2`), before class weights.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1), nn.ReLU())
criterion = nn.BCEWithLogitsLoss()

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

## Fix safety
Shown, never applied: the activation may be one layer too late, or a last layer may be missing.

## Not detected
Clamps and hand-written bounds.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
"""

from __future__ import annotations

from typing import Final

from softmax_lint.pair import Pair
from softmax_lint.representation import SIGMOID_LOGITS
from softmax_lint.rules.costs import one_sided_floor
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity
from softmax_lint.rules.table import owns

NON_NEGATIVE: Final = frozenset({"relu", "relu6", "softplus"})


def _cannot_be_negative(pair: Pair) -> bool:
    return pair.activation.rsplit(".", 1)[-1].lower() in NON_NEGATIVE


def _describe(pair: Pair) -> str:
    head = f"`{pair.source_text}` limits the scores of `{pair.sink_text}`"
    if pair.expected == SIGMOID_LOGITS and _cannot_be_negative(pair):
        return f"{head} to 0 and above; a negative target costs at least {one_sided_floor():.4f}"
    return head


RULE = Rule(
    code="SML205",
    name="hidden-activation-into-loss",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML205", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
    opt_in=lambda pair: pair.expected != SIGMOID_LOGITS or not _cannot_be_negative(pair),
)
