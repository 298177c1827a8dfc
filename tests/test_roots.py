"""One root that runs out of operations, or crashes, leaves the others as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import softmax_lint
from softmax_lint.config import Settings
from softmax_lint.linking import bookkeeping, reach, roots
from softmax_lint.linking.path import Exhausted
from softmax_lint.memory import Chosen
from softmax_lint.run import Run

PROGRAM = """
import torch.nn.functional as F


def heavy(x, y):
    return F.cross_entropy(x, y)


def light(x, y):
    return F.cross_entropy(F.softmax(x, dim=1), y)
"""


@pytest.mark.parametrize(
    ("error", "failures"), [(Exhausted(), 0), (ValueError("broken"), 1), (RecursionError("deep"), 1)]
)
def test_other_roots_go_on(error: Exception, failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = reach.reason

    def reason(machine: Any, function: Any, receiver: Any) -> Any:
        if function.code[2] == "heavy":
            raise error
        return judge(machine, function, receiver)

    monkeypatch.setattr(reach, "reason", reason)
    result = softmax_lint.check_source(PROGRAM)
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["SML002"]
    assert len(result.failures) == failures


@pytest.mark.parametrize(
    ("test", "runs"), [("TYPE_CHECKING", False), ("x", True), ("not TYPE_CHECKING", True)]
)
def test_what_is_imported_for_type_checkers_does_not_run(test: str, runs: bool, tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text(f"from typing import TYPE_CHECKING\nif {test}:\n    from b import *\n", encoding="utf-8")
    second.write_text("from torch import nn\nloss = nn.NLLLoss()\n", encoding="utf-8")
    run = Run([str(first)], Settings(str(tmp_path)), {})
    run.chosen = Chosen((str(first),), frozenset((str(first), str(second))), False)
    run.report(None)
    states = {os.path.basename(file.path): file.state for file in run.modules.files}
    assert states == {"a.py": "done", "b.py": "done" if runs else "new"}


WORDS = [
    ("log_softmax", True),
    ("Sigmoid", True),
    ("logits", True),
    ("log", True),
    ("logger", False),
    ("logging", False),
]


@pytest.mark.parametrize(("word", "names"), WORDS)
def test_books_are_kept_of_what_names_no_layer(word: str, names: bool) -> None:
    assert bookkeeping._names_one(word) is names


MANY = "\n".join(f"def f{number}(model, x):\n    return helper(model, x, {number})" for number in range(40))
HELPERS = {
    "def helper(model, x, y):\n    return model.criterion(x, y)": reach.MOST_FUTILE,
    "def helper(model, x, y):\n    return nn.functional.cross_entropy(model(x), y)": 40,
}


@pytest.mark.parametrize(("helper", "runs"), HELPERS.items())
def test_what_leads_to_nothing_is_given_up(helper: str, runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many functions that call one whose sink none of them meets are not all run for that."""
    ran: list[str] = []
    attempt = roots._try

    def counted(machine: Any, function: Any, *more: Any) -> bool:
        ran.append(function.code[2])
        return attempt(machine, function, *more)

    monkeypatch.setattr(roots, "_try", counted)
    softmax_lint.check_source(
        "from torch import nn\n\nclass A:\n    def __init__(self, c):\n        self.criterion = c.loss\n\n"
        f"def other():\n    return nn.NLLLoss()\n\n{helper}\n\n{MANY}"
    )
    assert sum(name.startswith("f") for name in ran) == runs


LONG = "\n".join(f"        a{number} = {number}" for number in range(bookkeeping.MANY))
# What the `__init__` of a class keeps that runs long -> whether its further runs matter.
KEPT = {
    "self.criterion = F.cross_entropy": True,
    "self.criterion = Criterion()": True,
    "self.criterion = [Wrapped(Criterion())][0].inner": True,
    "self.books = [Node(1, [], Item(helper))]": False,
    "self.books = {'a': [[[['key']]]]}": False,
    "self.books = [Node(1, [[]], Item(nn.functional.cross_entropy))]": True,
}


@pytest.mark.parametrize(("kept", "matters"), KEPT.items())
def test_long_functions_that_only_keep_books_are_given_up(kept: str, matters: bool) -> None:
    """However deep in lists and objects it stands, what applies a loss is no entry of a book."""
    uses = "\n".join(
        f"def run{number}(x, y):\n    return Trainer().criterion(F.softmax(x, dim=1), y)"
        for number in range(6)
    )
    text = (
        "from collections import namedtuple\nfrom torch import nn\nimport torch.nn.functional as F\n\n"
        "Node = namedtuple('Node', ['key', 'edges', 'data'])\n\n"
        "class Criterion:\n    def __call__(self, x, y):\n        return F.cross_entropy(x, y)\n\n"
        "class Wrapped:\n    def __init__(self, inner):\n        self.inner = inner\n\n"
        "class Item:\n    def __init__(self, function):\n        self.function = function\n\n"
        "def helper(x):\n    return x\n\n"
        f"class Trainer:\n    def __init__(self):\n{LONG}\n        {kept}\n\n{uses}\n"
    )
    path = os.path.abspath("example.py")
    run = Run([path], Settings(os.getcwd()), {path: text.encode()})
    found = run.report(None).diagnostics
    if matters:
        assert max(run.machine.dull.values(), default=0) == 0
    else:
        assert max(run.machine.dull.values()) >= bookkeeping.RUNS
    assert len(found) == (6 if "self.criterion" in kept else 0)


BIG = "\n".join(f"        self.a{number} = {number}" for number in range(15_000))
# What stands before the loss -> what there is to find: what takes too long is given up, and no more.
GIVEN_UP = {
    "model = Big() if big else nn.Sequential(nn.Linear(3, 4), nn.Softmax(1))": ["SML002"],
    "model = Big()": [],
    "big = Big()\n    model = Simple()": ["SML002"],
    "model = Simple()\n    model.grow()": ["SML002"],
}


@pytest.mark.parametrize("before", GIVEN_UP)
@pytest.mark.parametrize("main", ["main(input())", ""])
def test_a_call_that_takes_too_long_hides_no_loss(before: str, main: str) -> None:
    text = (
        "from torch import nn\nimport torch.nn.functional as F\n\n"
        f"class Big(nn.Module):\n    def __init__(self):\n{BIG}\n"
        "        self.last = nn.Softmax(1)\n\n    def forward(self, x):\n        return self.last(x)\n\n"
        "class Simple(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(3, 4)\n\n"
        f"    def grow(self):\n{BIG}\n\n"
        "    def forward(self, x):\n        return F.softmax(self.fc(x), 1)\n\n"
        f"def main(big):\n    {before}\n    for x, y in []:\n"
        f"        nn.CrossEntropyLoss()(model(x), y).backward()\n\n{main}\n"
    )
    path = os.path.abspath("example.py")
    report = Run([path], Settings(os.getcwd()), {path: text.encode()}).report(None)
    assert [each.code for each in report.diagnostics] == GIVEN_UP[before]
    assert len(report.verdicts) == 1
