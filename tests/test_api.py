"""The Python API: what `softmax_lint` exports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shell import tree

import softmax_lint

WRONG = (
    "from torch import nn\n"
    "net = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))\n"
    "nn.CrossEntropyLoss()(net(x), y)\n"
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def brief(result: softmax_lint.Result) -> list[tuple[str, int | None, int, str]]:
    return [
        (Path(each.place.filename).name, each.place.cell, each.place.row, each.code)
        for each in result.diagnostics
    ]


def test_check_paths() -> None:
    tree({"p/a.py": WRONG, "p/b.py": WRONG + "#\n", "p/c.txt": WRONG, "q/d.py": WRONG})
    result = softmax_lint.check_paths(["p", Path("q/d.py"), "gone"])
    assert brief(result) == [
        ("a.py", None, 2, "SML002"),
        ("b.py", None, 2, "SML002"),
        ("d.py", None, 2, "SML002"),
    ]
    assert [each.verdict for each in result.verdicts] == ["finding"] * 3
    assert [each.message for each in result.failures] == ["no such file or directory"]
    assert (result.files, result.suppressed) == (3, 0)
    assert isinstance(result.diagnostics[0], softmax_lint.Diagnostic)
    # One path is no sequence of letters.
    assert (
        brief(softmax_lint.check_paths("q"))
        == brief(softmax_lint.check_paths(Path("q")))
        == [("d.py", None, 2, "SML002")]
    )


def test_configuration() -> None:
    tree({"a.py": WRONG, "softmax-lint.toml": 'ignore = ["SML002"]\n', "other.toml": 'ignore = ["SML003"]\n'})
    assert brief(softmax_lint.check_paths()) == []
    assert len(brief(softmax_lint.check_paths(isolated=True))) == 1
    assert len(brief(softmax_lint.check_paths(config="other.toml"))) == 1
    assert brief(softmax_lint.check_paths(isolated=True, options={"select": ["SML003"]})) == []
    mistakes: tuple[dict[str, Any], ...] = ({"selekt": []}, {"select": ["SML0022"]}, {"rows": [{}]})
    for wrong in mistakes:
        with pytest.raises(softmax_lint.ConfigError):
            softmax_lint.check_paths(options=wrong)


@pytest.mark.parametrize(
    ("source", "filename", "expected"),
    [
        (WRONG, "example.py", [("example.py", None, 2, "SML002")]),
        (WRONG.encode(), Path("x/y.py"), [("y.py", None, 2, "SML002")]),
        (WRONG.replace("dim=1))", "dim=1))  # noqa: SML002"), "example.py", []),
        (json.dumps({"cells": [{"cell_type": "raw", "source": "#"}, {"cell_type": "code", "source": WRONG}]}),
         "n.ipynb", [("n.ipynb", 2, 2, "SML002")]),
        ("", "example.py", []),
    ],
)  # fmt: skip
def test_check_source(source: str | bytes, filename: Any, expected: list[Any]) -> None:
    result = softmax_lint.check_source(source, filename)
    assert brief(result) == expected
    assert result.suppressed == ("noqa" in str(source))


def test_rows_may_be_given() -> None:
    row = {
        "name": "acme.Loss", "form": "class", "role": "loss", "framework": "torch", "params": [],
        "call-params": ["scores", "target"], "target": "target", "expects": "softmax_logits",
    }  # fmt: skip
    source = WRONG.replace("nn.CrossEntropyLoss", "acme.Loss").replace(
        "from torch", "import acme\nfrom torch"
    )
    assert brief(softmax_lint.check_source(source, options={"rows": [row]})) == [
        ("example.py", None, 3, "SML002")
    ]
    assert brief(softmax_lint.check_source(source)) == []


def test_importing_is_cheap() -> None:
    code = (
        "import softmax_lint, sys; print(*[each for each in sys.modules if each.startswith('softmax_lint.')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
    assert set(softmax_lint.__all__) <= set(dir(softmax_lint))
    with pytest.raises(AttributeError):
        softmax_lint.check_path  # type: ignore[attr-defined]  # noqa: B018
