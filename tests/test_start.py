"""The start without a parser of options gives what the command line gives."""

from __future__ import annotations

from typing import Any

import pytest

from softmax_lint import cli, start
from softmax_lint.commands.inputs import Request

PLAIN = [
    [], ["check"], ["a.py"], ["check", "a.py", "b"], ["-q", "a.py"], ["check", "-n", "--quiet", "."],
    ["a.py", "--isolated"], ["check", "--force-exclude", "a.py", "b.ipynb"], ["src", "rule"], ["check", "check"],
    ["check", "rule"], ["-q"], ["--no-respect-gitignore", "a.py"], ["check", "--cache-dir", "there", "a.py"],
]  # fmt: skip
OTHER = [
    ["--version"], ["--help"], ["-h"], ["rule", "SML001"], ["-q", "pairs"], ["-q", "check", "a.py"], ["-"],
    ["--select", "ALL", "a.py"], ["check", "--fix"], ["--", "a.py"], ["clean"], ["a.py", "-qv"], ["server"],
    ["--output-format=json"], ["a.py", "--cache-dir"], ["--cache-dir=there"], ["--cache-dir", "-q"],
    ["--cache-dir", "a", "--cache-dir", "b"],
]  # fmt: skip


def parsed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Request:
    """What the command line makes of the words."""
    asked: list[Request] = []
    monkeypatch.setattr("softmax_lint.commands.check.run", lambda request, **more: asked.append(request) or 0)
    assert cli.main(words) == 0
    return asked[0]


def said(request: Request) -> dict[str, Any]:
    """The request, without options that were not given."""
    options = {name: value for name, value in request.options.items() if value is not None}
    return {
        "paths": list(request.paths),
        "options": options,
        "config": tuple(request.config),
        **{
            name: getattr(request, name)
            for name in ("isolated", "stdin_filename", "quiet", "verbose", "color")
        },
    }


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_plain_calls_mean_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = start.plain_request(words)
    assert found is not None
    assert said(found) == said(parsed(words, monkeypatch))


@pytest.mark.parametrize("words", OTHER, ids=" ".join)
def test_other_calls_are_left_to_the_command_line(words: list[str]) -> None:
    assert start.plain_request(words) is None


def test_commands_are_known() -> None:
    assert sorted(start.COMMANDS) == sorted(cli.program.commands)


def test_errors_are_explained(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.softmax-lint]\nselct = []\n")
    (tmp_path / "a.py").touch()
    assert start.main([str(tmp_path / "a.py")]) == 2
    assert "unknown key `selct`" in capsys.readouterr().err
