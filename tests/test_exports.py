"""Notebooks that became scripts, and notebooks themselves: found, fixed and silenced where the code stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softmax_lint.cli import main

CELLS = (
    "!pip install -q torch\nfrom torch import nn",
    "%%bash\necho 'softmax'",
    "net = nn.Sequential(\n    nn.Linear(4, 10),\n    nn.Softmax(dim=1),\n)",
    "loss = nn.CrossEntropyLoss()\n%time loss(net(x), y)",
)
FIXED = (*CELLS[:2], CELLS[2].replace("    nn.Softmax(dim=1),\n", ""), CELLS[3])
SILENT = (*CELLS[:2], f"{CELLS[2]}  # softmax-lint: ignore[SML002]", CELLS[3])


def notebook(cells: tuple[str, ...]) -> str:
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def windows(cells: tuple[str, ...]) -> str:
    return notebook(tuple(cell.replace("\n", "\r\n") for cell in cells))


def one_string(cells: tuple[str, ...]) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4})


def one_windows_string(cells: tuple[str, ...]) -> str:
    return one_string(tuple(cell.replace("\n", "\r\n") for cell in cells))


def percent(cells: tuple[str, ...]) -> str:
    return "".join(f"# %%\n{cell}\n\n" for cell in cells)


def colab(cells: tuple[str, ...]) -> str:
    """Colab leaves commands and comments other magics out."""
    text = "\n\n".join(cell for cell in cells if not cell.startswith("%%"))
    return '"""Untitled.ipynb"""\n\n' + text.replace("%time loss", "# %time\nloss") + "\n"


def databricks(cells: tuple[str, ...]) -> str:
    """Cells that hold a magic, and one that says its language, stand behind comments."""
    made = [
        "\n".join(f"# MAGIC {line}" for line in f"%python\n{cell}".split("\n"))
        if "%" in cell or "Linear" in cell
        else cell.replace("!pip install -q torch\n", "")
        for cell in (cells[0], *cells[2:])
    ]
    return "# Databricks notebook source\n" + "\n\n# COMMAND ----------\n\n".join(made) + "\n"


WAYS = {
    "a.ipynb": notebook,
    "windows.ipynb": windows,
    "string.ipynb": one_string,
    "windows_string.ipynb": one_windows_string,
    "percent.py": percent,
    "colab.py": colab,
    "databricks.py": databricks,
}


@pytest.fixture(params=WAYS, ids=list(WAYS))
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / str(request.param)
    path.write_text(WAYS[request.param](CELLS), encoding="utf-8")
    return path


def test_found(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", "--output-format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    place = found["location"]
    text = WAYS[file.name](CELLS)
    rows = CELLS[2].split("\n") if found["cell"] else text.split("\n")
    assert found["cell"] == (3 if file.suffix == ".ipynb" else None)
    assert rows[place["row"] - 1][place["column"] - 1 :] == "nn.Softmax(dim=1),"


@pytest.mark.parametrize(("args", "expected"), [([], 1), (["--exit-zero"], 0)])
def test_shown(file: Path, args: list[str], expected: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", "--diff", "--unsafe-fixes", *args]) == expected
    assert "nn.Softmax(dim=1)," in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == WAYS[file.name](CELLS)


def test_fixed(file: Path) -> None:
    assert main(["--isolated", "--fix", "--unsafe-fixes"]) == 0
    assert file.read_text(encoding="utf-8") == WAYS[file.name](FIXED)


def test_silenced(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--isolated", "--add-noqa"]) == 0
    assert file.read_text(encoding="utf-8") == WAYS[file.name](SILENT)
    capsys.readouterr()
    assert main(["--isolated"]) == 0
    assert "no findings; 1 loss checked, 0 ok, 1 suppressed" in capsys.readouterr().out
