"""The command line over a stub project: options, exit statuses, streams."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from shell import Shell, finding, losses, make_shell, place, tree

from softmax_lint import __version__
from softmax_lint.diagnostic import Failure, Report


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return make_shell(monkeypatch, capsys)


def one_finding(severity: str = "error", **more: Any) -> Any:
    def report(files: Any) -> Report:
        found = finding(place("a.py", 1, 1, 8), severity=severity, **more)
        return Report((found,), losses(finding=1, ok=2), files=len(files))

    return report


CLOSING = "1 finding; 3 losses checked, 2 ok\n"
HEADER = "a.py:1:1: SML002 [error] softmax is applied twice\n"


@pytest.mark.parametrize(
    ("args", "files"),
    [
        ([], ["a.py", "check/b.py", "pairs/c.py"]),
        (["."], ["a.py", "check/b.py", "pairs/c.py"]),
        (["check"], ["a.py", "check/b.py", "pairs/c.py"]),
        (["check", "check"], ["check/b.py"]),
        (["./check"], ["check/b.py"]),
        (["check/"], ["check/b.py"]),
        (["a.py", "check"], ["a.py", "check/b.py"]),
        (["--", "check"], ["check/b.py"]),
        (["--quiet", "check", "a.py"], ["a.py"]),
        (["--select", "SML001", "a.py"], ["a.py"]),
        (["--select", "SML001", "check", "a.py"], ["a.py"]),
        (["--select=SML001", "check", "a.py"], ["a.py"]),
        (["a.py", "--exclude", "check"], ["a.py"]),
        (["--exclude", "check,pairs"], ["a.py"]),
        (["--extend-exclude", "check", "--extend-exclude", "pairs"], ["a.py"]),
        (["--force-exclude", "--exclude", "a.py", "a.py", "check/b.py"], ["check/b.py"]),
        (["pairs", "a.py"], ["a.py"]),
        (["--quiet", "pairs", "a.py"], ["a.py"]),
        (["--jobs", "2", "--no-cache", "--cache-dir", "cache", "a.py"], ["a.py"]),
    ],
)
def test_what_is_checked(shell: Shell, args: list[str], files: list[str]) -> None:
    tree({"a.py": "", "check/b.py": "", "pairs/c.py": ""})
    assert shell.run(*args)[0] == 0
    assert [file.replace(os.sep, "/") for file in shell.calls[0]["files"]] == files


def test_findings_and_closing_line_go_to_standard_output(shell: Shell) -> None:
    tree({"a.py": "softmax\n"})
    shell.report = one_finding()
    assert shell.run("a.py") == (1, f"{HEADER}  |\n1 | softmax\n  | ^^^^^^^\n\n{CLOSING}", "")
    assert shell.run("a.py", "--output-format", "concise") == (1, HEADER + CLOSING, "")
    assert shell.run("a.py", "--output-format", "concise", "--quiet") == (1, HEADER, "")
    status, out, err = shell.run("a.py", "--output-format", "json")
    assert (status, [each["code"] for each in json.loads(out)], err) == (1, ["SML002"], CLOSING)


@pytest.mark.parametrize(
    ("severity", "args", "expected"),
    [
        ("info", [], 1),
        ("error", ["--exit-zero"], 0),
        ("warning", ["--config", "fail-level='error'"], 0),
        ("warning", ["--config", "fail-level='warning'"], 1),
        ("error", ["--config", "fail-level='warning'"], 1),
        ("error", ["--ignore", "SML002"], 0),
        ("error", ["--select", "SML001"], 0),
        ("error", ["--select", "SML001,double-softmax"], 1),
        ("error", ["--select", "SML001", "--extend-select", "SML002"], 1),
        ("error", ["--per-file-ignores", "a.py:SML002"], 0),
        ("error", ["--per-file-ignores", "b.py:SML002,a.*:SML0"], 0),
        ("error", ["--per-file-ignores", "b.py:SML002"], 1),
    ],
)
def test_exit_status(shell: Shell, severity: str, args: list[str], expected: int) -> None:
    tree({"a.py": ""})
    shell.report = one_finding(severity)
    assert shell.run("a.py", *args)[0] == expected


def test_settings_reach_the_project(shell: Shell) -> None:
    tree(
        {"p/a.py": "", "p/pyproject.toml": "[tool.softmax-lint]\nkeras-backend = 'torch'\nselect = ['ALL']\n"}
    )
    shell.run("p")
    settings = shell.calls[0]["settings"]
    assert (settings.keras_backend, "SML205" in settings.opted_in) == ("torch", True)
    shell.run("p", "--isolated")
    assert shell.calls[1]["settings"].keras_backend is None
    assert shell.calls[1]["settings"].opted_in == frozenset()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--select", "SML0022"], "error: unknown rule `SML0022`; did you mean `SML002`?\n"),
        (
            ["--ignore", "dubble-softmax"],
            "error: unknown rule `dubble-softmax`; did you mean `double-softmax`?\n",
        ),
        (["--per-file-ignores", "a.py:XYZ"], "error: unknown rule `XYZ`\n"),
        (["--per-file-ignores", "a.py"], "`a.py` is no PATTERN:CODE"),
        (["--config", "gone.toml"], "error: cannot read gone.toml: no such file or directory\n"),
        (["--config", "selekt = []"], "error: --config: unknown key `selekt`; did you mean `select`?\n"),
        (["--selekt", "SML001"], "No such option"),
        (["--output-format", "xml"], "'xml' is not one of"),
        (["--jobs", "0"], "--jobs"),
        (["rule", "SML0022"], "error: unknown rule `SML0022`; did you mean `SML002`?\n"),
        (["rule", "SML0"], "error: `SML0` is no single rule: SML001, SML002, SML003\n"),
        (["rule"], "give the code of a rule, or --all"),
        (["rule", "--all", "SML001"], "give the code of a rule, or --all"),
        (["trace", "a.py"], "error: `a.py` is no FILE:LINE\n"),
        (["trace", "gone.py:3"], "error: no such file: gone.py\n"),
        (["pairs", "--select", "SML001"], "No such option"),
        (["--diff", "--add-noqa"], "--add-noqa does not go with --diff"),
        (["--fix-only", "--write-baseline", "b.json"], "--write-baseline does not go with --fix-only"),
    ],
)
def test_mistakes_exit_with_2(shell: Shell, args: list[str], message: str) -> None:
    tree({"a.py": ""})
    status, out, err = shell.run(*args)
    assert (status, out) == (2, "")
    assert message in err
    assert not shell.calls


def test_a_missing_path_is_said_once_and_the_rest_is_checked(shell: Shell) -> None:
    tree({"a.py": "softmax\n"})
    shell.report = one_finding()
    expected = (2, HEADER + CLOSING, "error: no such file or directory: gone.py\n")
    assert shell.run("gone.py", "a.py", "--output-format", "concise") == expected


def test_a_mistyped_command(shell: Shell) -> None:
    assert shell.run("pears") == (
        2,
        "",
        "error: no such file or directory: pears; did you mean the command `pairs`?\n",
    )


def test_a_folder_without_python(shell: Shell) -> None:
    tree({"docs/readme.md": ""})
    assert shell.run("docs") == (
        0,
        "no losses found in 0 files\n",
        "warning: no Python files found under docs\n",
    )
    assert shell.run("docs", "--quiet") == (0, "", "")
    assert shell.run("docs", "--output-format", "json", "-q") == (0, "[]\n", "")


def test_failures_exit_with_2_and_findings_are_still_printed(shell: Shell) -> None:
    tree({"a.py": "softmax\n"})

    def report(files: Any) -> Report:
        failure = Failure(os.path.abspath("b.py"), "cannot read: permission denied")
        return Report((finding(place("a.py", 1, 1, 8)),), losses(finding=1, ok=2), (failure,), files=2)

    shell.report = report
    closing = CLOSING.replace("\n", ", 1 file not checked\n")
    expected = (2, HEADER + closing, "error: b.py: cannot read: permission denied\n")
    assert shell.run("--output-format", "concise") == expected
    assert shell.run("--exit-zero")[0] == 2
    assert shell.run("pairs")[0] == 2


def test_an_internal_error_exits_with_2(shell: Shell) -> None:
    tree({"a.py": ""})

    def report(files: Any) -> Report:
        raise ValueError("oh")

    shell.report = report
    status, out, err = shell.run("a.py")
    assert (status, out) == (2, "")
    assert err.endswith("error: internal error: ValueError: oh\n")


def test_output_file(shell: Shell) -> None:
    tree({"a.py": "softmax\n"})
    shell.report = one_finding()
    assert shell.run("a.py", "-o", "out/report.txt", "--output-format", "concise", "--color", "always") == (
        1,
        "",
        "",
    )
    assert Path("out/report.txt").read_text(encoding="utf-8") == HEADER + CLOSING
    status, out, err = shell.run("a.py", "-o", "a.py/report.txt")
    assert (status, out) == (2, "")
    assert "a.py" in err
    assert "Traceback" not in err


def test_statistics(shell: Shell) -> None:
    tree({"a.py": ""})

    def report(files: Any) -> Report:
        one, other = finding(place("a.py", 1, 1, 8)), finding(place("a.py", 2, 1, 8), code="SML001")
        return Report((one, other, finding(place("a.py", 3, 1, 2), code="SML001")), (), files=1)

    shell.report = report
    closing = "3 findings; no losses found in 1 file\n"
    expected = f"2  SML001  softmax-before-loss\n1  SML002  double-softmax\n{closing}"
    assert shell.run("--statistics") == (1, expected, "")
    status, out, _ = shell.run("--statistics", "--output-format", "json")
    assert (status, json.loads(out)[0]) == (1, {"code": "SML001", "name": "softmax-before-loss", "count": 2})


def test_suppressed_findings_are_counted(shell: Shell) -> None:
    tree({"a.py": "softmax  # softmax-lint: ignore[SML002] on purpose\n"})
    shell.report = one_finding()
    assert shell.run("a.py") == (0, "no findings; 3 losses checked, 2 ok, 1 suppressed\n", "")


class Stdin(io.StringIO):
    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.buffer = io.BytesIO(data)  # type: ignore[misc,assignment]


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["-"], "-"),
        (["--stdin-filename", "p/new.py"], "p/new.py"),
        (["-", "--stdin-filename", "p/new.py"], "p/new.py"),
    ],
)
def test_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch, args: list[str], name: str) -> None:
    def report(files: Any) -> Report:
        found = [finding(place(name, row, 1, 8)) for row in (1, 2)]
        return Report(tuple(found), losses(finding=2), files=1)

    shell.report = report
    monkeypatch.setattr(sys, "stdin", Stdin(b"softmax\nsoftmax  # noqa: SML002\n"))
    status, out, err = shell.run(*args, "--output-format", "text")
    assert (status, err) == (1, "")
    assert out.startswith(f"{name}:1:1: SML002 [error]")
    assert out.endswith("1 finding; 2 losses checked, 0 ok, 1 suppressed\n")
    assert shell.calls[0]["files"] == [name.replace("/", os.sep)]
    assert shell.calls[0]["overlay"] == {os.path.abspath(name): b"softmax\nsoftmax  # noqa: SML002\n"}


def test_excluded_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b"softmax\n"))
    shell.run("-", "--stdin-filename", "build/new.py", "--force-exclude")
    assert not shell.calls


@pytest.mark.parametrize(
    ("environment", "args", "expected"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "0"}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
    ],
)
def test_color(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    args: list[str],
    expected: bool,
) -> None:
    tree({"a.py": "softmax\n"})
    shell.report = one_finding()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in shell.run("a.py", *args)[1]) is expected


def test_rule(shell: Shell) -> None:
    page = "# double-softmax (SML002, wrong)\n\nWhat it does.\n"
    assert shell.run("rule", "SML002") == (0, page, "")
    assert shell.run("rule", "sml002") == (0, page, "")
    assert shell.run("rule", "double-softmax") == (0, page, "")
    status, out, _ = shell.run("rule", "--all")
    assert (status, out.count("# "), page in out) == (0, 8, True)


def test_pairs(shell: Shell) -> None:
    tree({"a.py": ""})
    shell.report = lambda files: Report((), losses(ok=1, undecided=1), files=1)
    status, out, err = shell.run("pairs", "a.py")
    assert (status, out.splitlines()[-1], err) == (0, "2 losses: 1 ok, 1 undecided", "")
    status, out, err = shell.run("pairs", "a.py", "--output-format", "json")
    assert (status, len(json.loads(out)), err) == (0, 2, "")


@pytest.mark.parametrize(
    ("spot", "expected"),
    [
        ("a.py:3", "a.py 3 {}\n"),
        ("a.py:3:7", "a.py 3 {}\n"),
        ("a.py:3:7:", "a.py 3 {}\n"),
        ("a.py:cell 2:3:7", "a.py 3 {'cell': 2}\n"),
    ],
)
def test_trace(shell: Shell, spot: str, expected: str) -> None:
    tree({"a.py": ""})
    assert shell.run("trace", spot) == (0, expected, "")


def test_version_and_help(shell: Shell) -> None:
    assert shell.run("--version") == (0, f"softmax-lint {__version__}\n", "")
    status, out, _ = shell.run("--help")
    assert status == 0
    assert all(command in out for command in ("check", "pairs", "rule", "trace"))
    assert "--statistics" in shell.run("check", "--help")[1]


def test_progress_is_for_terminals_and_long_runs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from softmax_lint.commands import terminal

    tree({"a.py": ""})
    shell.run("a.py")
    assert shell.calls[0]["progress"] is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(terminal, "PATIENCE_SECONDS", 0.0)
    line = terminal.progress(quiet=False)
    assert line is not None
    line(1, 3)
    line.clear()
    assert shell.capsys.readouterr().err.startswith("\rchecking 1/3 files")
    assert terminal.progress(quiet=True) is None


def test_verbose(shell: Shell) -> None:
    tree({"a.py": ""})
    _, _, err = shell.run("a.py", "--verbose")
    assert err.startswith("note: configuration: none\n")
    assert "note: checked 1 file in " in err
