"""What an edit can touch: answers of slices are those of full runs, and leave out what no name connects."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from softmax_lint.lsp.analysis import Analysis, Found, notebook, script
from softmax_lint.lsp.slicing import Slice, Slicer, text_of
from softmax_lint.splitting import Statement, split

FIXTURES = Path(__file__).parent.parent / "fixtures"
# Every so many fixtures: all of them took longer than they are worth.
STEP = 29
Edit = Callable[[list[str], Statement, random.Random], list[str]]
SWAPS = (
    ("softmax", "relu"),
    ("CrossEntropyLoss", "NLLLoss"),
    ("sigmoid", "tanh"),
    ("return", "x ="),
    ("(", "(y, "),
)


def _span(statement: Statement) -> tuple[int, int]:
    return statement.row - 1, statement.row + statement.text.count("\n")


def blank(lines: list[str], statement: Statement, chance: random.Random) -> list[str]:
    first, _ = _span(statement)
    return [*lines[:first], "", *lines[first:]]


def delete(lines: list[str], statement: Statement, chance: random.Random) -> list[str]:
    first, end = _span(statement)
    return lines[:first] + lines[end:]


def move(lines: list[str], statement: Statement, chance: random.Random) -> list[str]:
    first, end = _span(statement)
    return lines[:first] + lines[end:] + lines[first:end]


def rename(lines: list[str], statement: Statement, chance: random.Random) -> list[str]:
    first, _ = _span(statement)
    name = statement.name or "="
    return [*lines[:first], lines[first].replace(name, f"{name}2"), *lines[first + 1 :]]


def swap(lines: list[str], statement: Statement, chance: random.Random) -> list[str]:
    row = chance.randrange(*_span(statement))
    for before, after in SWAPS:
        if before in lines[row]:
            return [*lines[:row], lines[row].replace(before, after, 1), *lines[row + 1 :]]
    return lines


EDITS: tuple[Edit, ...] = (blank, delete, move, rename, swap)


def shown(found: Found) -> tuple[list[str], list[str]]:
    return sorted(map(str, found.diagnostics)), sorted(map(str, found.verdicts))


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.rglob("*.py"))[::STEP], ids=lambda path: str(path.relative_to(FIXTURES))
)
def test_slices_answer_as_full_runs_do(path: Path) -> None:
    chance = random.Random(path.name)
    text = path.read_text(encoding="utf-8")
    analysis = Analysis(folders=[str(path.parent)], lifetime=None)
    analysis.put(str(path), script(text))
    analysis.find(str(path))
    for edit in EDITS:
        statements = split(text)
        if not statements:
            return
        text = "\n".join(edit(text.split("\n"), chance.choice(statements), chance))
        analysis.put(str(path), script(text))
        soon, _ = analysis.soon(str(path))
        assert shown(soon) == shown(analysis.find(str(path))), (edit.__name__, text)


PAIR = """from torch import nn
from torch.nn import functional as F
from library import Base as B


class One(B):
    pass


def train_one(x):
    return F.nll_loss(One()(x), x)


class Two(nn.Module):
    pass


def train_two(x):
    return F.nll_loss(Two()(x), x)
"""
LIBRARY = "class Base:\n    pass\n\n\nclass Other:\n    pass\n"


def cut(before: str, after: str) -> Slice | None:
    files = {"a.py": split(after), "library.py": split(LIBRARY)}
    return Slicer().cut("a.py", split(before), files)


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("", "", {}),
        ("\n\nclass Two", "\n\n\n\nclass Two", {}),
        ("    return F.nll_loss(Two()", "    return F.nll_loss(2 * Two()", {"a.py": ["Two", "train_two"]}),
        ("class Two", "class Three", {"a.py": ["Three", "train_two"]}),
        # Under another name, and in another file.
        ("One()(x), x", "One()(x), y", {"a.py": ["One", "train_one"], "library.py": ["Base"]}),
        (
            "\n\nclass Two",
            "\n\nBase = 1\n\n\nclass Two",
            {"a.py": ["One", "train_one"], "library.py": ["Base"]},
        ),
        # An import of a library changes what its names mean.
        (
            "functional as F",
            "functional as G",
            {"a.py": ["One", "train_one", "Two", "train_two"], "library.py": ["Base"]},
        ),
    ],
)
def test_what_is_left(before: str, after: str, left: dict[str, list[str]]) -> None:
    found = cut(PAIR, PAIR.replace(before, after, 1) if before else PAIR)
    assert found
    assert {
        file: [each.name for each in statements if each.kind] for file, statements in found.left.items()
    } == left
    assert list(found.roots) == sorted(left)
    for statements in found.left.values():
        assert split(text_of(statements)) == statements


@pytest.mark.parametrize(
    "line",
    ["mixed_precision.set_global_policy('mixed_float16')", "os.environ['KERAS_BACKEND'] = 'jax'"],
)
def test_settings_of_the_program_make_everything_run(line: str) -> None:
    assert cut(PAIR, f"{PAIR}\n{line}\n") is None
    assert cut(f"{PAIR}\n{line}\n", PAIR) is None
    assert cut(f"{PAIR}\n{line}\n", f"{PAIR}\n{line}\n\n") is not None


MODEL = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Sequential(nn.Linear(4, 10), nn.Softmax(dim=1))

    def forward(self, x):
        return self.out(x)
"""


def test_first_answers(tmp_path: Path) -> None:
    """At first a file alone, unless that shows nothing: then the project around it."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "train.py").write_text(
        "from torch import nn\nfrom model import Net\nnn.CrossEntropyLoss()(Net()(x), y)\n", "utf-8"
    )
    analysis = Analysis(folders=[str(tmp_path)])
    model, one = str(tmp_path / "model.py"), str(tmp_path / "one.py")
    Path(model).write_text(MODEL, encoding="utf-8")
    analysis.put(model, script(MODEL))
    found, final = analysis.soon(model)
    assert ([each.code for each in found.diagnostics], final) == (["SML002"], True)
    analysis.put(
        one, script(f"{MODEL}\n\nnn.CrossEntropyLoss()(Net()(x), y)  # softmax-lint: ignore[SML003]\n")
    )
    found, final = analysis.soon(one)
    assert ([each.code for each in found.diagnostics], final) == (["SML002"], False)
    found = analysis.find(one)
    assert [each.code for each in found.diagnostics] == ["SML002", "SML901"]
    assert analysis.soon(one) == (found, True)


def test_an_edit_elsewhere_is_no_edit_here(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    analysis = Analysis(folders=[str(tmp_path)])
    model, train = str(tmp_path / "model.py"), str(tmp_path / "train.py")
    text = "from torch import nn\nfrom model import Net\nnn.CrossEntropyLoss()(Net()(x), y)\n"
    for path, content in ((model, MODEL), (train, text)):
        Path(path).write_text(content, encoding="utf-8")
        analysis.put(path, script(content))
    assert [each.code for each in analysis.find(model).diagnostics] == ["SML002"]
    analysis.put(train, script(text.replace("CrossEntropyLoss", "NLLLoss")))
    analysis.put(model, script(f"\n{MODEL}"))
    found, final = analysis.soon(model)
    assert ([each.code for each in found.diagnostics], final) == (["SML005"], True)


def test_a_notebook_that_is_reached_runs_whole(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    model, book = str(tmp_path / "model.py"), str(tmp_path / "nb.ipynb")
    cells = [
        ("from torch import nn\nfrom model import Net", True),
        ("nn.CrossEntropyLoss()(Net()(x), y)", True),
    ]
    Path(model).write_text(MODEL, encoding="utf-8")
    Path(book).write_bytes(notebook(cells))
    analysis = Analysis(folders=[str(tmp_path)])
    analysis.put(model, script(MODEL))
    assert [each.code for each in analysis.find(model).diagnostics] == ["SML002"]
    analysis.put(model, script(MODEL.replace("Softmax", "LogSoftmax")))
    found, final = analysis.soon(model)
    assert ([each.code for each in found.diagnostics], final) == (["SML004"], False)
    assert analysis.find(model) == found
