"""Functions that only keep books do not use up what a program may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from softmax_lint.project import check

BOOKS = """import torch.nn.functional as F
from torch import nn


class Graph:
    def __init__(self):
        self.index = {}
        self.edges = []

    def place(self, name):
        if name not in self.index:
            self.index[name] = len(self.index)
        self.seen = name
        self.last = name
        return self.index[name]

    def connect(self, first, second):
        a = self.place(first)
        b = self.place(second)
        self.edges.append((a, b))


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out = nn.Linear(width, 4)

    def forward(self, x):
        return F.softmax(self.out(x), dim=1)


graph = Graph()
"""


@pytest.mark.parametrize("calls", [10, 900])
def test_books_cost_little(tmp_path: Path, calls: int) -> None:
    path = tmp_path / "train.py"
    lines = "".join(f"graph.connect(read({n}), read({n} + 1))\n" for n in range(calls))
    path.write_text(f"{BOOKS}{lines}F.cross_entropy(Net(8)(data()), target())\n", encoding="utf-8")
    assert [each.code for each in check([str(path)]).diagnostics] == ["SML002"]
