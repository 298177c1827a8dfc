"""A script that tries one model after the other: what a root may take counts anew for each that meets a loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from softmax_lint.config import Settings
from softmax_lint.linking import path
from softmax_lint.project import check

LAYERS, MODELS = 120, 12  # more than one budget is enough for


def script(models: int) -> str:
    steps = "\n".join(f"        x = F.relu(self.fc{number}(x) + {number})" for number in range(LAYERS))
    layers = "\n".join(f"        self.fc{number} = nn.Linear(8, 8)" for number in range(LAYERS))
    classes = "\n\n".join(
        f"class Net{number}(nn.Module):\n    def __init__(self):\n        super().__init__()\n{layers}\n\n"
        f"    def forward(self, x):\n{steps}\n        return F.softmax(self.fc0(x), dim=1)"
        for number in range(models)
    )
    choices = "\n".join(
        f"    if name == 'net{number}':\n        model = Net{number}()\n        train(model)"
        for number in range(models)
    )
    return (
        "import sys\n\nimport torch.nn.functional as F\nfrom torch import nn\n\n"
        f"{classes}\n\ndef train(model):\n    for x, y in load():\n        F.cross_entropy(model(x), y).backward()\n\n"
        f"def main(name):\n{choices}\n\nmain(sys.argv[1])\n"
    )


@pytest.mark.parametrize("most", [path.MOST_OF_ROOT, path.MOST_OPERATIONS])
def test_each_model_counts_anew(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "main.py"
    file.write_text(script(MODELS))
    monkeypatch.setattr("softmax_lint.linking.machine.MOST_OF_ROOT", most)
    found = check([str(file)], settings=Settings(str(tmp_path), cache=False)).diagnostics
    assert {each.code for each in found} == {"SML002"}
    assert (len(found) == MODELS) == (most > path.MOST_OPERATIONS)
