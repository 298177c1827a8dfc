"""The check of fixes on repositories notices what it is there for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from expectations import FIXTURES
from test_fixer import strip

from softmax_lint import fixer
from softmax_lint.fixer import Fixed

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "fixes.py"


def load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("fixes", SCRIPT)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["fixes"] = module
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("sabotage", "promise"),
    [
        (None, None),
        (lambda data: data.replace(b"epochs=", b"epochs=1 + "), "has nothing to do with the finding"),
        (lambda data: data.replace(b"model.compile(", b"model.compile(("), "does not parse any more"),
        (lambda data: data.replace(b"from_logits=True", b""), "a second run changes"),
        (lambda data: data.replace(b"from_logits=True", b""), "1 new SML003"),
        (lambda data: data.replace(b"model.compile(", b"model.build("), "1 losses became 0"),
    ],
)
def test_broken_promises_are_noticed(
    sabotage: Any, promise: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "train.py").write_text(strip(FIXTURES / "mnist" / "seed.py"))
    real = fixer.fix
    calls: list[Fixed] = []

    def fix(*arguments: Any, **keywords: Any) -> Fixed:
        outcome = real(*arguments, **keywords)
        if sabotage is not None and not calls:
            outcome.files = {name: sabotage(data) for name, data in outcome.files.items()}
        calls.append(outcome)
        return outcome

    monkeypatch.setattr(fixer, "fix", fix)
    result: Mapping[str, Any] = load().try_fixes(str(tmp_path))
    if promise is None:
        assert result["found"] == {"SML001": 1} and not result["left"] and not result["broken"]
    else:
        assert any(promise in each for each in result["broken"]), result["broken"]
