"""Executed: the other fix, a loss that takes what the activation gives, computes what the default fix computes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fix_cases_keras import CALLED, HEADS
from fix_cases_keras import Case as KerasCase
from fix_cases_keras import cases as keras_cases
from fix_cases_torch import Case, cases

from softmax_lint import fixer, project
from softmax_lint.config import Settings
from softmax_lint.edits.written import written
from softmax_lint.lines import reader
from softmax_lint.rules import RULES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
OTHERS = ("use the loss without its own activation", "drop `from_logits=True`")


def both_fixes(folder: Path, program: str) -> tuple[str, str | None]:
    """What the default fix of the one finding of a program makes of it, and what the other one does."""
    (folder / "pyproject.toml").touch()
    path = folder / "train.py"
    path.write_text(program, encoding="utf-8")
    settings = Settings(str(folder), selected=frozenset(rule.code for rule in RULES), cache=False)
    examined = project.examine([str(path)], settings=settings)
    report = fixer.suggest(examined, examined.report, reader({}))
    assert not report.failures
    fixes = report.diagnostics[0].fixes
    results = {
        each.message.partition(";")[0] in OTHERS: written(str(path), program.encode(), each.edits)
        for each in fixes
    }
    other = results.get(True)
    return results[False].decode(), None if other is None else other.decode()


SITES = ("attribute", "function as a step", "container argument")
TORCH = {
    case.name: case
    for case in cases()
    if case.site in SITES
    and (case.loss, case.relation) in (("CrossEntropyLoss", "log_softmax"), ("BCEWithLogitsLoss", "sigmoid"))
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", TORCH.values(), ids=TORCH)
def test_torch_losses_without_their_activation(case: Case, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from test_fixer_equivalence_torch import ran

    default, other = both_fixes(tmp_path, case.text)
    assert other is not None
    before, left, right = ran(case, case.text), ran(case, default), ran(case, other)
    assert torch.equal(before.output, right.output) and before.printed == right.printed
    assert torch.allclose(left.loss, right.loss, rtol=1e-5)
    assert (not case.is_exact) != torch.allclose(before.loss, right.loss, rtol=1e-5)
    for old, new in zip(left.gradients, right.gradients, strict=True):
        assert torch.allclose(old, new, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("F.log_softmax(self.fc(x), dim=1)", "nn.CrossEntropyLoss(label_smoothing=0.1)"),
        ("F.log_softmax(self.fc(x), dim=1)", "nn.CrossEntropyLoss(**options)"),
        ("torch.sigmoid(self.fc(x))", "nn.BCEWithLogitsLoss(pos_weight=w)"),
        ("torch.sigmoid(self.fc(x))", "nn.BCEWithLogitsLoss(None, None, None, 'mean', w)"),
        ("F.softmax(self.fc(x), dim=1)", "nn.CrossEntropyLoss()"),
    ],
)
def test_losses_that_have_no_counterpart_stay(activation: str, loss: str, tmp_path: Path) -> None:
    program = (
        "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(4, 3)\n\n"
        f"    def forward(self, x):\n        return {activation}\n\n\n{loss}(Net()(x), y)\n"
    )
    assert both_fixes(tmp_path, program)[1] is None


# With these the flag is set, and the model has the activation all the same.
FLAGGED = {
    "object": "keras.losses.{c}(from_logits=True)",
    "positional": "keras.losses.{c}(True)",
    "among others": "keras.losses.{c}(reduction='sum', from_logits=True)",
    "before others": "keras.losses.{c}(from_logits=True, reduction='sum', name='own')",
}
LOSSES: Mapping[str, tuple[str, str]] = {
    "SparseCategoricalCrossentropy": ("sparse_categorical_crossentropy", "softmax"),
    "CategoricalCrossentropy": ("categorical_crossentropy", "softmax"),
    "BinaryCrossentropy": ("binary_crossentropy", "sigmoid"),
    "BinaryFocalCrossentropy": ("binary_focal_crossentropy", "sigmoid"),
    "CategoricalFocalCrossentropy": ("categorical_focal_crossentropy", "softmax"),
}


def keras_programs() -> dict[str, KerasCase]:
    found = {}
    for loss, (_, activation) in LOSSES.items():
        units = 1 if loss.startswith("Binary") else 3
        # Behind other layers nothing is recovered, whatever the backend.
        for layer in ("", ", keras.layers.Reshape((UNITS,))"):
            model = (
                f"keras.layers.Dense({units}, activation='{activation}'){layer.replace('UNITS', str(units))}"
            )
            head = f"{HEADS['keras']}\nmodel = keras.Sequential([{model}])\n"
            for form, text in FLAGGED.items():
                if form != "positional" or "Focal" not in loss:
                    spelled = text.format(c=loss)
                    tail = f"model.compile(optimizer='sgd', loss={spelled}, run_eagerly=True)\n"
                    name = f"{loss}, {form}{', reshaped' if layer else ''}"
                    found[name] = KerasCase(name, head + tail, activation, loss)
    for case in keras_cases():
        function = LOSSES[case.loss][0]
        call = CALLED["function with the flag"].format(f=function, c=case.loss)
        if case.is_called and call in case.text and "Focal" not in case.loss:
            for flag in ("from_logits=True", "True"):
                changed = case.text.replace("from_logits=False", flag)
                name = f"{case.name} {flag}"
                found[name] = KerasCase(name, changed, case.activation, case.loss, True)
    return found


KERAS = keras_programs()
TEXTS = [case.text for case in (*TORCH.values(), *KERAS.values())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", KERAS.values(), ids=KERAS)
def test_keras_losses_without_the_flag(case: KerasCase, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    np = pytest.importorskip("numpy")
    from test_fixer_equivalence_keras import ran

    default, other = both_fixes(tmp_path, case.text)
    assert other is not None and "activation=" in other
    before, weights = ran(case, case.text, None)
    left, _ = ran(case, default, weights)
    right, _ = ran(case, other, weights)
    assert np.array_equal(before.output, right.output)
    undone: Any = keras.ops.convert_to_numpy(getattr(keras.ops, case.activation)(left.output))
    assert np.allclose(undone, right.output, atol=1e-6)
    for name, value in left.numbers.items():
        assert np.allclose(value, right.numbers[name], rtol=1e-4, atol=1e-6), name
    for old, new in zip(left.gradients, right.gradients, strict=True):
        assert np.allclose(old, new, rtol=1e-3, atol=1e-5)
