"""Probabilities where a sampler expects logits.

## What it does
Finds a softmax output in `tf.random.categorical`, `Categorical(logits=…)`, `jax.random.categorical`
and `gumbel_softmax`.

## Why is this bad?
The sampler applies a softmax of its own. Probabilities are numbers between 0 and 1, so the second
softmax makes them nearly even: the samples hardly depend on the model, and a policy cannot become
certain.

## What it costs
No class is drawn more than 2.7183 (e) times as often as another. A model that is certain of one of
10 classes draws it with probability 0.2320.

## Example
```python
import torch
from torch import nn

policy = nn.Linear(4, 10)

states = torch.randn(8, 4)
actions = torch.distributions.Categorical(logits=torch.softmax(policy(states), dim=-1)).sample()
```

## Use instead
```python
import torch
from torch import nn

policy = nn.Linear(4, 10)

states = torch.randn(8, 4)
actions = torch.distributions.Categorical(logits=policy(states)).sample()
```
Or keep the softmax and pass it as `probs=`, where the sampler takes probabilities.

## Fix safety
Unsafe: the samples change, which is the point.

## Not detected
Samplers behind a configuration or a registry, and an `argmax` over the probabilities, which is
right.

## References
- https://docs.pytorch.org/docs/stable/distributions.html
- https://www.tensorflow.org/api_docs/python/tf/random/categorical
"""

from __future__ import annotations

from softmax_lint.pair import SAMPLER, Pair
from softmax_lint.representation import SOFTMAX
from softmax_lint.rules.costs import sampler_ceiling, sampler_ratio
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` expects logits and gets probabilities from `{pair.source_text}`"
    if pair.units is None or pair.units < 2:
        return f"{head}; no class is drawn more than {sampler_ratio():.4f} times as often as another"
    limit = sampler_ceiling(pair.units)
    return f"{head}; with {pair.units} classes none is drawn with a probability above {limit:.4f}"


RULE = Rule(
    code="SML304",
    name="probabilities-as-sampler-logits",
    kind=WRONG,
    blame="source",
    matches=lambda pair: pair.meeting == SAMPLER and pair.produced == SOFTMAX,
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
