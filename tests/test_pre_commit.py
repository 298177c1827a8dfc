"""The hooks, run by the real pre-commit in a git repository; the linter is installed as it installs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    find_spec("pre_commit") is None or shutil.which("git") is None,
    reason="pre-commit or git is not installed",
)

ROOT = Path(__file__).parent.parent
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "softmax_lint")
MODEL = """import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(784, 10)

    def forward(self, x):
        return F.log_softmax(self.out(x), dim=1)
"""
TRAIN = """from torch import nn

from model import Net

net, loss = Net(), nn.CrossEntropyLoss()
loss(net(x), y)
"""
CONFIG = "repos:\n- repo: {repo}\n  rev: {rev}\n  hooks:\n  - id: {hook}\n"
UNREACHABLE = (
    "No matching distribution",
    "Could not find a version",
    "Temporary failure",
    "Max retries exceeded",
)


class Repository:
    """A git repository, and the environment in which commands run."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        folder.mkdir(exist_ok=True)
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=600
        )
        output = done.stdout + done.stderr
        if any(sign in output for sign in UNREACHABLE):
            pytest.skip("what the hook needs cannot be installed here")
        return done.returncode, output

    def pre_commit(self, *args: str) -> tuple[int, str]:
        return self.run(sys.executable, "-m", "pre_commit", *args)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text, encoding="utf-8")
        self.run("git", "add", "-A")

    def read(self, name: str) -> str:
        return (self.folder / f"{name}.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON", "VIRTUAL"))
    }
    names = {f"GIT_{role}_{part}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return {**kept, **names, "PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> tuple[str, str]:
    """(address, revision) of a repository with the linter as it is now."""
    repository = Repository(tmp_path_factory.mktemp("linter"), environment)
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, repository.folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, repository.folder / name)
    repository.run("git", "add", "-A")
    assert repository.run("git", "commit", "-q", "-m", "state")[0] == 0
    return str(repository.folder), repository.run("git", "rev-parse", "HEAD")[1].strip()


@pytest.fixture
def repository(tmp_path: Path, environment: dict[str, str]) -> Iterator[Repository]:
    yield Repository(tmp_path / "work", environment)


def install(repository: Repository, hooks: tuple[str, str], hook: str) -> None:
    text = CONFIG.format(repo=hooks[0], rev=hooks[1], hook=hook)
    (repository.folder / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    assert repository.pre_commit("install")[0] == 0


def test_a_bad_commit_is_blocked(repository: Repository, hooks: tuple[str, str]) -> None:
    install(repository, hooks, "softmax-lint")
    repository.write(model=MODEL, train=TRAIN)
    status, output = repository.run("git", "commit", "-m", "bad")
    assert status == 1
    assert "model.py:11:16: SML004" in output
    repository.write(model=MODEL.replace("F.log_softmax(self.out(x), dim=1)", "self.out(x)"))
    status, output = repository.run("git", "commit", "-m", "good")
    assert status == 0, output
    # One changed file is checked together with what is in the repository already.
    repository.write(model=MODEL)
    status, output = repository.run("git", "commit", "-m", "bad again")
    assert status == 1
    assert "model.py:11:16: SML004" in output
    assert "train.py:6:1 the loss is applied here" in output


def test_the_fix_hook_fixes(repository: Repository, hooks: tuple[str, str]) -> None:
    install(repository, hooks, "softmax-lint-fix")
    repository.write(model=MODEL, train=TRAIN)
    status, output = repository.run("git", "commit", "-m", "bad")
    assert status == 1
    assert "files were modified by this hook" in output
    assert "log_softmax" not in repository.read("model")
    repository.write()
    status, output = repository.run("git", "commit", "-m", "fixed")
    assert status == 0, output


def notebook(*cells: str) -> str:
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1)


def test_notebooks_are_checked_and_fixed(repository: Repository, hooks: tuple[str, str]) -> None:
    book = repository.folder / "a book.ipynb"
    install(repository, hooks, "softmax-lint-fix")
    cells = ["%pip install torch\nfrom torch import nn", "from model import Net\nnet = Net()"]
    cells += ["loss = nn.CrossEntropyLoss()", "loss(net(x), y)"]
    book.write_text(notebook(*cells), encoding="utf-8")
    repository.write(model=MODEL)
    status, output = repository.run("git", "commit", "-m", "bad")
    assert status == 1
    assert "files were modified by this hook" in output
    assert "log_softmax" not in repository.read("model")
    repository.write(model=MODEL)
    # The notebook alone is enough to hear of both ends.
    status, output = repository.pre_commit("run", "softmax-lint-fix", "--files", book.name)
    assert status == 1
    assert "a book.ipynb:cell 4:1:1 the loss is applied here" in output


def test_changed_files_have_the_findings_of_the_whole(repository: Repository, hooks: tuple[str, str]) -> None:
    install(repository, hooks, "softmax-lint")
    pairs = {f"{part}_{n}": text for n in range(4) for part, text in (("model", MODEL), ("train", TRAIN))}
    for name, text in pairs.items():
        pairs[name] = text.replace("from model", f"from model_{name[-1]}")
    repository.write(**pairs, other="import os\n")
    whole = found_in(repository.pre_commit("run", "--all-files")[1])
    assert len(whole) == 4
    given = ["train_0.py", "model_2.py", "other.py"]
    assert found_in(repository.pre_commit("run", "--files", *given)[1]) == {
        line for line in whole if line.startswith(("model_0", "model_2"))
    }


def found_in(output: str) -> set[str]:
    return {line for line in output.splitlines() if "SML004" in line}


def test_try_repo(repository: Repository, hooks: tuple[str, str]) -> None:
    repository.write(model=MODEL, train=TRAIN)
    status, output = repository.pre_commit("try-repo", hooks[0], "softmax-lint", "--all-files")
    assert status == 1
    assert "SML004" in output


def test_excluded_files_are_left_out(repository: Repository, hooks: tuple[str, str]) -> None:
    install(repository, hooks, "softmax-lint")
    (repository.folder / "softmax-lint.toml").write_text('extend-exclude = ["model.py"]\n', encoding="utf-8")
    repository.write(model=MODEL)
    assert repository.pre_commit("run", "softmax-lint", "--files", "model.py")[0] == 0
