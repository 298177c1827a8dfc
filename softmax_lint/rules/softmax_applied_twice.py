"""Softmax of a softmax, or sigmoid of a sigmoid.

## What it does
Finds a softmax of probabilities that a softmax over the same axis has made, or a sigmoid of what
a sigmoid has made, outside of a loss.

## Why is this bad?
Probabilities are numbers between 0 and 1, so the second softmax makes them nearly even. The largest
stays the largest, which hides it: a predicted class is right and the confidence beside it is not,
weights of an attention or a gate hardly prefer anything. A second sigmoid lifts every probability
to a half or more: comparing it with 0.5 says yes to everything.

## What it costs
The largest is at most 2.7183 (e) times the smallest. A model that is certain of one of 10 classes
shows it with 0.2320. A second sigmoid gives nothing below a half or above 0.7311.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 10), nn.Softmax(dim=1))

probabilities = torch.softmax(model(torch.randn(32, 20)), dim=1)
print(probabilities.max(dim=1))
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 10), nn.Softmax(dim=1))

probabilities = model(torch.randn(32, 20))
print(probabilities.max(dim=1))
```
Where the model is trained with a cross-entropy, remove its own softmax and keep the second one.

## Fix safety
Unsafe: the numbers change, which is the point. Where the first softmax is a finding itself, that
one goes, and the second stays.

## Not detected
Softmaxes and sigmoids with anything between them, and axes that cannot be told to be the same.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
- https://www.tensorflow.org/api_docs/python/tf/nn/softmax
"""

from __future__ import annotations

from softmax_lint.pair import AGAIN, Pair
from softmax_lint.representation import SIGMOID
from softmax_lint.rules.costs import probability_of, sampler_ceiling, sampler_ratio
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity


def _describe(pair: Pair) -> str:
    if pair.produced == SIGMOID:
        return (
            f"`{pair.sink_text}` gets probabilities that `{pair.source_text}` made: "
            f"nothing is below a half or above {probability_of(1):.4f}"
        )
    head = f"`{pair.sink_text}` gets probabilities that `{pair.source_text}` made over the same axis"
    if pair.units is None or pair.units < 2:
        return f"{head}: the largest is at most {sampler_ratio():.4f} times the smallest"
    return f"{head}: with {pair.units} classes none can be above {sampler_ceiling(pair.units):.4f}"


RULE = Rule(
    code="SML303",
    name="softmax-applied-twice",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: pair.meeting == AGAIN and pair.produced == pair.expected,
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
