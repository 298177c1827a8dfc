"""Loss class called with output and target.

## What it does
Finds a PyTorch loss class that is given two positional arguments, the second no literal:
`nn.CrossEntropyLoss(output, target)`.

## Why is this bad?
The call builds a loss and compares nothing: the output becomes the class weights, the target an old
averaging switch. PyTorch raises about the truth value of a tensor, far from the cause, or hands a
module to the next line.

## What it costs
No loss is computed at all; a batch of one example does not even raise.

## Example
```python
import torch
from torch import nn

model = nn.Linear(20, 10)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
outputs = model(inputs)
loss = nn.CrossEntropyLoss(outputs, targets)
```

## Use instead
```python
import torch
from torch import nn

model = nn.Linear(20, 10)

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
outputs = model(inputs)
loss = nn.CrossEntropyLoss()(outputs, targets)
```
Or the function of the same name: `nn.functional.cross_entropy(outputs, targets)`.

## Fix safety
Unsafe: a call that raised or compared nothing now gives a loss.

## Not detected
Calls with one argument, with keywords, or with literal arguments, which may mean the parameters
they fill.

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
"""

from __future__ import annotations

from softmax_lint.pair import CONSTRUCTOR
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WRONG, severity

RULE = Rule(
    code="SML401",
    name="loss-class-called-as-function",
    kind=WRONG,
    blame="sink",
    matches=lambda pair: pair.meeting == CONSTRUCTOR,
    message=lambda pair: (
        f"`{pair.sink_text}` called with output and target builds a loss and compares nothing"
    ),
    severity=lambda pair: severity(WRONG, pair),
)
