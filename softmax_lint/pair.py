"""A pair: one source case meeting one sink case. Linking makes pairs, rules judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from softmax_lint.diagnostic import Place, Related

# What the source meets.
LOSS: Final = "loss"  # the prediction of a loss; `expected` is a column of the table, or ANY
LOG: Final = "log"  # a differentiable logarithm
SAMPLER: Final = "sampler"  # a sampler that takes raw scores
AGAIN: Final = "softmax"  # a second softmax over the same axis, or a second sigmoid
METRIC: Final = "metric"  # a metric of a model whose loss takes raw scores
CONSUMER: Final = "consumer"  # a comparison with a number between 0 and 1, or a rounding
OUTPUT: Final = "output"  # a call gives it back: recorded where fixes are planned, owned by no rule
TARGET: Final = "target"  # the target of a loss; `expected` says what the target should be
CONSTRUCTOR: Final = "constructor"  # a loss class called with (output, target)
SWAPPED: Final = "swapped"  # the prediction stands in the target slot and data in the prediction slot
MEETINGS: Final = (LOSS, LOG, SAMPLER, AGAIN, METRIC, CONSUMER, OUTPUT, TARGET, CONSTRUCTOR, SWAPPED)


@dataclass(frozen=True, slots=True)
class Pair:
    """Where a source meets a sink, in one combination of alternatives.

    `source` is the place of the activation, or of the last layer where nothing was applied; `sink` the place that
    configures the loss (constructor call, string, functional call). `source_text` and `sink_text` are short names
    for messages (``Softmax``, ``F.softmax``, ``'softmax'``; ``CrossEntropyLoss``).
    """

    meeting: str
    produced: str
    expected: str
    source: Place
    sink: Place
    source_text: str
    sink_text: str
    framework: str  # framework of the sink: torch, keras, tensorflow, jax
    units: int | None = None  # size of the class axis, where it is literal
    axis: int | None = None  # axis of the activation, where it is known
    rank: int | None = None  # rank of the tensor, where it is proven
    implicit_axis: bool = False  # the activation was called without its axis
    activation: str = ""  # name of a hidden activation ("relu")
    backend: str | None = None  # Keras: tensorflow, torch, jax; None when unknown
    recovered: bool = False  # Keras gets the logits back from the activation (SEMANTICS 1.2)
    half: bool = False  # 16-bit activation, or autocast around BCELoss
    guarded: bool = False  # a logarithm with an epsilon or a clamp
    related: tuple[Related, ...] = ()
