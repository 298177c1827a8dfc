"""Replace files whole: every temporary is written and synced before the first one takes its place."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress


class Changed(Exception):
    """A file is not what it was when it was read. The text is its name."""


def replace_all(
    groups: Iterable[Sequence[str]], files: Mapping[str, bytes], before: Mapping[str, bytes]
) -> tuple[list[str], list[str]]:
    """Write new bytes into files: (written, left alone because they changed on disk since they were read).

    Files of one group change together or not at all; of each group the last file is written last. Links are
    followed, modes and owners stay. Raises OSError, having changed no file of the group where it arose.
    """
    done: list[str] = []
    stale: list[str] = []
    for names in _joined(groups, files):
        try:
            _replace(names, files, before)
        except Changed:
            stale += names
        else:
            done += names
    return done, stale


def _joined(groups: Iterable[Sequence[str]], files: Mapping[str, bytes]) -> list[list[str]]:
    """Groups that share a file are one; the order inside them stays."""
    result: list[list[str]] = []
    for group in groups:
        names = [name for name in group if name in files]
        for other in [other for other in result if set(other) & set(names)]:
            result.remove(other)
            names = [name for name in other if name not in names] + names
        if names:
            result.append(names)
    known = {name for names in result for name in names}
    return result + [[name] for name in files if name not in known]


def _replace(names: Sequence[str], files: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    ready: list[tuple[str, str]] = []
    try:
        for name in names:
            target = os.path.realpath(name)
            ready.append((_write_beside(target, files[name]), target))
        for name in names:
            _check(name, before[name])
        for temporary, target in ready:
            os.replace(temporary, target)
    finally:
        for temporary, _ in ready:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    for folder in dict.fromkeys(os.path.dirname(target) for _, target in ready):
        _sync_folder(folder)


def _check(name: str, expected: bytes) -> None:
    try:
        with open(name, "rb") as file:
            if file.read() == expected:
                return
    except OSError:
        pass
    raise Changed(name)


def _write_beside(target: str, data: bytes) -> str:
    """A synced temporary file with the mode and owner of `target`, in its folder."""
    known = os.stat(target)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".softmax-lint-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if hasattr(os, "fchown"):
                with suppress(PermissionError):
                    os.fchown(file.fileno(), known.st_uid, known.st_gid)
            os.chmod(temporary, stat.S_IMODE(known.st_mode))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _sync_folder(folder: str) -> None:
    """Make the renames in a folder last, where the system lets folders be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
