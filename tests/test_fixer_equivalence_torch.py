"""Executed: a fixed PyTorch program computes what the original did, from the same weights."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fix_cases_torch import Case, cases
from test_fixer import fix

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
# Sites whose outputs are not followed: their fixes are exact all the same, but nobody can know.
UNFOLLOWED = (
    "list element", "list by name", "appended to a list", "added to a list", "module dict", "indexed",
)  # fmt: skip
CASES = {case.name: case for case in cases()}
# What turns the output of the fixed program into the output of the original one.
RELATIONS: Mapping[str, Callable[[Any], Any]] = {
    "softmax": lambda out: torch.softmax(out, 1),
    "log_softmax": lambda out: torch.log_softmax(out, 1),
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "same": lambda out: out,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program showed: the output of its model, its loss, the gradients of its weights, what it printed."""

    output: Any
    loss: Any
    gradients: list[Any]
    printed: str


def ran(case: Case, text: str) -> Ran:
    space: dict[str, Any] = {}
    outputs: list[Any] = []
    losses: list[Any] = []
    exec(compile(text, case.name, "exec"), space)
    data = torch.Generator().manual_seed(7)
    x, w = torch.randn(8, 4, generator=data), torch.rand(3, generator=data) + 0.5
    y = torch.randint(3, (8,), generator=data)
    if case.loss.startswith("BCE"):
        y = torch.nn.functional.one_hot(y, 3).float()
    torch.manual_seed(0)
    nets: list[Any] = []

    def watch(module: Any, _: object, output: Any) -> None:
        if type(module).__name__ == "Net":
            nets.append(module)
            outputs.append(output.detach())
        elif "Loss" in type(module).__name__:
            losses.append(output.detach())

    handle = torch.nn.modules.module.register_module_forward_hook(watch)
    printed = io.StringIO()
    real = torch.Tensor.backward

    def backward(loss: Any) -> None:
        losses.append(loss.detach())
        real(loss)

    torch.Tensor.backward = backward
    try:
        with contextlib.redirect_stdout(printed):
            space["train"](x, y, w)
    finally:
        torch.Tensor.backward = real
        handle.remove()
    gradients = [parameter.grad for parameter in nets[0].parameters()]
    return Ran(outputs[0], losses[-1], gradients, printed.getvalue())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fixed_program_does_the_same(case: Case, tmp_path: Path) -> None:
    outcome = fix(tmp_path, {"train.py": case.text})
    assert len({each.fix.edits for each in outcome.applied}) == 1, outcome.refused
    assert not outcome.report.diagnostics
    (data,) = outcome.files.values()
    after = ran(case, data.decode())
    if case.loss == "BCELoss" and case.relation == "same":
        # The original ends with an error: the loss wants values between 0 and 1.
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            ran(case, case.text)
        return
    before = ran(case, case.text)
    assert torch.allclose(RELATIONS[case.relation](after.output), before.output, atol=1e-6)
    assert before.printed == after.printed
    is_safe = outcome.applied[0].fix.applicability == "safe"
    assert is_safe == case.is_exact or (case.is_exact and case.site in UNFOLLOWED)
    if case.is_exact:
        assert torch.allclose(before.loss, after.loss, rtol=1e-5)
        for old, new in zip(before.gradients, after.gradients, strict=True):
            assert torch.allclose(old, new, rtol=1e-4, atol=1e-6)
    elif case.relation != "same":
        assert not torch.allclose(before.loss, after.loss, rtol=1e-5)
