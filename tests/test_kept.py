"""What runs keep: with a cache the outcome is that without one, whatever happens between runs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from softmax_lint import batch, kept, project, rules, survey
from softmax_lint.cache import Cache
from softmax_lint.cli import main
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report

CODES = frozenset(rule.code for rule in rules.RULES)
HEAD = "import torch.nn.functional as F\nfrom torch import nn\n"
NET = HEAD + (
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.out = nn.Linear(4, 3)\n    def forward(self, x):\n        return {end}\n"
)
SOFT, RAW = (NET.format(end=end) for end in ("F.softmax(self.out(x), 1)", "self.out(x)"))
FIT = HEAD + "from net import Net\ndef fit(x, y):\n    return F.cross_entropy(Net()(x), y)\n"
ALONE = SOFT + "def fit(x, y):\n    return nn.CrossEntropyLoss()(Net()(x), y)\n"
START = {"net.py": SOFT, "fit.py": FIT, "alone.py": ALONE, "sub/other.py": "print('nothing')\n"}


class Tree:
    """A folder of code and one of answers."""

    def __init__(self, folder: Path) -> None:
        self.code, self.cache = folder / "code", folder / "cache"
        self.code.mkdir()
        (self.code / "pyproject.toml").touch()
        for name, text in START.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.code / name).parent.mkdir(exist_ok=True)
        (self.code / name).write_text(text, encoding="utf-8")

    def check(self, cached: bool = True, **more: object) -> Report:
        told = Settings(str(self.code), selected=CODES, cache=cached, cache_dir=str(self.cache), **more)  # type: ignore[arg-type]
        return project.check([str(self.code)], settings=told)

    def settle(self) -> None:
        """Let all files be as old as those that are believed without being read."""
        for path in self.code.rglob("*"):
            old = time.time() - 60
            os.utime(path, (old, old))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    # Times of a change cannot be set back: let everything count as settled that was.
    monkeypatch.setattr(kept, "_SETTLING", 0)
    return Tree(tmp_path)


def test_nothing_is_run_twice(tree: Tree, linked: list[set[str]]) -> None:
    first = tree.check()
    assert len(first.diagnostics) == 2
    assert sorted(map(sorted, linked)) == [["alone.py"], ["fit.py", "net.py"]]
    linked.clear()
    assert tree.check() == first and tree.check().silencing == first.silencing
    assert not linked


def test_nothing_is_read_twice(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.check()
    monkeypatch.setattr(survey, "look", lambda *given: pytest.fail("a file is read"))
    monkeypatch.setattr(kept, "_digest", lambda path: pytest.fail("a file is read"))
    tree.check()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("alone.py", ALONE + "x = 1\n", [["alone.py"]]),
        ("net.py", RAW, [["fit.py"]]),
        ("sub/other.py", "print('else')\n", []),
        ("sub/net.py", RAW, []),
        ("sub/more.py", ALONE, [["more.py"]]),
    ],
)
def test_a_change_costs_what_reads_it(
    tree: Tree, linked: list[set[str]], name: str, text: str, expected: list[list[str]]
) -> None:
    tree.check()
    linked.clear()
    tree.write(name, text)
    again = tree.check()
    ran = sorted(map(sorted, linked))
    assert again == tree.check(cached=False)
    assert ran == expected


def test_imports_from_above_the_files(tree: Tree, linked: list[set[str]]) -> None:
    """All files lie in a package, whose name the imports start with."""
    for name in START:
        (tree.code / name).unlink()
    for number in range(2):
        tree.write(f"pack/net{number}.py", SOFT)
        tree.write(f"pack/fit{number}.py", FIT.replace("from net", f"from pack.net{number}"))
    assert len(tree.check().diagnostics) == 2
    linked.clear()
    tree.write("pack/net1.py", RAW)
    assert len(tree.check().diagnostics) == 1
    assert linked == [{"fit1.py"}]


EDITS: list[Callable[[random.Random, Tree], None]] = [
    lambda chance, tree: tree.write("net.py", chance.choice([SOFT, RAW, "Net = None\n", "def broken(:\n"])),
    lambda chance, tree: tree.write("fit.py", chance.choice([FIT, FIT.replace("net ", "sub.net "), ""])),
    lambda chance, tree: tree.write("sub/net.py", chance.choice([SOFT, RAW])),
    lambda chance, tree: tree.write("sub/__init__.py", chance.choice(["", "from .net import Net\n"])),
    lambda chance, tree: tree.write("sub/fit.py", FIT),  # its own folder may have a net.py, or not
    lambda chance, tree: tree.write("net/__init__.py", chance.choice([SOFT, RAW])),  # shadows net.py
    lambda chance, tree: tree.write(
        "build/net.py", chance.choice([SOFT, RAW])
    ),  # left out, and still importable
    lambda chance, tree: tree.write("fit.py", FIT.replace("net ", "build.net ")),
    lambda chance, tree: tree.write("alone.py", ALONE.replace("1)", f"{chance.randrange(3)})")),
    lambda chance, tree: _rename(tree, chance.choice(["net.py", "fit.py", "sub/net.py"]), "moved.py"),
    lambda chance, tree: _rename(tree, "moved.py", chance.choice(["net.py", "fit.py", "sub/net.py"])),
    lambda chance, tree: _drop(
        tree, chance.choice(["net.py", "sub/net.py", "net/__init__.py", "build/net.py"])
    ),
    lambda chance, tree: tree.write("alone.py", ALONE + "# noqa: SML002\n"),
    lambda chance, tree: tree.write("sub/setup.py", ""),  # imports of sub climb no further
    lambda chance, tree: _drop(tree, "sub/setup.py"),
]


def _rename(tree: Tree, old: str, new: str) -> None:
    if (tree.code / old).exists():
        (tree.code / old).replace(tree.code / new)


def _drop(tree: Tree, name: str) -> None:
    (tree.code / name).unlink(missing_ok=True)


@pytest.mark.parametrize("seed", range(12))
def test_kept_is_found_anew(tree: Tree, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        for _ in range(chance.randrange(1, 4)):
            chance.choice(EDITS)(chance, tree)
        found, anew = tree.check(), tree.check(cached=False)
        assert found == anew
        assert found.silencing == anew.silencing


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    """As an editor makes one that puts the time back: the time of the change of the file itself tells."""
    tree = Tree(tmp_path)
    tree.settle()
    assert len(tree.check().diagnostics) == 2
    stat = os.stat(tree.code / "net.py")
    tree.write("net.py", SOFT.replace("F.softmax", "F.hardtan"))
    os.utime(tree.code / "net.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert tree.check() == tree.check(cached=False)


@pytest.mark.parametrize(
    "more", [{"keras_backend": "torch"}, {"opted_in": CODES}, {"reference": True}, {"exclude": ("alone.py",)}]
)
def test_other_settings_are_other_answers(tree: Tree, more: dict[str, object]) -> None:
    tree.check()
    assert tree.check(**more) == tree.check(cached=False, **more)


def test_another_version_is_another_answer(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, linked: list[set[str]]
) -> None:
    tree.check()
    linked.clear()
    monkeypatch.setattr(kept, "edition", lambda: "another")
    tree.check()
    assert len(linked) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:40] + bytes(reversed(data[40:])),
        lambda data: b"\0" * len(data),
        lambda data: data.partition(b"\n")[0] + b"\n{}",
    ],
)
def test_spoiled_answers_count_for_nothing(tree: Tree, spoil: Callable[[bytes], bytes]) -> None:
    expected = tree.check()
    for path in tree.cache.glob("sml-*"):
        path.write_bytes(spoil(path.read_bytes()))
    assert tree.check() == expected
    assert tree.check() == expected


@pytest.mark.parametrize("answer", [None, 3, [], {}, {"files": 3}, {"files": {"a": 1}}, [1, 2, 3, 4]])
def test_answers_of_another_form_count_for_nothing(tree: Tree, answer: object) -> None:
    expected = tree.check()
    cache = Cache(str(tree.cache))
    for path in tree.cache.glob("sml-*"):
        cache.store(path.stem.removeprefix("sml-"), answer)
    assert tree.check() == expected


def test_two_at_once(tree: Tree) -> None:
    """Processes that write the same answers at the same time."""
    command = [sys.executable, "-m", "softmax_lint", "--isolated", "--cache-dir", str(tree.cache), "-q", "."]
    running = [subprocess.Popen(command, cwd=tree.code, stdout=subprocess.PIPE) for _ in range(4)]
    outputs = {each.communicate()[0] for each in running}
    assert len(outputs) == 1 and all(each.returncode == 1 for each in running)
    assert tree.check() == tree.check(cached=False)


def test_a_folder_that_cannot_be_written(tree: Tree, tmp_path: Path) -> None:
    tree.cache = tmp_path / "file" / "cache"
    (tmp_path / "file").write_text("no folder")
    assert tree.check() == tree.check(cached=False)


def test_clean_removes_answers_and_nothing_else(tree: Tree) -> None:
    tree.check()
    (tree.cache / "mine.txt").write_text("mine")
    assert Cache(str(tree.cache)).clean() > 2
    assert [path.name for path in tree.cache.iterdir()] == ["mine.txt"]


def test_clean_is_a_command(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    tree.check()
    assert main(["clean", "--cache-dir", str(tree.cache)]) == 0
    assert "kept answers from" in capsys.readouterr().err
    assert not tree.cache.exists()


def test_old_answers_go(tree: Tree) -> None:
    cache = Cache(str(tree.cache))
    for name in ("old", "new"):
        cache.store(name, name)
    os.utime(tree.cache / "sml-old.json", (0, 0))
    os.utime(tree.cache / ".pruned", (0, 0))
    cache.store("newest", "newest")
    assert [cache.load(name) for name in ("old", "new", "newest")] == [None, "new", "newest"]


def test_plain_and_back(tree: Tree) -> None:
    report = tree.check(cached=False)
    linked = batch.Linked(report, ("a",), {"b": "c"})
    assert batch.from_plain(batch.to_plain(linked)) == linked
