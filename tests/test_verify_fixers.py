"""The verifier can fail: fixers that are wrong on purpose are caught, each by the check that knows why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from softmax_lint.verify.catalogue import Task, tasks
from softmax_lint.verify.checks import judge
from softmax_lint.verify.measurement import Measurement
from softmax_lint.verify.outcome import Outcome
from softmax_lint.verify.patch import diff
from softmax_lint.verify.processes import Crash
from softmax_lint.verify.results import BROKEN, HELD, Patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).parent.parent
KERAS, LOOP, TORCH = (
    "keras-softmax@tensorflow",
    "tensorflow-log-softmax@tensorflow",
    "pytorch-log-softmax@pytorch",
)
SIGMOID = "keras-sigmoid@tensorflow"
FLAG = ("SparseCategoricalCrossentropy()", "SparseCategoricalCrossentropy(from_logits=True)")
LAYER = ("    keras.layers.Softmax(),\n", "")
METRIC = (
    '"sparse_categorical_crossentropy"]',
    "keras.metrics.SparseCategoricalCrossentropy(from_logits=True)]",
)
UNIT = (', activation="sigmoid"', "")
BINARY = ('loss="binary_crossentropy"', "loss=keras.losses.BinaryCrossentropy(from_logits=True)")
SCORED = (
    '["accuracy", keras.metrics.AUC(name="auc")]',
    '[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")]',
)
SCORED_ALL = (
    SCORED[0],
    '[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"), keras.metrics.AUC(name="auc", from_logits=True)]',
)
COMPARED = ("> 0.5", "> 0")
SEED = ("import keras\n", "import keras\n\nkeras.utils.set_random_seed(7)\n")

# The losses are the same, the weights are not.
NUDGED = (
    "epochs=5)",
    "epochs=5, callbacks=[keras.callbacks.LambdaCallback(on_train_end=lambda logs: model.set_weights("
    "[each * 1.0001 for each in model.get_weights()]))])",
)

CASES = [
    ("right", KERAS, (FLAG, LAYER, METRIC), None),
    ("another start", KERAS, (FLAG, LAYER, METRIC, SEED), "same start"),
    ("flag set, layer kept", KERAS, (FLAG,), "same function"),
    ("layer removed, flag not set", KERAS, (LAYER, METRIC), "same training"),
    ("another end", KERAS, (FLAG, LAYER, METRIC, NUDGED), "same training"),
    ("metric not carried", KERAS, (FLAG, LAYER), "same metrics"),
    ("metric lost", KERAS, (FLAG, LAYER, (', "sparse_categorical_crossentropy"]', "]")), "same metrics"),
    ("loss of another shape", KERAS, (FLAG, LAYER, METRIC, ("Sparse", "")), "it runs"),
    ("syntax error", KERAS, (("model.compile(", "model.compile(("),), "it runs"),
    ("right", SIGMOID, (UNIT, BINARY, SCORED_ALL, COMPARED), None),
    ("metrics not carried", SIGMOID, (UNIT, BINARY, COMPARED), "same metrics"),
    ("one metric lost", SIGMOID, (UNIT, BINARY, SCORED, COMPARED), "same metrics"),
    ("threshold not carried", SIGMOID, (UNIT, BINARY, SCORED_ALL), "same predictions"),
    ("right", LOOP, (("tf.math.log(probabilities)", "tf.nn.log_softmax(logits)"),), None),
    ("wrong axis", LOOP, (("tf.math.log(probabilities)", "tf.nn.log_softmax(logits, axis=0)"),), "exact loss"),
    ("epsilon instead", LOOP, (("tf.math.log(probabilities)", "tf.math.log(probabilities + 1e-8)"),), "exact loss"),
    ("right", TORCH, (("torch.log(probabilities)", "F.log_softmax(model(images), dim=1)"),), None),
    ("wrong axis", TORCH, (("torch.log(probabilities)", "F.log_softmax(model(images), dim=0)"),), "exact loss"),
    ("layer of another width", TORCH, (("784, 128)", "784, 99)"), ("128, 10)", "99, 10)")), "it runs"),
    ("docstring only", TORCH, (('"""Digits', '"""Some digits'),), "exact loss"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder of a measurement, with digits that are easy to tell apart."""
    numpy = pytest.importorskip("numpy")
    generator = numpy.random.default_rng(0)
    sets = {}
    for kind, count in (("train", 256), ("test", 100)):
        labels = (numpy.arange(count) % 10).astype("uint8")
        images = generator.integers(0, 120, (count, 28, 28))
        for image, label in zip(images, labels, strict=True):
            image[2 * label : 2 * label + 6] += 120
        sets |= {f"x_{kind}": images.astype("uint8"), f"y_{kind}": labels}
    numpy.savez(tmp_path / "mnist.npz", **sets)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    if "keras" in sys.modules:
        sys.modules["keras"].mixed_precision.set_global_policy("float32")


# Of each task, what was measured of the program as it was written: that is the same for all fixers.
ORIGINALS: dict[str, dict[Any, Any]] = {}


def measured(task: Task, made: Patch, folder: Path) -> Measurement | Crash:
    """As its process would measure it, in this one."""
    from softmax_lint.verify.child.main import Failed, measure

    (folder / "before.py").write_text(made.before, encoding="utf-8")
    (folder / "after.py").write_text(made.after, encoding="utf-8")
    job = {
        "program": task.program.name, "backend": task.backend, "seeds": [1], "epochs": 1,
        "gaps": [5, 12, 17, 100], "dtypes": ["float32"],
    }  # fmt: skip
    try:
        return measure(job, folder, lambda event: None, ORIGINALS.setdefault(task.name, {}))
    except Failed as failure:
        return Crash(failure.version, repr(failure.__cause__))


@pytest.mark.parametrize(
    ("name", "rewrites", "check"),
    [pytest.param(*case[1:], id=f"{case[1]}: {case[0]}") for case in CASES],
)
def test_fixer(name: str, rewrites: tuple[tuple[str, str], ...], check: str | None, folder: Path) -> None:
    task = next(each for each in tasks() if each.name == name)
    needed = "torch" if task.backend == "pytorch" else "tensorflow"
    module: Any = pytest.importorskip(needed)
    if needed == "tensorflow" and module.keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend here")
    before = after = task.program.path.read_text(encoding="utf-8")
    for old, new in rewrites:
        assert old in after
        after = after.replace(old, new)
    made = Patch("p.py", before, after, diff(before, after, "p.py"), (task.program.rule,))
    result = measured(task, made, folder)
    outcome = Outcome(task, made, result, judge(task, made, result))
    broken = [each.name for each in outcome.broken]
    assert broken[:1] == ([] if check is None else [check]), outcome.broken
    assert outcome.status == (HELD if check is None else BROKEN)


def figures() -> Any:
    """The script that prints the figures of the page."""
    spec = spec_from_file_location("verify_figures", ROOT / "benchmarks" / "verify_figures.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fixer_that_does_nothing(tmp_path: Path) -> None:
    task = next(each for each in tasks() if each.name == KERAS)
    text = task.program.path.read_text(encoding="utf-8")
    made = Patch("p.py", text, text, "", (), ("SML001",))
    outcome = Outcome(task, made, None, judge(task, made, None))
    assert outcome.status == BROKEN and [each.name for each in outcome.broken] == ["found and fixed"]


@pytest.mark.skipif(
    find_spec("mlxtend") is None or find_spec("tensorflow") is None, reason="no extra `verify`"
)
def test_command(tmp_path: Path) -> None:
    # What a fix puts around readers has to do under every backend and number type.
    more = ",pytorch-double-softmax,keras-sigmoid@keras-on-torch"
    only = KERAS + ("" if find_spec("torch") is None else more)
    run = subprocess.run(
        [
            sys.executable, "-m", "softmax_lint", "verify", "--quick", "--only", only, "--json",
            "--report", str(tmp_path / "report.html"),
        ],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == HELD, run.stdout + run.stderr
    found = {entry["program"]: entry for entry in json.loads(run.stdout)["programs"]}
    same = found["keras-softmax"]["measured"]["pairings"]
    assert {pair["start"] for pair in same} == {pair["end"] for pair in same} == {0.0}
    if "pytorch-double-softmax" in found:
        double = found["pytorch-double-softmax"]["measured"]["floors"]
        assert double["before"] == pytest.approx(1.4612, abs=0.002) and double["after"] == pytest.approx(
            0, abs=1e-6
        )
    # What the page says of arithmetic is what it is on this machine.
    documented = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    for entry in found.values():
        assert f"| {' | '.join(figures().arithmetic(entry))} |" in documented
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "[1/" in run.stderr and "\x1b" not in run.stderr
