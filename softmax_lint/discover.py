"""Paths to the Python files and notebooks below them.

The walk is our own: folders are pruned before they are read, links to folders are not followed (so loops
cannot happen), virtual environments are left out, and the order is that of the sorted paths.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from softmax_lint.config import Settings
from softmax_lint.diagnostic import Failure
from softmax_lint.patterns import Matcher, compile_patterns

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".py", ".ipynb")

# (folder, its ignore patterns), outermost first.
Ignores: TypeAlias = "tuple[tuple[str, GitIgnoreSpec], ...]"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the given paths hold. `files` are absolute, sorted, each once; `empty` holds no Python."""

    files: tuple[str, ...]
    missing: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def discover(paths: Sequence[str], settings: Settings) -> Discovery:
    """The files to check. A file that is named itself is taken, unless `force_exclude` says otherwise."""
    excluded = compile_patterns(settings.exclude, settings.root)
    found: dict[str, str] = {}  # real path of links, else the path itself -> path
    missing: list[str] = []
    empty: list[str] = []
    failures: list[Failure] = []
    for path in dict.fromkeys(paths):
        absolute = os.path.abspath(path)
        if settings.force_exclude and is_excluded(absolute, settings.root, excluded):
            continue
        if os.path.isdir(absolute):
            ignores = _outer_ignores(absolute) if settings.respect_gitignore else None
            walk = [*_walk(absolute, excluded, ignores, failures)]
            found.update({file: file for file, is_link in walk if not is_link})
            for file, is_link in walk:
                if is_link:
                    found.setdefault(os.path.realpath(file), file)
            if not walk:
                empty.append(path)
        elif os.path.lexists(absolute) and os.path.exists(absolute):
            found[absolute] = absolute
        else:
            missing.append(path)
    return Discovery(tuple(sorted(set(found.values()))), tuple(missing), tuple(empty), tuple(failures))


def is_excluded(path: str, root: str, excluded: Matcher) -> bool:
    """Whether the absolute `path`, or a folder between it and `root`, is excluded."""
    while True:
        if excluded(path):
            return True
        parent = os.path.dirname(path)
        if parent in (path, root):
            return False
        path = parent


def _walk(
    top: str, excluded: Matcher, ignores: Ignores | None, failures: list[Failure]
) -> Iterator[tuple[str, bool]]:
    """(file, whether it is a link), below `top`. `ignores` is None where ignore files do not count."""
    pending = [(top, ignores)]
    while pending:
        folder, inherited = pending.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            failures.append(Failure(folder, f"cannot read folder: {(error.strerror or str(error)).lower()}"))
            continue
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and folder != top:
            continue
        if inherited is not None and ".gitignore" in names:
            inherited = _with_file(inherited, folder, ".gitignore", failures)
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not entry.name.endswith(SUFFIXES):
                continue
            if excluded(entry.path) or (inherited and _is_ignored(entry.path, is_folder, inherited)):
                continue
            if is_folder:
                pending.append((entry.path, inherited))
            elif entry.is_file():
                yield entry.path, entry.is_symlink()


def _outer_ignores(top: str) -> Ignores:
    """The ignore patterns of the folders above `top`, up to the root of its repository.

    None of them count where they ignore `top` itself: who names a folder wants it checked.
    """
    above, folder = [], top
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ()
        above.append(parent)
        folder = parent
    ignores: Ignores = _with_file((), folder, os.path.join(".git", "info", "exclude"), [])
    for folder in reversed(above):
        ignores = _with_file(ignores, folder, ".gitignore", [])
    return () if above and ignores and _is_ignored(top, True, ignores) else ignores


def _with_file(ignores: Ignores, folder: str, name: str, failures: list[Failure]) -> Ignores:
    path = os.path.join(folder, name)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ignores
    except OSError as error:
        failures.append(Failure(path, f"cannot read: {(error.strerror or str(error)).lower()}"))
        return ignores
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    if not kept:
        return ignores
    from pathspec import GitIgnoreSpec

    return (*ignores, (folder, GitIgnoreSpec.from_lines(kept)))


def _is_ignored(path: str, is_folder: bool, ignores: Ignores) -> bool:
    # The innermost file with an opinion decides, as git has it.
    for folder, spec in reversed(ignores):
        relative = os.path.relpath(path, folder).replace(os.sep, "/")
        include = spec.check_file(relative + "/" if is_folder else relative).include
        if include is not None:
            return include
    return False
