"""Programs written for PyTorch: `model`, `loss_of(images, labels)` and `train()`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from softmax_lint.verify.child.bench import AfterEpoch, Bench, Weights, accuracy, train_by_loop


def load(text: str, name: str, predicts: str, units: int, seed: int, dtype: str) -> Bench:
    """Execute the program, without its main part, and make a bench of it."""
    import numpy
    import torch

    torch.set_num_threads(1)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    space: dict[str, Any] = {"__name__": "program", "__file__": name}
    exec(compile(text, name, "exec"), space)
    kind = getattr(torch, dtype)
    model = space["model"].to(kind)
    parameters = list(model.parameters())
    target = torch.long if units > 1 else kind

    def weights() -> Weights:
        return [each.detach().float().numpy().copy() for each in parameters]

    def put(values: Weights) -> None:
        with torch.no_grad():
            for parameter, value in zip(parameters, values, strict=True):
                parameter.copy_(torch.as_tensor(value))

    def outputs(images: Any) -> Any:
        model.eval()
        with torch.no_grad():
            return model(torch.as_tensor(images).to(kind)).float().numpy()

    def train(epochs: int, after: AfterEpoch) -> list[float]:
        return train_by_loop(space, epochs, after)

    def loss_of(images: Any, labels: Any) -> float:
        model.eval()
        with torch.no_grad():
            return float(
                space["loss_of"](torch.as_tensor(images).to(kind), torch.as_tensor(labels).to(target))
            )

    def seen(images: Any, labels: Any) -> dict[str, float]:
        return accuracy(predict(images), labels)

    def predict(images: Any) -> Any:
        return numpy.asarray(space[predicts](torch.as_tensor(images).to(kind)))

    def probe(logits: Sequence[float], label: int) -> tuple[float, list[float]]:
        model.train()
        with torch.no_grad():
            for parameter in parameters:
                parameter.zero_()
            parameters[-1].copy_(torch.tensor(logits))
        model.zero_grad()
        loss = space["loss_of"](torch.zeros(1, 28, 28, dtype=kind), torch.tensor([label]).to(target))
        loss.backward()
        return float(loss.detach()), parameters[-1].grad.double().tolist()

    return Bench(weights, put, outputs, train, seen, predict, loss_of, probe, space)
