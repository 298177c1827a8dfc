"""Logarithm of a sigmoid.

## What it does
Finds a differentiable logarithm (`torch.log`, `.log()`, `tf.math.log`, `jax.numpy.log`,
`keras.ops.log`) of a sigmoid output. A logarithm guarded by an epsilon or a clamp is reported only
when the rule is selected by its code.

## Why is this bad?
For a large negative logit the sigmoid rounds to 0, its logarithm is minus infinity, and the
gradient is not finite. Ranking and adversarial losses written as `-log(sigmoid(a - b))` meet such
logits late in training. `logsigmoid` does both steps exactly.

## What it costs
PyTorch, float32: loss and gradient are not finite from a logit of -88.7; in float16 the gradient
already from -11.1.

## Example
```python
import torch
from torch import nn

scorer = nn.Linear(20, 1)

liked, ignored = torch.randn(32, 20), torch.randn(32, 20)
loss = -torch.log(torch.sigmoid(scorer(liked) - scorer(ignored))).mean()
loss.backward()
```

## Use instead
```python
import torch
from torch import nn
from torch.nn import functional as F

scorer = nn.Linear(20, 1)

liked, ignored = torch.randn(32, 20), torch.randn(32, 20)
loss = -F.logsigmoid(scorer(liked) - scorer(ignored)).mean()
loss.backward()
```

## Fix safety
Safe for a bare logarithm: equal in exact arithmetic. Unsafe for a guarded one, whose epsilon
changes the loss.

## Not detected
`log(1 - sigmoid(x))`, which is `logsigmoid(-x)`, and logarithms under `no_grad`, after `detach` or
in NumPy.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
- https://www.tensorflow.org/api_docs/python/tf/math/log_sigmoid
"""

from __future__ import annotations

from softmax_lint.pair import LOG, Pair
from softmax_lint.representation import SIGMOID
from softmax_lint.rules.costs import flushed_log_gap, half_log_gradient_gap, log_gradient_gap
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import UNSTABLE, severity


def _describe(pair: Pair) -> str:
    head = f"logarithm of `{pair.source_text}`"
    if pair.guarded:
        return f"guarded {head}; the guard takes the gradient of confident mistakes, log-sigmoid needs none"
    if pair.half:
        return f"{head}; in float16 the gradient is not finite from a logit of -{half_log_gradient_gap():.1f}"
    if pair.framework == "torch":
        return f"{head}; in float32 the gradient is not finite from a logit of -{log_gradient_gap():.1f}"
    if pair.framework == "tensorflow" or pair.backend == "tensorflow":
        return f"{head}; in float32 it is infinite from a logit of about -{flushed_log_gap():.0f}"
    return f"{head}; log-sigmoid is exact"


RULE = Rule(
    code="SML106",
    name="log-of-sigmoid",
    kind=UNSTABLE,
    blame="sink",
    matches=lambda pair: pair.meeting == LOG and pair.produced == SIGMOID,
    message=_describe,
    severity=lambda pair: severity(UNSTABLE, pair),
    opt_in=lambda pair: pair.guarded,
)
