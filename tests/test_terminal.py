"""Output that degrades: encodings without room, dumb terminals, pipes, and shells that complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = (
    "# 数据 – é\nfrom torch import nn\n"
    "net = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))  # 数据 – é\n"
    "nn.CrossEntropyLoss()(net(x), y)\n"
)


def run(folder: Path, *args: str, **environment: str) -> tuple[int, bytes, bytes]:
    (folder / "数.py").write_text(CODE, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "softmax_lint", *args],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="names of files are encoded in another way")
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "shift-jis"])
@pytest.mark.parametrize("output", ["text", "markdown"])
def test_every_encoding_will_do(tmp_path: Path, encoding: str, output: str) -> None:
    status, out, err = run(tmp_path, "--output-format", output, PYTHONIOENCODING=encoding, PYTHONUTF8="1")
    assert status == 1, err
    assert "SML002" in out.decode(encoding)
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"TERM": "dumb"}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_pipes_have_no_colour(tmp_path: Path, environment: dict[str, str], expected: bool) -> None:
    _, out, _ = run(tmp_path, **environment)
    assert (b"\x1b[" in out) is expected


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE, encoding="utf-8")
    command = f'"{sys.executable}" -m softmax_lint --output-format json | head -c 1'
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(tmp_path: Path) -> None:
    """The script that bash is given, run by bash."""
    (tmp_path / "softmax-lint").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m softmax_lint "$@"\n')
    (tmp_path / "softmax-lint").chmod(0o755)
    script = """
        eval "$(_SOFTMAX_LINT_COMPLETE=bash_source softmax-lint)"
        COMP_WORDS=(softmax-lint --output-format git); COMP_CWORD=2
        _softmax_lint_completion softmax-lint git
        printf '%s ' "${COMPREPLY[@]}"
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["github", "gitlab"], done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a folder in use stays")
def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    command = f'cd gone && rmdir ../gone && "{sys.executable}" -m softmax_lint'
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: the working directory does not exist any more"
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be read")
def test_what_cannot_be_read_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "shut.py").touch(0o000)
    status, out, err = run(tmp_path, "--isolated", "shut.py", "数.py")
    assert status == 2
    assert "SML002" in out.decode()
    assert b"error: shut.py: permission denied" in err
