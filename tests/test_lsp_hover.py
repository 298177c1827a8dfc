"""What a name is said to hold where it stands, in scripts and notebooks."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from softmax_lint.lsp.analysis import Analysis, notebook, script

NET = """import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 10)

    def forward(self, x):
        return F.softmax(self.out(x), dim=-1)


"""
TEN = "probabilities: softmax over axis -1, 10 classes, from net.py:12"
LOGITS = "raw scores, 10 units, from net.py:9"
LOG = "log-probabilities: log-softmax over axis -1, 10 classes, from net.py:16"


def held(text: str, folder: Path, mark: str = "^") -> tuple[str, tuple[str, ...]] | None:
    """What is said of the name after the mark, which is taken out."""
    before, _, after = text.partition(mark)
    row, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    analysis = Analysis(folders=[str(folder)])
    path = str(folder / "net.py")
    analysis.put(path, script(before + after))
    found = analysis.held(path, None, row, column)
    if found is None:
        return None
    shown = (before + after).split("\n")[found.place.row - 1]
    if found.place.row == found.place.end_row:
        assert shown[found.place.column - 1 : found.place.end_column - 1] == found.text
    return found.text, found.lines


@pytest.mark.parametrize(
    ("code", "text", "lines"),
    [
        ("net = Net()\n^probs = net(x)\n", "probs", (TEN,)),
        ("net = Net()\nprobs = net(x)\nprint(^probs)\n", "probs", (TEN,)),
        ("net = Net()\nprobs = ^net(x)\n", "net(x)", (TEN,)),
        ("net = Net()\nprobs = net(x).^log()\n", "net(x).log()", (LOG,)),
        ("def f(net=Net()):\n    for x in data:\n        y, ^p = x, net(x)\n", "p", (TEN,)),
        ("def f(^p):\n    return p + 1\nf(Net()(x))\n", "p", (TEN,)),
        ("def f(^p):\n    '''One.'''\n    return p\nf(Net()(x))\n", "p", (TEN,)),
        ("def f(^p):\n    if p is None:\n        return 1\n    return p\nf(Net()(x))\n", "p", (TEN,)),
        ("def f(^p):\n    with a(p) as b:\n        return 1\nf(Net()(x))\n", "p", (TEN,)),
        ("g = lambda ^p: p\ng(Net()(x))\n", "p", (TEN,)),
        ("for ^p in [Net()(x)]:\n    print(p)\n", "p", (TEN,)),
        ("print([^p for p in [Net()(x)]])\n", "p", (TEN,)),
        ("if (^p := Net()(x)) is not None:\n    pass\n", "p", (TEN,)),
        ("self.^p = Net()(x)\n", None, ()),
        ("net = Net()\nnet.^p = net(x)\n", "net.p", (TEN,)),
        ("net = Net()\nnet.p = net(x)\nprint(net.^p)\n", "net.p", (TEN,)),
        ("s = 'é𝛼'; p = Net()(x); print('é𝛼', ^p)\n", "p", (TEN,)),
        (
            "p = F.^softmax(z)\n",
            "F.softmax(z)",
            ("probabilities: softmax over an implicit axis, from net.py:15",),
        ),
        ("p = torch.relu(z)\n^p\n", "p", ("hidden activation: relu, from net.py:15",)),
        (
            "p = torch.^sigmoid(nn.Linear(4, 1)(x))\n",
            None,
            ("probabilities: sigmoid, 1 unit, from net.py:15",),
        ),
        ("p = Net()(x) if z else Net().out(x)\nprint(^p)\n", "p", (TEN, LOGITS)),
        ("p = Net()(x) if z else z\nprint(^p)\n", "p", (TEN, "or something that is not known")),
        ("print(^x)\n", None, ()),
        ("print(^)\n", None, ()),
        ("p = Net()(x)\n^\n", None, ()),
        ("p = Net()(x)\nprint(^p\n", None, ()),
        ("p = Net()(x)  # ^p\n", None, ()),
        ("^import os\n", None, ()),
    ],
)
def test_held(tmp_path: Path, code: str, text: str | None, lines: tuple[str, ...]) -> None:
    found = held(NET + code, tmp_path)
    assert (found[1] if found else ()) == lines
    if text is not None:
        assert found
        assert found[0] == text


def test_names_inside_a_model_nobody_trains(tmp_path: Path) -> None:
    text = NET.replace("return F", "^p = self.out(x)\n        return F")
    assert held(text, tmp_path) == ("p", (LOGITS,))


@pytest.mark.parametrize(("cell", "row", "column"), [(1, 2, 1), (4, 2, 7)])
def test_notebooks(tmp_path: Path, cell: int, row: int, column: int) -> None:
    cells = [
        ("from torch import nn\np = nn.Softmax(dim=1)(x)", True),
        ("# Text", False),
        ("%%bash\nls", True),
        ("%matplotlib inline\nprint(p)", True),
    ]
    analysis = Analysis(folders=[str(tmp_path)])
    path = str(tmp_path / "nb.ipynb")
    analysis.put(path, notebook(cells))
    found = analysis.held(path, cell, row, column)
    assert found
    assert (found.text, found.place.cell, found.place.row) == ("p", cell, row)
    assert found.lines == ("probabilities: softmax over axis 1, from nb.ipynb:cell 1, row 2",)


def test_the_other_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "net.py").write_text(NET, encoding="utf-8")
    analysis = Analysis(folders=[str(tmp_path)])
    path = str(tmp_path / "train.py")
    analysis.put(path, script("from lib.net import Net\n\nprobs = Net()(x)\n"))
    found = analysis.held(path, None, 3, 1)
    assert found
    assert found.lines == (TEN.replace("net.py", "lib/net.py"),)
