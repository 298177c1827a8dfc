"""The files of a project that a program imports."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator

# Words of code that imports what no statement names.
_DYNAMIC = ("import_module", "__import__", "runpy")


def imported(
    script: str, root: str, everything: tuple[str, ...], texts: Callable[[str], str]
) -> tuple[str, ...]:
    """`script` and all files below `root` that it imports, in whatever way. Where some code imports modules by
    names that are computed, these are all files of `everything`.

    `texts` gives the Python of a file, and an empty text for one that has none.
    """
    found = {script: None}
    pending = [script]
    while pending:
        path = pending.pop()
        text = texts(path)
        if any(word in text for word in _DYNAMIC):
            return tuple(dict.fromkeys([script, *everything]))
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for level, dotted in _names(tree):
            for file in _files(path, root, level, dotted):
                if file not in found:
                    found[file] = None
                    pending.append(file)
    return tuple(found)


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            for alias in node.names:
                yield node.level, f"{module}.{alias.name}".strip(".")


def _files(path: str, root: str, level: int, dotted: str) -> Iterator[str]:
    """The files that importing a name may run, the packages around it first."""
    folder = os.path.dirname(path)
    if level:
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        starts = [folder]
    else:
        starts = [folder]
        while folder != root and folder.startswith(root + os.sep):
            folder = os.path.dirname(folder)
            starts.append(folder)
        starts.append(os.path.join(root, "src"))
    parts = [part for part in dotted.split(".") if part]
    for start in starts:
        reached = list(_below(start, parts))
        if reached:
            yield from reached
            return


def _below(start: str, parts: list[str]) -> Iterator[str]:
    at = start
    if not parts and os.path.isfile(os.path.join(at, "__init__.py")):
        yield os.path.join(at, "__init__.py")
    for part in parts:
        at = os.path.join(at, part)
        for file in (f"{at}.py", os.path.join(at, "__init__.py")):
            if os.path.isfile(file):
                yield file
