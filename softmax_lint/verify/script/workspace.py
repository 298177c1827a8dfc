"""A copy of a project that a program may write to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from softmax_lint.verify.results import CannotRun
from softmax_lint.verify.script.cells import program, runs_as

LARGE = 64 * 2**20  # bytes; larger files are linked, not copied
MOST = 4 * 2**30  # bytes in all
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "env", "node_modules", "__pycache__"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache"}
)


@dataclass(frozen=True, slots=True)
class Laid:
    """A copy. `linked` are files that are the user's own: too large to copy."""

    root: str
    linked: tuple[str, ...]


def lay_out(root: str, changed: Mapping[str, bytes], target: str) -> Laid:
    """Copy the project at `root` to the folder `target`, which is made anew, with some files changed.

    Raises CannotRun for a project that is
    too large, and OSError.
    """
    shutil.rmtree(target, ignore_errors=True)
    linked: list[str] = []
    total = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [each for each in folders if each not in _LEFT_OUT and not _is_environment(folder, each)]
        here = os.path.join(target, os.path.relpath(folder, root))
        os.makedirs(here, exist_ok=True)
        for name in [each for each in folders if os.path.islink(os.path.join(folder, each))]:
            os.symlink(os.path.realpath(os.path.join(folder, name)), os.path.join(here, name))
        for name in files:
            source, copy = os.path.join(folder, name), os.path.join(here, name)
            if not os.path.isfile(source):
                continue
            size = os.path.getsize(source)
            if size > LARGE:
                os.symlink(os.path.realpath(source), copy)
                linked.append(os.path.relpath(source, root))
                continue
            total += size
            if total > MOST:
                raise CannotRun(f"{root}: the project is too large to copy; move its data elsewhere")
            shutil.copy2(source, copy)
    for name, data in changed.items():
        with open(os.path.join(target, name), "wb") as file:
            file.write(data)
    return Laid(target, tuple(linked))


def as_script(root: str, name: str) -> str:
    """The path of the program that runs a file of a copy: itself, or the cells of a notebook beside it."""
    path = os.path.join(root, name)
    if not name.endswith(".ipynb"):
        return path
    with open(path, "rb") as file:
        text = program(path, file.read()).text
    path = runs_as(path)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def _is_environment(folder: str, name: str) -> bool:
    return os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
