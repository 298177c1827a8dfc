"""What a run has to look at besides the files it is given, and from where on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from softmax_lint import surroundings
from softmax_lint.folders import Folders
from softmax_lint.knowledge import REGISTRY

if TYPE_CHECKING:
    from softmax_lint.config import Settings
    from softmax_lint.knowledge.schema import Api

Listing = Callable[[str], Sequence[str]]


def expand(files: Sequence[str], settings: Settings) -> list[str]:
    """Absolute paths of files; folders are walked."""
    paths: list[str] = []
    for name in files:
        path = os.path.abspath(name)
        if os.path.isdir(path):
            paths.extend(listed(path, settings))
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


def listed(root: str, settings: Settings) -> list[str]:
    """The Python files and notebooks below a folder."""
    from softmax_lint.discover import discover

    return [os.path.abspath(found) for found in discover([root], settings).files]


def base_of(files: Sequence[str], settings: Settings) -> str:
    """Where a project begins that nothing marks."""
    base = os.path.commonpath([os.path.dirname(path) for path in files]) if files else os.getcwd()
    if settings.base is not None and f"{base}{os.sep}".startswith(settings.base.rstrip(os.sep) + os.sep):
        return settings.base
    return base


def around(files: Sequence[str], base: str, folders: Folders, listing: Listing) -> list[str]:
    """The other files of the projects that the given files belong to. `listing` walks a folder."""
    inner = dict.fromkeys(folders.root_of(os.path.dirname(path), base) for path in files)
    # No folder called like a library is imported by that name.
    libraries = {root for root, _ in REGISTRY}
    roots = dict.fromkeys(
        root if os.path.basename(root) in libraries else surroundings.around(root) for root in inner
    )
    given = set(files)
    found: dict[str, None] = {}
    for root in roots:
        if surroundings.is_vast(root):
            inside = (path for path in files if path.startswith(root.rstrip(os.sep) + os.sep))
            found.update(dict.fromkeys(surroundings.neighbours(inside)))
        else:
            found.update(dict.fromkeys(listing(root)))
    return [path for path in found if path not in given]


def spelled(rows: Sequence[Api]) -> tuple[str, ...]:
    """What a file must spell to use rows that the project declares for sinks."""
    from softmax_lint.knowledge.schema import LOSS, METRIC, SAMPLER, TRAINER

    sinks = [row for row in rows if row.role in (LOSS, METRIC, SAMPLER, TRAINER)]
    names = [name for row in sinks for name in (row.name, *row.aliases)]
    return tuple(dict.fromkeys(name.rpartition(".")[2].lower() for name in names))
