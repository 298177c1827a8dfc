"""What adopters use: baselines, added ignore comments, watching, completion."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from shell import Shell, finding, losses, make_shell, place, tree

from softmax_lint import silencing
from softmax_lint.cli import program
from softmax_lint.commands import watch
from softmax_lint.diagnostic import Report

SOFTMAX = "softmax"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    made = make_shell(monkeypatch, capsys)
    made.report = _found
    return made


def _found(files: Any) -> Report:
    """A finding on every row of every file that starts with the word softmax."""
    found = [
        finding(place(file, row, 1, 8), noqa_row=row)
        for file in files
        for row, line in enumerate(Path(file).read_bytes().decode("utf-8-sig").splitlines(), 1)
        if line.startswith(SOFTMAX)
    ]
    return Report(tuple(found), losses(finding=len(found)), files=len(files))


def closing(shell: Shell, *args: str) -> tuple[int, str]:
    status, out, err = shell.run(*args)
    return status, (out or err).splitlines()[-1].partition(";")[0]


def test_baseline(shell: Shell) -> None:
    tree({"a.py": "softmax(a)\nsoftmax(b)\nsoftmax(b)\n", "p/b.py": "softmax(a)\n"})
    assert shell.run("--write-baseline", "old/base.json") == (
        0,
        "",
        "note: noted 4 findings in old/base.json\n",
    )
    assert closing(shell, "--baseline", "old/base.json") == (0, "no findings")
    tree({"a.py": "# moved\n\nsoftmax(b)\nsoftmax( a )\nsoftmax(b)\nsoftmax(c)\nsoftmax(b)\n"})
    status, out, _ = shell.run("--baseline", "old/base.json", "--output-format", "concise")
    assert (status, [line.split(":")[1] for line in out.splitlines()[:-1]]) == (1, ["6", "7"])
    assert out.endswith("2 findings; 6 losses checked, 0 ok, 4 in the baseline\n")
    tree({"softmax-lint.toml": 'baseline = "old/base.json"\n', "a.py": "softmax(a)\n"})
    assert closing(shell) == (0, "no findings")
    assert closing(shell, "p") == (0, "no findings")
    assert closing(shell, "--isolated") == (1, "2 findings")
    # What is noted again is everything, not what the old baseline left.
    shell.run("--write-baseline", "old/base.json")
    assert len(json.loads(Path("old/base.json").read_text(encoding="utf-8"))["findings"]) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read base.json: no such file or directory"),
        ("{", "base.json: not a baseline; `--write-baseline` makes one"),
        ("[]", "base.json: not a baseline; `--write-baseline` makes one"),
        ('{"version": 2, "findings": []}', "base.json: baseline of version 2, not 1"),
        ('{"version": 1, "findings": [{}]}', "base.json: not a baseline; `--write-baseline` makes one"),
    ],
)
def test_wrong_baselines(shell: Shell, content: str | None, message: str) -> None:
    tree({"a.py": ""} | ({} if content is None else {"base.json": content}))
    status, out, err = shell.run("--baseline", "base.json")
    assert (status, out) == (2, "")
    assert message in err


def test_add_noqa(shell: Shell) -> None:
    raw = "\ufeffsoftmax(a)\r\nx = 1\r\nsoftmax(b)  # why\r\n"
    raw += "softmax(c)  # softmax-lint: ignore[SML001] so\r\nsoftmax(d)"
    Path("a.py").write_bytes(raw.encode())
    assert shell.run("--add-noqa", "--ignore", "SML901") == (0, "", "note: added 4 ignore comments\n")
    assert Path("a.py").read_bytes().decode() == (
        "\ufeffsoftmax(a)  # softmax-lint: ignore[SML002]\r\nx = 1\r\n"
        "softmax(b)  # why  # softmax-lint: ignore[SML002]\r\n"
        "softmax(c)  # softmax-lint: ignore[SML001, SML002] so\r\n"
        "softmax(d)  # softmax-lint: ignore[SML002]"
    )
    assert shell.run("--add-noqa", "--ignore", "SML901") == (0, "", "note: added 0 ignore comments\n")
    assert closing(shell, "--ignore", "SML901") == (0, "no findings")


def test_add_noqa_to_a_notebook(shell: Shell) -> None:
    raw = '{"cells": [{"cell_type": "code",\n "source": ["x = 1\\n",\n "softmax(a)"]}], "metadata": {}}'
    Path("n.ipynb").write_text(raw, encoding="utf-8")
    shell.report = lambda files: Report(
        (finding(place("n.ipynb", 2, 1, 8, cell=1), noqa_row=2),), (), files=1
    )
    assert shell.run("--add-noqa") == (0, "", "note: added 1 ignore comment\n")
    changed = raw.replace("softmax(a)", "softmax(a)  # softmax-lint: ignore[SML002]")
    assert Path("n.ipynb").read_text(encoding="utf-8") == changed


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("x = f(a)", 1, "x = f(a)  # softmax-lint: ignore[SML002]"),
        ("x = f(a)   ", 1, "x = f(a)  # softmax-lint: ignore[SML002]"),
        ("x = f(\n    a,\n)", 3, ")  # softmax-lint: ignore[SML002]"),
        ("x = f(\n    a,\n)", 2, "    a,  # softmax-lint: ignore[SML002]"),
        ("x = f(a)  # noqa: E501", 1, "x = f(a)  # noqa: E501  # softmax-lint: ignore[SML002]"),
        ("x = f(a)  # softmax-lint: ignore[SML002]", 1, "x = f(a)  # softmax-lint: ignore[SML002]"),
        ("x = f('# softmax-lint: ignore[SML001]')", 1,
         "x = f('# softmax-lint: ignore[SML001]')  # softmax-lint: ignore[SML002]"),
        ("x = '''\na\n'''", 2, None),
        ("x = a + \\\n  b", 1, None),
        ("x = a + \\\n  b", 2, "  b  # softmax-lint: ignore[SML002]"),
        ("x", 2, None),
    ],
)  # fmt: skip
def test_where_a_comment_goes(text: str, row: int, expected: str | None) -> None:
    lines = text.split("\n")
    edit = silencing.comment("a.py", None, row, ["SML002"], lines)
    if edit is None:
        assert expected is None
    else:
        line = lines[edit.place.row - 1]
        assert line[: edit.place.column - 1] + edit.content + line[edit.place.end_column - 1 :] == expected


@pytest.mark.parametrize(
    "args", [["--add-noqa", "-"], ["--watch", "-"], ["--watch", "--stdin-filename", "a.py"]]
)
def test_standard_input_is_no_file(shell: Shell, args: list[str]) -> None:
    assert shell.run(*args)[0] == 2


def test_watch(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    tree({"a.py": "", "readme.md": "", "venv/b.py": ""})
    changes = [
        lambda: tree({"readme.md": "no Python", "venv/b.py": "softmax"}),
        lambda: tree({"a.py": "softmax(a)\n"}),
        lambda: tree({"softmax-lint.toml": "zzz = 1\n"}),
        lambda: os.remove("softmax-lint.toml"),
    ]

    def sleep(seconds: float) -> None:
        if not changes:
            raise KeyboardInterrupt
        changes.pop(0)()

    monkeypatch.setattr(watch.repeat, "__defaults__", (sleep,))
    status, out, err = shell.run("--watch", "--output-format", "concise")
    assert status == 1
    assert [line.partition(";")[0] for line in out.splitlines()] == [
        "no losses found in 1 file", "a.py:1:1: SML002 [error] softmax is applied twice", "1 finding",
        "a.py:1:1: SML002 [error] softmax is applied twice", "1 finding",
    ]  # fmt: skip
    assert err.count("watching for changes") == 4
    assert "unknown key `zzz`" in err


def test_watch_sees_the_other_end(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    tree({"pyproject.toml": "", "p/a.py": "", "q/b.py": ""})
    changes = [lambda: tree({"q/b.py": "softmax(a)\n"})]

    def sleep(seconds: float) -> None:
        if not changes:
            raise KeyboardInterrupt
        changes.pop()()

    monkeypatch.setattr(watch.repeat, "__defaults__", (sleep,))
    assert shell.run("--watch", "p/a.py")[2].count("watching for changes") == 2


@pytest.mark.parametrize(
    ("words", "incomplete", "among"),
    [
        ([], "pa", ["pairs"]),
        ([], "", ["check", "pairs", "rule", "server", "trace"]),
        ([], "--out", ["--output-format", "--output-file"]),
        (["check"], "--out", ["--output-format", "--output-file"]),
        (["--output-format"], "git", ["github", "gitlab"]),
        (["pairs", "--output-format"], "j", ["json"]),
        (["src", "--fail"], "", []),
    ],
)
def test_completion(words: list[str], incomplete: str, among: list[str]) -> None:
    complete = ShellComplete(program, {}, "softmax-lint", "_SOFTMAX_LINT_COMPLETE")
    found = [item.value for item in complete.get_completions(words, incomplete) if item.type == "plain"]
    assert set(among) <= set(found)
    assert all(value.startswith(incomplete) for value in found)
