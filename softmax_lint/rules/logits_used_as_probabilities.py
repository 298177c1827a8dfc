"""Logits compared or rounded like probabilities.

## What it does
Finds outputs that a loss takes as binary logits (`BCEWithLogitsLoss`, `from_logits=True`) and that
are compared with a number between 0 and 1, or rounded, with no sigmoid between.

## Why is this bad?
A logit is any real number, and 0 is where the sigmoid is one half. Compared with 0.5 the decision
is another one than the loss has trained: positives are missed. Rounded, most logits are neither 0
nor 1.

## What it costs
With a threshold of one half only examples count as positive whose probability is above 0.6225.

## Example
```python
import torch
from torch import nn

model = nn.Linear(20, 1)
inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()

loss = nn.BCEWithLogitsLoss()(model(inputs), targets)
loss.backward()
accuracy = ((model(inputs) > 0.5) == targets).float().mean()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Linear(20, 1)
inputs, targets = torch.randn(32, 20), torch.randint(0, 2, (32, 1)).float()

loss = nn.BCEWithLogitsLoss()(model(inputs), targets)
loss.backward()
accuracy = ((torch.sigmoid(model(inputs)) > 0.5) == targets).float().mean()
```
Or compare the logits with 0, which is the same.

## Fix safety
Unsafe: decisions change, which is the point. A threshold on logits that was chosen on purpose is
the author's to keep: suppress the finding.

## Not detected
Thresholds that are no literals, outputs that another kind of loss takes, too, and those that some
arithmetic changed on the way.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
- https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from softmax_lint.pair import CONSUMER, Pair
from softmax_lint.representation import SCORES
from softmax_lint.rules.costs import half_threshold, probability_of
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity


def _describe(pair: Pair) -> str:
    number = next((part for part in pair.sink_text.split() if part[0] in "0123456789."), None)
    if number is None:
        return (
            f"binary logits from `{pair.source_text}` are rounded as if they were probabilities: "
            f"1 begins at a probability of {half_threshold():.4f}, and there are more numbers than 0 and 1"
        )
    limit = probability_of(float(number))
    return (
        f"binary logits from `{pair.source_text}` are compared with {number}, "
        f"which is a probability of {limit:.4f}"
    )


RULE = Rule(
    code="SML302",
    name="logits-used-as-probabilities",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: pair.meeting == CONSUMER and pair.produced == SCORES,
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
