"""Bytes and lines of files, for what is shown and searched after the analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Read = Callable[[str], bytes]
Lines = Callable[[str, int | None], Sequence[str]]


def reader(overlay: Mapping[str, bytes]) -> Read:
    """A function from a file name to its bytes; names in `overlay` are not read from disk.

    It raises OSError for a file that cannot be read.
    """

    def read(filename: str) -> bytes:
        if filename in overlay:
            return overlay[filename]
        with open(filename, "rb") as file:
            return file.read()

    return read


def texts(filename: str, data: bytes) -> list[tuple[int | None, str]]:
    """(cell, text as written) of all Python in a file; nothing for a file that gives no text."""
    from softmax_lint.source import Unreadable, from_bytes

    try:
        return [(cell.index, cell.written) for cell in from_bytes(filename, data).cells]
    except Unreadable:
        return []


def lines_of(read: Read) -> Lines:
    """A function from (file name, cell) to lines, which reads each file at most once.

    A file that cannot be read has no lines.
    """
    known: dict[str, dict[int | None, Sequence[str]]] = {}

    def lines(filename: str, cell: int | None) -> Sequence[str]:
        if filename not in known:
            try:
                known[filename] = {at: text.split("\n") for at, text in texts(filename, read(filename))}
            except OSError:
                known[filename] = {}
        return known[filename].get(cell, ())

    return lines
