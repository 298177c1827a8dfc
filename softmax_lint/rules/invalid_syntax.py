"""Statement about a loss or an activation that does not parse.

## What it does
Reports a statement or notebook cell that mentions a loss or an activation and is no valid Python.
The rest of the file is checked.

## Why is this bad?
What does not parse is not checked: silence about it would read as approval.

## What it costs
Every pair that runs through the statement stays undecided.

## Example
```python
from torch import nn

model = nn.Linear(20, 10)
criterion = nn.CrossEntropyLoss(
```

## Use instead
```python
from torch import nn

model = nn.Linear(20, 10)
criterion = nn.CrossEntropyLoss()
```

## Fix safety
No fix.

## Not detected
Statements that do not parse and mention neither: they cannot hold an end of a pair.

## References
- https://docs.python.org/3/reference/grammar.html
"""

from __future__ import annotations

from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import WARNING

MESSAGE = "this statement does not parse, so what it says about a loss or an activation is not checked"

RULE = Rule(
    code="SML900",
    name="invalid-syntax",
    kind=WARNING,
    blame="sink",
    matches=lambda pair: False,
    message=lambda pair: MESSAGE,
    severity=lambda pair: "warning",
)
