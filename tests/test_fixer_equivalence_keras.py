"""Executed: a fixed Keras program computes what the original did, from the same weights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fix_cases_keras import HEAD, Case, cases, units
from test_fixer import fix

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tiny programs: threads cost more than they give.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")
CASES = {case.name: case for case in cases()}
RANDOM = np.random.default_rng(0)
DATA = RANDOM.normal(size=(12, 4)).astype("float32")
CLASSES = RANDOM.integers(3, size=12)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program shows: its output, losses and metrics by name, the gradients, the classes it would print."""

    output: Any
    numbers: dict[str, Any]
    gradients: list[Any]
    classes: list[int]


def labels_for(loss: str) -> Any:
    if loss.startswith("Sparse"):
        return CLASSES
    return (np.eye(3)[CLASSES] if units(loss) == 3 else (CLASSES > 0).reshape(-1, 1)).astype("float32")


def ran(case: Case, text: str, weights: list[Any] | None) -> tuple[Ran, list[Any]]:
    keras.utils.clear_session(free_memory=False)
    space: dict[str, Any] = {}
    exec(compile(text, case.name, "exec"), space)
    model = space["model"]
    model(DATA)  # which builds it
    if weights is None:
        weights = model.get_weights()
    model.set_weights(weights)
    labels = labels_for(case.loss)
    output = keras.ops.convert_to_numpy(model(DATA))
    if case.is_called:
        numbers = {"loss": np.asarray(space["loss"](DATA, labels))}
        gradients = [np.asarray(each) for each in space["train"](DATA, labels)]
    else:
        numbers = model.train_on_batch(DATA, labels, return_dict=True)
        gradients = [old - new for old, new in zip(weights, model.get_weights(), strict=True)]
    return Ran(output, numbers, gradients, output.argmax(axis=-1).tolist()), weights


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fixed_program_does_the_same(case: Case, tmp_path: Path) -> None:
    outcome = fix(tmp_path, {"train.py": case.text})
    assert len({each.fix.edits for each in outcome.applied}) == 1, outcome.refused
    assert not outcome.report.diagnostics
    (data,) = outcome.files.values()
    before, weights = ran(case, case.text, None)
    after, _ = ran(case, data.decode(), weights)
    if case.activation == "linear":
        assert np.array_equal(before.output, after.output)
        assert outcome.applied[0].fix.applicability == "unsafe"
        return
    undone = keras.ops.convert_to_numpy(getattr(keras.ops, case.activation)(after.output))
    assert np.allclose(undone, before.output, atol=1e-6)
    assert before.classes == after.classes
    assert before.numbers.keys() == after.numbers.keys()
    for name, value in before.numbers.items():
        assert np.allclose(value, after.numbers[name], rtol=1e-5, atol=1e-6), name
    for old, new in zip(before.gradients, after.gradients, strict=True):
        assert np.allclose(old, new, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_the_library_does_the_same(tmp_path: Path) -> None:
    text = HEAD.format(classes=3)
    outcome = fix(tmp_path, {"train.py": text})
    assert [each.fix.applicability for each in outcome.applied] == ["safe"] and not outcome.report.diagnostics
    (data,) = outcome.files.values()
    images = RANDOM.normal(size=(6, 32, 32, 3)).astype("float32")
    labels = CLASSES[:6]
    shown: list[Any] = []
    weights: list[Any] | None = None
    for program in (text, data.decode()):
        keras.utils.clear_session(free_memory=False)
        space: dict[str, Any] = {}
        exec(compile(program, "train", "exec"), space)
        model = space["model"]
        weights = weights if weights is not None else model.get_weights()
        model.set_weights(weights)
        output = model.predict(images, verbose=0)
        numbers = model.train_on_batch(images, labels, return_dict=True)
        gradients = [old - new for old, new in zip(weights, model.get_weights(), strict=True)]
        shown.append((output, numbers, gradients))
    (before, numbers, gradients), (after, others, left) = shown
    undone = keras.ops.convert_to_numpy(keras.ops.softmax(after))
    assert not np.allclose(before, after) and np.allclose(undone, before, atol=1e-6)
    assert all(np.allclose(numbers[name], others[name], rtol=1e-5) for name in numbers)
    for old, new in zip(gradients, left, strict=True):
        assert np.allclose(old, new, rtol=1e-3, atol=1e-5)
