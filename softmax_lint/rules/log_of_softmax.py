"""Logarithm of a softmax.

## What it does
Finds a differentiable logarithm (`torch.log`, `.log()`, `tf.math.log`, `jax.numpy.log`,
`keras.ops.log`) of a softmax output. A logarithm guarded by an epsilon or a clamp is reported only
when the rule is selected by its code.

## Why is this bad?
The softmax rounds small probabilities, to 0 in the end; the logarithm then gives minus infinity and
a gradient that is not finite, and one such example destroys the weights. A guard trades that for a
wrong loss and a gradient that is 0 or misleading exactly for the most confident mistakes.
`log_softmax` does both steps exactly.

## What it costs
PyTorch, float32: the gradient is not finite from a gap of 88.7, the loss is infinite from 104.0.
TensorFlow flushes the smallest numbers to 0: infinite from about 87. In float16 the gradient is not
finite from 11.1, which ordinary training reaches.

## Example
```python
import torch
from torch import nn
from torch.nn import functional as F

model = nn.Linear(20, 10)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
log_probabilities = torch.log(torch.softmax(model(inputs), dim=1))
loss = F.nll_loss(log_probabilities, targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn
from torch.nn import functional as F

model = nn.Linear(20, 10)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
log_probabilities = torch.log_softmax(model(inputs), dim=1)
loss = F.nll_loss(log_probabilities, targets)
loss.backward()
```

## Fix safety
Safe for a bare logarithm: equal in exact arithmetic. Unsafe for a guarded one, whose epsilon
changes the loss.

## Not detected
Logarithms under `no_grad`, after `detach` or in NumPy, where no gradient flows, are left alone; so
are those whose argument is a sum, product or selection of probabilities.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
- https://www.tensorflow.org/api_docs/python/tf/nn/log_softmax
"""

from __future__ import annotations

from softmax_lint.pair import LOG, Pair
from softmax_lint.representation import SOFTMAX
from softmax_lint.rules.costs import flushed_log_gap, half_log_gradient_gap, log_gradient_gap
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import UNSTABLE, severity


def _describe(pair: Pair) -> str:
    head = f"logarithm of `{pair.source_text}`"
    if pair.guarded:
        return f"guarded {head}; the guard takes the gradient of confident mistakes, `log_softmax` needs none"
    if pair.half:
        return f"{head}; in float16 the gradient is not finite from a gap of {half_log_gradient_gap():.1f}"
    if pair.framework == "torch":
        return f"{head}; in float32 the gradient is not finite from a gap of {log_gradient_gap():.1f}"
    if pair.framework == "tensorflow" or pair.backend == "tensorflow":
        return f"{head}; in float32 it is infinite from a gap of about {flushed_log_gap():.0f}"
    return f"{head}; `log_softmax` is exact"


RULE = Rule(
    code="SML006",
    name="log-of-softmax",
    kind=UNSTABLE,
    blame="sink",
    matches=lambda pair: pair.meeting == LOG and pair.produced == SOFTMAX,
    message=_describe,
    severity=lambda pair: severity(UNSTABLE, pair),
    opt_in=lambda pair: pair.guarded,
)
