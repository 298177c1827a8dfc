"""Runs over whole trees: in groups and processes, they give what one run of everything gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from softmax_lint import islands, project, rules, screen, survey, workers
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.facts import imports_of
from softmax_lint.run import Run
from softmax_lint.scope import expand

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"
CODES = frozenset(rule.code for rule in rules.RULES)
MODEL = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return F.softmax(self.out(x), dim=1)
"""
FIT = "from torch import nn\nfrom net import Net\n\ndef fit(x, y):\n    return nn.CrossEntropyLoss()(Net()(x), y)\n"


def settings(folder: Path, **more: object) -> Settings:
    return Settings(str(folder), selected=CODES, opted_in=CODES, **more)  # type: ignore[arg-type]


def whole(folder: Path) -> Report:
    """The outcome of one run that knows nothing of groups."""
    told = settings(folder)
    return Run(expand([str(folder)], told), told, {}).report(None)


PROJECTS = sorted((FIXTURES / "projects").iterdir())
# Scripts that have nothing to do with each other: apart they are not in each other's way, as in one run they are
# where a function has the name of one that another script calls.
SCRIPTS = sorted(each for each in FIXTURES.iterdir() if each.is_dir() and each.name != "projects")


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes start for little work, too."""
    monkeypatch.setattr(survey, "FEW", 3)
    monkeypatch.setattr("softmax_lint.batch.LITTLE", 0)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_groups_are_one_run(folder: Path) -> None:
    assert project.check([str(folder)], settings=settings(folder, jobs=1)) == whole(folder)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("folder", [FIXTURES / "projects", *SCRIPTS], ids=lambda folder: folder.name)
def test_processes_change_nothing(folder: Path) -> None:
    one, three = (project.check([str(folder)], settings=settings(folder, jobs=jobs)) for jobs in (1, 3))
    assert one == three


def lay_out(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pyproject.toml").touch()
    return folder


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_are_in_order(count: int) -> None:
    jobs = list(range(50))
    assert workers.spread(jobs, lambda job: [job, str(job)], count) == [[job, str(job)] for job in jobs]


def test_what_a_child_does_not_finish_is_done_here() -> None:
    parent = os.getpid()

    def do(job: int) -> int:
        if os.getpid() != parent:
            os._exit(3)
        return job

    assert workers.spread(range(20), do, 2) == list(range(20))


def test_files_that_read_each_other_by_surprise_run_together(tmp_path: Path) -> None:
    """A package's attribute is a module that no import names."""
    fit = FIT.replace("from net import Net", "import parts").replace("Net()", "parts.net.Net()")
    folder = lay_out(
        tmp_path, {"parts/__init__.py": "", "parts/net.py": f"{MODEL}\nnn.NLLLoss\n", "fit.py": fit}
    )
    found = project.check([str(folder)], settings=settings(folder))
    assert [each.code for each in found.diagnostics] == ["SML002"]
    assert found == whole(folder)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": "import b", "b.py": "", "c.py": ""}, [{"a.py"}, {"c.py"}]),
        ({"a.py": "import n", "c.py": "import n", "n.py": ""}, [{"a.py", "c.py"}]),
        ({"p/a.py": "import n", "p/n.py": "", "c.py": "import n", "n.py": ""}, [{"p/a.py"}, {"c.py"}]),
        ({"p/a.py": "import n", "n.py": "", "c.py": "import n"}, [{"p/a.py", "c.py"}]),
        ({"p/a.py": "from .. import n", "n.py": "", "c.py": "from . import n"}, [{"p/a.py", "c.py"}]),
        ({"p/a.py": "from .q.n import x", "p/q/n.py": "", "c.py": "from p.q import n"}, [{"p/a.py", "c.py"}]),
        ({"p/a.py": "from p.n import x", "p/n.py": "", "p/c.py": "import p.n"}, [{"p/a.py", "p/c.py"}]),
        ({"a.py": "import m", "m.py": "import n", "n.py": "", "c.py": "import n"}, [{"a.py", "c.py"}]),
    ],
)
def test_islands(files: dict[str, str], expected: list[set[str]]) -> None:
    top = os.path.join(os.sep, "top")
    imports = {
        os.path.join(top, *name.split("/")): tuple(imports_of(t.encode())) for name, t in files.items()
    }
    roots = [path for path in imports if os.path.basename(path) in ("a.py", "c.py")]
    found = islands.divide(roots, imports)
    assert [
        {os.path.relpath(path, top).replace(os.sep, "/") for path in group} for group, _ in found
    ] == expected


@pytest.mark.parametrize(
    ("name", "raw", "failure"),
    [
        ("a.py", b"import torch\n", ""),
        ("a.py", b"# coding: utf-8\nimport torch # \xc3\xa9\n", ""),
        ("a.py", b"# coding: latin-1\nimport torch # \xe9\n", ""),
        ("a.py", b"# coding: none\nimport torch\n", "unknown encoding `none`"),
        ("a.py", b"import torch\n# \xe9\n", "not valid UTF-8 in row 2"),
        ("a.py", b"\xef\xbb\xbfimport torch\n", ""),
        ("a.py", "\ufeffimport torch\n".encode("utf-16-le"), ""),
        ("a.ipynb", b'{"cells": [{"cell_type": "code", "source": ["import torch\\n"]}]}', ""),
        ("a.ipynb", b"[]", "not a notebook: the JSON is no object"),
    ],
)
def test_every_encoding_is_looked_at(tmp_path: Path, name: str, raw: bytes, failure: str) -> None:
    (tmp_path / name).write_bytes(raw)
    seen = survey.look(str(tmp_path / name))
    assert seen.failure == failure
    assert [module for module, _, _ in seen.facts.imports] == ([] if failure else ["torch"])


def test_screening_is_asked_once_per_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay_out(tmp_path, {"net.py": MODEL, "fit.py": FIT, "other.py": "print(1)\n"})
    asked: list[int] = []
    before = screen.Index.candidates
    monkeypatch.setattr(screen.Index, "candidates", lambda self: (asked.append(1), before(self))[1])
    assert len(project.check([str(folder)], settings=settings(folder)).diagnostics) == 1
    assert asked == [1]
