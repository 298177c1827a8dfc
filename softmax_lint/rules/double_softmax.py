"""Softmax before a loss that applies softmax itself.

## What it does
Finds a softmax output in front of a loss over logits: `CrossEntropyLoss`, `F.cross_entropy`, Keras
losses with `from_logits=True`, `tf.nn.softmax_cross_entropy_with_logits` and its siblings,
`optax.softmax_cross_entropy`.

## Why is this bad?
The loss takes the probabilities for scores and normalises them again. Scores between 0 and 1 can
never be far apart, so a perfect prediction still costs, and the gradient all but vanishes where the
model is confidently wrong, which is where it should be largest. Training looks alive: the accuracy
often comes out close, later or lower.

## What it costs
With C classes the loss lies between `log(e + C - 1) - 1` and 1 above that: 0.3133 for 2 classes,
1.4612 for 10, 3.6222 for 100, 5.9095 for 1000. Class weights scale this floor. Keras on TensorFlow
undoes a softmax made by a Keras layer, activation or operation and warns at run time.

## Example
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
loss.backward()
optimizer.step()
```

## Fix safety
Unsafe: the loss changes, which is the point. Learning rates, early stopping and thresholds on the
loss may need another look. `argmax` over the output stays the same; a reader of probabilities needs
a softmax of its own. In Keras the alternative is to drop `from_logits=True` and keep the softmax.

## Not detected
A softmax that only some alternatives of the data flow apply (`if not self.training`), and one
written by hand.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
- https://keras.io/api/losses/probabilistic_losses/
- https://github.com/pytorch/pytorch/issues/55902
"""

from __future__ import annotations

from softmax_lint.pair import Pair
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.sentences import place_backend, price_scores_in_unit_interval
from softmax_lint.rules.severity import WRONG, is_recovered, severity
from softmax_lint.rules.table import owns


def _describe(pair: Pair) -> str:
    head = f"`{pair.sink_text}` applies softmax itself"
    if is_recovered(pair):
        return f"{head}; Keras undoes `{pair.source_text}` and warns"
    return f"{head}; {place_backend(pair)}{price_scores_in_unit_interval(pair)}"


RULE = Rule(
    code="SML002",
    name="double-softmax",
    kind=WRONG,
    blame="source",
    matches=lambda pair: owns("SML002", pair),
    message=_describe,
    severity=lambda pair: severity(WRONG, pair),
)
