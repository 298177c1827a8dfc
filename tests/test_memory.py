"""What a server keeps between runs: the same outcome as without, and no more than it needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shell import tree

from softmax_lint import memory, project
from softmax_lint.config import Settings
from softmax_lint.memory import Memory, Recent

MODEL = "from torch import nn\nnet = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))\n"
TRAIN = "from torch import nn\nfrom lib.model import net\nnn.CrossEntropyLoss()(net(x), y)\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def codes(path: str, kept: Memory | None, overlay: dict[str, bytes] | None = None) -> list[str]:
    settings = Settings(os.getcwd())
    report = project.check([path], settings=settings, overlay=overlay, memory=kept)
    return [each.code for each in report.diagnostics]


def test_the_disk_is_believed_until_it_is_to_be_looked_at() -> None:
    tree({"lib/model.py": MODEL, "scripts/train.py": TRAIN})
    kept = Memory(None, base=os.getcwd())
    # Nothing marks the root: the base is it, and both ends of the pair are below.
    assert codes("lib/model.py", kept) == ["SML002"]
    tree({"scripts/train.py": "", "scripts/other.py": TRAIN.replace("Cross", "cross")})
    assert codes("lib/model.py", kept) == ["SML002"]
    kept.forget()
    assert codes("lib/model.py", kept) == []
    tree({"scripts/other.py": TRAIN})
    kept.forget()
    assert codes("lib/model.py", kept) == ["SML002"]
    os.remove("scripts/other.py")
    kept.forget()
    assert codes("lib/model.py", kept) == []


def test_buffers_come_and_go() -> None:
    tree({"lib/model.py": MODEL, "train.py": TRAIN})
    kept = Memory(None, base=os.getcwd())
    fine = {os.path.abspath("train.py"): b""}
    for _ in range(2):
        assert codes("lib/model.py", kept, fine) == []
        assert codes("lib/model.py", kept) == ["SML002"]


def test_answers_of_late() -> None:
    asked: list[str] = []
    recent = Recent(lambda text: asked.append(text) or len(text))
    for _ in range(3):
        assert [recent("a"), recent("bb")] == [1, 2]
        recent.age()
    assert asked == ["a", "bb"]
    recent.age()
    assert recent("a") == 1
    assert asked == ["a", "bb", "a"]


def test_edits_leave_nothing_behind() -> None:
    tree({"lib/model.py": MODEL, "train.py": TRAIN})
    kept = Memory(None, base=os.getcwd())
    path = os.path.abspath("train.py")
    for number in range(5 * memory.KEPT_RUNS):
        codes("train.py", kept, {path: f"{TRAIN}x = {number}\n".encode()})
    assert len(kept.lower) < 4 * memory.KEPT_RUNS
    assert len(kept.split) < 3 * memory.KEPT_RUNS
