"""Fixes end to end: what a project becomes, what is safe, what is refused, and how files are replaced."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import stat
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from expectations import FIXTURES, name_of
from fix_cases_keras import cases as keras_cases
from fix_cases_logarithms import cases as logarithm_cases
from fix_cases_torch import cases as torch_cases
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from softmax_lint import fixer, project
from softmax_lint.cli import main
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.edits.replace import replace_all
from softmax_lint.edits.written import overlap
from softmax_lint.fixer import Fixed
from softmax_lint.lines import reader
from softmax_lint.rules import RULES
from softmax_lint.suppression import apply

TORCH = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
MODEL = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
{built}
    def forward(self, x):
        {forward}


def train(x, y):
    net = Net()
    criterion = nn.{loss}()
    out = net(x)
    loss = criterion(out, y)
    loss.backward()
"""
COMPILE = "model.compile(optimizer='adam', loss={loss}, metrics={metrics})\nmodel.fit(data, labels)\n"


def fix(folder: Path, files: Mapping[str, str], *, unsafe: bool = True, select: Sequence[str] = ()) -> Fixed:
    """The outcome of fixing a project with these files; nothing is written."""
    (folder / "pyproject.toml").touch()
    names = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        names.append(str(path))
    chosen = Settings(str(folder), selected=frozenset(select or (rule.code for rule in RULES)), cache=False)

    def choose(report: Report, overlay: Mapping[str, bytes]) -> Report:
        return apply(report, names, chosen, RULES, reader(dict(overlay))).report

    return fixer.fix(
        lambda overlay: project.examine(names, settings=chosen, overlay=overlay or None),
        choose,
        reader({}),
        names,
        unsafe=unsafe,
    )


def fixed(folder: Path, text: str, name: str = "train.py", *, unsafe: bool = True) -> str:
    """What a single file becomes. A second run must change nothing."""
    outcome = fix(folder, {name: text}, unsafe=unsafe)
    result = outcome.files.get(str(folder / name), text.encode()).decode()
    ast.parse(result)
    assert not fix(folder, {name: result}, unsafe=unsafe).files
    return result


def torch_model(built: str, forward: str, loss: str) -> str:
    lines = f"        {built}\n" if built else ""
    return TORCH + "\n\n" + MODEL.replace("{built}\n", lines).format(forward=forward, loss=loss)


def strip(path: Path) -> str:
    """A fixture without its header and expectations."""
    return _EXPECTATION.sub("", path.read_text(encoding="utf-8").partition("\n")[2])


_EXPECTATION = re.compile(r"[ \t]*#\s*(?:expect|ok\b|pairs:)[^\n]*")
TWINS = sorted(path for path in FIXTURES.rglob("*.fixed.py"))


def test_seed_program(tmp_path: Path) -> None:
    seed = FIXTURES / "mnist" / "seed.py"
    assert fixed(tmp_path, strip(seed), unsafe=False) == strip(seed.with_suffix(".fixed.py"))


@pytest.mark.parametrize("twin", TWINS, ids=name_of)
def test_fixtures_become_their_twins(twin: Path, tmp_path: Path) -> None:
    fixture = twin.with_name(twin.name.replace(".fixed.py", ".py"))
    assert fixed(tmp_path, strip(fixture)) == strip(twin)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ("", "return F.softmax(self.fc(x), dim=1)", "CrossEntropyLoss"),
            ("", "return self.fc(x)", "CrossEntropyLoss"),
        ),
        (
            ("", "return self.fc(x).softmax(1)", "CrossEntropyLoss"),
            ("", "return self.fc(x)", "CrossEntropyLoss"),
        ),
        (
            ("self.sm = nn.Softmax(dim=1)", "return self.sm(self.fc(x))", "CrossEntropyLoss"),
            ("", "return self.fc(x)", "CrossEntropyLoss"),
        ),
        (
            (
                "self.sm = nn.Softmax(dim=1)  # probabilities",
                "return self.sm(self.fc(x))",
                "CrossEntropyLoss",
            ),
            ("self.sm = nn.Softmax(dim=1)  # probabilities", "return self.fc(x)", "CrossEntropyLoss"),
        ),
        (
            ("", "return F.log_softmax(self.fc(x), dim=1)", "CrossEntropyLoss"),
            ("", "return self.fc(x)", "CrossEntropyLoss"),
        ),
        (
            ("", "return F.softmax(self.fc(x), dim=1)", "NLLLoss"),
            ("", "return F.log_softmax(self.fc(x), dim=1)", "NLLLoss"),
        ),
        (("", "return self.fc(x)", "NLLLoss"), ("", "return self.fc(x)", "CrossEntropyLoss")),
        (("", "return torch.sigmoid(self.fc(x))", "BCELoss"), ("", "return self.fc(x)", "BCEWithLogitsLoss")),
        (
            ("", "return torch.sigmoid(self.fc(x))", "BCEWithLogitsLoss"),
            ("", "return self.fc(x)", "BCEWithLogitsLoss"),
        ),
        (("", "return self.fc(x)", "BCELoss"), ("", "return self.fc(x)", "BCEWithLogitsLoss")),
        (
            (
                "self.net = nn.Sequential(self.fc, nn.LogSoftmax(dim=1))",
                "return self.net(x)",
                "CrossEntropyLoss",
            ),
            ("self.net = nn.Sequential(self.fc)", "return self.net(x)", "CrossEntropyLoss"),
        ),
        (
            (
                "self.net = nn.Sequential(self.fc, nn.Softmax(dim=1), nn.Dropout(0.1))",
                "return self.net(x)",
                "CrossEntropyLoss",
            ),
            (
                "self.net = nn.Sequential(self.fc, nn.Identity(), nn.Dropout(0.1))",
                "return self.net(x)",
                "CrossEntropyLoss",
            ),
        ),
    ],
)
def test_torch_models(before: tuple[str, str, str], after: tuple[str, str, str], tmp_path: Path) -> None:
    assert fixed(tmp_path, torch_model(*before)) == torch_model(*after)


KERAS = "import keras\nfrom keras.layers import Dense, Input\n\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "model = keras.Sequential([Dense(3, activation='softmax')])\n",
            "model = keras.Sequential([Dense(3)])\n",
        ),
        ("model = keras.Sequential([Dense(3, 'softmax')])\n", "model = keras.Sequential([Dense(3)])\n"),
        (
            "model = keras.Sequential([Dense(3, activation=keras.activations.softmax, use_bias=False)])\n",
            "model = keras.Sequential([Dense(3, use_bias=False)])\n",
        ),
        (
            "model = keras.Sequential()\nmodel.add(Dense(3))\nmodel.add(keras.layers.Softmax())\n",
            "model = keras.Sequential()\nmodel.add(Dense(3))\n",
        ),
        (
            "model = keras.Sequential([Dense(3), keras.layers.Softmax(name='p')])\n",
            "model = keras.Sequential([Dense(3), keras.layers.Activation('linear', name='p')])\n",
        ),
        (
            "model = keras.Sequential([Dense(3), keras.layers.Activation('softmax', dtype='float32')])\n",
            "model = keras.Sequential([Dense(3), keras.layers.Activation('linear', dtype='float32')])\n",
        ),
        (
            "i = Input((4,))\nx = Dense(3)(i)\nx = keras.layers.Softmax()(x)\nmodel = keras.Model(i, x)\n",
            "i = Input((4,))\nx = Dense(3)(i)\nmodel = keras.Model(i, x)\n",
        ),
        (
            "i = Input((4,))\np = keras.layers.Softmax()(Dense(3)(i))\nmodel = keras.Model(i, p)\n",
            "i = Input((4,))\np = Dense(3)(i)\nmodel = keras.Model(i, p)\n",
        ),
        (
            "ACT = 'softmax'\nmodel = keras.Sequential([Dense(3, activation=ACT)])\n",
            "ACT = 'linear'\nmodel = keras.Sequential([Dense(3, activation=ACT)])\n",
        ),
        (
            "def f(a='softmax'):\n    return keras.Sequential([Dense(3, activation=a)])\n\n\nmodel = f()\n",
            "def f(a='linear'):\n    return keras.Sequential([Dense(3, activation=a)])\n\n\nmodel = f()\n",
        ),
    ],
)
def test_keras_models(before: str, after: str, tmp_path: Path) -> None:
    old = COMPILE.format(loss="'categorical_crossentropy'", metrics="['accuracy']")
    new = COMPILE.format(
        loss="keras.losses.CategoricalCrossentropy(from_logits=True)", metrics="['accuracy']"
    )
    assert fixed(tmp_path, KERAS + before + old, unsafe=False) == KERAS + after + new


L = "keras.losses."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'sparse_categorical_crossentropy'", f"{L}SparseCategoricalCrossentropy(from_logits=True)"),
        (f"{L}categorical_crossentropy", f"{L}CategoricalCrossentropy(from_logits=True)"),
        (f"{L}CategoricalCrossentropy()", f"{L}CategoricalCrossentropy(from_logits=True)"),
        (f"{L}CategoricalCrossentropy(from_logits=False)", f"{L}CategoricalCrossentropy(from_logits=True)"),
        (f"{L}CategoricalCrossentropy(False)", f"{L}CategoricalCrossentropy(True)"),
        (
            f"{L}CategoricalCrossentropy(label_smoothing=0.1)",
            f"{L}CategoricalCrossentropy(label_smoothing=0.1, from_logits=True)",
        ),
        ("['categorical_crossentropy']", f"[{L}CategoricalCrossentropy(from_logits=True)]"),
        ("{'p': 'categorical_crossentropy'}", f"{{'p': {L}CategoricalCrossentropy(from_logits=True)}}"),
    ],
)
def test_keras_losses(before: str, after: str, tmp_path: Path) -> None:
    old = "model = keras.Sequential([Dense(3, activation='softmax', name='p')])\n"
    new = "model = keras.Sequential([Dense(3, name='p')])\n"
    assert fixed(
        tmp_path, KERAS + old + COMPILE.format(loss=before, metrics="[]"), unsafe=False
    ) == KERAS + new + COMPILE.format(loss=after, metrics="[]")


M = "keras.metrics."


@pytest.mark.parametrize(
    ("units", "activation", "loss", "before", "after"),
    [
        (3, "softmax", "categorical_crossentropy", "'acc'", "'acc'"),
        (3, "softmax", "categorical_crossentropy", f"{M}AUC()", None),
        (3, "softmax", "categorical_crossentropy", "'Precision'", None),
        (3, "softmax", "categorical_crossentropy", "'mse'", None),
        (
            3,
            "softmax",
            "categorical_crossentropy",
            "'categorical_crossentropy'",
            f"{M}CategoricalCrossentropy(from_logits=True)",
        ),
        (
            3,
            "softmax",
            "categorical_crossentropy",
            f"{M}TopKCategoricalAccuracy(k=2)",
            f"{M}TopKCategoricalAccuracy(k=2)",
        ),
        (
            1,
            "sigmoid",
            "binary_crossentropy",
            "'accuracy'",
            f"{M}BinaryAccuracy(threshold=1e-7, name='accuracy')",
        ),
        (1, "sigmoid", "binary_crossentropy", f"{M}AUC(name='a')", f"{M}AUC(name='a', from_logits=True)"),
        (1, "sigmoid", "binary_crossentropy", f"{M}Precision()", f"{M}Precision(thresholds=0)"),
        (1, "sigmoid", "binary_crossentropy", f"{M}Precision(thresholds=0.9)", None),
        (1, "sigmoid", "binary_crossentropy", f"{M}PrecisionAtRecall(0.5)", None),
        (5, "sigmoid", "binary_crossentropy", "'accuracy'", "'accuracy'"),
        *(
            (3, "softmax", "categorical_crossentropy", f"{M}{text}", None)
            for text in (
                "RootMeanSquaredError()",
                "MeanSquaredError()",
                "MeanAbsoluteError(name='mae')",
                "Mean()",
                "Precision()",
                "Recall(thresholds=0.5)",
                "Recall(0.5)",
                "Precision(class_id=1)",
                "TruePositives()",
                "FalseNegatives(0.3)",
                "F1Score(threshold=0.5)",
                "KLDivergence()",
                "PrecisionAtRecall(0.5)",
                "CosineSimilarity()",
                "CategoricalHinge()",
                "Poisson()",
            )
        ),
        *(
            (3, "softmax", "categorical_crossentropy", f"{M}{text}", f"{M}{text}")
            for text in ("Precision(top_k=1)", "Recall(top_k=2)", "F1Score()", "FBetaScore(beta=2.0)")
        ),
        *(
            (1, "sigmoid", "binary_crossentropy", f"{M}{text}", None)
            for text in (
                "RootMeanSquaredError()",
                "MeanSquaredError",
                "Recall(thresholds=[0.3, 0.5])",
                "Recall(thresholds=0.4)",
                "Precision(0.8)",
                "Recall(thresholds=limit)",
                "Recall(top_k=1)",
                "BinaryAccuracy(threshold=0.0)",
                "SensitivityAtSpecificity(0.5)",
                "MeanIoU(2)",
                "Hinge()",
            )
        ),
        *((1, "sigmoid", "binary_crossentropy", text, None) for text in ("'mae'", "rmse", "*more", "f(0.5)")),
        (1, "sigmoid", "binary_crossentropy", f"{M}Recall(0.5)", f"{M}Recall(0)"),
        (
            1,
            "sigmoid",
            "binary_crossentropy",
            f"{M}Recall(thresholds=0.5, class_id=0)",
            f"{M}Recall(thresholds=0, class_id=0)",
        ),
        (
            1,
            "sigmoid",
            "binary_crossentropy",
            f"{M}BinaryAccuracy(threshold=0.5)",
            f"{M}BinaryAccuracy(threshold=1e-7)",
        ),
    ],
)
def test_metrics_are_carried_along(
    units: int, activation: str, loss: str, before: str, after: str | None, tmp_path: Path
) -> None:
    old = f"model = keras.Sequential([Dense({units}, activation='{activation}')])\n"
    program = KERAS + old + COMPILE.format(loss=f"'{loss}'", metrics=f"[{before}]")
    result = fixed(tmp_path, program, unsafe=False)
    if after is None:
        assert result == program
        return
    new = KERAS + f"model = keras.Sequential([Dense({units})])\n"
    cls = "".join(part.capitalize() for part in loss.split("_"))
    assert result == new + COMPILE.format(loss=f"{L}{cls}(from_logits=True)", metrics=f"[{after}]")


@pytest.mark.parametrize(
    ("activation", "right", "other"),
    [
        ("softmax", "'categorical_crossentropy'", "'binary_crossentropy'"),
        ("softmax", "'sparse_categorical_crossentropy'", f"{L}BinaryCrossentropy()"),
        ("softmax", "'categorical_crossentropy'", f"{L}BinaryCrossentropy(from_logits=True)"),
        ("sigmoid", "'binary_crossentropy'", "'categorical_crossentropy'"),
        ("softmax", "'categorical_crossentropy'", "'mse'"),
        ("softmax", "'categorical_crossentropy'", f"{L}KLDivergence()"),
    ],
)
def test_no_loss_becomes_another(activation: str, right: str, other: str, tmp_path: Path) -> None:
    program = KERAS + f"model = keras.Sequential([Dense(2, activation='{activation}')])\n"
    program += "".join(COMPILE.format(loss=loss, metrics="[]") for loss in (other, right))
    outcome = fix(tmp_path, {"train.py": program})
    assert not outcome.files
    assert any("on raw scores it is another loss" in why or "as it is" in why for _, why in outcome.refused)


@pytest.mark.parametrize(
    ("tail", "is_safe"),
    [
        ("model.evaluate(x, y)\n", True),
        ("import numpy as np\nnp.argmax(model.predict(x), axis=1)\n", True),
        ("p = model.predict(x)\nc = p.argmax(axis=1)\n", True),
        ("print(model.predict(x))\n", False),
        ("p = model.predict(x) > 0.5\n", False),
        ("model.save('m.keras')\n", False),
        ("model.save_weights('m.weights.h5')\n", True),
        ("serve(model)\n", False),
        ("models = {}\nmodels['a'] = model\n", False),
        ("models = {'a': model}\nprint(models['a'](x))\n", False),
        ("votes = []\nvotes.append(model.predict(x))\n", False),
        ("def show(*models):\n    print(models[0](x))\n\n\nshow(model)\n", False),
        ("model.fit(x, callbacks=[keras.callbacks.ModelCheckpoint('m.keras')])\n", False),
        ("model.fit(x, callbacks=[keras.callbacks.ModelCheckpoint('m', save_weights_only=True)])\n", True),
        ("def show(m):\n    print(m(x))\n\n\nshow(model)\n", False),
        ("def show(m):\n    print(m.summary())\n\n\nshow(model)\n", True),
        ("wrapped = keras.Sequential([model, keras.layers.Softmax()])\nprint(wrapped(x))\n", False),
    ],
)
def test_outputs_that_leave_sight_make_a_fix_unsafe(tail: str, is_safe: bool, tmp_path: Path) -> None:
    program = KERAS + "model = keras.Sequential([Dense(3, activation='softmax')])\n"
    program += COMPILE.format(loss="'categorical_crossentropy'", metrics="[]") + tail
    outcome = fix(tmp_path, {"train.py": program}, unsafe=False)
    assert (len(outcome.applied), outcome.unsafe_left) == ((1, 0) if is_safe else (0, 1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loss = torch.log(torch.softmax(x, 1)).sum()", "loss = torch.log_softmax(x, 1).sum()"),
        ("loss = torch.log(F.softmax(x, dim=1)).sum()", "loss = F.log_softmax(x, dim=1).sum()"),
        ("loss = x.view(-1).sigmoid().log().sum()", "loss = nn.functional.logsigmoid(x.view(-1)).sum()"),
        ("loss = x.softmax(1).log().sum()", "loss = x.log_softmax(1).sum()"),
        ("loss = torch.log(torch.sigmoid(x)).sum()", "loss = nn.functional.logsigmoid(x).sum()"),
        (
            "loss = nn.CrossEntropyLoss(nn.Linear(4, 3)(x), y)",
            "loss = nn.CrossEntropyLoss()(nn.Linear(4, 3)(x), y)",
        ),
        (
            "p = F.softmax(x, dim=1)\n    loss = torch.log(p).sum()",
            "p = F.log_softmax(x, dim=1)\n    loss = p.sum()",
        ),
        (
            "p = F.softmax(x, dim=1)\n    print(p)\n    loss = torch.log(p).sum()",
            "p = F.softmax(x, dim=1)\n    print(p)\n    loss = F.log_softmax(x, dim=1).sum()",
        ),
    ],
)
def test_expressions(before: str, after: str, tmp_path: Path) -> None:
    def program(line: str) -> str:
        head = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
        return f"{head}\n\ndef f(x, y):\n    {line}\n    return loss\n"

    assert fixed(tmp_path, program(before)) == program(after).replace(
        "nn.functional.logsigmoid", "F.logsigmoid"
    )


NET = """import torch
import torch.nn as nn
import torch.nn.functional as F
{head}

class Net(nn.Module):
    def __init__(self, act={act}):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.act = {kept}

    def forward(self, x):
        x = self.fc(x)
        x = {call}
        return x


{loss}(Net()(1), 2)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # What is called may be something else in another context.
        ({"act": "F.softmax", "kept": "act", "call": "self.act(x, dim=1)"}, None),
        ({"kept": "{'s': F.softmax, 'r': F.relu}", "call": "self.act['s'](x, dim=1)"}, None),
        ({"kept": "F.softmax", "call": "self.act(x, dim=1)"}, {"kept": "", "call": ""}),
        ({"kept": "F.softmax  # why", "call": "self.act(x, dim=1)"}, {"kept": "F.softmax  # why", "call": ""}),
        ({"kept": "nn.Softmax(1)", "call": "self.act(x)"}, {"kept": "", "call": ""}),
        ({"kept": "nn.Softmax(1)", "call": "nn.Softmax(1)(x)"}, {"kept": "nn.Softmax(1)", "call": ""}),
        # Another class has an attribute of the same name.
        (
            {"head": "class Gate(nn.Module):\n    def build(self):\n        self.act = nn.ReLU()\n\n",
             "kept": "nn.Softmax(1)  ", "call": "self.act(x)"},
            {"head": "class Gate(nn.Module):\n    def build(self):\n        self.act = nn.ReLU()\n\n",
             "kept": "", "call": ""},
        ),
        # Somebody else reads the attribute.
        (
            {"head": "def peek(net):\n    return net.act\n\n", "kept": "nn.Softmax(1)", "call": "self.act(x)"},
            {"head": "def peek(net):\n    return net.act\n\n", "kept": "nn.Softmax(1)", "call": ""},
        ),
        # The loss is named elsewhere.
        (
            {"head": "LOSSES = {'a': nn.NLLLoss, 'b': nn.MSELoss}\n", "loss": "LOSSES['a']()"},
            {"head": "LOSSES = {'a': nn.CrossEntropyLoss, 'b': nn.MSELoss}\n", "loss": "LOSSES['a']()"},
        ),
        (
            {"head": "cls = nn.NLLLoss\n", "loss": "cls(weight=None)"},
            {"head": "cls = nn.CrossEntropyLoss\n", "loss": "cls(weight=None)"},
        ),
        (
            {"head": "from torch.nn import NLLLoss as Loss\n", "loss": "Loss(reduction='sum')"},
            {"head": "from torch.nn import CrossEntropyLoss\n", "loss": "CrossEntropyLoss(reduction='sum')"},
        ),
        ({"loss": "nn.NLLLoss(None, ignore_index=2)"}, {"loss": "nn.CrossEntropyLoss(None, ignore_index=2)"}),
        ({"loss": "nn.NLLLoss(size_average=False)"}, {"loss": "nn.CrossEntropyLoss(size_average=False)"}),
    ],
)  # fmt: skip
def test_origins(before: dict[str, str], after: dict[str, str] | None, tmp_path: Path) -> None:
    def program(parts: dict[str, str]) -> str:
        given = {
            "head": "",
            "act": "None",
            "kept": "act",
            "call": "x",
            "loss": "nn.CrossEntropyLoss()",
            **parts,
        }
        text = NET.format(**given)
        text = text.replace("        self.act = \n", "").replace("        x = \n", "")
        return text.replace("        x = x\n", "")

    assert fixed(tmp_path, program(before)) == program(before if after is None else after)


LAYER = """import torch
from torch import nn
import torch.nn.functional as F


class Layer(nn.Module):
    def __init__(self, inputs, units, activation=None):
        super().__init__()
        self.linear = nn.Linear(inputs, units)
        self.activation = activation

    def forward(self, x):
        x = self.linear(x)
{tail}

class Net(nn.Module):
    def __init__(self, chosen=F.softmax):
        super().__init__()
        self.hidden = Layer(8, 8, {hidden})
        self.out = Layer(8, 3, {out})

    def forward(self, x):
        return self.out(self.hidden(x))


nn.CrossEntropyLoss()(Net()(x), y)
"""
CHECKED = "        if self.activation is not None:\n            return self.activation(x)\n        return x\n"


@pytest.mark.parametrize(
    ("tail", "before", "after"),
    [
        (CHECKED, "activation=F.softmax", "activation=None"),
        (CHECKED, "torch.softmax", "None"),
        (CHECKED, "nn.Softmax(dim=1)", "nn.Identity()"),
        (CHECKED, "activation=chosen", None),
        # Nothing is checked: there has to be a function.
        ("        return self.activation(x)\n", "F.softmax", None),
    ],
)
def test_what_a_shared_layer_is_given(tail: str, before: str, after: str | None, tmp_path: Path) -> None:
    program = LAYER.format(tail=tail, hidden="F.relu", out=before)
    expected = LAYER.format(tail=tail, hidden="F.relu", out=before if after is None else after)
    assert fixed(tmp_path, program) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "model = keras.applications.MobileNet(weights=None, classes=3)\n",
            "model = keras.applications.MobileNet(weights=None, classes=3, classifier_activation=None)\n",
        ),
        # Where other values may arrive the fix is left to the author.
        (
            "def f(a):\n    return keras.Sequential([Dense(3, activation=a)])\n\n\nmodel = f(tf.nn.softmax)\n",
            None,
        ),
        (
            "def f(a):\n    return keras.Sequential([Dense(3), Activation(a)])\n\n\nmodel = f(tf.nn.softmax)\n",
            None,
        ),
        (
            "def f(a):\n    return keras.Sequential([Dense(3, a), Dense(3, a)])\n\n\nmodel = f('softmax')\n",
            None,
        ),
        (
            "def f(a):\n    return keras.Sequential([Dense(3), Activation(a)])\n\n\nmodel = f('softmax')\n",
            "def f(a):\n    return keras.Sequential([Dense(3), Activation(a)])\n\n\nmodel = f('linear')\n",
        ),
        (
            "A = tf.nn.softmax\nmodel = keras.Sequential([Dense(3, activation=A)])\n",
            "A = tf.nn.softmax\nmodel = keras.Sequential([Dense(3)])\n",
        ),
        # A constant with two readers keeps its value.
        (
            "A = 'softmax'\nmodel = keras.Sequential([Dense(4, activation=A), Dense(3, activation=A)])\n",
            "A = 'softmax'\nmodel = keras.Sequential([Dense(4, activation=A), Dense(3)])\n",
        ),
    ],
)
def test_activations_from_elsewhere(before: str, after: str | None, tmp_path: Path) -> None:
    head = "import keras\nimport tensorflow as tf\nfrom keras.layers import Activation, Dense\n\n"
    old = head + before + COMPILE.format(loss="'categorical_crossentropy'", metrics="[]")
    loss = "keras.losses.CategoricalCrossentropy(from_logits=True)"
    new = old if after is None else head + after + COMPILE.format(loss=loss, metrics="[]")
    assert fixed(tmp_path, old) == new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("keras.losses.get('categorical_crossentropy')", f"{L}CategoricalCrossentropy(from_logits=True)"),
        ("keras.losses.deserialize('categorical_crossentropy')", None),
    ],
)
def test_losses_from_calls(before: str, after: str | None, tmp_path: Path) -> None:
    old = "model = keras.Sequential([Dense(3, activation='softmax')])\n"
    program = KERAS + old + COMPILE.format(loss=before, metrics="[]")
    new = KERAS + old.replace(", activation='softmax'", "") + COMPILE.format(loss=after, metrics="[]")
    assert fixed(tmp_path, program) == (program if after is None else new)


def test_a_fix_that_serves_two_findings_counts_for_both(tmp_path: Path) -> None:
    program = KERAS + "model = keras.Sequential([Dense(3, activation='softmax')])\n"
    program += 2 * COMPILE.format(loss="'categorical_crossentropy'", metrics="[]")
    outcome = fix(tmp_path, {"train.py": program})
    assert len(outcome.applied) == 2 and not outcome.report.diagnostics


@pytest.mark.parametrize("name", ["", ", name='probabilities'"])
def test_tensors_with_a_name_stay(name: str, tmp_path: Path) -> None:
    program = (
        "import tensorflow as tf\n\n\ndef loss(x, y):\n    x = tf.keras.layers.Dense(3)(x)\n"
        "    p = tf.nn.softmax(x{})\n"
        "    return tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=p)\n"
    )
    expected = program.replace("tf.nn.softmax(x{})", "x") if not name else program.format(name)
    assert fixed(tmp_path, program.format(name)) == expected


def test_imports_go_with_the_last_use(tmp_path: Path) -> None:
    program = TORCH.replace("import torch\n", "from torch.nn import Linear, Softmax\n") + torch_model(
        "self.sm = Softmax(dim=1)", "return self.sm(self.fc(x))", "CrossEntropyLoss"
    ).replace(TORCH, "")
    assert fixed(tmp_path, program).startswith("from torch.nn import Linear\n")


def test_ends_in_two_files_change_together_and_only_when_both_are_given(tmp_path: Path) -> None:
    net = torch_model("", "return torch.sigmoid(self.fc(x))", "BCELoss").split("\n\n\ndef train")[0] + "\n"
    train = "import torch.nn as nn\nfrom net import Net\n\nmodel = Net()\nloss = nn.BCELoss()(model(1), 2)\n"
    outcome = fix(tmp_path, {"net.py": net, "train.py": train})
    assert sorted(Path(name).name for name in outcome.files) == ["net.py", "train.py"]
    assert [Path(name).name for name in outcome.groups[0]] == ["net.py", "train.py"]
    alone = fix(tmp_path, {"train.py": train})
    assert not alone.files and {Path(name).name for name in alone.elsewhere} == {"net.py"}


def test_notebook_cells(tmp_path: Path) -> None:
    notebook = (
        '{"cells": [\n {"cell_type": "code", "outputs": [1.50], "source": ["import keras\\n",\n'
        "  \"m = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\"]},\n"
        ' {"cell_type": "code", "source": ["%matplotlib inline\\n",\n'
        "  \"m.compile(loss='categorical_crossentropy')\"]}\n]}\n"
    )
    outcome = fix(tmp_path, {"n.ipynb": notebook}, unsafe=False)
    (result,) = outcome.files.values()
    assert result.decode() == notebook.replace(", activation='softmax'", "").replace(
        "'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy(from_logits=True)"
    )


@pytest.mark.parametrize("after", ["from keras.optimizers import Adam\n", "print(1)\n"])
def test_a_function_of_a_notebook_takes_its_import_from_an_earlier_cell(after: str, tmp_path: Path) -> None:
    """It may be called in the next cell, in a way that is no Python."""
    cells = [
        "from keras.models import Sequential\nfrom keras.layers import Dense\n",
        "def build():\n    model = Sequential([Dense(3, activation='softmax')])\n"
        "    model.compile(loss='categorical_crossentropy')\n    model.fit(x, y)\n",
        "%timeit build()\n",
        after,
    ]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]}
    outcome = fix(tmp_path, {"n.ipynb": json.dumps(content)})
    (result,) = outcome.files.values()
    texts = ["".join(cell["source"]) for cell in json.loads(result)["cells"]]
    assert "from keras.losses import CategoricalCrossentropy" in texts[0]
    assert texts[2:] == cells[2:]


def test_a_logarithm_is_repeated_where_another_cell_reads_the_probabilities(tmp_path: Path) -> None:
    cells = [
        "import tensorflow as tf\n",
        "p = tf.nn.softmax(x)\nloss = -tf.reduce_sum(y * tf.math.log(p))\n",
        "print(p)\n",
    ]
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]}
    outcome = fix(tmp_path, {"n.ipynb": json.dumps(content)}, unsafe=False)
    (result,) = outcome.files.values()
    texts = ["".join(cell["source"]) for cell in json.loads(result)["cells"]]
    assert texts == [cells[0], cells[1].replace("tf.math.log(p)", "tf.nn.log_softmax(x)"), cells[2]]


def test_only_chosen_findings_are_fixed(tmp_path: Path) -> None:
    program = torch_model("", "return F.softmax(self.fc(x), dim=1)", "CrossEntropyLoss")
    assert not fix(tmp_path, {"a.py": program}, select=["SML001"]).files
    silenced = program.replace("dim=1)", "dim=1)  # noqa: SML002")
    assert not fix(tmp_path, {"a.py": silenced}).files


# The command line.


def program_in(folder: Path) -> Path:
    (folder / "pyproject.toml").touch()
    path = folder / "train.py"
    path.write_text(strip(FIXTURES / "mnist" / "seed.py"))
    return path


def test_fix_writes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = program_in(tmp_path)
    path.chmod(0o640)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    assert main(["--fix", "--isolated", str(link)]) == 0
    assert "fixed 1 (1 file)" in capsys.readouterr().out
    assert "from_logits=True" in path.read_text() and link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.py", "pyproject.toml", "train.py"]


def test_diff_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = program_in(tmp_path)
    before = path.read_bytes()
    assert main(["--diff", "--isolated", str(path)]) == 1
    captured = capsys.readouterr()
    assert "-    tf.keras.layers.Softmax(),\n" in captured.out and "would fix 1" in captured.err
    assert path.read_bytes() == before


def test_unsafe_fixes_are_offered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = program_in(tmp_path)
    path.write_text(torch_model("", "return F.softmax(self.fc(x), dim=1)", "CrossEntropyLoss"))
    assert main(["--fix", "--isolated", str(path)]) == 1
    assert "1 with --unsafe-fixes" in capsys.readouterr().out
    assert main(["--fix-only", "--unsafe-fixes", "--isolated", str(path)]) == 0
    assert "F.softmax" not in path.read_text()


def test_groups_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in "abc"]
    for name in names:
        Path(name).write_bytes(b"old")
    Path(names[1]).write_bytes(b"changed by somebody")
    before = dict.fromkeys(names, b"old")
    done, stale = replace_all([names[:2], names[2:]], dict.fromkeys(names, b"new"), before)
    assert (done, stale) == (names[2:], names[:2])
    assert [Path(name).read_bytes() for name in names] == [b"old", b"changed by somebody", b"new"]
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


# Properties.

SPACE = st.sampled_from(["", " ", "  "])
BREAK = st.sampled_from(["", " ", "\n    ", "\n    # note\n    "])
COMMA = st.sampled_from(["", ",", " ,"])


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A Keras program with a mismatch, formatted at random."""
    space, gap, comma = draw(SPACE), draw(BREAK), draw(COMMA)
    last = draw(st.sampled_from([
        "Dense(3), keras.layers.Softmax()", "Dense(3,{g}activation{s}={s}'softmax')", "Dense(3,{g}'softmax')",
        "Dense(3),{g}keras.layers.Activation('softmax')", "Dense(3), keras.layers.Softmax(axis=-1)",
    ])).format(g=gap, s=space)  # fmt: skip
    loss = draw(st.sampled_from(["'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy({g})"]))
    metrics = draw(st.sampled_from(["[]", "['accuracy']", "[ 'acc' , 'categorical_crossentropy', ]"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = f"model = keras.Sequential([{gap}Dense(4),{gap}{last}{comma}{gap}])\n"
    text += f"model.compile({gap}loss={space}{loss.format(g=gap)},{gap}metrics={metrics}{comma}{gap})\n"
    return (KERAS + text).replace("\n", end)


@given(programs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fixing_ends_parses_and_helps(tmp_path: Path, program: str) -> None:
    outcome = fix(tmp_path, {"train.py": program})
    (result,) = outcome.files.values()
    assert not outcome.report.diagnostics
    ast.parse(result)
    assert result.count(b"\r\n") == (result.count(b"\n") if "\r\n" in program else 0)
    assert not fix(tmp_path, {"train.py": result.decode()}).files


@st.composite
def noisy(draw: st.DrawFn) -> str:
    """A program with a finding from the executed tests, with other commas, comments, blank and joined lines."""
    case = draw(st.sampled_from(NOISELESS))
    lines = []
    for line in case.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        if "(" in line and not line.lstrip().startswith(("def ", "class ")):
            between = draw(
                st.sampled_from([", ", ",", " , ", f",\n{indent}      ", f", # why\n{indent}    "])
            )
            head, opening, rest = line.partition("(")
            line = head + opening + rest.replace(", ", between)
        if line.strip() and not line.endswith(":") and "\n" not in line and not draw(st.integers(0, 7)):
            line = draw(
                st.sampled_from([f"{line}  # note", f"{line} ;", f"{line}   ", f"{line}\n", f"\n{line}"])
            )
        lines.append(line)
    return "\n".join(lines)


NOISELESS = [case.text for case in torch_cases()]
NOISELESS += [case.text for case in keras_cases()]
NOISELESS += [case.text for case in logarithm_cases()]

TWICE = """import tensorflow as tf


def f(x):
    p = tf.nn.softmax(x,  # why
          axis=-1)
    print(p.shape)
    return -tf.reduce_mean(tf.math.log(p))
"""


@given(noisy())
@example(TWICE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_does_not_matter(tmp_path: Path, program: str) -> None:
    ast.parse(program)
    outcome = fix(tmp_path, {"train.py": program})
    assert outcome.applied and not outcome.report.diagnostics, outcome.refused
    for each in outcome.applied:
        assert not overlap(each.fix.edits)
    (result,) = outcome.files.values()
    ast.parse(result)
    assert not fix(tmp_path, {"train.py": result.decode()}).files
    kept = {token.string for token in tokens(program) if token.type == tokenize.COMMENT}
    gone = kept - {token.string for token in tokens(result.decode()) if token.type == tokenize.COMMENT}
    assert not gone or all(each.fix.applicability == "unsafe" for each in outcome.applied)


def tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))
