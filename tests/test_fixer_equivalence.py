"""Executed: a fixed program computes what the original did, from the same weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from test_fixer import KERAS, fixed, torch_model

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
KERAS_BODIES = (
    "model = keras.Sequential([Dense({n}, activation='{a}')])\n",
    "model = keras.Sequential([Dense({n}), keras.layers.Activation('{a}', name='p')])\n",
    "model = keras.Sequential()\nmodel.add(Dense({n}))\nmodel.add(keras.layers.Activation('{a}'))\n",
    "i = Input((4,))\no = Dense({n})(i)\no = keras.layers.Activation('{a}')(o)\nmodel = keras.Model(i, o)\n",
    "ACT = '{a}'\nmodel = keras.Sequential([Dense({n}, activation=ACT)])\n",
)
SOFTMAX_METRICS = "['accuracy', 'categorical_crossentropy', keras.metrics.TopKCategoricalAccuracy(k=2)]"
SIGMOID_METRICS = (
    "['accuracy', 'binary_crossentropy', keras.metrics.AUC(), keras.metrics.Precision(),"
    " keras.metrics.Recall(), keras.metrics.BinaryIoU(target_class_ids=[0, 1]),"
    " keras.metrics.F1Score(threshold=0.5)]"
)


@pytest.mark.parametrize(
    ("built", "forward", "loss", "undo"),
    [
        ("", "return F.softmax(self.fc(x), dim=1)", "CrossEntropyLoss", "softmax"),
        ("", "return self.fc(x).softmax(1)", "CrossEntropyLoss", "softmax"),
        ("self.sm = nn.Softmax(dim=1)", "return self.sm(self.fc(x))", "CrossEntropyLoss", "softmax"),
        (
            "self.net = nn.Sequential(self.fc, nn.LogSoftmax(dim=1))",
            "return self.net(x)",
            "CrossEntropyLoss",
            "log",
        ),
        ("", "return F.log_softmax(self.fc(x), dim=1)", "CrossEntropyLoss", "log"),
        ("", "return torch.sigmoid(self.fc(x))", "BCELoss", "sigmoid"),
    ],
)
def test_torch(built: str, forward: str, loss: str, undo: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    before = torch_model(built, forward, loss)
    after = fixed(tmp_path, before)
    spaces: list[dict[str, Any]] = [{}, {}]
    outputs, losses = [], []
    data = torch.randn(16, 4, generator=torch.Generator().manual_seed(1))
    target = torch.arange(16) % 3 if loss != "BCELoss" else torch.rand(16, 3).round()
    for space, program in zip(spaces, (before, after), strict=True):
        exec(program, space)
        torch.manual_seed(0)
        net = space["Net"]()
        outputs.append(net(data))
        name = next(word for word in ("BCEWithLogitsLoss", "BCELoss", "CrossEntropyLoss") if word in program)
        losses.append(getattr(torch.nn, name)()(outputs[-1], target))
    undone = {
        "softmax": lambda z: torch.softmax(z, 1),
        "log": lambda z: torch.log_softmax(z, 1),
        "sigmoid": torch.sigmoid,
    }[undo](outputs[1])
    assert torch.allclose(undone, outputs[0], atol=1e-6)
    if undo != "softmax":
        assert torch.allclose(losses[0], losses[1], atol=1e-5)


@pytest.mark.parametrize("body", KERAS_BODIES)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_keras(body: str, activation: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    import numpy

    units = 3 if activation == "softmax" else 1
    loss = "categorical_crossentropy" if activation == "softmax" else "binary_crossentropy"
    metrics = SOFTMAX_METRICS if activation == "softmax" else SIGMOID_METRICS
    before = f"{KERAS}{body.format(n=units, a=activation)}model.compile('sgd', '{loss}', metrics={metrics})\n"
    after = fixed(tmp_path, before, unsafe=False)
    assert "from_logits=True" in after
    random = numpy.random.default_rng(0)
    data = random.normal(size=(64, 4)).astype("float32")
    labels = numpy.eye(3)[random.integers(3, size=64)] if units == 3 else random.integers(2, size=(64, 1))
    labels = labels.astype("float32")
    results, models = [], []
    for program in (before, after):
        space: dict[str, Any] = {}
        keras.utils.clear_session()
        exec(program, space)
        model = space["model"]
        model.build((None, 4))
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    for model in models:
        results.append(model.evaluate(data, labels, verbose=0, return_dict=True))
    apply = keras.ops.softmax if activation == "softmax" else keras.ops.sigmoid
    undone = keras.ops.convert_to_numpy(apply(models[1](data)))
    assert numpy.allclose(undone, keras.ops.convert_to_numpy(models[0](data)), atol=1e-6)
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        assert numpy.allclose(value, results[1][name], atol=1e-5), name
