"""Suppression comments: what `comments.scan` sees, what `suppression.apply` silences, what is unused."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import RULES, finding, named, place, tree

from softmax_lint.comments import scan
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Diagnostic, Failure, Report
from softmax_lint.lines import reader
from softmax_lint.suppression import Applied, apply

EVERYTHING = frozenset(rule.code for rule in RULES)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


SCANS = [
    ("ours", "x = 1  # softmax-lint: ignore[SML002] a reason", [("ignore", ("SML002",), 1, 8, 47)]),
    (
        "ours, several codes",
        "# softmax-lint: ignore[SML002, SML1]",
        [("ignore", ("SML002", "SML1"), 1, 1, 37)],
    ),
    ("ours, all rules", "x  #softmax-lint:ignore", [("ignore", None, 1, 4, 24)]),
    ("ours, no codes", "x  # softmax-lint: ignore[]", [("ignore", (), 1, 4, 28)]),
    ("file", "# softmax-lint: ignore-file[double-softmax]", [("ignore-file", ("double-softmax",), 1, 1, 44)]),
    ("noqa", "x  # noqa", [("noqa", None, 1, 4, 10)]),
    ("noqa with codes", "x  # NOQA:E501,SML002 why", [("noqa", ("E501", "SML002"), 1, 4, 22)]),
    ("noqa with prose", "x  # noqa: because", []),
    ("noqa in a word", "x  # noqa-like  # noqaX", []),
    ("behind another comment", "x  # type: ignore # noqa: SML002", [("noqa", ("SML002",), 1, 19, 33)]),
    (
        "two of ours",
        "x  # softmax-lint: ignore[SML1] see #4 # noqa",
        [("ignore", ("SML1",), 1, 4, 39), ("noqa", None, 1, 40, 46)],
    ),
    ("a file-level noqa of others", "# ruff: noqa\n# flake8: noqa", []),
    ("another directive", "x  # softmax-lint: ignored  # softmax-lint: off", []),
    ("in a string", "x = '# noqa'; y = \"# softmax-lint: ignore\"", []),
    ("in a long string", 'x = """\n# noqa\n"""  # noqa', [("noqa", None, 3, 6, 12)]),
    ("behind an escaped quote", r"x = 'it\'s # noqa'", []),
    ("behind an unclosed string", "!echo it's\nx  # noqa", [("noqa", None, 2, 4, 10)]),
    ("after a continued string", "x = 'a\\\n# noqa'\ny  # noqa", [("noqa", None, 3, 4, 10)]),
    ("wide characters", "x = '数'  # noqa", [("noqa", None, 1, 10, 16)]),
]


@pytest.mark.parametrize(("text", "expected"), named(SCANS))
def test_scan(text: str, expected: list[Any]) -> None:
    found = [(each.kind, each.codes, each.row, each.column, each.end_column) for each in scan(text)]
    assert found == expected


@given(st.text(alphabet="ab \n\\'\"#()[]{}:,\fnoqa", max_size=60))
def test_scan_takes_any_text_and_its_columns_are_true(text: str) -> None:
    lines = text.split("\n")
    for each in scan(text):
        spelled = lines[each.row - 1][each.column - 1 : each.end_column - 1]
        assert spelled.startswith("#")
        assert each.first_row <= each.row <= each.last_row


def check(files: dict[str, str], diagnostics: Sequence[Diagnostic], **settings: Any) -> Applied:
    tree(files)
    chosen = replace(Settings(root=os.getcwd(), selected=EVERYTHING), **settings)
    report = Report(tuple(diagnostics), (), files=len(files))
    return apply(report, [os.path.abspath(name) for name in files], chosen, RULES, reader({}))


def codes(applied: Applied) -> list[str]:
    return [each.code for each in applied.report.diagnostics]


MODEL = """\
import torch
model = Sequential(
    Dense(10,
          activation='softmax'),  {inner}
    Dropout(0.5),
){last}
after = 1{other}
"""
SILENCES = [
    ("where it starts", {"start": True}, "# softmax-lint: ignore[SML002]"),
    ("where it ends", {"inner": "# noqa: SML002"}, None),
    ("on the last row of the statement", {"last": "  # noqa"}, None),
    ("by name", {"inner": "# softmax-lint: ignore[double-softmax]"}, None),
    ("by prefix", {"inner": "# softmax-lint: ignore[SML0]"}, None),
    ("all rules", {"inner": "# softmax-lint: ignore"}, None),
    ("the file", {"other": "  # softmax-lint: ignore-file[SML002]"}, None),
]


@pytest.mark.parametrize(("where", "start"), named(SILENCES))
def test_silenced_at_its_own_end(where: dict[str, Any], start: str | None) -> None:
    text = MODEL.format(**{"inner": "", "last": "", "other": "", **where})
    if start:
        text = text.replace("Dense(10,", f"Dense(10,  {start}")
    diagnostic = finding(place("a.py", 3, 5, 32, end_row=4))
    applied = check({"a.py": text}, [diagnostic])
    assert (codes(applied), applied.suppressed) == ([], 1)


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ({"other": "  # noqa"}, ["SML002"]),
        ({"inner": "# noqa: E501"}, ["SML002"]),
        ({"inner": "# noqa: because"}, ["SML002"]),
        ({"inner": "# noqa: SML001"}, ["SML002", "SML901"]),
        ({"other": "  # softmax-lint: ignore[SML002]"}, ["SML002", "SML901"]),
        ({"other": "  '# softmax-lint: ignore-file'"}, ["SML002"]),
    ],
)
def test_not_silenced(where: dict[str, str], left: list[str]) -> None:
    text = MODEL.format(**{"inner": "", "last": "", "other": "", **where})
    applied = check({"a.py": text}, [finding(place("a.py", 3, 5, 32, end_row=4))])
    assert (codes(applied), applied.suppressed) == (left, 0)


@pytest.mark.parametrize(
    "comment", ["# noqa: SML002", "# softmax-lint: ignore[SML002]", "# softmax-lint: ignore-file"]
)
def test_silenced_at_the_sink_in_another_file(comment: str) -> None:
    diagnostic = finding(place("model.py", 1, 1, 8), place("train.py", 2, 8, 20))
    applied = check(
        {"model.py": "softmax", "train.py": f"\nloss = CrossEntropyLoss({comment}\n)"}, [diagnostic]
    )
    assert (codes(applied), applied.suppressed) == ([], 1)


def test_noqa_row_counts() -> None:
    diagnostic = finding(place("a.py", 1, 1, 2), noqa_row=3)
    assert codes(check({"a.py": "a\nb\nc  # noqa\n"}, [diagnostic])) == []


def test_notebook_rows_count_inside_their_cell() -> None:
    cells = ["x\ny", "x", "# text"]
    sources = [{"cell_type": "code", "source": cell} for cell in cells]
    sources[1]["source"] = "x  # softmax-lint: ignore[SML002]"
    sources[2]["cell_type"] = "markdown"
    text = json.dumps({"cells": sources})
    applied = check({"a.ipynb": text}, [finding(place("a.ipynb", 1, 1, 2, cell=cell)) for cell in (1, 2)])
    assert [each.place.cell for each in applied.report.diagnostics] == [1]
    unused = check({"a.ipynb": text}, []).report.diagnostics
    assert [(each.code, each.place.cell, each.place.row) for each in unused] == [("SML901", 2, 1)]


def test_selection_and_per_file_ignores_apply_at_either_end() -> None:
    diagnostic = finding(place("model.py", 1, 1, 8), place("tests/train.py", 1, 1, 2))
    files = {"model.py": "", "tests/train.py": ""}
    assert codes(check(files, [diagnostic])) == ["SML002"]
    assert codes(check(files, [diagnostic], selected=frozenset({"SML001"}))) == []
    assert codes(check(files, [diagnostic], per_file_ignores=(("tests/*", frozenset({"SML002"})),))) == []


UNUSED = [
    ("ours", "x  # softmax-lint: ignore[SML002] why\n", "`SML002` is not reported here", "x\n"),
    ("ours, all rules", "x  # softmax-lint: ignore\n", "nothing is reported here", "x\n"),
    ("ours, no codes", "x  # softmax-lint: ignore[]\n", "nothing is reported here", "x\n"),
    ("ours, unknown", "x  # softmax-lint: ignore[E501]\n", "`E501` is not reported here", "x\n"),
    (
        "a line of its own",
        "x\n  # softmax-lint: ignore-file\ny\n",
        "nothing is reported in this file",
        "x\ny\n",
    ),
    ("before another comment", "x  # noqa: SML001 # y\n", "`SML001` is not reported here", "x  # y\n"),
    ("behind another comment", "x  # y # noqa: SML001\n", "`SML001` is not reported here", "x  # y\n"),
    (
        "noqa beside foreign codes",
        "x  # noqa: E501, SML001, W1\n",
        "`SML001` is not reported here",
        "x  # noqa: E501, W1\n",
    ),
    (
        "two codes",
        "x  # softmax-lint: ignore[SML001,SML003] y\n",
        "`SML001`, `SML003` are not reported here",
        "x\n",
    ),
    ("the last line", "x\n# softmax-lint: ignore", "nothing is reported here", "x\n"),
]


@pytest.mark.parametrize(("text", "message", "without"), named(UNUSED))
def test_unused(text: str, message: str, without: str) -> None:
    (unused,) = check({"a.py": text}, []).report.diagnostics
    assert (unused.code, unused.severity, unused.message) == (
        "SML901",
        "info",
        f"unused suppression: {message}",
    )
    (edit,) = unused.fixes[0].edits
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    begin = starts[edit.place.row - 1] + edit.place.column - 1
    end = starts[edit.place.end_row - 1] + edit.place.end_column - 1
    assert text[:begin] + edit.content + text[end:] == without


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("x  # noqa", {}),
        ("x  # noqa: E501, B008", {}),
        ("x  # softmax-lint: ignore[SML002]", {"selected": EVERYTHING - {"SML002"}}),
        ("x  # softmax-lint: ignore", {"selected": EVERYTHING - {"SML002"}}),
        ("x  # softmax-lint: ignore[SML002]", {"selected": EVERYTHING - {"SML901"}}),
        ("x  # softmax-lint: ignore[SML002, SML901]", {}),
        ("x  # softmax-lint: ignore[SML002]", {"per_file_ignores": (("a.py", frozenset({"SML901"})),)}),
    ],
)
def test_not_called_unused(text: str, settings: dict[str, Any]) -> None:
    assert codes(check({"a.py": text}, [], **settings)) == []


def test_a_partly_used_suppression_keeps_what_it_uses() -> None:
    text = "x  # softmax-lint: ignore[SML001, SML002] why\n"
    (unused,) = check({"a.py": text}, [finding(place("a.py", 1, 1, 2))]).report.diagnostics
    assert unused.message == "unused suppression: `SML001` is not reported here"
    assert unused.fixes[0].edits[0].content == "# softmax-lint: ignore[SML002] why"


def test_files_that_were_not_understood_have_no_unused_suppressions() -> None:
    text = "x  # softmax-lint: ignore[SML002]\n(\n"
    broken = finding(place("a.py", 2, 1, 2), code="SML900")
    assert codes(check({"a.py": text}, [broken])) == ["SML900"]
    settings = Settings(root=os.getcwd(), selected=EVERYTHING)
    path = os.path.abspath("a.py")
    report = Report((), (), (Failure(path, "internal error"),))
    assert apply(report, [path], settings, RULES, reader({})).report.diagnostics == ()


def test_a_file_that_is_gone_silences_nothing() -> None:
    assert codes(check({}, [finding(place("gone.py", 1, 1, 2))])) == ["SML002"]
