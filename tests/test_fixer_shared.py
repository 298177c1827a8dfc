"""Executed: what an activation does elsewhere, and what is reached by its position, is the same after a fix."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
from pathlib import Path

import pytest
from test_fixer import fix

from softmax_lint.config import Settings
from softmax_lint.pair import OUTPUT
from softmax_lint.run import Run

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

START = """import torch
import torch.nn as nn

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(5, 4)
y = torch.tensor([[0.0], [1], [1], [0], [1]])
classes = torch.tensor([0, 1, 2, 0, 1])
"""
NET = """

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 6)
        self.fc2 = nn.Linear(6, 1)
{built}

    def forward(self, x):
        {forward}


net = Net()
print(round(nn.BCELoss()(net(x), y).item(), 4))
{tail}"""
KERAS_START = """import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
y = np.arange(6) % 3
"""
COMPILED = """
model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
print([round(float(v), 4) for v in model.evaluate(x, y, verbose=0)])
"""


def net(built: str, forward: str, tail: str = "") -> str:
    lines = "\n".join(f"        {line}" for line in built.splitlines())
    return START + NET.format(built=lines, forward=forward, tail=tail)


FACTORY = """

def activation(name):
    if name == "sigmoid":
        layer = nn.Sigmoid()
    else:
        layer = nn.ReLU()
    return layer


"""
# A program, and a text that the fixed one has. None: there is no fix.
PROGRAMS = {
    "one object for the output and before": (
        net("self.act = nn.Sigmoid()", "return self.act(self.fc2(self.act(self.fc1(x))))"),
        "return self.fc2(self.act(self.fc1(x)))",
    ),
    "a gate and an output": (
        net(
            "self.act = nn.Sigmoid()",
            "return self.act(self.fc2(self.gate(self.fc1(x))))\n\n"
            "    def gate(self, h):\n        return h * self.act(h)",
        ),
        "return self.fc2(self.gate(self.fc1(x)))",
    ),
    "one object twice in a container": (
        net("self.act = nn.Sigmoid()\nself.net = nn.Sequential(self.fc1, self.act, self.fc2, self.act)",
            "return self.net(x)"),
        None,
    ),
    "an object of the module": (
        START + "sigmoid = nn.Sigmoid()\nfc1, fc2 = nn.Linear(4, 6), nn.Linear(6, 1)\n\n\n"
        "def model(x):\n    return sigmoid(fc2(sigmoid(fc1(x))))\n\n\n"
        "print(round(nn.BCELoss()(model(x), y).item(), 4))\n",
        "return fc2(sigmoid(fc1(x)))",
    ),
    "an object of the class that samples are made with": (
        START + "\n\nclass Experiment:\n    # for masks\n    sigmoid = nn.Sigmoid()\n    fc = nn.Linear(4, 1)\n\n"
        "    def sample(self):\n        return (x * self.sigmoid(self.fc(x))).sum().item()\n\n"
        "    def train(self):\n        return nn.BCELoss()(self.sigmoid(self.fc(x)), y)\n\n\n"
        "run = Experiment()\nprint(round(run.train().item(), 4), round(run.sample(), 4))\n",
        "    sigmoid = nn.Sigmoid()\n",
    ),
    "a factory that gives the gate, too": (
        net('self.gate = activation("sigmoid")\nself.out = activation("sigmoid")',
            "h = self.fc1(x)\n        return self.out(self.fc2(h * self.gate(h)))")
        .replace("\n\nclass", FACTORY + "class"),
        None,
    ),
    "a factory in a loop": (
        net('self.fcs = nn.ModuleList([self.fc1, self.fc2])\n'
            'self.acts = nn.ModuleList([activation("sigmoid") for _ in range(2)])',
            "for i in range(2):\n            x = self.acts[i](self.fcs[i](x))\n        return x")
        .replace("\n\nclass", FACTORY + "class"),
        None,
    ),
    "one object given twice": (
        net("self.act = act\nself.gate = gate", "return self.act(self.fc2(self.gate(self.fc1(x))))")
        .replace("(self):", "(self, act, gate):").replace("Net()", "Net(sigmoid, sigmoid)")
        .replace("\n\nclass", "sigmoid = nn.Sigmoid()\n\n\nclass"),
        None,
    ),
    "one object under two names": (
        net("self.act = self.out = nn.Sigmoid()", "return self.out(self.fc2(self.act(self.fc1(x))))"),
        None,
    ),
    "an entry of a table for two": (
        net("self.gate = ACTS['s']\nself.out = ACTS['s']", "return self.out(self.fc2(self.gate(self.fc1(x))))")
        .replace("\n\nclass", "ACTS = {'s': nn.Sigmoid(), 'r': nn.ReLU()}\n\n\nclass"),
        None,
    ),
    "entries of a table": (
        net("self.gate = ACTS['r']\nself.out = ACTS['s']", "return self.out(self.fc2(self.gate(self.fc1(x))))")
        .replace("\n\nclass", "ACTS = {'s': nn.Sigmoid(), 'r': nn.ReLU()}\n\n\nclass"),
        "{'s': nn.Identity(), 'r': nn.ReLU()}",
    ),
    "one activation in every round of a loop": (
        net("self.act = nn.Sigmoid()",
            "for layer in (self.fc1, self.fc2):\n            x = self.act(layer(x))\n        return x"),
        None,
    ),
    "an activation in a loop over batches": (
        START + "net = nn.Linear(4, 1)\nfor _ in range(2):\n    out = net(x)\n    out = torch.sigmoid(out)\n"
        "    print(round(nn.BCELoss()(out, y).item(), 4))\n",
        "    out = net(x)\n    print(",
    ),
    "blocks of one kind, inside and last": (
        START + "\n\ndef block(i, o):\n    return nn.Sequential(nn.Linear(i, o), nn.Sigmoid())\n\n\n"
        "net = nn.Sequential(block(4, 6), block(6, 1))\nprint(round(nn.BCELoss()(net(x), y).item(), 4))\n",
        None,
    ),
    "blocks of one class, one after the other": (
        START + "\n\nclass Block(nn.Module):\n    def __init__(self, i, o, act=None):\n        super().__init__()\n"
        "        self.fc = nn.Linear(i, o)\n        self.act = act or nn.Sigmoid()\n\n"
        "    def forward(self, x):\n        return self.act(self.fc(x))\n\n\n"
        "net = nn.Sequential(Block(4, 6), Block(6, 1))\nprint(round(nn.BCELoss()(net(x), y).item(), 4))\n",
        None,
    ),
    "blocks of one class, the first with another activation": (
        START + "\n\nclass Block(nn.Module):\n    def __init__(self, i, o, act):\n        super().__init__()\n"
        "        self.fc = nn.Linear(i, o)\n        self.act = act\n\n"
        "    def forward(self, x):\n        return self.act(self.fc(x))\n\n\n"
        "net = nn.Sequential(Block(4, 6, nn.ReLU()), Block(6, 1, nn.Sigmoid()))\n"
        "print(round(nn.BCELoss()(net(x), y).item(), 4))\n",
        "Block(6, 1, nn.Identity())",
    ),
    "a model made in every round of a loop": (
        KERAS_START + "for _ in range(2):\n    model = keras.Sequential()\n    model.add(keras.Input((4,)))\n"
        "    model.add(layers.Dense(3, activation='softmax'))\n"
        "    model.compile('sgd', loss='sparse_categorical_crossentropy')\n"
        "    print(round(float(model.evaluate(x, y, verbose=0)), 3))\n",
        "model.add(layers.Dense(3))",
    ),
    "a loop before the output": (
        net("", "for _ in range(1):\n            x = self.fc1(x)\n        return torch.sigmoid(self.fc2(x))"),
        "return self.fc2(x)",
    ),
    "an attribute that is counted with the others": (
        net("self.act = nn.Sigmoid()", "return self.act(self.fc2(torch.relu(self.fc1(x))))",
            "print(len(list(net.children())[:-1]))\n"),
        "self.act = nn.Identity()",
    ),
    "modules that are looked at one by one": (
        net("self.act = nn.Sigmoid()\nfor m in self.modules():\n    if isinstance(m, nn.Linear):\n"
            "        nn.init.zeros_(m.bias)",
            "return self.act(self.fc2(torch.relu(self.fc1(x))))"),
        "return self.fc2(torch.relu(self.fc1(x)))",
    ),
    "the logarithm of what a call gave, as a method": (
        START + "net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))\nout = net(x)\n"
        "print(round(nn.functional.nll_loss(out.log(), classes).item(), 4))\nprint(out.argmax(1))\n",
        "out = net(x)\n",
    ),
    "a function that is called without asking": (
        net("self.act = act", "return self.act(self.fc2(torch.relu(self.fc1(x))))")
        .replace("(self):", "(self, act):").replace("Net()", "Net(torch.sigmoid)")
        .replace("nn.BCELoss()(net(x), y)", "-torch.log(net(x)).mean()"),
        None,
    ),
    "children without the last": (
        net("self.net = nn.Sequential(self.fc1, nn.ReLU(), self.fc2, nn.Sigmoid())", "return self.net(x)",
            "print(nn.Sequential(*list(net.net.children())[:-1])(x).shape)\n"),
        "nn.Identity()",
    ),
    "a slice of what was appended to": (
        net("parts = [self.fc1, nn.ReLU(), self.fc2]\nparts.append(nn.Sigmoid())\nself.parts = nn.ModuleList(parts)",
            "for part in self.parts:\n            x = part(x)\n        return x",
            "print(len(net.parts), len(net.parts[:-2]))\n"),
        "nn.Identity()",
    ),
    "an index into what a function gives": (
        START + "\n\ndef build():\n    parts = [nn.Linear(4, 6), nn.Linear(6, 1), nn.Sigmoid()]\n"
        "    return nn.Sequential(*parts)\n\n\nnet = build()\nprint(round(nn.BCELoss()(net(x), y).item(), 4))\n"
        "print(net[-2])\n",
        "nn.Identity()",
    ),
    "layers of Keras by position": (
        KERAS_START + "model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Softmax()])"
        + COMPILED + "print(model.layers[-2].units)\n",
        "layers.Activation('linear')",
    ),
    "the last layer of Keras is taken off": (
        KERAS_START + "model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])\n"
        "model.add(layers.Activation('softmax'))" + COMPILED
        + "model.pop()\nprint(model.predict(x, verbose=0).shape)\n",
        "layers.Activation('linear')",
    ),
    "layers that a loop adds": (
        KERAS_START + "model = keras.Sequential([keras.Input((4,))])\nfor n in (4, 3):\n"
        "    model.add(layers.Dense(n, activation='softmax'))\n" + COMPILED,
        None,
    ),
    "layers that a loop adds, each with its activation": (
        KERAS_START + "model = keras.Sequential([keras.Input((4,))])\n"
        "for n, act in ((4, 'relu'), (3, 'softmax')):\n"
        "    model.add(layers.Dense(n, activation=act))\n" + COMPILED,
        "(3, 'linear')",
    ),
    "a block on a block": (
        KERAS_START + "input = keras.Input((4,))\n\n\ndef block(t, n):\n"
        "    return layers.Dense(n, activation='softmax')(t)\n\n\n"
        "model = keras.Model(input, block(block(input, 4), 3))\n" + COMPILED,
        None,
    ),
    "a block on what a block gave before": (
        KERAS_START + "input = keras.Input((4,))\n\n\ndef block(t, n):\n"
        "    return layers.Dense(n, activation='softmax')(t)\n\n\n"
        "h = block(input, 4)\nh = block(h, 3)\nmodel = keras.Model(input, h)\n" + COMPILED,
        None,
    ),
    "a layer of another model on the output": (
        KERAS_START + "input = keras.Input((4,))\nout = layers.Dense(3, activation='softmax')(input)\n"
        "model = keras.Model(input, out)\nother = keras.Model(input, layers.Rescaling(2.0)(out))\n" + COMPILED
        + "print(other.predict(x, verbose=0).round(3))\n",
        None,
    ),
    "one builder, given an activation each time": (
        KERAS_START + "\n\ndef build(act):\n"
        "    return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation=act)])\n\n\n"
        "model = build('softmax')\nother = build('softmax')\n" + COMPILED
        + "print(other.predict(x, verbose=0).round(3))\n",
        "print(other.predict(x, verbose=0).round(3))\n",
    ),
    "an output in a formatted string": (
        KERAS_START + "model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation='softmax')])\n"
        + COMPILED + "print(f'{np.max(model.predict(x, verbose=0)):.3f}')\n",
        'layers.Softmax(dtype="float32")',
    ),
    "entries assigned to one of several outputs": (
        KERAS_START + "input = keras.Input((4,))\nout = layers.Dense(3, activation='softmax')(input)\n"
        "model = keras.Model(input, [out, layers.Dense(1)(input)])\n"
        "model.compile('sgd', loss=['sparse_categorical_crossentropy', 'mse'])\nmodel.fit(x, [y, y], verbose=0)\n"
        "p = model.predict(x, verbose=0)\np[0][p[0] > 0.5] = 1\nprint(p[0].round(3))\n",
        None,
    ),
    "one layer of Keras for attention and output": (
        KERAS_START + 'softmax = layers.Activation("softmax")\ninput = keras.Input((4,))\n'
        "h = layers.Multiply()([input, softmax(layers.Dense(4)(input))])\n"
        "output = softmax(layers.Dense(3)(h))\nmodel = keras.Model(input, output)" + COMPILED,
        "output = layers.Dense(3)(h)",
    ),
}  # fmt: skip
MODEL = """import torch.nn as nn
{head}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        return {forward}
"""
USED = (
    START
    + "from model import Net{names}\n\nnet = Net()\nnn.CrossEntropyLoss()(net(x), classes).backward()\n{tail}\n"
)
# Programs whose loss is wrong: what is shared stays as it is.
WRONG = {
    "probabilities into NLLLoss": (
        net("self.act = nn.Softmax(dim=1)", "return self.act(self.fc2(self.act(self.fc1(x))))")
        .replace("(6, 1)", "(6, 3)").replace("BCELoss()(net(x), y)", "NLLLoss()(net(x), classes)"),
        "        self.act = nn.Softmax(dim=1)\n",
    ),
    "one object of a container twice": (
        START + "act = nn.Softmax(dim=1)\nnet = nn.Sequential(nn.Linear(4, 6), act, nn.Linear(6, 3), act)\n"
        "print(round(nn.NLLLoss()(net(x), classes).item(), 4))\n",
        "act = nn.Softmax(dim=1)\n",
    ),
}  # fmt: skip
FILES = {
    "an attribute that another file calls": (
        {"head": "", "forward": "self.softmax(self.fc(x))"},
        {"names": "", "tail": "print(net.softmax(net.fc(x)))"},
        "return self.fc(x)\n",
    ),
    "a name that another file imports": (
        {"head": "from torch.nn.functional import softmax\n", "forward": "softmax(self.fc(x), dim=1)"},
        {"names": ", softmax", "tail": "print(softmax(net.fc(x), dim=1))"},
        "import softmax\n",
    ),
    "another name of a function that another file imports": (
        {
            "head": "from torch.nn import functional as F\n\nact = F.softmax\n",
            "forward": "act(self.fc(x), dim=1)",
        },
        {"names": ", act", "tail": "print(act(net.fc(x), dim=1))"},
        "act = F.softmax\n",
    ),
    "a name that another file imports with all others": (
        {"head": "from torch.nn.functional import softmax\n", "forward": "softmax(self.fc(x), dim=1)"},
        {"names": "\nfrom model import *", "tail": "print(softmax(net.fc(x), dim=1))"},
        "import softmax\n",
    ),
}


def printed(folder: Path) -> str:
    out = io.StringIO()
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(str(folder / "main.py"), run_name="__main__")
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("model", None)
    return out.getvalue()


def check(folder: Path, files: dict[str, str], where: str, expected: str | None) -> None:
    result = fix(folder, files)
    texts = {
        name: result.files.get(str(folder / name), text.encode()).decode() for name, text in files.items()
    }
    if expected is None:
        assert texts == files
        return
    assert texts != files
    assert expected in texts[where]
    before = printed(folder)
    for name, text in texts.items():
        (folder / name).write_text(text)
    assert printed(folder) == before


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_else_uses_an_activation(name: str, tmp_path: Path) -> None:
    program, expected = PROGRAMS[name]
    pytest.importorskip("keras" if program.startswith("import keras") else "torch")
    check(tmp_path, {"main.py": program}, "main.py", expected)


@pytest.mark.parametrize("name", WRONG)
def test_what_a_wrong_loss_shares(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    program, kept = WRONG[name]
    outcome = fix(tmp_path, {"main.py": program})
    assert kept in outcome.files.get(str(tmp_path / "main.py"), program.encode()).decode()


@pytest.mark.parametrize("name", FILES)
def test_what_other_files_use(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model, main, expected = FILES[name]
    check(tmp_path, {"model.py": MODEL.format(**model), "main.py": USED.format(**main)}, "model.py", expected)


def test_what_an_object_keeps_is_mentioned(tmp_path: Path) -> None:
    program = net(
        "",
        "self.last = torch.sigmoid(self.fc2(self.fc1(x)))\n        return self.last",
        "print(net.last[0])\n",
    ).replace("BCELoss", "BCEWithLogitsLoss")
    outcome = fix(tmp_path, {"main.py": program})
    assert [each.diagnostic.code for each in outcome.applied] == ["SML102"]
    assert "not followed" in outcome.applied[0].fix.message


WATCHED = """
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Softmax(dim=1), nn.Linear(4, 3), nn.Softmax(dim=1))
out = net(x)
"""


@pytest.mark.parametrize("watching", [0, 1])
def test_outputs_are_looked_at_only_where_fixes_are_planned(watching: int, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(f"{WATCHED}nn.functional.cross_entropy(out, y)\n")
    run = Run([str(path)], Settings(str(tmp_path)), {})
    run.machine.watching = watching
    run.report(None)
    met = {(meeting.meeting, meeting.name) for meeting in run.machine.meetings.values()}
    watched = {name for kind, name in met if kind == OUTPUT}
    assert watched == ({"layer", "output"} if watching else set())
    assert any(kind != OUTPUT for kind, _ in met)
