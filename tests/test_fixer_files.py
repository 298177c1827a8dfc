"""Fixes on disk: golden projects and notebooks, bytes outside edits, options of the command line, killed runs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from softmax_lint import fixer
from softmax_lint.cli import main

NETWORK = '''"""The network."""

import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, classes):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.fc1 = nn.Linear(5760, classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = x.view(x.size(0), -1)
        x = self.fc1(x)
        x = F.softmax(x, dim=1)
        return x
'''
TRAINING = '''"""The training loop."""

import argparse

import torch
from torch import nn, optim

from models.network import Net


def train(args, model, loader, optimizer, criterion):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--classes", type=int, default=10)
    args = parser.parse_args()
    model = Net(args.classes)
    criterion = nn.CrossEntropyLoss()
    train(args, model, [], optim.SGD(model.parameters(), lr=0.1), criterion)


if __name__ == "__main__":
    main()
'''
NOTEBOOK = """{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# Digits: a \\"softmax\\" at the end\\n"]},
  {
   "cell_type": "code",
   "execution_count": 1,
   "metadata": {"scrolled": true},
   "outputs": [ {"name": "stderr", "text": ["caf\\u00e9 <\\/b>\\n"], "output_type": "stream"} ],
   "source": [
    "%matplotlib inline\\n",
    "import tensorflow as tf\\n",
    "\\n",
    "model = tf.keras.Sequential([\\n",
    "    tf.keras.layers.Flatten(),\\n",
    "    tf.keras.layers.Dense(10),\\n",
    "    tf.keras.layers.Softmax(),\\n",
    "])"
   ]
  },
  {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": ["!pip list | grep keras"]},
  {
   "cell_type": "code",
   "source": "model.compile(optimizer='adam',\\n              loss='sparse_categorical_crossentropy',  # \\u00e9\\n              metrics=['accuracy'])",
   "metadata": { "id" : 1.0e3 },   "outputs": [],
   "execution_count": null
  },
  {"cell_type": "code", "execution_count": 7, "metadata": {}, "outputs": [{"data": {"text/plain": ["0.10"]}}],
   "source": ["model.fit(x, y)\\n", "model.evaluate(x, y)"]}
 ],
 "metadata": {"kernelspec": {"name": "python3"}, "colab": {}},
 "nbformat": 4, "nbformat_minor": 5
}
"""  # noqa: E501


def project(folder: Path, files: Mapping[str, bytes]) -> Path:
    (folder / "pyproject.toml").touch()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.suffix in (".py", ".ipynb")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def run(folder: Path, *options: str) -> int:
    return main(["--fix", *options, "--isolated", str(folder)])


def test_one_line_goes_from_the_network_and_the_training_script_stays(tmp_path: Path) -> None:
    files = {"models/__init__.py": "", "models/network.py": NETWORK, "train.py": TRAINING}
    project(tmp_path, {name: text.encode() for name, text in files.items()})
    assert run(tmp_path, "--unsafe-fixes") == 0
    files["models/network.py"] = NETWORK.replace("        x = F.softmax(x, dim=1)\n", "")
    assert content(tmp_path) == {name: text.encode() for name, text in files.items()}


def test_two_cells_change_and_every_other_byte_of_a_notebook_stays(tmp_path: Path) -> None:
    project(tmp_path, {"digits.ipynb": NOTEBOOK.encode()})
    json.loads(NOTEBOOK)
    assert run(tmp_path) == 0
    after = NOTEBOOK.replace('    "    tf.keras.layers.Softmax(),\\n",\n', "").replace(
        "'sparse_categorical_crossentropy'",
        "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    )
    assert content(tmp_path) == {"digits.ipynb": after.encode()}


PLAIN = (
    "import keras\n\n\ndef build():\n    # café\n    model = keras.Sequential([\n"
    "        keras.layers.Dense(3),\n        keras.layers.Softmax(),  # last\n    ])\n"
    "    model.compile(loss='categorical_crossentropy')\n    return model\n\n\nbuild().fit(x, y)\n"
)
FIXED = PLAIN.replace("        keras.layers.Softmax(),  # last\n", "").replace(
    "'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy(from_logits=True)"
)


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: ("# -*- coding: latin-1 -*-\n" + text).encode("latin-1"),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("import keras\n", "import keras\n\f\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
    ids=["plain", "crlf", "bom", "latin-1", "tabs", "no newline at the end", "form feed", "cr"],
)
def test_bytes_outside_edits_stay(written: object, tmp_path: Path) -> None:
    assert callable(written)
    project(tmp_path, {"a.py": written(PLAIN)})
    path = tmp_path / "a.py"
    path.chmod(0o754)
    link = tmp_path / "b.py"
    link.symlink_to("a.py")
    assert run(path, "--unsafe-fixes") == 0
    assert path.read_bytes() == written(FIXED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o754 and link.is_symlink()


SAFE = "import keras\n\nm = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\n"
SAFE += "m.compile(loss='categorical_crossentropy')\nm.fit(x, y)\n"
UNSAFE = f"{SAFE}m.save('m.keras')\n"


@pytest.mark.parametrize(
    ("options", "status", "said", "changed"),
    [
        ((), 1, "fixed 2 (2 files), 1 more with --unsafe-fixes", {"a.py", "b.py"}),
        (("--unsafe-fixes",), 0, "fixed 3 (3 files)", {"a.py", "b.py", "c.py"}),
        (("--fix-only",), 0, "fixed 2 (2 files), 1 more with --unsafe-fixes", {"a.py", "b.py"}),
        (("--diff",), 1, "would fix 2 (2 files), 1 more with --unsafe-fixes", set()),
        (("--show-fixes",), 1, "a.py:3:56: SML001 remove the softmax and set", {"a.py", "b.py"}),
        (("--config", "extend-safe-fixes = ['SML001']"), 0, "fixed 3 (3 files)", {"a.py", "b.py", "c.py"}),
        (("--config", "extend-unsafe-fixes = ['SML001']"), 1, "3 with --unsafe-fixes", set()),
        (("--ignore", "SML001"), 0, "", set()),
    ],
)  # fmt: skip
def test_options(
    options: tuple[str, ...],
    status: int,
    said: str,
    changed: set[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {"a.py": SAFE.encode(), "b.py": SAFE.encode(), "c.py": UNSAFE.encode()}
    project(tmp_path, before)
    monkeypatch.chdir(tmp_path)
    assert main(["--fix", *options, "."]) == status
    captured = capsys.readouterr()
    assert said in captured.out + captured.err
    after = content(tmp_path)
    assert {name for name, data in before.items() if after[name] != data} == changed


def test_a_file_that_changed_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, {"a.py": SAFE.encode(), "b.py": SAFE.encode()})
    real = fixer.fix

    def fix(*arguments: object, **keywords: object) -> fixer.Fixed:
        outcome = real(*arguments, **keywords)  # type: ignore[arg-type]
        (tmp_path / "a.py").write_bytes(b"# somebody saved\n")
        return outcome

    monkeypatch.setattr(fixer, "fix", fix)
    run(tmp_path)
    assert (tmp_path / "a.py").read_bytes() == b"# somebody saved\n"
    assert b"from_logits=True" in (tmp_path / "b.py").read_bytes()
    assert "changed while it was checked" in capsys.readouterr().err


def test_a_killed_run_leaves_every_file_whole(tmp_path: Path) -> None:
    """Killed as soon as the first files are replaced: each is the old one or the new one, and a run ends the job."""
    names = [f"m{number:03}.py" for number in range(200)]
    project(tmp_path, dict.fromkeys(names, SAFE.encode()))
    command = [
        sys.executable,
        "-m",
        "softmax_lint",
        "--fix",
        "--isolated",
        "--no-cache",
        "--quiet",
        str(tmp_path),
    ]
    process = subprocess.Popen(command)
    while process.poll() is None and content(tmp_path).get(names[3], b"") == SAFE.encode():
        time.sleep(0.002)
    process.kill()
    process.wait()
    new = content(tmp_path)
    good = SAFE.replace(", activation='softmax'", "").replace(
        "'categorical_crossentropy'", "keras.losses.CategoricalCrossentropy(from_logits=True)"
    )
    assert set(new.values()) <= {SAFE.encode(), good.encode()}
    assert set(new) == set(names)
    assert subprocess.run(command, check=False).returncode == 0
    assert set(content(tmp_path).values()) == {good.encode()}


class Killed(BaseException):
    """Nobody catches it."""


SIGMOID_NETWORK = NETWORK.replace("F.softmax(x, dim=1)", "F.sigmoid(x)")
BINARY = TRAINING.replace("CrossEntropyLoss", "BCELoss").replace("cross_entropy", "binary_cross_entropy")


def test_a_fix_that_was_half_done_is_a_finding_of_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two renames: the network has changed, the loss has not."""
    files = {"models/__init__.py": "", "models/network.py": SIGMOID_NETWORK, "train.py": BINARY}
    project(tmp_path, {name: text.encode() for name, text in files.items()})
    real = os.replace
    done: list[str] = []

    def replace(source: str, target: str) -> None:
        if Path(target).name in ("network.py", "train.py"):
            if done:
                raise Killed
            done.append(target)
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        with pytest.raises(Killed):
            run(tmp_path, "--unsafe-fixes")
    half = content(tmp_path)
    assert b"sigmoid" not in half["models/network.py"] and half["train.py"] == BINARY.encode()
    assert main(["--isolated", str(tmp_path)]) == 1
    assert run(tmp_path, "--unsafe-fixes") == 0
    again = content(tmp_path)
    assert again["models/network.py"] == half["models/network.py"]
    assert b"ogits" in again["train.py"] and sorted(again) == sorted(half)
