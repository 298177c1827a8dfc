"""`softmax-lint verify SCRIPT`: programs that are right after the fix, fixers that are wrong, programs that fail."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from softmax_lint.config import Settings
from softmax_lint.diagnostic import Fix
from softmax_lint.fixer import Applied, Fixed
from softmax_lint.lines import reader
from softmax_lint.project import examine
from softmax_lint.verify.request import Display, ScriptRequest
from softmax_lint.verify.results import BROKEN, FAILED, HELD, CannotRun
from softmax_lint.verify.script import run as script_run
from softmax_lint.verify.script.cells import program
from softmax_lint.verify.script.imports import imported
from softmax_lint.verify.script.inside import exact
from softmax_lint.verify.script.inside.recorder import precision
from softmax_lint.verify.script.launch import Ended, Job, Limits, launch
from softmax_lint.verify.script.prepare import Repair, prepare, rows_between

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
needs_keras = pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow is not installed")

# Two losses on one line, a model in a file of its own, and an argument that the program cannot do without.
TORCH = {
    "pyproject.toml": "",
    "models/__init__.py": "",
    "models/net.py": """\
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Linear(4, 16)
        self.kind = nn.Linear(16, classes)
        self.real = nn.Linear(16, 1)

    def forward(self, x):
        x = F.relu(self.body(x))
        return F.softmax(self.kind(x), dim=1), F.sigmoid(self.real(x))


class Other(Net):
    def forward(self, x):
        return F.softmax(self.kind(self.body(x)), dim=1), F.sigmoid(self.real(self.body(x)))
""",
    "train.py": """\
import argparse

import torch
from torch import nn

from models.net import Net, Other

parser = argparse.ArgumentParser()
parser.add_argument("--classes", type=int, required=True)
options = parser.parse_args()
net = Net(options.classes) if options.classes > 3 else Other(options.classes)
kind_loss = nn.CrossEntropyLoss()
real_loss = nn.BCELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
while True:
    x = torch.randn(8, 4)
    kinds, real = torch.randint(0, options.classes, (8,)), torch.rand(8, 1).round()
    kind, output = net(x)
    loss = kind_loss(kind, kinds) + real_loss(output, real)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""",
}
# Scores so large that the loss as written has no gradient for most examples; and a logarithm that moves.
SATURATED = """\
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
head = nn.Linear(4, 3)
optimizer = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.01)
# %%
for _ in range(3):
    x = torch.randn(32, 4)
    loss = nn.functional.binary_cross_entropy(net(100 * x), torch.zeros(32, 1))
    kinds = torch.softmax(head(x), dim=1)
    logs = torch.log(kinds)
    loss = loss - logs[:, 0].mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
display(loss)
"""
UNREPEATABLE = """\
import os

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
loss = nn.CrossEntropyLoss()
for _ in range(3):
    targets = torch.tensor([byte % 3 for byte in os.urandom(64)])
    loss(net(torch.randn(64, 4)), targets).backward()
"""
KERAS = {
    "fit.py": """\
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

x = np.random.rand(64, 4).astype("float32")
y = np.random.randint(0, 3, 64)
model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")])
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x, y, epochs=2, batch_size=16, validation_data=(x, y), verbose=0)
"""
}
METRIC = """\
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=["binary_accuracy"])
"""
FAST = """\
{first}
import torch.nn as nn
net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
nn.CrossEntropyLoss()(net(data), targets)
"""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Lay out files; gives the last one."""
    path = folder
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def notebook(*cells: str) -> str:
    entries = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": text} for text in cells]
    return json.dumps({"cells": entries, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def request(
    script: Path, *args: str, steps: int = 4, yes: bool = True, report: Path | None = None, **limits: Any
) -> ScriptRequest:
    display = Display(json=True, quiet=True, report=None if report is None else str(report))
    return ScriptRequest(display, str(script), args, yes, steps, **limits)


def wrongly(*replacements: tuple[str, str]) -> Repair:
    """A fixer that knows no better than to replace text."""

    def repair(files: Sequence[str], settings: Settings) -> Fixed:
        report = examine(files, settings=settings).report
        read = reader({})
        before = {name: read(name) for name in files}
        after = dict(before)
        for old, new in replacements:
            names = [name for name in after if old.encode() in after[name]]
            assert names, f"there is no {old}"
            after.update({name: after[name].replace(old.encode(), new.encode()) for name in names})
        changed = {name: data for name, data in after.items() if data != before[name]}
        applied = [Applied(each, Fix("unsafe", "", ())) for each in report.diagnostics]
        return Fixed(report, changed, {name: before[name] for name in changed}, applied)

    return repair


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Job, Limits], Ended]:
    """`launch` that runs the same files only once: what a program does as written is the same for all fixers."""
    known: dict[str, tuple[Path, Ended]] = {}

    def run_once(job: Job, limits: Limits) -> Ended:
        digest = hashlib.sha1(repr((job.args, job.losses, limits)).encode())
        for path in sorted(Path(job.root).rglob("*.py")):
            digest.update(path.read_bytes())
        key = digest.hexdigest()
        if key in known:
            shutil.copytree(known[key][0], job.record)
        else:
            ended = launch(job, limits)
            kept = tmp_path_factory.mktemp("records") / "record"
            shutil.copytree(job.record, kept)
            known[key] = kept, ended
        return known[key][1]

    return run_once


def check(
    wanted: ScriptRequest,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
    repair: Repair | None = None,
) -> dict[str, Any]:
    """Verify; gives what was printed. Checks that did not hold are in `failed`, by name."""
    monkeypatch.setattr(script_run, "launch", launched)
    assert script_run.run(wanted, repair) == status, capsys.readouterr().out
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    checks = [*found["checks"], *(check for each in found["findings"] for check in each["checks"])]
    found["failed"] = {each["name"] for each in checks if each["held"] is False}
    return found


@needs_torch
def test_torch_holds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    wanted = request(write(tmp_path, TORCH), "--classes", "5")
    found = check(wanted, HELD, monkeypatch, capsys, launched)
    # The model that this run does not build has the same findings.
    by_code = {each["code"]: each for each in found["findings"] if each["reached"]}
    assert set(by_code) == {"SML002", "SML101"}
    assert len(found["findings"]) == 4
    assert all(each["evaluations"] == 4 for each in by_code.values())
    assert not found["failed"]
    held = {each["name"] for each in by_code["SML002"]["checks"] if each["held"]}
    assert held == {"same function", "exact loss", "exact gradient"}
    assert "-        return F.softmax" in found["diff"]
    assert (tmp_path / "models/net.py").read_text() == TORCH["models/net.py"]


@needs_torch
@pytest.mark.parametrize(
    ("replacements", "failed"),
    [
        # Along the batch, not along the classes.
        ([("F.softmax(self.kind(x), dim=1)", "F.log_softmax(self.kind(x), dim=0)")], "same function"),
        ([("F.softmax(self.kind(x), dim=1)", "self.kind(x)"), ("CrossEntropyLoss", "NLLLoss")], "exact loss"),
        (
            [("F.sigmoid(self.real(x))", "self.real(x) * 2"), ("BCELoss", "BCEWithLogitsLoss")],
            "same function",
        ),
    ],
    ids=["axis", "loss", "scale"],
)
def test_wrong_torch_fixers(
    replacements: list[tuple[str, str]],
    failed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    wanted = request(write(tmp_path, TORCH), "--classes", "5")
    found = check(wanted, BROKEN, monkeypatch, capsys, launched, wrongly(*replacements))
    assert failed in found["failed"]


@needs_torch
def test_fixed_program_that_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    data = "import torch\ndata, targets = torch.ones(2, 4), torch.tensor([0, 1])"
    wanted = request(write(tmp_path, {"train.py": FAST.format(first=data)}))
    found = check(
        wanted, BROKEN, monkeypatch, capsys, launched, wrongly((", nn.Softmax(dim=1)", ", nn.Nothing()"))
    )
    assert found["failed"] == {"runs"}
    assert "has no attribute 'Nothing'" in found["checks"][0]["message"]


@needs_torch
def test_notebook_shows_the_cost(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    path = write(tmp_path, {"plain.ipynb": notebook(*SATURATED.split("# %%\n"))})
    report = tmp_path / "report.html"
    found = check(request(path, report=report), HELD, monkeypatch, capsys, launched)
    by_code = {each["code"]: each for each in found["findings"]}
    shown = report.read_text(encoding="utf-8")
    assert "the fix held: 2 of 2" in shown and "<svg" in shown and "had no gradient" in shown
    assert "src=" not in shown and "href=" not in shown
    assert set(by_code) == {"SML101", "SML006"}
    clipped = by_code["SML101"]
    assert (clipped["filename"], clipped["cell"]) == ("plain.ipynb", 1)
    assert any("had no gradient" in fact for fact in clipped["cost"]), clipped["cost"]
    assert {each["name"]: each["held"] for each in clipped["checks"]}["same loss"] is None
    assert all(each["held"] for each in by_code["SML006"]["checks"])


@needs_torch
def test_no_verdict_on_what_does_not_repeat_itself(tmp_path: Path) -> None:
    path = write(tmp_path, {"train.py": UNREPEATABLE})
    with pytest.raises(CannotRun, match="other data each time"):
        script_run.run(request(path))


@needs_keras
def test_keras_holds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    found = check(request(write(tmp_path, KERAS)), HELD, monkeypatch, capsys, launched)
    (finding,) = found["findings"]
    assert finding["code"] == "SML001"
    assert {each["name"] for each in finding["checks"] if each["held"]} == {
        "same function", "exact loss", "exact gradient", "same loss", "same gradient",
    }  # fmt: skip
    # Keras on TensorFlow finds the logits behind the softmax.
    assert found["drift"] == 0.0


@needs_keras
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            'loss="sparse_categorical_crossentropy"',
            "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        ),
        ('layers.Dense(3, activation="softmax")', "layers.Dense(3)"),
    ],
    ids=["flag set, layer kept", "layer removed, flag not set"],
)
def test_wrong_keras_fixers(
    old: str,
    new: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    launched: Callable[[Job, Limits], Ended],
) -> None:
    wanted = request(write(tmp_path, KERAS))
    found = check(wanted, BROKEN, monkeypatch, capsys, launched, wrongly((old, new)))
    assert "same function" in found["failed"]


@pytest.mark.parametrize(
    ("first", "limits", "message"),
    [
        ("raise ValueError('no data here')", {}, "fails by itself: ValueError: no data here"),
        ("import time\ntime.sleep(60)", {"timeout": 1.5}, "no loss with a finding within 1.5 s"),
        ("pass\nraise SystemExit", {}, "without evaluating a loss"),
        pytest.param(
            "x = bytearray(10**9)",
            {"memory": 500},
            "needs more than 500 MB",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no such limit"),
        ),
    ],
    ids=["exception", "time", "no loss", "memory"],
)
def test_programs_that_fail(first: str, limits: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, {"train.py": FAST.format(first=first)})
    with pytest.raises(CannotRun, match=message):
        script_run.run(request(path, **limits))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "magic.ipynb",
            notebook("%matplotlib inline\n", FAST.format(first="")),
            "cell 1: `%matplotlib inline`",
        ),
        ("shell.ipynb", notebook(FAST.format(first=""), "%%bash\nls\n"), "cell 2: `%%bash`"),
        ("clean.py", "import torch\n", "nothing was found"),
        ("metric.py", METRIC, "SML301 is about values that no loss sees"),
        ("broken.ipynb", "{", "invalid JSON"),
    ],
)
def test_what_is_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=message):
        script_run.run(request(write(tmp_path, {name: text})))


def test_backend_that_nothing_is_measured_under(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = "from types import SimpleNamespace\nbackend = SimpleNamespace(backend=lambda: 'jax')\n"
    seeding = "utils = SimpleNamespace(set_random_seed=print)\n"
    write(tmp_path / "installed", {"keras.py": stub + seeding})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    text = KERAS["fit.py"].replace("from tensorflow ", "").replace("from tensorflow.keras", "from keras")
    path = write(tmp_path / "mine", {"pyproject.toml": "", "fit.py": text})
    with pytest.raises(CannotRun, match=r"could not be measured: .* under the Keras backend `jax`"):
        script_run.run(request(path))


def test_running_takes_consent(tmp_path: Path) -> None:
    path = write(tmp_path, {"train.py": FAST.format(first="open('here', 'w')")})
    with pytest.raises(CannotRun, match="--yes"):
        script_run.run(request(path, yes=False))
    assert not (tmp_path / "here").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from softmax_lint.cli import main

    path = write(tmp_path, {"train.py": FAST.format(first="import sys\nsys.exit(repr(sys.argv[1:]))")})
    assert main(["verify", str(path), "--yes", "--", "--epochs", "3"]) == FAILED
    shown = capsys.readouterr().err
    assert "This runs" in shown and "SML002" in shown and "['--epochs', '3']" in shown


def test_a_project_without_a_mark_reaches_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"mine/{name}": text for name, text in TORCH.items() if name != "pyproject.toml"}
    files["mine/scripts/train.py"] = files.pop("mine/train.py")
    path = write(tmp_path, files)
    monkeypatch.chdir(tmp_path / "mine")
    prepared = prepare(str(path))
    assert (prepared.root, prepared.script) == (str(tmp_path / "mine"), str(Path("scripts", "train.py")))
    assert [patch.filename for patch in prepared.patches] == [str(Path("models", "net.py")), prepared.script]


def test_rows_after_an_edit() -> None:
    after = rows_between("a\nb\nc\nd\n", "new\na\nB\nd\n")
    assert [after(row) for row in (1, 2, 4)] == [2, 3, 4]


def test_imported_files(tmp_path: Path) -> None:
    files = {
        "a/__init__.py": "",
        "a/b.py": "from . import c\n",
        "a/c.py": "",
        "other.py": "",
        "main.py": "import os\nfrom a.b import x\n",
    }
    script = write(tmp_path, files)
    everything = tuple(str(tmp_path / name) for name in files)

    def names(text: str) -> set[str]:
        script.write_text(text)
        found = imported(str(script), str(tmp_path), everything, lambda name: Path(name).read_text())
        return {Path(name).relative_to(tmp_path).as_posix() for name in found}

    assert names(files["main.py"]) == {"main.py", "a/__init__.py", "a/b.py", "a/c.py"}
    assert names("import importlib\nimportlib.import_module(name)\n") == set(files)


def test_cells_become_rows(tmp_path: Path) -> None:
    made = program("x.ipynb", notebook("a = 1", "b = 2\nc = 3\n").encode())
    assert made.text == "a = 1\nb = 2\nc = 3\n"
    assert made.row(2, 2) == 3


@pytest.mark.parametrize(
    ("expects", "predictions", "mass", "other", "total"),
    [
        (exact.SOFTMAX_LOGITS, [[50.0, 0.0]], [[0.0, 1.0]], None, 50.0),
        (exact.LOG_PROBABILITIES, [[-1e-3, -200.0]], [[0.0, 1.0]], None, 200 - 1e-3),
        (exact.CATEGORICAL, [[0.25, 0.75]], [[1.0, 0.0]], None, float(-np.log(0.25))),
        (exact.SIGMOID_LOGITS, [[100.0]], [[0.0]], [[1.0]], 100.0),
        (exact.BINARY, [[0.25]], [[1.0]], [[0.0]], float(-np.log(0.25))),
    ],
)
def test_exact_cross_entropies(
    expects: str, predictions: list[list[float]], mass: list[list[float]], other: Any, total: float
) -> None:
    found = exact.cross_entropy(
        np.array(predictions), expects, np.array(mass), None if other is None else np.array(other)
    )
    assert found.total == pytest.approx(total, rel=1e-9)
    assert np.abs(found.gradient).sum() > 0


def test_precision_shows_in_the_values() -> None:
    # 16 bits of a float32 are a bfloat16.
    thirds = np.full((2, 3), 1 / 3, np.float32)
    cut = (thirds.view(np.uint32) & 0xFFFF0000).view(np.float32)
    halves = thirds.astype(np.float16).astype(np.float32)
    found = [precision(values, "float32") for values in (thirds, cut, halves)]
    assert found == ["float32", "bfloat16", "float16"]


def test_findings_are_watched_where_they_meet(tmp_path: Path) -> None:
    prepared = prepare(str(write(tmp_path, TORCH)))
    assert [(each.file, each.row, each.family) for each in prepared.before.losses] == [
        ("train.py", 19, "softmax"), ("train.py", 19, "sigmoid"),
    ]  # fmt: skip
    assert [each.number for each in prepared.before.sources] == [0, 1, 2, 3]
    assert {each.code: each.produced for each in prepared.findings} == {
        "SML002": "softmax",
        "SML101": "sigmoid",
    }
