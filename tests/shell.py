"""What the tests of the outer shell share: stub rules, a stub project, places and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

import softmax_lint
from softmax_lint.cli import main
from softmax_lint.diagnostic import Diagnostic, Place, Related, Report, Verdict
from softmax_lint.judging import Examined


@dataclass(frozen=True)
class StubRule:
    code: str
    name: str
    kind: str = "wrong"
    page: str = "What it does."


RULES = (
    StubRule("SML001", "softmax-before-loss"),
    StubRule("SML002", "double-softmax"),
    StubRule("SML003", "missing-softmax"),
    StubRule("SML101", "sigmoid-before-loss"),
    StubRule("SML102", "double-sigmoid"),
    StubRule("SML205", "hidden-activation-into-loss"),
    StubRule("SML900", "invalid-syntax"),
    StubRule("SML901", "unused-suppression"),
)


def place(
    filename: str, row: int, column: int, end_column: int, *, end_row: int = 0, cell: int | None = None
) -> Place:
    return Place(os.path.abspath(filename), cell, row, column, end_row or row, end_column)


def finding(at: Place, sink: Place | None = None, code: str = "SML002", **more: Any) -> Diagnostic:
    name = next(rule.name for rule in RULES if rule.code == code)
    related = (Related("sink", "loss is here", sink),) if sink else ()
    fields = {"severity": "error", "message": "softmax is applied twice", "related": related, **more}
    return Diagnostic(code, name, place=at, **fields)


def losses(**counts: int) -> tuple[Verdict, ...]:
    """Verdicts by number: ``losses(ok=2, not_judged=1)``."""
    at = place("losses.py", 1, 1, 2)
    return tuple(Verdict(at, word.replace("_", "-")) for word, count in counts.items() for _ in range(count))


@dataclass
class Shell:
    """The command line over a stub project. `report` is what that finds; `calls` is what it was asked."""

    capsys: pytest.CaptureFixture[str]
    report: Callable[..., Report]
    calls: list[dict[str, Any]]

    def run(self, *args: str) -> tuple[int, str, str]:
        status = main(list(args))
        out, err = self.capsys.readouterr()
        return status, out, err


def make_shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    rules, project = ModuleType("softmax_lint.rules"), ModuleType("softmax_lint.project")
    rules.__dict__.update(
        RULES=RULES, __path__=[os.path.join(os.path.dirname(softmax_lint.__file__), "rules")]
    )
    shell = Shell(capsys, lambda files: Report((), (), files=len(files)), [])

    def check(files: Any, **keywords: Any) -> Report:
        shell.calls.append({"files": [os.path.relpath(file) for file in files], **keywords})
        return shell.report(files)

    def trace(file: str, line: int, settings: Any, **keywords: Any) -> list[str]:
        return [f"{os.path.basename(file)} {line} {keywords}"]

    def examine(files: Any, **keywords: Any) -> Examined:
        return Examined(check(files, **keywords), (), (), ())

    project.__dict__.update(check=check, examine=examine, trace=trace)
    monkeypatch.setitem(sys.modules, "softmax_lint.rules", rules)
    monkeypatch.setitem(sys.modules, "softmax_lint.project", project)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return shell


def named(cases: Sequence[Sequence[Any]]) -> list[Any]:
    """Cases for parametrize, with their first item as id."""
    return [pytest.param(*values, id=name) for name, *values in cases]


def tree(files: dict[str, str]) -> None:
    """Write files below the working directory."""
    for name, text in files.items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
