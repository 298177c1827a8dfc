"""Softmax over another axis than the loss's classes.

## What it does
Finds a softmax or log-softmax on its way to a loss whose class axis is known, where axis and rank
prove that it normalises another axis: `dim=0` normalises over the batch. A call without `dim` alone
is reported, as an info, only when the rule is selected by its code.

## Why is this bad?
The outputs of one example no longer sum to 1; over the batch they depend on which examples stand
together. `NLLLoss` counts classes along axis 1 (0 for a single example), also for images and
sequences: there `dim=-1` is a spatial axis. Without `dim`, PyTorch takes axis 0 for tensors of rank
0, 1 and 3, and axis 1 otherwise.

## What it costs
Over the batch an even guess costs `log B` for a batch of B, not `log C` for C classes: 4.1589 for
64 examples where 10 classes would give 2.3026.

## Example
```python
import torch
from torch import nn

model = nn.Linear(784, 10)
criterion = nn.NLLLoss()

images, targets = torch.randn(64, 28, 28), torch.randint(0, 10, (64,))
outputs = torch.log_softmax(model(torch.flatten(images, 1)), dim=0)
loss = criterion(outputs, targets)
loss.backward()
```

## Use instead
```python
import torch
from torch import nn

model = nn.Linear(784, 10)
criterion = nn.NLLLoss()

images, targets = torch.randn(64, 28, 28), torch.randint(0, 10, (64,))
outputs = torch.log_softmax(model(torch.flatten(images, 1)), dim=1)
loss = criterion(outputs, targets)
loss.backward()
```

## Fix safety
Shown, never applied: the output changes, and the layout may be what is wrong.

## Not detected
Tensors whose rank is not proven, and losses without a class axis of their own (`KLDivLoss`, binary
losses).

## References
- https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
- https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
"""

from __future__ import annotations

from softmax_lint.pair import LOSS, Pair
from softmax_lint.representation import CATEGORICAL, LOG_SOFTMAX, SOFTMAX, SOFTMAX_LOGITS
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.severity import REDUNDANT, WRONG, severity


def _find_axis(pair: Pair) -> int | None:
    """The normalised axis as 0, 1, …; None unless it and the rank are proven."""
    if pair.rank is None or pair.rank < 1:
        return None
    if pair.axis is not None:
        return pair.axis % pair.rank
    if pair.implicit_axis and pair.framework == "torch":
        return 0 if pair.rank in (1, 3) else 1
    return None


def _find_class_axis(pair: Pair) -> int | None:
    """The axis along which the sink counts classes; None when it has none or the rank is not proven."""
    if pair.rank is None or pair.rank < 1:
        return None
    if pair.framework == "torch":
        name = pair.sink_text.lower().replace("_", "")
        counts_classes = "nll" in name or "crossentropy" in name
        return min(1, pair.rank - 1) if counts_classes and "binary" not in name else None
    if pair.framework == "keras" and pair.expected in (SOFTMAX_LOGITS, CATEGORICAL):
        return pair.rank - 1
    return None


def _is_proven(pair: Pair) -> bool:
    axis, class_axis = _find_axis(pair), _find_class_axis(pair)
    return axis is not None and class_axis is not None and axis != class_axis


def _is_guessed(pair: Pair) -> bool:
    """PyTorch picks the axis and nothing shows whether it picks the right one."""
    return pair.framework == "torch" and pair.implicit_axis and _find_axis(pair) is None


def _matches(pair: Pair) -> bool:
    is_softmax = pair.meeting == LOSS and pair.produced in (SOFTMAX, LOG_SOFTMAX)
    return is_softmax and (_is_proven(pair) or _is_guessed(pair))


def _describe(pair: Pair) -> str:
    if _is_proven(pair):
        head = f"`{pair.source_text}` normalises axis {_find_axis(pair)}"
        return f"{head}, the classes of `{pair.sink_text}` lie on axis {_find_class_axis(pair)}"
    return f"`{pair.source_text}` has no axis; PyTorch takes 0 for rank 1 and 3, else 1"


RULE = Rule(
    code="SML204",
    name="softmax-over-wrong-axis",
    kind=WRONG,
    blame="source",
    matches=_matches,
    message=_describe,
    severity=lambda pair: severity(WRONG if _is_proven(pair) else REDUNDANT, pair),
    opt_in=lambda pair: not _is_proven(pair),
)
