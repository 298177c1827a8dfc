"""Executed: what reads outputs prints the same before and after a fix, and findings about readers are mended."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from pathlib import Path

import pytest
from test_fixer import fix

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")

TORCH = """import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(6, 4) * 3
{labels}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, {units})

    def forward(self, x):
        return {activation}


model = Net()
criterion = nn.{loss}()
loss = criterion(model(x), y)
loss.backward()
"""
SOFTMAX = {
    "labels": "y = torch.arange(6) % 3", "units": 3, "activation": "F.softmax(self.fc(x), dim=1)",
    "loss": "CrossEntropyLoss",
}  # fmt: skip
LOG_SOFTMAX = {**SOFTMAX, "activation": "F.log_softmax(self.fc(x), dim=-1)"}
INTO_NLL = {**SOFTMAX, "loss": "NLLLoss"}
SIGMOID = {
    "labels": "y = (torch.arange(6) % 2).float()[:, None]", "units": 1,
    "activation": "torch.sigmoid(self.fc(x))", "loss": "BCELoss",
}  # fmt: skip
KERAS = """import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32") * 3
{labels}
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense({units}, activation="{activation}")])
model.compile(loss="{loss}", metrics=["accuracy"])
"""
KERAS_SOFTMAX = {
    "labels": "y = np.arange(6) % 3", "units": 3, "activation": "softmax",
    "loss": "sparse_categorical_crossentropy",
}  # fmt: skip
KERAS_SIGMOID = {
    "labels": "y = np.arange(6)[:, None] % 2", "units": 1, "activation": "sigmoid",
    "loss": "binary_crossentropy",
}  # fmt: skip


def printed(program: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
    return re.sub(r"grad_fn=<\w+>", "grad_fn", out.getvalue())


def shape(text: str) -> str:
    return re.sub(r"\s", "", NUMBER.sub("#", text))


def check_prints_the_same(program: str, folder: Path) -> str:
    """The fixed program, which has no finding left and prints what the program printed."""
    outcome = fix(folder, {"train.py": program})
    assert outcome.files and not outcome.report.diagnostics
    result = outcome.files[str(folder / "train.py")].decode()
    before, after = printed(program), printed(result)
    assert shape(before) == shape(after)
    for left, right in zip(NUMBER.findall(before), NUMBER.findall(after), strict=True):
        assert float(left) == pytest.approx(float(right), abs=2e-4), (before, after)
    return result


# What reads an output, and how many activations the fix puts into the program.
TORCH_READERS = [
    ("print(model(x))", 1),
    ("print(model(x).argmax(1), model(x).shape, len(model(x)))", 0),
    ("out = model(x)\nprint(out.max(), out[0], f'{out[1][0].item():.3f}')", 1),
    ("out = model(x)\n_, best = out.max(1)\nprint(best)", 0),
    ("out = model(x)\ntop, best = torch.max(out, 1)\nprint(top, best)", 1),
    ("out = model(x)\nloss = criterion(out, y)\nloss.backward()\nprint(out.mean().item())", 1),
    ("out = model(x)\nloss = criterion(out, y)\nprint(out.argmax(1), out.topk(2).indices)", 0),
    ("p = model(x).detach().cpu().numpy()\nprint(p.round(2), p.argmax(1), p[:, 0] > 0.3)", 1),
    ("for row in model(x):\n    print(row.tolist())", 1),
    ("rows = []\nwith torch.no_grad():\n    rows.append(model(x).numpy())\nprint(rows[0].sum())", 1),
    ("print([round(float(v), 3) for v in model(x)[0]])", 1),
    ("def show(p):\n    print(p.sum(1), p[0])\n\n\nshow(model(x))", 1),
    ("def rank(p):\n    return p.argmax(1)\n\n\nprint(rank(model(x)))", 0),
    ("def predict(z):\n    return model(z).detach().numpy()\n\n\nprint(predict(x).max())", 1),
    ("def predict(z):\n    p = model(z)\n    print(p[0])\n    return p\n\n\nprint(predict(x).max())", 2),
    ("def step(z):\n    out = model(z)\n    return criterion(out, y), out\n\n\nprint(step(x)[0] is None)", 0),
    ("print((model(x) + model(x * 2)) / 2)", 2),
    ("p = model(x)\np = p.cpu()\nprint(p)", 1),
    ("p = model(x) if x is not None else None\nprint(p)", 1),
    ("model.eval()\nprint(model.forward(x)[0])", 1),
    ("print(torch.cat([model(x), model(-x)]).std())", 2),
    ("scores = {'a': model(x)}\nprint(scores['a'].max())", 1),
    ("pred = model(x)\nprint(torch.sort(pred, descending=True).values[0])", 1),
    ("q = torch.zeros_like(model(x))\nprint(q)", 0),
    ("p, q = model(x), 1\nprint(p.min(), q)", 1),
    ("p = model(x).detach()\np[p > 0.5] = 1\nprint(p)", 1),
    ("p = model(x)\np = p.argmax(1)\nprint(p, p.float().mean())", 0),
    ("for _ in range(2):\n    p = model(x)\n    print(p.max())\n    p = p.argmax(1)\n    print(p)", 1),
    ("p = model(x).detach().numpy().copy()\nfor i in range(6):\n    p[i][0] = 2\nprint(p)", 1),
    ("kept = []\nfor _ in range(2):\n    kept.append(model(x))\nprint(torch.stack(kept).mean())", 1),
    (
        "for _ in range(2):\n    p = model(x)\n    loss = criterion(p, y)\n    print(p.mean())\n"
        "p = model(-x)\nprint(p.max())",
        2,
    ),
    (
        "if x.sum() > 99:\n    p = model(-x)\n    loss = criterion(p, y)\nelse:\n    p = model(x)\n"
        "print(p.max())",
        1,
    ),
    (
        "some = model(x)[:3]\nfor at, row in zip('abc', some):\n    one = row.detach().cpu()\n"
        "    print(at, one.sum(), one[0])",
        1,
    ),
    (
        "p = model(x)\nloss = criterion(p, y)\nkept = p[:2]\nfor rows in [x[:2], kept]:\n"
        "    one = rows[0].detach().cpu()\n    print(one.max())",
        1,
    ),
    ("p = model(x)\nloss = criterion(p, y)\nprint(p.max())\np = x * 2\nprint(p.max())", 1),
]


@pytest.mark.parametrize(("reader", "count"), TORCH_READERS)
@pytest.mark.parametrize("head", [SOFTMAX, SIGMOID], ids=["softmax", "sigmoid"])
def test_torch_readers(head: dict[str, object], reader: str, count: int, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    if head is SIGMOID and "topk(2)" in reader:
        pytest.skip("one unit")
    program = TORCH.format(**head) + reader + "\n"
    result = check_prints_the_same(program, tmp_path)
    assert result.count("torch.softmax(") + result.count("torch.sigmoid(") == count


TORCH_READERS += [
    ("kept = {}\nkept['a'] = model(x).detach().cpu().numpy()\nprint(kept['a'].max())", 1),
    ("print(torch.cat([model(x), model(-x)]).argmax(1))", 0),
    ("p = torch.cat((model(x), model(-x)), dim=0)\nprint(p.max(dim=1)[1], p.max())", 2),
    ("p = torch.stack([model(x), model(-x)]).mean(0)\nprint(p.argmax(1))", 2),
    ("p = torch.cat([model(x), model(-x)], 1)\nprint(p.max(), p.argmax(1))", 2),
]
LOGARITHM_READERS = [
    ("print(model(x).exp(), model(x).argmax(1))", 1),
    ("p = model(x)\nprint(torch.exp(p).sum(1), p[0])", 1),
    ("print(model(x).softmax(1))", 0),
    ("out = model(x)\nloss = criterion(out, y)\nprint(out.max(1)[1], out.max(1)[0])", 1),
]


@pytest.mark.parametrize(("reader", "count"), LOGARITHM_READERS)
def test_readers_of_logarithms(reader: str, count: int, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    result = check_prints_the_same(TORCH.format(**LOG_SOFTMAX) + reader + "\n", tmp_path)
    assert result.count("torch.log_softmax(") == count


@pytest.mark.parametrize("reader", [reader for reader, _ in TORCH_READERS if "criterion" not in reader])
def test_readers_of_probabilities_that_become_logarithms(reader: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    result = check_prints_the_same(TORCH.format(**INTO_NLL) + reader + "\n", tmp_path)
    assert "F.log_softmax(" in result


CALLBACK = (
    "def log(p):\n    p = np.asarray(p).astype('float64')\n    return np.log(p)\n\n\n"
    "class Own(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n"
)
KERAS_READERS = [
    ("print(model.predict(x, verbose=0))", 1),
    ("print(np.argmax(model.predict(x, verbose=0), axis=1))", 0),
    ("p = model.predict(x, verbose=0)\nprint(np.argmax(p[0]), np.max(p[0]), p.shape)", 1),
    ("print(model(x).numpy().round(2))", 1),
    ("print(model.predict_on_batch(x).max())", 1),
    ("for row in model.predict(x, verbose=0):\n    print(row)", 1),
    ("p = model.predict(x, verbose=0)\np = np.argmax(p, axis=1)\nprint(p, sum(p))", 0),
    ("p = model.predict(x, verbose=0)\np = (p > 0.5).astype(int)\nprint(p)", 1),
    ("print([f'{100 * v[0]:.1f}' for v in model.predict(x, verbose=0)])", 1),
    ("print(np.round(model.predict(x, verbose=0)))", 1),
    ("def confidence(z):\n    return model.predict(z, verbose=0)\n\n\nprint(confidence(x).max())", 1),
    ("def show(p):\n    print(p.mean(), p.std())\n\n\nshow(model.predict(x, verbose=0))", 1),
    ("print(tf.reduce_max(model(x, training=False)).numpy())", 1),
    ("print(np.where(model.predict(x, verbose=0) > 0.4, 1, 0))", 1),
    ("p = model.predict(x, verbose=0).flatten()\nprint(p.tolist())", 1),
    ("print(sorted(zip(model.predict(x, verbose=0)[0], 'abc'))[0])", 1),
    ("a = model.predict(x, verbose=0)\nb = model.predict(-x, verbose=0)\nprint((a + b) / 2)", 2),
    ("print(model.evaluate(x, y, verbose=0))", 0),
    ("print(float(model.predict(x, verbose=0)[0][0]))", 1),
    (
        "kept = np.zeros(3)\nfor i in range(3):\n    p = model.predict(x, verbose=0)\n    kept[i] = p[i][0]\n"
        "print(kept)",
        1,
    ),
    (
        "p = np.concatenate([model.predict(x, verbose=0), model.predict(-x, verbose=0)])\n"
        "print(np.argmax(p, axis=1), p.argmax(1), np.argmax(np.array(p)[0]))",
        0,
    ),
    (
        "p = np.concatenate([model.predict(x, verbose=0), model.predict(-x, verbose=0)])\nprint(p.max(axis=1))",
        2,
    ),
    ("p = np.concatenate([model.predict(x, verbose=0)] * 2, axis=1)\nprint(p.argmax(1))", 1),
    ("print(tf.concat([model(x), model(-x)], 0).numpy().max())", 2),
    (
        CALLBACK + "        print(log(self.model(x)[0]))\n\n\nmodel.fit(x, y, verbose=0, callbacks=[Own()])",
        1,
    ),
    (
        CALLBACK + "        print(self.model.predict(x, verbose=0).max())\n\n\n"
        "own = Own()\nmodel.evaluate(x, y, verbose=0)\nmodel.fit(x, y, verbose=0, callbacks=own)",
        1,
    ),
    (
        CALLBACK + "        print(np.argmax(self.model.predict(x, verbose=0), axis=-1).tolist())\n\n\n"
        "model.fit(x, y, verbose=0, callbacks=[Own()])",
        0,
    ),
]


@pytest.mark.parametrize(("reader", "count"), KERAS_READERS)
@pytest.mark.parametrize("head", [KERAS_SOFTMAX, KERAS_SIGMOID], ids=["softmax", "sigmoid"])
def test_keras_readers(head: dict[str, object], reader: str, count: int, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    program = KERAS.format(**head) + reader + "\n"
    result = check_prints_the_same(program, tmp_path)
    assert result.count("tf.nn.softmax(") + result.count("tf.sigmoid(") == count


# Findings about readers: what is fixed prints what the program prints that is written right.
LOGITS_TORCH = {**SIGMOID, "activation": "self.fc(x)", "loss": "BCEWithLogitsLoss"}
PROBABILITIES_TORCH = {**SOFTMAX, "labels": "y = torch.ones(6, 3)", "loss": "MSELoss"}
TORCH_MENDED = [
    (LOGITS_TORCH, "print(model(x) > 0.5)", "print(torch.sigmoid(model(x)) > 0.5)"),
    (LOGITS_TORCH, "print(0.55 < model(x))", "print(0.55 < torch.sigmoid(model(x)))"),
    (LOGITS_TORCH, "print(torch.round(model(x)))", "print(torch.round(torch.sigmoid(model(x))))"),
    (LOGITS_TORCH, "p = model(x).round()\nprint(p)", "p = torch.sigmoid(model(x)).round()\nprint(p)"),
    (LOGITS_TORCH, "print(model(x).squeeze().ge(0.55))", "print(torch.sigmoid(model(x)).squeeze().ge(0.55))"),
    (
        LOGITS_TORCH,
        "p = model(x).detach().numpy()\nprint((p > 0.5).astype(int), (p <= 0.8).sum())",
        "p = torch.sigmoid(model(x)).detach().numpy()\nprint((p > 0.5).astype(int), (p <= 0.8).sum())",
    ),
    (
        LOGITS_TORCH,
        "print([1 if v > 0.5 else 0 for v in model(x)])",
        "print([1 if v > 0.5 else 0 for v in torch.sigmoid(model(x))])",
    ),
    (
        LOGITS_TORCH,
        "if model(x)[0] > 0.55:\n    print(1)",
        "if torch.sigmoid(model(x))[0] > 0.55:\n    print(1)",
    ),
    (PROBABILITIES_TORCH, "print(F.softmax(model(x), dim=1))", "print(model(x))"),
    (PROBABILITIES_TORCH, "p = model(x).softmax(1)\nprint(p.max())", "p = model(x)\nprint(p.max())"),
    (
        PROBABILITIES_TORCH,
        "sm = nn.Softmax(dim=1)\nprint(sm(model(x)).max(dim=1))",
        "print(model(x).max(dim=1))",
    ),
    (PROBABILITIES_TORCH, "p = model(x)\np = torch.softmax(p, 1)\nprint(p)", "p = model(x)\nprint(p)"),
]


def check_mended(wrong: str, right: str, folder: Path) -> None:
    outcome = fix(folder, {"train.py": wrong})
    assert outcome.files and not outcome.report.diagnostics
    mended = printed(outcome.files[str(folder / "train.py")].decode())
    assert mended != printed(wrong)
    numbers = [[float(each) for each in NUMBER.findall(text)] for text in (mended, printed(right))]
    assert numbers[0] == pytest.approx(numbers[1], abs=2e-4)
    assert shape(mended) == shape(printed(right))


@pytest.mark.parametrize(("head", "wrong", "right"), TORCH_MENDED)
def test_torch_findings(head: dict[str, object], wrong: str, right: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    start = (
        TORCH.format(**head)
        .replace("* 3", "* 0.1")
        .replace("model = Net()", "model = Net()\nmodel.fc.bias.data.fill_(0.3)")
    )
    check_mended(f"{start}{wrong}\n", f"{start}{right}\n", tmp_path)


KERAS_LOGITS = """import keras
import numpy as np
import tensorflow as tf

keras.utils.clear_session()
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32") * 3
y = (np.arange(60) % 3 > 0)[:, None] * 1.0
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics={metrics})
"""
KERAS_RIGHT = KERAS_LOGITS.replace("Dense(1)", "Dense(1, activation='sigmoid')").replace(
    "keras.losses.BinaryCrossentropy(from_logits=True)", "'binary_crossentropy'"
)
EVALUATE = "print(sorted(model.evaluate(x, y, verbose=0, return_dict=True).items()))"
PREDICT = "p = model.predict(x, verbose=0)\n"
KERAS_MENDED = [
    ("['accuracy']", EVALUATE),
    ("['acc', 'AUC', 'binary_crossentropy']", EVALUATE),
    ("[keras.metrics.AUC(curve='PR'), keras.metrics.Precision(), keras.metrics.Recall()]", EVALUATE),
    ("[keras.metrics.BinaryAccuracy(), keras.metrics.BinaryIoU([0, 1])]", EVALUATE),
    ("[keras.metrics.TruePositives(), keras.metrics.FalseNegatives(name='f')]", EVALUATE),
    ("['bce', 'precision', 'recall', 'binary_accuracy']", EVALUATE),
    ("[keras.metrics.F1Score(threshold=0.5)]", EVALUATE),
    ("[]", PREDICT + "print((p > 0.5).astype(int).sum(), (p < 0.3).sum())"),
    ("[]", "print(np.round(model.predict(x[:5], verbose=0)), model.predict(x, verbose=0).round().sum())"),
    ("[]", "print(tf.round(model(x[:4])), (model(x[:4]) >= 0.5).numpy())"),
    ("[]", PREDICT + "print(np.where(p > 0.9, 1, 0).sum(), [int(v[0] > 0.5) for v in p[:5]])"),
]


@pytest.mark.parametrize(("metrics", "reader"), KERAS_MENDED)
def test_keras_findings(metrics: str, reader: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    wrong, right = (head.format(metrics=metrics) + reader + "\n" for head in (KERAS_LOGITS, KERAS_RIGHT))
    check_mended(wrong, right, tmp_path)


def test_keras_softmax_twice(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    start = KERAS.format(**KERAS_SOFTMAX).replace("sparse_categorical_crossentropy", "mse")
    start = start.replace("np.arange(6) % 3", "np.eye(3)[np.arange(6) % 3]")
    check_mended(
        start + "print(tf.nn.softmax(model.predict(x, verbose=0)[0]))\n",
        start + "print(model.predict(x, verbose=0)[0])\n",
        tmp_path,
    )


def test_functional_models_stay_functional(tmp_path: Path) -> None:
    head = "from tensorflow import keras\n\n\nclass Own(keras.Model):\n    pass\n\n\n"
    head += "i = keras.Input((4,))\n"
    tail = "model = Own(i, o)\nmodel.compile(loss=keras.losses.CategoricalCrossentropy({}))\n"
    before = head + "o = keras.layers.Dense(3, activation='softmax')(i)\n" + tail.format("")
    outcome = fix(tmp_path, {"train.py": before})
    (result,) = outcome.files.values()
    assert result.decode() == head + "o = keras.layers.Dense(3)(i)\n" + tail.format("from_logits=True")


@pytest.mark.parametrize("loss", ["F.binary_cross_entropy(p, y)", "nn.BCELoss()(p, y)"])
def test_readers_of_one_of_several(loss: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    head = {**SIGMOID, "activation": "(torch.sigmoid(self.fc(x)), x.sum())"}
    start = TORCH.format(**head).partition("criterion")[0]
    reader = f"p, total = model(x)\nloss = {loss}\nprint(p.max(), total, (p > 0.5).sum())\n"
    reader += "q, _ = model(-x)\nprint(q[0])\n"
    result = check_prints_the_same(start + reader, tmp_path)
    assert result.count("torch.sigmoid(") == 3


def test_readers_in_other_files(tmp_path: Path) -> None:
    net = TORCH.format(**SOFTMAX).partition("model = Net()")[0]
    train = "from net import Net\nfrom torch import nn\n\nmodel = Net()\n"
    train += "def step(x, y):\n    nn.CrossEntropyLoss()(model(x), y).backward()\n"
    show = "from net import Net\n\nmodel = Net()\n\n\ndef best(x):\n    return model(x).argmax(1)\n\n\n"
    show += "def confidence(x):\n    p = model(x)\n    return p.max(1).values.tolist()\n"
    outcome = fix(tmp_path, {"net.py": net, "train.py": train, "show.py": show})
    (applied,) = outcome.applied
    assert applied.fix.applicability == "unsafe"
    result = outcome.files[str(tmp_path / "show.py")].decode()
    assert result == show.replace("p = model(x)", "p = torch.softmax(model(x), dim=1)").replace(
        "import Net\n", "import Net\nimport torch\n", 1
    )


def test_too_many_files_make_a_fix_unsafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softmax_lint.edits.escapes._MOST_READERS", 1)
    net = TORCH.format(**SOFTMAX).partition("model = Net()")[0]
    train = "from net import Net\nfrom torch import nn\n\nmodel = Net()\n"
    train += "def step(x, y):\n    nn.CrossEntropyLoss()(model(x), y).backward()\n"
    outcome = fix(tmp_path, {"net.py": net, "train.py": train})
    (applied,) = outcome.applied
    assert applied.fix.applicability == "unsafe"
    assert "2 files may read what it gives" in applied.fix.message


def test_readers_in_files_without_the_model(tmp_path: Path) -> None:
    utils = (
        "import numpy as np\nfrom tensorflow import keras\n\n\ndef confidence(model, x):\n"
        "    return np.max(model.predict(x))\n\n\ndef label(model, x):\n    return np.argmax(model.predict(x))\n"
        "\n\nclass Show(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n"
        "        print(self.model.predict(x)[0])\n"
    )
    train = (
        "from tensorflow import keras\nfrom utils import Show, confidence, label\n\n"
        "model = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\n"
        "model.compile(loss='categorical_crossentropy')\nmodel.fit(x, y, callbacks=[Show()])\n"
        "print(confidence(model, x), label(model, x))\n"
    )
    outcome = fix(tmp_path, {"train.py": train, "utils.py": utils})
    result = outcome.files[str(tmp_path / "utils.py")].decode()
    expected = utils.replace("np.max(model.predict(x))", "np.max(tf.nn.softmax(model.predict(x)).numpy())")
    expected = expected.replace("self.model.predict(x)", "tf.nn.softmax(self.model.predict(x)).numpy()")
    assert result == expected.replace("import keras\n", "import keras\nimport tensorflow as tf\n", 1)


@pytest.mark.parametrize(
    ("reading", "safe"),
    [
        ("self.model.stop_training = True", 1),
        ("self.model.predict(x).argmax()", 1),
        ("log(self.model(x))", 0),
    ],
)
def test_callbacks_that_training_may_have(reading: str, safe: int, tmp_path: Path) -> None:
    program = (
        KERAS.format(**KERAS_SOFTMAX)
        + CALLBACK
        + f"        {reading}\n\n\nmodel.fit(x, y, callbacks=make(Own))\n"
    )
    outcome = fix(tmp_path, {"train.py": program})
    assert [each.fix.applicability for each in outcome.applied] == ["safe" if safe else "unsafe"]
    assert safe or "in row" in outcome.applied[0].fix.message
    model = KERAS.format(**KERAS_SOFTMAX) + "from own import Own\n\nmodel.fit(x, y, callbacks=make(Own))\n"
    own = "import numpy as np\nfrom tensorflow import keras\n\n\n" + CALLBACK + f"        {reading}\n"
    apart = fix(tmp_path, {"train.py": model, "own.py": own})
    assert [each.fix.applicability for each in apart.applied] == ["safe" if safe else "unsafe"]


def test_readers_in_other_cells(tmp_path: Path) -> None:
    cells = [
        "from tensorflow import keras\n",
        "model = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\n",
        "model.compile(loss='categorical_crossentropy')\n",
        "predictions = model.predict(x)\npredictions[0]\n",
        "labels = model.predict(x).argmax(1)\nlabels\n",
    ]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]}
    outcome = fix(tmp_path, {"n.ipynb": json.dumps(content)})
    (result,) = outcome.files.values()
    texts = ["".join(cell["source"]) for cell in json.loads(result)["cells"]]
    assert texts[0] == cells[0] + "import tensorflow as tf\n"
    assert texts[3] == "predictions = tf.nn.softmax(model.predict(x)).numpy()\npredictions[0]\n"
    assert texts[4] == cells[4]


@pytest.mark.parametrize(
    ("use", "safe"),
    [
        ("model.save('digits.keras')\n", False),
        ("show(model)\n", False),
        ("model.summary()\n", True),
        ("labels = model.predict(x).argmax(1)\n", True),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_models_of_tensors_from_other_cells(use: str, safe: bool, apart: bool, tmp_path: Path) -> None:
    """Rows start anew in each cell: what was bound in the third of one is known in the first of the next."""
    cells = [
        "from tensorflow.keras.layers import Dense, Input\nfrom tensorflow.keras.models import Model\n"
        "inputs = Input(shape=(784,))\noutputs = Dense(10, activation='softmax')(inputs)\n",
        "model = Model(inputs=inputs, outputs=outputs)\n"
        "model.compile(loss='categorical_crossentropy', metrics=['accuracy'])\n",
        use,
    ]
    cells = cells if apart else ["".join(cells)]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]}
    outcome = fix(tmp_path, {"n.ipynb": json.dumps(content)})
    assert [each.fix.applicability for each in outcome.applied] == ["safe" if safe else "unsafe"]


@pytest.mark.parametrize(
    "reader",
    [
        "class Kept:\n    def __init__(self):\n        self.out = model(x)\n\n\nprint(Kept().out)",
        "a, *b = model(x)\nprint(a, b)",
    ],
)
def test_readers_that_are_not_followed_make_a_fix_unsafe(reader: str, tmp_path: Path) -> None:
    program = TORCH.format(**LOG_SOFTMAX) + reader + "\n"
    outcome = fix(tmp_path, {"train.py": program}, unsafe=False)
    assert not outcome.files and outcome.unsafe_left == 1


def test_readers_of_a_model_with_an_activation_by_default(tmp_path: Path) -> None:
    program = (
        "import tensorflow as tf\n\nmodel = tf.keras.applications.MobileNetV2()\n"
        "loss = tf.keras.losses.CategoricalCrossentropy()\nvalue = loss(y, model(x))\n\n\n"
        "def name(p):\n    return tf.keras.applications.mobilenet_v2.decode_predictions(p)\n\n\n"
        "def show(x):\n    p = model.predict(x)\n    print(name(p))\n"
    )
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = outcome.files.values()
    assert result.decode() == program.replace("V2()", "V2(classifier_activation=None)").replace(
        "Crossentropy()", "Crossentropy(from_logits=True)"
    ).replace("model.predict(x)", "tf.nn.softmax(model.predict(x)).numpy()")


def test_metrics_of_several_outputs_stay(tmp_path: Path) -> None:
    program = (
        "from tensorflow import keras\n\ni = keras.Input((4,))\n"
        "a = keras.layers.Dense(3, activation='softmax', name='a')(i)\n"
        "b = keras.layers.Dense(1, activation='sigmoid', name='b')(i)\nmodel = keras.Model(i, [a, b])\n"
        "model.compile(loss={'a': 'categorical_crossentropy', 'b': 'binary_crossentropy'}, metrics=['accuracy'])\n"
    )
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = outcome.files.values()
    assert result.decode() == program.replace("(3, activation='softmax', ", "(3, ").replace(
        "'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy(from_logits=True)"
    )
    ((diagnostic, reason),) = outcome.refused
    assert (diagnostic.code, reason) == ("SML101", "several outputs have the same metrics")


@pytest.mark.parametrize(
    ("head", "wrapped"),
    [
        ("import keras\n\nrate = keras.Variable(0.1)\n", "keras.ops.{0}(model.predict(x))"),
        ("import keras\n\n\nclass Own(keras.Layer):\n    pass\n\n", "keras.ops.{0}(model.predict(x))"),
        # Without a sign of Keras 3 it may be an earlier one.
        ("import keras\nimport numpy as np\n\n", "np.asarray(keras.layers.{1}(model.predict(x)))"),
        ("import keras\nfrom keras.layers import *\n\n", "np.asarray(keras.layers.{1}(model.predict(x)))"),
        ("import keras\nimport tensorflow\n", "tensorflow.{2}(model.predict(x)).numpy()"),
    ],
)
@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_readers_where_keras_is_imported_alone(head: str, wrapped: str, name: str, tmp_path: Path) -> None:
    loss, layer, function = {
        "softmax": ("categorical", "Softmax(dtype='float32')", "nn.softmax"),
        "sigmoid": ("binary", "Activation('sigmoid', dtype='float32')", "sigmoid"),
    }[name]
    program = (
        f"{head}model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation='{name}')])\n"
        f"model.compile(loss='{loss}_crossentropy')\nprint(model.predict(x))\n"
    )
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = outcome.files.values()
    assert wrapped.format(name, layer, function) in result.decode()


@pytest.mark.parametrize(
    ("reader", "count"),
    [
        ("a, b = model.predict(x, verbose=0)\nprint(a[0])\nprint(b[0], b.shape)", 2),
        ("p = model.predict(x, verbose=0)\nprint(p[0].argmax(1), p[1].max())", 1),
        ("print(model.predict(x, verbose=0)[0])", 1),
        ("p = model.predict(x, verbose=0)\nprint(p[0].argmax(1))\nprint(len(p), p[1].shape)", 0),
        ("for a in model.predict(x, verbose=0)[0]:\n    print(a.sum(), a[0])", 1),
    ],
)
def test_readers_of_models_with_several_outputs(reader: str, count: int, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    program = (
        "import numpy as np\nimport tensorflow as tf\nfrom tensorflow import keras\n\n"
        "keras.utils.set_random_seed(0)\n"
        "x = np.random.default_rng(0).normal(size=(6, 4)).astype('float32') * 3\ni = keras.Input((4,))\n"
        "a = keras.layers.Dense(3, activation='softmax', name='a')(i)\n"
        "b = keras.layers.Dense(1, activation='sigmoid', name='b')(i)\nmodel = keras.Model(i, [a, b])\n"
        "model.compile(loss={'a': 'categorical_crossentropy', 'b': 'binary_crossentropy'})\n"
    )
    result = check_prints_the_same(f"{program}{reader}\n", tmp_path)
    assert result.count("tf.nn.softmax(") + result.count("tf.sigmoid(") == count


def test_classes_that_a_trainer_predicts_stay(tmp_path: Path) -> None:
    net = TORCH.format(**LOG_SOFTMAX).partition("model = Net()")[0]
    tail = "net = NeuralNetClassifier(Net, criterion=nn.CrossEntropyLoss)\nnet.fit(x, y)\nprint(net.predict(x))\n"
    program = f"from skorch import NeuralNetClassifier\n{net}{tail}"
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = outcome.files.values()
    assert result.decode() == program.replace("F.log_softmax(self.fc(x), dim=-1)", "self.fc(x)")


@pytest.mark.parametrize("head", [KERAS_SOFTMAX, KERAS_SIGMOID], ids=["softmax", "sigmoid"])
@pytest.mark.parametrize(
    ("reader", "count"),
    [("print(model.predict(x, verbose=0))", 1), ("print(np.max(model(x), axis=1), model(x).shape)", 1)],
)
def test_layers_around_readers(head: dict[str, object], reader: str, count: int, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    program = KERAS.replace("import tensorflow as tf\nfrom tensorflow import keras\n", "import keras\n")
    result = check_prints_the_same(program.format(**head) + reader + "\n", tmp_path)
    assert result.count("keras.layers.Softmax(") + result.count("layers.Activation('sigmoid'") == count


@pytest.mark.parametrize("shown", ["", "def show(engine):\n    p = model(1)\n    plt.imshow(p.detach())\n"])
def test_what_leaves_sight_is_told_beside_what_was_wrapped(shown: str, tmp_path: Path) -> None:
    program = (
        "import torch\nfrom torch import nn\nfrom ignite.engine import Engine\n\n"
        "model = nn.Sequential(nn.Linear(20, 7), nn.Sigmoid())\n\n\n"
        "def train(engine, batch):\n    x, y = batch\n    nn.BCELoss()(model(x), y).backward()\n\n\n"
        f"def evaluate(engine, batch):\n    x, y = batch\n    out = model(x)\n    return out, y\n\n\n{shown}\n\n"
        "trainer, evaluator = Engine(train), Engine(evaluate)\n"
    )
    (applied,) = fix(tmp_path, {"train.py": program}).applied
    assert applied.fix.applicability == "unsafe"
    assert "`evaluate` is passed to `Engine`" in applied.fix.message
    assert ("apply it where outputs are read" in applied.fix.message) == bool(shown)


@pytest.mark.parametrize(
    ("metric", "update", "safe"),
    [
        ("SparseCategoricalAccuracy()", "metric(y, out)", True),
        ("SparseCategoricalAccuracy()", "metric.update_state(y, out)", True),
        ("SparseCategoricalAccuracy()", "metric.reset(y, out)", False),
        ("AUC()", "metric(y, out)", False),
        ("make()", "metric.update_state(y, out)", False),
    ],
)
def test_metrics_of_order(metric: str, update: str, safe: bool, tmp_path: Path) -> None:
    program = (
        "from tensorflow import keras\nfrom tensorflow.keras.metrics import AUC, SparseCategoricalAccuracy\n\n"
        "model = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\n"
        f"criterion = keras.losses.SparseCategoricalCrossentropy()\nmetric = {metric}\n\n\n"
        f"def step(x, y):\n    out = model(x, training=True)\n    loss = criterion(y, out)\n    {update}\n"
        "    return loss\n"
    )
    (applied,) = fix(tmp_path, {"train.py": program}).applied
    assert applied.fix.applicability == ("safe" if safe else "unsafe")


DECODER = """class Decoder({}):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(10, 64)

    def forward(self, z):
        return {}.head(z).permute(1, 0)
"""


@pytest.mark.parametrize(
    ("decoder", "more", "safe"),
    [
        (DECODER.format("nn.Module", "self"), "", True),
        # One class that is both, one that derives from the other, by whatever name, and an object of any class.
        (DECODER.format("nn.Module", "self"), "class Both(Decoder, Net):\n    pass\n", False),
        (DECODER.format("Net", "self"), "", False),
        ("from program import Net as Base\n\n\n" + DECODER.format("Base", "self"), "", False),
        (DECODER.format("nn.Module", "z"), "", False),
    ],
)
def test_attributes_of_classes_that_share_nothing(
    decoder: str, more: str, safe: bool, tmp_path: Path
) -> None:
    program = (
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.head = nn.Sequential(nn.Linear(784, 1), nn.Sigmoid())\n\n"
        f"    def forward(self, x):\n        return self.head(x)\n\n\n{decoder}\n\n{more}\n\n"
        "nn.BCELoss()(Net()(torch.rand(8, 784)), torch.ones(8, 1)).backward()\n"
    )
    (applied,) = fix(tmp_path, {"program.py": program}).applied
    assert applied.fix.applicability == ("safe" if safe else "unsafe")


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss"])
def test_a_second_sigmoid_is_no_obstacle(loss: str, tmp_path: Path) -> None:
    program = (
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = nn.Linear(8, 1)\n\n"
        "    def forward(self, x):\n        return torch.sigmoid(self.fc(x))\n\n\n"
        "def accuracy(p, y):\n    return (torch.round(torch.sigmoid(p)) == y).float().mean()\n\n\n"
        f"model = Net()\ncriterion = nn.{loss}()\nfor x, y in []:\n    p = model(x).squeeze(1)\n"
        "    criterion(p, y).backward()\n    print(accuracy(p, y).item())\n"
    )
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = (data.decode() for data in outcome.files.values())
    assert "return self.fc(x)" in result
    assert result.count("sigmoid(") == 1
    assert not outcome.report.diagnostics
