"""What planning fixes may cost: nothing where there is no finding, and no more than what the findings touch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softmax_lint import project
from softmax_lint.cli import main

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
            frozenset(Path(each).name for each in about) if isinstance(about, frozenset) else frozenset("*")
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
