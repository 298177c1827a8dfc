"""`discover`: which files a run takes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shell import named, tree

from softmax_lint.config import DEFAULT_EXCLUDE, Settings
from softmax_lint.discover import discover


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(files: dict[str, str], paths: list[str], expected: list[str], **settings: Any) -> None:
    tree(files)
    found = discover(paths, replace(Settings(root=os.getcwd()), **settings))
    assert [os.path.relpath(file).replace(os.sep, "/") for file in found.files] == expected


CASES: list[tuple[str, list[str], list[str], list[str], dict[str, Any]]] = [
    ("python and notebooks", ["a.py", "b.ipynb", "c.txt", "d.pyc"], ["."], ["a.py", "b.ipynb"], {}),
    ("sorted, each once", ["z.py", "a/b.py", "a.py"], [".", "a", "z.py"], ["a.py", "a/b.py", "z.py"], {}),
    ("caches and environments", [".git/x.py", "venv/x.py", "p/site-packages/x.py", "node_modules/x.py",
     "n/.ipynb_checkpoints/x.ipynb", "build/x.py", "dist/x.py", "a.py"], ["."], ["a.py"], {}),
    ("an environment by its marker", ["env311/pyvenv.cfg", "env311/lib/x.py", "a.py"], ["."], ["a.py"], {}),
    ("a folder that is named", ["build/x.py"], ["build"], ["build/x.py"], {}),
    ("a file that is named", ["build/x.py", "tool"], ["build/x.py", "tool"], ["build/x.py", "tool"], {}),
    ("force-exclude", ["build/x.py", "a.py"], ["build/x.py", "a.py"], ["a.py"], {"force_exclude": True}),
    ("exclude by name", ["a.py", "gen/x.py", "p/gen/x.py"], ["."], ["a.py"], {"exclude": ("gen",)}),
    ("exclude by path", ["a.py", "g/x.py", "p/g/x.py"], ["."], ["a.py", "p/g/x.py"], {"exclude": ("./g/*",)}),
    ("exclude by pattern", ["a.py", "a_pb2.py", "p/b_pb2.py"], ["."], ["a.py"], {"exclude": ("*_pb2.py",)}),
    ("exclude by deep pattern", ["a.py", "g/x.py", "p/g/x.py"], ["."], ["a.py"], {"exclude": ("**/g/x.py",)}),
    ("exclude by choice", ["a.py", "b.py", "c.py"], ["."], ["b.py"], {"exclude": ("{a,c}.py",)}),
    ("exclude by trailing slash", ["a.py", "gen/x.py"], ["."], ["a.py"], {"exclude": ("gen/",)}),
    ("exclude by class", ["a.py", "b.py"], ["."], ["b.py"], {"exclude": ("[!b].py",)}),
]  # fmt: skip


@pytest.mark.parametrize(("files", "paths", "expected", "settings"), named(CASES))
def test_walk(files: list[str], paths: list[str], expected: list[str], settings: dict[str, Any]) -> None:
    if "exclude" in settings:
        settings = {**settings, "exclude": (*DEFAULT_EXCLUDE, *settings["exclude"])}
    check(dict.fromkeys(files, ""), paths, expected, **settings)


IGNORES: list[tuple[str, dict[str, str], list[str], list[str]]] = [
    ("a pattern", {".gitignore": "gen/\n# x.py\n"}, ["a.py", "gen/x.py", "p/gen/x.py"], ["a.py"]),
    ("an anchored pattern", {".gitignore": "/gen\n"}, ["gen/x.py", "p/gen/x.py"], ["p/gen/x.py"]),
    ("nested files", {"p/.gitignore": "x.py\n"}, ["x.py", "p/x.py", "p/q/x.py"], ["x.py"]),
    (
        "the inner file decides",
        {".gitignore": "x.py\n", "p/.gitignore": "!x.py\n"},
        ["x.py", "p/x.py"],
        ["p/x.py"],
    ),
    ("a negation", {".gitignore": "*.py\n!keep.py\n"}, ["a.py", "keep.py"], ["keep.py"]),
]


@pytest.mark.parametrize(("ignores", "files", "expected"), named(IGNORES))
def test_gitignore(ignores: dict[str, str], files: list[str], expected: list[str]) -> None:
    check({**dict.fromkeys(files, ""), **ignores}, ["."], expected)
    check({}, ["."], sorted(files), respect_gitignore=False)
    check({}, files, sorted(files))  # files that are named are taken


def test_gitignore_above_the_path_counts_up_to_the_repository() -> None:
    files = {
        ".gitignore": "x.py\n",
        "r/.git/HEAD": "",
        "r/.gitignore": "y.py\n",
        "r/p/x.py": "",
        "r/p/y.py": "",
    }
    check(files, ["r/p"], ["r/p/x.py"])


def test_git_exclude_file_counts() -> None:
    check({".git/info/exclude": "y.py\n", "x.py": "", "p/y.py": ""}, ["."], ["x.py"])


def test_an_ignored_folder_that_is_named_is_walked() -> None:
    files = {".git/HEAD": "", ".gitignore": "gen/\n", "gen/x.py": "", "gen/deep/y.py": ""}
    check(files, ["gen"], ["gen/deep/y.py", "gen/x.py"])


def test_links() -> None:
    tree({"p/a.py": "", "other/b.py": ""})
    os.symlink(os.path.abspath("p"), "p/loop")
    os.symlink(os.path.abspath("p/a.py"), "p/0_same.py")
    os.symlink(os.path.abspath("other/b.py"), "p/b.py")
    os.symlink(os.path.abspath("nowhere.py"), "p/broken.py")
    check({}, ["p"], ["p/a.py", "p/b.py"])


def test_what_is_not_there() -> None:
    tree({"empty/readme.md": "", "a.py": ""})
    found = discover(["gone.py", "empty", "a.py"], Settings(root=os.getcwd()))
    assert (found.missing, found.empty, len(found.files)) == (("gone.py",), ("empty",), 1)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_a_failure() -> None:
    tree({"p/shut/a.py": "", "p/b.py": ""})
    os.chmod("p/shut", 0)
    try:
        found = discover(["p"], Settings(root=os.getcwd()))
    finally:
        os.chmod("p/shut", 0o755)
    assert [os.path.relpath(failure.filename) for failure in found.failures] == [os.path.join("p", "shut")]
    assert len(found.files) == 1
