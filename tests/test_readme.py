"""The README: every command in it runs, every output in it is what is printed, every table is complete.

Set SOFTMAX_LINT_UPDATE_README to write the outputs of this state of the code into it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from softmax_lint import config

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
# Installing and testing is what runs this file; here these commands only have to be spelled right.
INSTALLERS = {"pip": '[ "$1" = install ]', "pytest": "true"}

needs_project = pytest.mark.skipif(
    find_spec("softmax_lint.project") is None, reason="there is no analysis yet"
)


def _commands() -> list[tuple[str, str]]:
    """(command, output it is said to have) in order; "" where the README shows none."""
    found: list[tuple[str, str]] = []
    for block in CONSOLE.findall(TEXT):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the README's program, the fixtures, and the commands that the README calls."""
    path = tmp_path_factory.mktemp("readme")
    program = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert program
    (path / "train.py").write_text(program[1], encoding="utf-8")
    shutil.copytree(ROOT / "fixtures", path / "fixtures")
    (path / "bin").mkdir()
    scripts = {**INSTALLERS, "softmax-lint": f'exec "{sys.executable}" -m softmax_lint "$@"'}
    for name, body in scripts.items():
        script = path / "bin" / name
        script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return path


@needs_project
@pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize(("command", "output"), _commands(), ids=[command for command, _ in _commands()])
def test_command(command: str, output: str, folder: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
    }
    run = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300
    )
    assert "error:" not in run.stderr
    assert "Traceback" not in run.stderr
    assert run.returncode in (0, 1)
    if output and os.environ.get("SOFTMAX_LINT_UPDATE_README"):
        text = README.read_text(encoding="utf-8")
        README.write_text(
            text.replace(f"$ {command}\n{output}", f"$ {command}\n{run.stdout}"), encoding="utf-8"
        )
    elif output:
        assert run.stdout == output


def test_the_two_first_commands() -> None:
    commands = [command for command, _ in _commands()]
    assert commands[:2] == ["pip install . && softmax-lint fixtures/", "pip install -e '.[test]' && pytest"]
    assert re.search(r'\ntest = \[\s*"pytest', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_rules_table() -> None:
    from softmax_lint.rules import RULES

    rows = re.findall(r"^\| (SML\d+) \| ([\w-]+) \| (\w+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(rule.code, rule.name, rule.kind, rule.page.split("\n")[0].rstrip(".")) for rule in RULES]


def test_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from softmax_lint.rules import RULES

    table = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert table
    (tmp_path / "pyproject.toml").write_text(table[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    settings = config.load(["."], {}, RULES)
    assert settings.config_file == str(tmp_path / "pyproject.toml")
    shown = set(re.findall(r"^(?:\[tool\.softmax-lint\.)?([a-z-]+)(?:\]| =)", table[1], re.MULTILINE))
    assert shown == set(config.KEYS) - {"cache-dir", "extend", "rows"}
