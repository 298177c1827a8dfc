"""What planning fixes may cost: nothing where there is no finding, and no more than what the findings touch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softmax_lint import project
from softmax_lint.cli import main
from softmax_lint.concerned import concerned
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.fixer import suggest
from softmax_lint.lines import reader
from softmax_lint.touching import About

BAD = """import torch.nn.functional as F


def step(model, x, y):
    return F.cross_entropy(F.softmax(model(x), dim=1), y)
"""
GOOD = """import torch.nn.functional as F


def step(model, x, y):
    return F.cross_entropy(model(x), y)
"""


def ran(
    folder: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> list[frozenset[str]]:
    """The names of the files that each planning was about."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    asked: list[frozenset[str]] = []
    examine = project.examine

    def counted(*given: object, **more: object) -> object:
        about = more.get("about")
        asked.append(
            frozenset(Path(each).name for each in about.files) if isinstance(about, About) else frozenset("*")
        )
        return examine(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(project, "examine", counted)
    main(["check", "--isolated", "--no-cache", *words, str(folder)])
    return asked


@pytest.mark.parametrize(
    "words", [("--output-format", "json"), ("--fix", "--diff"), ("--fix", "--unsafe-fixes")]
)
@pytest.mark.parametrize(("first", "about"), [(GOOD, set()), (BAD, {frozenset({"a.py"})})])
def test_planning_is_about_the_files_with_findings(
    words: tuple[str, ...],
    first: str,
    about: set[frozenset[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is planned where nothing is found."""
    assert set(ran(tmp_path, {"a.py": first, "b.py": GOOD}, monkeypatch, *words)) == about


def test_what_json_says_has_fixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in {"a.py": BAD, "b.py": GOOD, "c.py": BAD}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["check", "--isolated", "--no-cache", "--output-format", "json", str(tmp_path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [Path(each["filename"]).name for each in found] == ["a.py", "c.py"]
    assert all(each["fix"]["edits"] for each in found)


def test_a_fix_that_shows_something_elsewhere_is_planned_with_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a check of everything finds more after the fixes than before, they are planned anew."""
    monkeypatch.setattr("softmax_lint.commands.fixing._has_new", lambda after, before: True)
    asked = ran(tmp_path, {"a.py": BAD, "b.py": GOOD}, monkeypatch, "--fix")
    assert asked[0] == frozenset({"a.py"})
    assert asked[-1] == frozenset("*")


PROJECTS = Path(__file__).parent.parent / "fixtures" / "projects"
REGISTRY = {
    "registry.py": "KNOWN = {}\n\n\ndef register(cls):\n    KNOWN[cls.__name__.lower()] = cls\n    return cls\n\n\n"
    "def build(name):\n    return KNOWN[name]()\n",
    "nets.py": "import torch\nfrom torch import nn\n\nfrom registry import register\n\n\n@register\n"
    "class Small(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.out = nn.Linear(8, 3)\n\n    def forward(self, x):\n"
    "        return torch.softmax(self.out(x), dim=1)\n",
    "train.py": "from torch import nn\n\nimport nets\nfrom registry import build\n\n\ndef train(loader):\n"
    "    net = build('small')\n    for x, y in loader:\n        nn.CrossEntropyLoss()(net(x), y).backward()\n",
    "show.py": "import nets\nfrom registry import build\n\n\ndef confidence(x):\n"
    "    net = build('small')\n    p = net(x)\n    return p.max(1).values.tolist()\n",
    **{f"other{number}.py": GOOD for number in range(9)},
}


def planned(folder: Path) -> tuple[Report, Report]:
    """What is suggested where planning is about the findings, and where it is about everything."""
    settings = Settings(str(folder))
    files = [str(path) for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".ipynb")]
    report, read = project.check(files, settings=settings), reader({})
    about = concerned(report.diagnostics, read)
    near = project.examine(files, settings=settings, about=about)
    return suggest(near, report, read), suggest(project.examine(files, settings=settings), report, read)


@pytest.mark.parametrize("name", sorted(path.name for path in PROJECTS.iterdir() if path.is_dir()))
def test_what_a_finding_leads_to_is_enough_to_plan_its_fix(name: str) -> None:
    near, whole = planned(PROJECTS / name)
    assert near == whole
    assert near.diagnostics


def test_readers_behind_a_registry_are_known(tmp_path: Path) -> None:
    for name, text in REGISTRY.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    near, whole = planned(tmp_path)
    assert near == whole
    edits = {Path(edit.place.filename).name for each in near.diagnostics for edit in each.fixes[0].edits}
    assert {"nets.py", "show.py"} <= edits


@pytest.mark.parametrize(
    ("text", "whole", "names", "own"),
    [
        # The class is used elsewhere, and the training step may be.
        (
            "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n"
            "        return torch.softmax(x, 1)\n\n\nnet = Net()\n\n\ndef step(x, y):\n"
            "    return nn.CrossEntropyLoss()(net(x), y)\n",
            False,
            {"Net", "step"},
            {"Net", "step"},
        ),
        # A logarithm that becomes one with its activation is nobody else's business.
        (
            "import torch\n\n\ndef entropy(x):\n    p = torch.softmax(x, 1)\n    return -(p * torch.log(p)).sum()\n",
            False,
            set(),
            {"entropy"},
        ),
        # What stands in no definition has no name to look for.
        (
            "import torch\nfrom torch import nn\n\nnet = nn.Sequential(nn.Linear(8, 3), nn.Softmax(1))\n\n\n"
            "def step(x, y):\n    return nn.CrossEntropyLoss()(net(x), y)\n",
            True,
            {"step"},
            {"step"},
        ),
    ],
)
def test_definitions_with_findings(
    text: str, whole: bool, names: set[str], own: set[str], tmp_path: Path
) -> None:
    file = tmp_path / "program.py"
    file.write_text(text, encoding="utf-8")
    found = project.check([str(file)], settings=Settings(str(tmp_path)))
    about = concerned(found.diagnostics, reader({}))
    assert about.files == {str(file)}
    assert about.whole == ({str(file)} if whole else set())
    assert {name for _, name in about.names} == names
    assert {name for _, name in about.own} == own
