"""What is done before linking grows with the files, and no faster: counted in calls, which nothing disturbs."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from softmax_lint import batch, project, survey
from softmax_lint.config import Settings

SLACK = 1.15


def write(folder: Path, count: int) -> None:
    """Packages of ten files: each has a loss that the next one uses, and helpers that all import."""
    (folder / "pyproject.toml").touch()
    for number in range(count):
        place = folder / f"p{number // 10}"
        place.mkdir(exist_ok=True)
        (place / "__init__.py").write_text("from .common import *\n", encoding="utf-8")
        (place / "common.py").write_text("import os\n\ndef name(x):\n    return os.path.basename(x)\n")
        (place / f"m{number}.py").write_text(
            "import torch\nfrom torch import nn\nfrom .common import name\n"
            f"from .m{number - 1} import fit{number - 1}\n"
            f"class Net{number}(nn.Module):\n    def __init__(self):\n        self.loss = nn.CrossEntropyLoss()\n"
            f"    def forward(self, x):\n        return self.loss(x, x)\n"
            f"def fit{number}(x):\n    return Net{number}()(fit{number - 1}(x)), name('a')\n",
            encoding="utf-8",
        )


def calls(folder: Path) -> tuple[int, int]:
    """(calls of Python functions, files) of everything before linking."""
    settings = Settings(str(folder), jobs=1)
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"

    from softmax_lint import islands, wiring  # noqa: F401  # importing is no part of it

    sys.setprofile(count)
    try:
        files = project.expand([str(folder)], settings)
        task = project._task(files, settings, False)
        groups = batch.divide(task, survey.survey(task.paths, task.more, 1))
    finally:
        sys.setprofile(None)
    assert sum(len(group.chosen.roots) for group in groups) >= len(files) // 2
    return made, len(files)


def test_linear(tmp_path: Path) -> None:
    costs = []
    for count in (100, 800):
        place = tmp_path / str(count)
        place.mkdir()
        write(place, count)
        made, files = calls(place)
        costs.append(made / files)
    assert costs[1] < SLACK * costs[0]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    try:
        import run
    finally:
        sys.path.pop(0)
    return run


@pytest.mark.parametrize(
    ("code", "error"), [("import time; time.sleep(60)", "TooSlow"), ("raise SystemExit(3)", "RuntimeError")]
)
def test_runs_that_go_wrong(benchmark: ModuleType, code: str, error: str, tmp_path: Path) -> None:
    program = benchmark.Program("x", (sys.executable, "-c", code))
    with pytest.raises(Exception) as raised:
        benchmark.measure(program, tmp_path, 1.0 if error == "TooSlow" else 60.0)
    assert raised.type.__name__ == error


def test_rows(benchmark: ModuleType) -> None:
    ruff = [benchmark.Run(0.5, 0.9, 20), benchmark.Run(1.0, 0.9, 20), benchmark.Run(2.0, 0.9, 20)]
    ours = [benchmark.Run(2.0, 1.0, 30), benchmark.Run(3.0, 1.5, 40), benchmark.Run(1.0, 1.2, 50)]
    assert (
        benchmark.row("t", "cold", ours, ruff, 60)
        == "| t | cold | 2.00 × | 2.00 × | 2.00 s | 1.20 s | 50 MB |"
    )
    assert benchmark.row("t", "cold", [], ruff, 60) == "| t | cold | > 60 × | | over 60 s | | |"
