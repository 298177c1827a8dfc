"""Trees of code to measure on, laid out the same on every machine: pinned packages, and what is made of them.

Packages are downloaded from the package index and unpacked, never installed or imported.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGES = {
    "transformers": ("transformers==5.23.0",),
    "torch_geometric": ("torch-geometric==2.8.1",),
    "keras+tensorflow": ("keras==3.15.1", "tensorflow-cpu==2.21.0"),
    "torch": ("torch==2.13.0",),
    "timm": ("timm==1.0.31",),
}
SUFFIXES = (".py", ".ipynb")
# A picture in an output, as most notebooks have some.
_PICTURE = "iVBORw0KGgo" * 2_000
_MODEL = '''"""A model."""

import torch.nn.functional as F
from torch import nn

from project.helpers{n} import scaled{n}


class Net{n}(nn.Module):
    def __init__(self, width=784, classes=10):
        super().__init__()
        self.hidden = nn.Linear(width, 128)
        self.out = nn.Linear(128, classes)

    def forward(self, x):
        x = F.relu(self.hidden(scaled{n}(x)))
        return {end}
'''
_TRAIN = '''"""Training."""

from torch import nn, optim

from project.model{n} import Net{n}


def train{n}(batches, epochs=3):
    net, criterion = Net{n}(), nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters())
    for epoch in range(epochs):
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())
    return net
'''
_HELPERS = '''"""Helpers."""

import json
import os


def scaled{n}(values, factor={n}.5):
    return values * factor


def load{n}(folder, name="data{n}.json"):
    rows = []
    with open(os.path.join(folder, name)) as file:
        for line in file:
            row = json.loads(line)
            if row.get("split") == "train" and row["length"] > {n}:
                rows.append((row["x"], row["y"]))
    return rows
'''


def lay_out(tree: str, folder: Path, wheels: Path | None = None) -> Path:
    """The folder of a tree below `folder`, made when it is not there. `wheels` has packages that need not be
    downloaded. Raises subprocess.CalledProcessError where the index does not have one.
    """
    place = folder / tree
    if place.is_dir():
        return place
    beside = folder / f"{tree}.part"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    if tree in MADE:
        MADE[tree](beside, folder)
    else:
        for package in PACKAGES[tree]:
            unpack(download(package, folder / "packages", wheels), beside)
    (beside / "softmax-lint.toml").touch()  # a project, from whichever of its files one looks
    beside.rename(place)
    return place


def download(package: str, folder: Path, wheels: Path | None = None) -> Path:
    """The archive of one pinned package; a wheel if there is one, else its source."""
    name, _, version = package.partition("==")
    stem = f"{name.replace('-', '_')}-{version}"
    for place in (folder, wheels):
        found = sorted(place.glob(f"{stem}*")) if place is not None else []
        if found:
            return found[0]
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, "--only-binary", ":all:", package], check=True)
    return sorted(folder.glob(f"{stem}*"))[0]


def unpack(archive: Path, place: Path) -> None:
    """The Python files and notebooks of an archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(place, [name for name in wheel.namelist() if name.endswith(SUFFIXES)])
        return
    with tarfile.open(archive) as source:
        wanted = [m for m in source.getmembers() if m.isfile() and m.name.endswith(SUFFIXES)]
        source.extractall(place, wanted, filter="data")


def notebooks(place: Path, folder: Path) -> None:
    """The scripts of timm as notebooks: a cell for each top-level statement, every tenth with a picture."""
    timm = lay_out("timm", folder)
    for script in sorted(timm.rglob("*.py")):
        text = script.read_text(encoding="utf-8")
        rows = text.splitlines(keepends=True)
        starts = [_first_row(node) for node in ast.parse(text).body] or [0]
        ends = [*starts[1:], len(rows)]
        cells = []
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            picture = {"output_type": "display_data", "data": {"image/png": _PICTURE}, "metadata": {}}
            outputs = [picture] if number % 10 == 9 else []
            cells.append({"cell_type": "code", "source": rows[start:end], "outputs": outputs, "metadata": {}})
        target = place / script.relative_to(timm).with_suffix(".ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        target.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _first_row(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", ())
    return min([node.lineno, *(each.lineno for each in decorators)]) - 1


def project(place: Path, folder: Path) -> None:
    """Sixty files as a user has them: models, what trains them, and the rest."""
    generated(place, 60, 3)


def generated(place: Path, files: int, share: int) -> None:
    """A project of so many files; a model and its training for every `share` files besides these two."""
    package = place / "project"
    package.mkdir(parents=True)
    (place / "pyproject.toml").touch()
    (package / "__init__.py").touch()
    number = made = 0
    while made < files:
        texts = {f"helpers{number}.py": _HELPERS.format(n=number)}
        if number % max(1, share - 2) == 0:
            end = "F.softmax(self.out(x), dim=1)" if number % 8 == 0 else "self.out(x)"
            texts[f"model{number}.py"] = _MODEL.format(n=number, end=end)
            texts[f"train{number}.py"] = _TRAIN.format(n=number)
        for name, text in texts.items():
            (package / name).write_text(text, encoding="utf-8")
        made += len(texts)
        number += 1


Make = Callable[[Path, Path], None]
MADE: dict[str, Make] = {"notebooks": notebooks, "project": project}
TREES: Sequence[str] = (*PACKAGES, *MADE)
