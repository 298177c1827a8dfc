"""Rewriting a program without changing what it means changes nothing that is said about it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from expectations import files_of, fixtures, name_of, read_expectations, write_project
from test_fixtures import run, settings_for
from transformations import ALL, LOCAL, MAIN, Files, keep, loosen

from softmax_lint.diagnostic import Report

Transformation = Callable[[str], Files | None]
Summary = tuple[Counter[str], Counter[tuple[str, tuple[str, ...]]]]


def summary(report: Report) -> Summary:
    """How often each code was found and each verdict given, wherever it was."""
    assert not report.failures
    codes = Counter(each.code for each in report.diagnostics)
    return codes, Counter((each.verdict, tuple(sorted(each.codes))) for each in report.verdicts)


@cache
def _before(fixture: Path) -> Summary:
    with TemporaryDirectory() as folder:
        return _judge(fixture, keep, Path(folder))


def _is_about_comments(fixture: Path) -> bool:
    return any("suppression" in text for text in read_expectations(fixture).all_of("construct"))


def _is_python(fixture: Path) -> bool:
    """Whether all of it is Python; scripts that were notebooks keep lines that are not, also in comments."""
    texts = [source.read_text(encoding="utf-8") for source in files_of(fixture)]
    try:
        for text in texts:
            ast.parse(text)
    except SyntaxError:
        return False
    return not any("# MAGIC" in text for text in texts)


def _cases() -> list[tuple[Path, Transformation]]:
    cases: list[tuple[Path, Transformation]] = []
    for fixture in fixtures():
        if fixture.suffix == ".ipynb" or not _is_python(fixture):
            continue
        for transformation in LOCAL if fixture.is_dir() else ALL:
            if _is_about_comments(fixture) and transformation is not loosen:
                continue
            if fixture.is_dir() or transformation(fixture.read_text(encoding="utf-8")) is not None:
                cases.append((fixture, transformation))
    return cases


def _judge(fixture: Path, transformation: Transformation, folder: Path) -> Summary:
    """What is said about the rewritten fixture, which is written to `folder` as a project of its own."""
    write_project(folder)
    written: list[Path] = []
    for source in files_of(fixture):
        home = folder / source.relative_to(fixture).parent if fixture.is_dir() else folder
        home.mkdir(parents=True, exist_ok=True)
        files = transformation(source.read_text(encoding="utf-8"))
        assert files is not None
        for name, text in files.items():
            path = home / (source.name if name == MAIN else name)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return summary(run(written, settings_for(read_expectations(fixture), folder)))


@pytest.mark.parametrize(
    ("fixture", "transformation"),
    _cases(),
    ids=lambda value: name_of(value) if isinstance(value, Path) else value.__name__,
)
def test_same_verdicts(fixture: Path, transformation: Transformation, tmp_path: Path) -> None:
    codes, verdicts = _judge(fixture, transformation, tmp_path)
    assert codes == _before(fixture)[0]
    assert verdicts == _before(fixture)[1]
