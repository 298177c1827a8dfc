"""Suppression that suppresses nothing.

## What it does
Finds a `# softmax-lint: ignore[…]` or `ignore-file[…]` comment, or one of this linter's codes in a
`# noqa: …`, that matches no finding. A bare `# noqa` and the codes of other linters are never
reported.

## Why is this bad?
It says that something is wrong where nothing is, and hides the next finding that lands there.

## What it costs
Nothing until then.

## Example
```python
import torch
from torch import nn

model = nn.Linear(20, 10)
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)  # softmax-lint: ignore[SML002] kept for the paper
```

## Use instead
```python
import torch
from torch import nn

model = nn.Linear(20, 10)
criterion = nn.CrossEntropyLoss()

inputs, targets = torch.randn(32, 20), torch.randint(0, 10, (32,))
loss = criterion(model(inputs), targets)
```

## Fix safety
Safe: the code goes, and the comment when no code is left in it. Text behind it that says more than
a reason makes the fix unsafe.

## Not detected
Suppressions of rules that the run did not select.

## References
- https://docs.astral.sh/ruff/rules/unused-noqa/
"""

from __future__ import annotations

from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import REDUNDANT


def describe(codes: tuple[str, ...]) -> str:
    """The message for the codes of one comment that match nothing; no codes for one that names none."""
    if not codes:
        return "suppression matches no finding"
    return f"suppression of {', '.join(f'`{code}`' for code in codes)} matches no finding"


RULE = Rule(
    code="SML901",
    name="unused-suppression",
    kind=REDUNDANT,
    blame="sink",
    matches=lambda pair: False,
    message=lambda pair: describe(()),
    severity=lambda pair: "info",
)
