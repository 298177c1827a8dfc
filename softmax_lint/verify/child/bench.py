"""What can be done with a program once it is loaded, whatever framework it is written for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Weights = list[Any]  # arrays of NumPy, in the order of the model
# Called after each epoch, with its number.
AfterEpoch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """One version of a program, ready.

    `weights` and `load` copy them out and in. `outputs(images)` is what the model gives when it does not train.
    `train(epochs, after)` trains as the program does and gives the mean loss of each epoch; `seen` gives, for
    images and labels, the metrics as the program's user reads them. `predicts(images)` is the program's own
    function. `loss_of(images, labels)` is the loss it trains with. `probe(logits, label)` is that loss and its
    gradient with respect to the output of the last layer, which is made to give `logits` whatever it gets.
    """

    weights: Callable[[], Weights]
    load: Callable[[Weights], None]
    outputs: Callable[[Any], Any]
    train: Callable[[int, AfterEpoch], list[float]]
    seen: Callable[[Any, Any], dict[str, float]]
    predicts: Callable[[Any], Any]
    loss_of: Callable[[Any, Any], float]
    probe: Callable[[Sequence[float], int], tuple[float, list[float]]]
    namespace: dict[str, Any] = field(repr=False)


def train_by_loop(namespace: Mapping[str, Any], epochs: int, after: AfterEpoch) -> list[float]:
    """Training by the program's own `train`, which is one epoch; gives the mean loss of each."""
    losses = []
    for epoch in range(epochs):
        losses.append(float(namespace["train"]()))
        after(epoch)
    return losses


def accuracy(predicted: Any, labels: Any) -> dict[str, float]:
    """The share of predictions that are right, as a metric."""
    import numpy

    return {"accuracy": float((numpy.asarray(predicted).reshape(-1) == numpy.asarray(labels)).mean())}
