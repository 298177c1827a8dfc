"""Soft target in another representation than the loss expects.

## What it does
Finds a target whose representation is known and wrong: log-probabilities for `kl_div` without
`log_target=True`, probabilities with it, and raw scores of a teacher where a loss expects
probabilities.

## Why is this bad?
The loss weights the prediction by the target. Log-probabilities as weights are negative, raw scores
neither positive nor normalised: the loss has no minimum where student and teacher agree, often none
at all.

## What it costs
A divergence that is right is 0 when student equals teacher. With the same log-probabilities on both
sides `kl_div` without `log_target=True` is not a number: it takes the logarithm of a negative
target.

## Example
```python
import torch
from torch import nn
from torch.nn import functional as F

student, teacher = nn.Linear(20, 10), nn.Linear(20, 10)

inputs = torch.randn(32, 20)
predicted = F.log_softmax(student(inputs), dim=1)
with torch.no_grad():
    wanted = F.log_softmax(teacher(inputs), dim=1)
loss = F.kl_div(predicted, wanted, reduction="batchmean")
loss.backward()
```

## Use instead
```python
import torch
from torch import nn
from torch.nn import functional as F

student, teacher = nn.Linear(20, 10), nn.Linear(20, 10)

inputs = torch.randn(32, 20)
predicted = F.log_softmax(student(inputs), dim=1)
with torch.no_grad():
    wanted = F.log_softmax(teacher(inputs), dim=1)
loss = F.kl_div(predicted, wanted, reduction="batchmean", log_target=True)
loss.backward()
```

## Fix safety
Shown, never applied: target and flag can both be the mistake.

## Not detected
Targets from files and data loaders have no known representation.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
"""

from __future__ import annotations

from typing import Final

from softmax_lint.pair import TARGET, Pair
from softmax_lint.representation import (
    BINARY,
    CATEGORICAL,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SOFTMAX,
)
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import name_expected, name_produced
from softmax_lint.rules.severity import WRONG, severity

# A hidden activation is missing on purpose: as a target it may be data that was shaped to fit.
_MISMATCHES: Final = {
    CATEGORICAL: frozenset({SCORES, LOG_SOFTMAX, LOG_SIGMOID}),
    BINARY: frozenset({SCORES, LOG_SOFTMAX, LOG_SIGMOID}),
    LOG_PROBABILITIES: frozenset({SCORES, SOFTMAX, SIGMOID}),
}


def _matches(pair: Pair) -> bool:
    return pair.meeting == TARGET and pair.produced in _MISMATCHES.get(pair.expected, frozenset())


RULE = Rule(
    code="SML207",
    name="target-representation",
    kind=WRONG,
    blame="sink",
    matches=_matches,
    message=lambda pair: (
        f"the target of `{pair.sink_text}` should be {name_expected(pair)}, "
        f"`{pair.source_text}` gives {name_produced(pair)}"
    ),
    severity=lambda pair: severity(WRONG, pair),
)
