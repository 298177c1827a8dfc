"""How far a project reaches that no file marks: from the given paths up to the folder that its imports start at.

A finding has ends in several files. Whoever gives one of them must hear of it, too, so the files that import
the given ones, and those that they import, have to lie inside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from softmax_lint.regex import late

ROOT_MARKS = ("softmax-lint.toml", "pyproject.toml", "setup.py", "setup.cfg", ".git")
SUFFIXES = (".py", ".ipynb")
# Files that are searched for imports, for each folder on the way up.
MOST_FILES = 400
# Files and folders beside the given ones, in what no file marks as one project.
MOST_BESIDE = 2_000
MOST_FOLDERS = 1_000
_SKIPPED = frozenset({"node_modules", "venv", "build", "dist"})
# Also inside the strings of a notebook's JSON, which need not be parsed for that.
_IMPORT = late(r'(?:^|\\n|")[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))', re.M)
_AS = late(r"[ \t]+as[ \t]+\w+")


def base_of(paths: Sequence[str]) -> str:
    """The root of what no mark is above: the folder that holds all `paths`, or one above it.

    It goes up out of packages, to a folder whose files import it, and to one that holds what the given files
    import; for files also to the working directory. It never goes to the home folder, a folder for temporary
    files, or above them.
    """
    folders = list(dict.fromkeys(os.path.abspath(path) for path in paths or (".",)))
    files = [path for path in folders if not os.path.isdir(path)]
    try:
        base = os.path.commonpath([os.path.dirname(path) if path in files else path for path in folders])
    except ValueError:  # several drives
        return os.getcwd()
    if is_marked(base):
        return base
    cwd = os.getcwd()
    if len(files) == len(folders) and _is_below(base, cwd) and not _is_wide(cwd):
        base = cwd
    wanted = {name for path in folders for name in _first_names(path)}
    above = base
    # What the given files import may lie several folders up; nothing has to point at those between.
    while not _is_wide(above := os.path.dirname(above)):
        if _is_root_of(above, base) or any(
            _holds(top, name) for top in (above, os.path.join(above, "src")) for name in wanted
        ):
            base = above
    return base


def roots_of(paths: Sequence[str]) -> list[str]:
    """The roots of the projects that `paths` belong to."""
    base = base_of(paths)
    return list(dict.fromkeys(_marked(os.path.abspath(path)) or base for path in paths))


def is_marked(folder: str) -> bool:
    """Whether a folder, or one above it, has a file that marks the root of a project."""
    return _marked(folder) is not None


def _marked(folder: str) -> str | None:
    """The nearest marked folder, from `folder` upwards."""
    while not any(os.path.exists(os.path.join(folder, mark)) for mark in ROOT_MARKS):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def around(root: str) -> str:
    """The root of the project that imports the one at `root` from inside, as code with a setup.py of its own
    is imported by the repository that brings it along; mostly `root` itself.
    """
    parent = os.path.dirname(root)
    outer = None if os.path.exists(os.path.join(root, ".git")) else _marked(parent)
    if outer is None or _is_wide(outer):
        return root
    above = root
    while above != outer:
        above = os.path.dirname(above)
        if _is_root_of(above, root):
            return around(outer)
    return root


@lru_cache(maxsize=64)
def is_vast(root: str) -> bool:
    """Whether a folder that nothing marks holds more than one project can: a home folder, downloads."""
    if any(os.path.exists(os.path.join(root, mark)) for mark in ROOT_MARKS):
        return False
    if _is_wide(root):
        return True
    pending, files, folders = [root], 0, 0
    while pending:
        folders += 1
        if files > MOST_BESIDE or folders > MOST_FOLDERS:
            return True
        folder = pending.pop()
        for name in _names(folder):
            if name.endswith(SUFFIXES):
                files += 1
            elif "." not in name and name not in _SKIPPED and _is_folder(os.path.join(folder, name)):
                pending.append(os.path.join(folder, name))
    return False


def neighbours(files: Iterable[str]) -> list[str]:
    """The Python files and notebooks in the folders of these files."""
    folders = dict.fromkeys(os.path.dirname(path) for path in files)
    return [
        path
        for folder in folders
        for name in sorted(_names(folder))[:MOST_FILES]
        if name.endswith(SUFFIXES) and os.path.isfile(path := os.path.join(folder, name))
    ]


def _is_root_of(above: str, folder: str) -> bool:
    """Whether imports that reach into `folder` start at a folder above it."""
    inner = os.path.relpath(folder, above).split(os.sep)
    first = os.path.join(above, inner[0])
    # A folder whose name nobody can import is no package, whatever it holds.
    if len(inner) == 1 and inner[0].isidentifier() and (inner[0] == "src" or "__init__.py" in _names(folder)):
        return True
    for number, path in enumerate(_python_around(above, first)):
        if number == MOST_FILES:
            break
        beside = _names(os.path.dirname(path)) if os.path.dirname(path) != above else frozenset()
        if inner[0] not in beside and f"{inner[0]}.py" not in beside and _reaches(path, inner):
            return True
    return False


def _reaches(path: str, inner: Sequence[str]) -> bool:
    """Whether a file imports the folder with these names one below the other, or what is in it."""
    for module in _imports(path, inner[-1]):
        parts = module.split(".")
        if all(part == name for part, name in zip(parts, inner, strict=False)):
            return True
    return False


def _python_around(parent: str, folder: str) -> Iterator[str]:
    """The Python files in `parent` and in the folders in it, but for `folder`."""
    folders = []
    for name in sorted(_names(parent)):
        path = os.path.join(parent, name)
        if name.endswith(SUFFIXES):
            yield path
        elif "." not in name and path != folder and _is_folder(path):
            folders.append(path)
    for path in folders:
        yield from (os.path.join(path, name) for name in sorted(_names(path)) if name.endswith(SUFFIXES))


def _imports(path: str, name: str = "") -> frozenset[str]:
    """The modules that a file imports, as it spells them; none of a file that does not say `name`."""
    try:
        # Reading anything but a file could take forever.
        if not os.path.isfile(path):
            return frozenset()
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError):
        return frozenset()
    if name.encode() not in data:
        return frozenset()
    lines = data.replace(b"\r", b"\n").split(b"\n")
    text = b"\n".join(line for line in lines if b"import" in line).decode("utf-8", "replace")
    return frozenset(
        part.strip()
        for match in _IMPORT.finditer(text)
        for part in (match[1] or _AS.sub("", match[2])).split(",")
    ) - {""}


def _first_names(path: str) -> Iterator[str]:
    """What a file, or the files below a folder, import and their own folder does not hold."""
    for number, file in enumerate(_python_below(path) if os.path.isdir(path) else [path]):
        if number == MOST_FILES:
            break
        folder = os.path.dirname(file)
        names = {module.partition(".")[0] for module in _imports(file)} - {""}
        yield from (name for name in names if not _holds(folder, name))


def _python_below(top: str) -> Iterator[str]:
    pending = [top]
    while pending:
        folder = pending.pop()
        for name in sorted(_names(folder)):
            path = os.path.join(folder, name)
            if name.endswith(SUFFIXES):
                yield path
            elif "." not in name and name not in _SKIPPED and _is_folder(path):
                pending.append(path)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _holds(folder: str, name: str) -> bool:
    """Whether a folder holds Python that can be imported by a name."""
    names = _names(folder)
    if f"{name}.py" in names:
        return True
    return name in names and any(inner.endswith(".py") for inner in _names(os.path.join(folder, name)))


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except (OSError, ValueError):
        return frozenset()


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_wide(folder: str) -> bool:
    """Whether a folder holds things that have nothing to do with each other."""
    if os.path.dirname(folder) == folder:
        return True
    home = os.path.expanduser("~")
    temporary = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    shared = [os.path.normpath(each) for each in (home, "/tmp", "/var/tmp", *temporary) if each]
    return any(_is_below(each, folder) for each in shared)
