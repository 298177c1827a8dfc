"""Executed: a logarithm and what it is taken of, merged into one step, give the same value and gradient."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from fix_cases_logarithms import Case, cases
from test_fixer import fix

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CASES = {case.name: case for case in cases()}
DATA = [[0.5, -1.0, 2.0], [3.0, 0.0, -2.5]]


def ran(case: Case, text: str) -> tuple[float, Any]:
    """The value of f, and its gradient as a list."""
    library = pytest.importorskip("torch" if case.framework == "torch" else "tensorflow")
    space: dict[str, Any] = {}
    exec(compile(text, case.name, "exec"), space)
    if case.framework == "torch":
        x = library.tensor(DATA, requires_grad=True)
        value = space["f"](x)
        value.backward()
        return float(value), x.grad.tolist()
    x = library.Variable(DATA)
    with library.GradientTape() as tape:
        value = space["f"](x)
    return float(value), tape.gradient(value, x).numpy().tolist()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fixed_program_does_the_same(case: Case, tmp_path: Path) -> None:
    outcome = fix(tmp_path, {"train.py": case.text})
    assert {each.fix.applicability for each in outcome.applied} == {"safe" if case.is_safe else "unsafe"}
    assert not outcome.report.diagnostics
    is_mirrored = b"sigmoid(-p)" in next(iter(outcome.files.values()))
    assert is_mirrored == ("1.0 - p" in case.text and "sigmoid" in case.text.lower())
    (data,) = outcome.files.values()
    (old, slope), (new, new_slope) = ran(case, case.text), ran(case, data.decode())
    assert new == pytest.approx(old, rel=1e-5)
    for row, new_row in zip(slope, new_slope, strict=True):
        assert new_row == pytest.approx(row, rel=1e-4, abs=1e-6)
