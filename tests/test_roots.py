"""One root that runs out of operations, or crashes, leaves the others as they are."""

from __future__ import annotations

from typing import Any

import pytest

import softmax_lint
from softmax_lint.linking import reach
from softmax_lint.linking.path import Exhausted

PROGRAM = """
import torch.nn.functional as F


def heavy(x, y):
    return F.cross_entropy(x, y)


def light(x, y):
    return F.cross_entropy(F.softmax(x, dim=1), y)
"""


@pytest.mark.parametrize(
    ("error", "failures"), [(Exhausted(), 0), (ValueError("broken"), 1), (RecursionError("deep"), 1)]
)
def test_other_roots_go_on(error: Exception, failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = reach.worthwhile

    def worthwhile(machine: Any, function: Any, receiver: Any) -> bool:
        if function.code[2] == "heavy":
            raise error
        return judge(machine, function, receiver)

    monkeypatch.setattr(reach, "worthwhile", worthwhile)
    result = softmax_lint.check_source(PROGRAM)
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["SML002"]
    assert len(result.failures) == failures
