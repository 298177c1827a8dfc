"""`softmax-lint pairs`, over real code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import tree

from softmax_lint.cli import main

UNBOUND = "net = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))\nF.cross_entropy(net(x), y)\n"
BOUND = "import torch.nn.functional as F\nfrom torch import nn\n" + UNBOUND
ASSUMED = "not bound anywhere: `F` is taken for `torch.nn.functional`, `nn` is taken for `torch.nn`"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_was_assumed_is_said(capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    tree({"a.py": UNBOUND, "b.py": BOUND, "c.py": UNBOUND})
    assert main(["pairs", "--isolated", "--jobs", jobs, "a.py", "b.py"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.py:2:1: finding SML002: softmax into softmax logits",
        "b.py:4:1: finding SML002: softmax into softmax logits",
        f"a.py: {ASSUMED}",
        "2 losses: 0 ok, 2 findings",
    ]


def test_json_says_it_beside(capsys: pytest.CaptureFixture[str]) -> None:
    tree({"a.py": UNBOUND})
    assert main(["pairs", "--isolated", "--output-format", "json"]) == 0
    out, err = capsys.readouterr()
    assert [each["verdict"] for each in json.loads(out)] == ["finding"]
    assert err == f"note: a.py: {ASSUMED}\n"
