"""After an edit only what it touches is run again, and the outcome is that of a run of everything."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from shell import named, tree

from softmax_lint import project, retrace, rules
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.linking.rerun import Rerun

FIXTURES = Path(__file__).parent.parent / "fixtures" / "projects"
CODES = frozenset(rule.code for rule in rules.RULES)
NET = (
    "import torch.nn.functional as F\nfrom torch import nn\n\n\nclass {name}(nn.Module):\n"
    "    def __init__(self):\n        super().__init__()\n        self.out = nn.Linear(4, 3)\n\n"
    "    def forward(self, x):\n        return {end}\n"
)
SOFT, RAW = "F.softmax(self.out(x), 1)", "self.out(x)"
TRAIN = (
    "import shared\nfrom torch import nn\nfrom {module} import {name}\n\n"
    "loss = nn.CrossEntropyLoss()\nnet = {name}()\n\n\n"
    "def step(x, y):\n    return loss(net(x), y)\n"
)


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrace, "LARGE", 0)


def check(cached: bool = True) -> Report:
    told = Settings(os.getcwd(), selected=CODES, cache=cached, cache_dir=os.path.abspath("../kept"), jobs=1)
    return project.check(["."], settings=told)


def pair(number: int, end: str = SOFT) -> dict[str, str]:
    """A model and a file that trains it."""
    name, module = f"Net{number}", f"net{number}"
    return {
        f"{module}.py": NET.format(name=name, end=end),
        f"train{number}.py": TRAIN.format(module=module, name=name),
    }


# All that imports it is run as one.
SHARED = {"shared.py": "width = 4\n"}
PAIRS = SHARED | pair(1) | pair(2) | pair(3, RAW)
STEP = "import shared\nfrom torch import nn\n{more}\n\ndef step(x, y):\n    return nn.CrossEntropyLoss()({end}, y)\n"
ENDS = "import torch\n\n\ndef end(x):\n    return torch.softmax(x, 1)\n\n\ndef raw(x):\n    return x\n"


def beside(files: dict[str, str]) -> dict[str, str]:
    """The files, in a project with others."""
    return {**files, **SHARED, **pair(1), **pair(2)}


MIDDLE = beside(
    {
        "net.py": NET.format(name="Net", end=RAW),
        "ends.py": ENDS,
        "middle.py": "import ends\nfrom net import Net\n\n\ndef output(x):\n    return ends.end(Net()(x))\n",
        "train.py": STEP.format(more="from middle import output\n", end="output(x)"),
    }
)
STAR = beside(
    {
        "ends.py": ENDS,
        "names.py": "from ends import *\n",
        "train.py": STEP.format(more="from names import end\n", end="end(x)"),
    }
)
READ = beside(
    {
        "net.py": NET.format(name="Net", end=RAW).replace("3", "1"),
        "predict.py": "import shared\nfrom net import Net\n\n\ndef hits(x):\n    return Net()(x) > 0.5\n",
        "train.py": "import shared\nfrom torch import nn\nfrom net import Net\n\nnet = Net()\nloss = nn.MSELoss()\n\n\n"
        "def step(x, y):\n    return loss(net(x), y)\n\n\nother = nn.BCEWithLogitsLoss()\n",
    }
)
ALONE = beside(
    {
        "step.py": STEP.format(more="import torch\n", end="torch.softmax(x, 1)"),
        "train.py": "import shared\nimport step\n\nstep.step(1, 2)\n",
    }
)
KNOWN = beside(
    {
        "known.py": "KNOWN = {}\n\n\ndef register(made):\n    KNOWN[made.__name__] = made\n    return made\n",
        "net.py": "from known import register\n"
        + NET.format(name="Net", end=SOFT).replace("class", "@register\nclass"),
        "train.py": STEP.format(
            more="import net\nfrom known import KNOWN\n\nmade = KNOWN['Net']()\n", end="made(x)"
        ),
    }
)
UNUSED = ALONE | {"train.py": ALONE["train.py"].replace("step.step(1, 2)", "pass")}
# Files; what is edited: file, old, new; the roots that run again, None for all.
EDITS: list[tuple[str, dict[str, str], tuple[str, str, str], set[str] | None]] = [
    ("a model", PAIRS, ("net1.py", SOFT, RAW), {"net1.py", "train1.py"}),
    ("a model that comes to be wrong", PAIRS, ("net3.py", RAW, SOFT), {"net3.py", "train3.py"}),
    ("a training", PAIRS, ("train2.py", "CrossEntropyLoss()", "MSELoss()"), {"train2.py"}),
    ("a comment", PAIRS, ("net1.py", "class", "# a model\nclass"), {"net1.py", "train1.py"}),
    ("what is imported and not used", PAIRS, ("shared.py", "4", "5"), set()),
    ("what hands on", MIDDLE, ("middle.py", "Net()(x)", "Net()(x + 0)"), {"middle.py", "train.py"}),
    ("what stands between both ends", MIDDLE, ("middle.py", "ends.end", "ends.raw"), None),
    (
        "a name that is gone",
        MIDDLE,
        ("ends.py", "def end", "def other"),
        {"ends.py", "middle.py", "train.py"},
    ),
    ("a name that a star brought", STAR, ("ends.py", "def end", "def other"), {"ends.py", "train.py"}),
    ("logits that others read", READ, ("train.py", "MSELoss", "BCEWithLogitsLoss"), None),
    ("a call that is gone", ALONE, ("train.py", "step.step(1, 2)", "pass"), None),
    ("a call that is new", UNUSED, ("train.py", "pass", "step.step(1, 2)"), None),
    ("what is in a registry", KNOWN, ("net.py", "softmax", "log_softmax"), {"net.py"}),
    ("what is taken from a registry", KNOWN, ("train.py", "KNOWN['Net']()", "nn.Linear(4, 3)"), None),
    ("what does not parse", PAIRS, ("net1.py", "(self, x)", "(self, x"), {"net1.py", "train1.py"}),
]


@pytest.mark.parametrize(("files", "edit", "again"), named(EDITS))
def test_edit(
    files: dict[str, str],
    edit: tuple[str, str, str],
    again: set[str] | None,
    linked: list[set[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "code").mkdir()
    monkeypatch.chdir(tmp_path / "code")
    tree({**files, "pyproject.toml": ""})
    assert check() == check(False)
    name, old, new = edit
    text = Path(name).read_text(encoding="utf-8")
    assert old in text
    Path(name).write_text(text.replace(old, new), encoding="utf-8")
    linked.clear()
    found = check()
    runs = list(linked)
    assert found == check(False)
    # All that can be a root is one where everything ran.
    roots = set.union(*linked[len(runs) :])
    assert runs[-1] == (roots if again is None else again & roots)
    # The trace that was put together serves the next edit.
    Path(name).write_text(text, encoding="utf-8")
    assert check() == check(False)


WORDS = [
    ("softmax", "relu"),
    ("Softmax", "ReLU"),
    ("Sigmoid", "ReLU"),
    ("CrossEntropyLoss", "NLLLoss"),
    ("BCELoss", "BCEWithLogitsLoss"),
]


def edited(text: str, chance: random.Random) -> str:
    """The text after somebody changed something."""
    lines = text.split("\n")
    statements = [at for at, line in enumerate(lines) if re.match(r"[ \t]+\w[^#]*[^:(,\[{#\\]$", line)]
    if chance.random() < 0.5 and statements:
        at = chance.choice(statements)
        lines[at] = re.sub(r"\S.*", "pass", lines[at])
        return "\n".join(lines)
    before, after = chance.choice(WORDS)
    return text.replace(before, after) + "\n# edited\n"


@pytest.mark.parametrize("name", sorted(each.name for each in FIXTURES.iterdir() if each.is_dir()))
def test_random_edits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FIXTURES / name, tmp_path / "code")
    monkeypatch.chdir(tmp_path / "code")
    Path("pyproject.toml").touch()
    chance = random.Random(name)
    assert check() == check(False)
    files = sorted(Path().rglob("*.py"))
    for _ in range(4):
        path = chance.choice(files)
        path.write_text(edited(path.read_text(encoding="utf-8"), chance), encoding="utf-8")
        assert check() == check(False), path


def test_what_was_kept_and_is_broken_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "code").mkdir()
    monkeypatch.chdir(tmp_path / "code")
    tree({**PAIRS, "pyproject.toml": ""})
    check()
    load, seen = retrace.plan, []

    def plan(kept: Any, *rest: Any) -> Any:
        for broken in ({}, {**(kept or {}), "linked": []}, {**(kept or {}), "members": 3}, None, []):
            assert load(broken, *rest) is None
        found = load(kept, *rest)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(retrace, "plan", plan)
    Path("net1.py").write_text(NET.format(name="Net1", end=RAW), encoding="utf-8")
    assert check() == check(False)
    assert any(seen)


def test_what_ran_on_an_object_goes_with_all_its_makers() -> None:
    """The body of `/a.py` is repeated, so are what ran on what it made, and on what that made; the last is not."""
    runs = [
        [[1, 2, 0], "Second", 1, []],
        [[1, 1, 0], "First", 2, []],
        [[0, -1, 0], "", -1, []],
        [[1, 3, 0], "Other", -1, []],
    ]
    rerun = object.__new__(Rerun)
    rerun.earlier, rerun.paths, rerun.names = [["/a.py", "/b.py"], runs, [], {}], {"/a.py"}, set()
    assert rerun._gone({"/a.py"}) == [True, True, True, False]
