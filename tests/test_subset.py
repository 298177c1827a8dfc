"""No finding disappears when only part of a project is given, whatever marks its root, from wherever it runs."""

from __future__ import annotations

import json
import os
import shutil
from itertools import combinations
from pathlib import Path

import pytest
from shell import named, tree

from softmax_lint import Diagnostic, check_paths, scope, surroundings
from softmax_lint.config import Settings
from softmax_lint.folders import Folders
from softmax_lint.surroundings import base_of

NET = (
    "import torch.nn.functional as F\nfrom torch import nn\n\n\nclass Net(nn.Module):\n"
    "    def __init__(self):\n        super().__init__()\n        self.out = nn.Linear(4, 10)\n\n"
    "    def forward(self, x):\n        return F.softmax(self.out(x), dim=1)\n"
)
LOSS = "from torch import nn\n\nloss = nn.CrossEntropyLoss()\n"
TRAIN = "from {net} import Net\nfrom {loss} import loss\n\nnet = Net()\nloss(net(x), y)\n"
BOOK = json.dumps(
    {
        "cells": [{"cell_type": "code", "source": TRAIN.splitlines(keepends=True)}],
        "metadata": {},
        "nbformat": 4,
    }
)
REGISTRY = "KNOWN = {}\n\n\ndef register(made):\n    KNOWN[made.__name__] = made\n    return made\n"
BY_NAME = (
    "from importlib import import_module\nfrom loss import loss\n\n"
    "net = import_module('nets.net').Net()\nloss(net(x), y)\n"
)


def train(net: str, loss: str, text: str = TRAIN) -> str:
    return text.replace("{net}", net).replace("{loss}", loss)


PROJECTS: list[tuple[str, dict[str, str]]] = [
    ("flat", {"net.py": NET, "loss.py": LOSS, "train.py": train("net", "loss")}),
    ("a mark", {"pyproject.toml": "", "m/net.py": NET, "l/loss.py": LOSS, "s/train.py": train("m.net", "l.loss")}),
    ("folders", {"m/net.py": NET, "l/loss.py": LOSS, "train.py": train("m.net", "l.loss")}),
    ("a script beside", {"m/net.py": NET, "m/loss.py": LOSS, "scripts/train.py": train("m.net", "m.loss")}),
    ("a package", {"p/__init__.py": "", "p/m/__init__.py": "", "p/m/net.py": NET, "p/l/__init__.py": "",
                   "p/l/loss.py": LOSS, "p/train.py": train("p.m.net", ".l.loss")}),
    ("src", {"src/p/__init__.py": "", "src/p/net.py": NET, "src/p/loss.py": LOSS,
             "scripts/train.py": train("p.net", "p.loss")}),
    ("a project inside", {".git/HEAD": "", "third/net/setup.py": "", "third/net/net.py": NET,
                          "loss.py": LOSS, "tools/train.py": train("third.net.net", "loss")}),
    ("a package with a mark", {".git/HEAD": "", "p/__init__.py": "", "p/m/__init__.py": "", "p/m/setup.py": "",
                               "p/m/net.py": NET, "p/loss.py": LOSS, "p/train.py": train(".m.net", ".loss")}),
    ("a notebook", {"p/net.py": NET, "p/loss.py": LOSS, "books/a.ipynb": train("p.net", "p.loss", BOOK)}),
    ("a registry", {"known.py": REGISTRY, "nets/__init__.py": "from . import net\n",
                    "nets/net.py": "from known import register\n" + NET.replace("class", "@register\nclass"),
                    "build.py": "from known import KNOWN\n\n\ndef build():\n    return KNOWN['Net']()\n",
                    "loss.py": LOSS,
                    "train.py": "import nets\n" + train("build", "loss").replace("Net", "build")}),
    ("a table", {"net.py": NET, "zoo.py": "import net\n\nnets = {}\nnets['net'] = net.Net\n", "loss.py": LOSS,
                 "train.py": train("zoo", "loss").replace("Net()", "nets['net']()").replace("Net", "nets")}),
    ("a module by its name", {"nets/__init__.py": "", "nets/net.py": NET, "loss.py": LOSS, "train.py": BY_NAME}),
    ("others beside", {"net.py": NET, "loss.py": LOSS, "train.py": train("net", "loss"), "net2.py": NET,
                       "train2.py": train("net2", "loss"), "train3.py": train("net2", "loss")}),
]  # fmt: skip


def files_of(diagnostic: Diagnostic) -> set[str]:
    """The files of both ends and of where they meet. What trains an output is no end of a finding about readers."""
    ends = [each for each in diagnostic.related if each.role != "sink" or diagnostic.code < "SML2"]
    return {place.filename for place in (diagnostic.place, *(each.place for each in ends))}


def main_part(diagnostic: Diagnostic) -> tuple[object, ...]:
    """All but notes: these name the other places where the same two ends meet, as far as they touch what is given."""
    return diagnostic.code, diagnostic.message, diagnostic.place


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("files", [pytest.param(files, id=name) for name, files in PROJECTS])
def test_every_subset_has_the_findings_that_touch_it(
    files: dict[str, str], inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "work" / "project"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    tree(files)
    monkeypatch.chdir(project if inside else tmp_path)
    whole = check_paths([project], isolated=True).diagnostics
    assert whole
    python = [str(project / name) for name in files if name.endswith((".py", ".ipynb"))]
    for size in (1, 2):
        for given in combinations(python, size):
            expected = {main_part(each) for each in whole if files_of(each) & set(given)}
            assert set(map(main_part, check_paths(given, isolated=True).diagnostics)) == expected, given
    folders = {os.path.dirname(name) for name in python}
    for folder in folders:
        below = {name for name in python if name.startswith(folder + os.sep)}
        expected = {main_part(each) for each in whole if files_of(each) & below}
        assert set(map(main_part, check_paths([folder], isolated=True).diagnostics)) == expected, folder


FIXTURES = Path(__file__).parent.parent / "fixtures" / "projects"


@pytest.mark.parametrize("name", sorted(each.name for each in FIXTURES.iterdir() if each.is_dir()))
def test_every_file_of_a_fixture_has_the_findings_that_touch_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FIXTURES / name, tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    Path("pyproject.toml").touch()
    whole = check_paths(["."], isolated=True).diagnostics
    for path in sorted(Path().rglob("*.py")):
        expected = {each for each in whole if files_of(each) & {str(path.absolute())}}
        assert set(check_paths([path], isolated=True).diagnostics) == expected, path


# Files below a folder that nothing marks; what is given; the working directory; the base.
BASES: list[tuple[str, list[str], list[str], str, str]] = [
    ("the folder of a file", ["a/x.py"], ["a/x.py"], "../else", "a"),
    ("a folder that is given", ["a/b/x.py"], ["a"], "../else", "a"),
    ("what holds all that is given", ["a/x.py", "b/y.py"], ["a/x.py", "b/y.py"], "../else", "."),
    ("the working directory, for files", ["a/b/x.py"], ["a/b/x.py"], "a", "a"),
    ("… but not for folders", ["a/b/x.py"], ["a/b"], ".", "a/b"),
    ("out of packages", ["a/p/__init__.py", "a/p/q/__init__.py", "a/p/q/x.py"], ["a/p/q"], "../else", "a"),
    ("out of src", ["a/src/x.py"], ["a/src/x.py"], "../else", "a"),
    ("what names the folder above", ["a/m/x.py", "a/t.py:from m.x import f"], ["a/m"], "../else", "a"),
    ("what names it beside", ["a/m/x.py", "a/s/t.py:import os, m.x as n"], ["a/m"], "../else", "a"),
    ("a namesake beside", ["a/m/x.py", "b/m/x.py", "b/t.py:import m"], ["a/m"], "../else", "a/m"),
    ("what is imported from above", ["a/s/t.py:from m.x import f", "a/m/x.py"], ["a/s/t.py"], "../else", "a"),
    ("two folders up", ["a/s/u/t.py:import m.x", "a/m/x.py"], ["a/s/u/t.py"], "../else", "a"),
    (
        "what lies beside is not above",
        ["a/s/t.py:import m", "a/s/m.py", "m.py"],
        ["a/s/t.py"],
        "../else",
        "a/s",
    ),
    ("a notebook that names it", ["a/m/x.py", r'a/t.ipynb:["x = 1\nimport m"]'], ["a/m"], "../else", "a"),
]


@pytest.mark.parametrize(("files", "given", "cwd", "expected"), named(BASES))
def test_base(
    files: list[str],
    given: list[str],
    cwd: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    monkeypatch.chdir(top)
    tree(dict(each.split(":", 1) if ":" in each else (each, "") for each in files))
    paths = [str(top / each) for each in given]
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(top / cwd)
    assert os.path.relpath(base_of(paths), top) == os.path.normpath(expected)


def test_the_home_folder_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    tree({"a/x.py": "", "t.py": "import a.x\n"})
    assert base_of(["a/x.py"]) == str(tmp_path / "a")


@pytest.mark.parametrize(("count", "mark"), [(1, ""), (9, ""), (9, "pyproject.toml")])
def test_a_folder_of_many_projects_is_not_searched(
    count: int, mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script in a home folder or among downloads: only its imports and its neighbours belong to it."""
    monkeypatch.setattr(surroundings, "MOST_BESIDE", 5)
    files = {"net.py": NET, "loss.py": LOSS, "train.py": train("net", "loss")}
    files |= {f"other{number}/main.py": "import net\n" for number in range(count)}
    monkeypatch.chdir(tmp_path)
    tree({**files, mark: ""} if mark else files)
    given = [str(tmp_path / "train.py")]
    found = scope.around(given, str(tmp_path), Folders(), lambda root: scope.listed(root, Settings(root)))
    beside = {os.path.relpath(path, tmp_path) for path in found}
    assert {"net.py", "loss.py"} <= beside
    assert any(name.startswith("other") for name in beside) == (count == 1 or bool(mark))
    assert [each.code for each in check_paths(["train.py"]).diagnostics] == ["SML002"]
