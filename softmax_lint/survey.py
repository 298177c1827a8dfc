"""Read many files once: what each says on its own, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from softmax_lint import facts
from softmax_lint.digests import digest
from softmax_lint.facts import Facts

# Fewer files are read before another process has started.
FEW = 200
_CHUNK = 40


class Seen(NamedTuple):
    """One file. `failure` says why it could not be read; `size` is in bytes; `digest` is that of its bytes."""

    failure: str
    size: int
    digest: str
    facts: Facts


NOTHING = Facts(False, False, False, False, False, ())


def survey(
    paths: Sequence[str], more: Sequence[str] = (), jobs: int | None = None, digested: bool = False
) -> dict[str, Seen]:
    """What the files say. `more` are tokens of sinks besides ours; `jobs` processes may read, None: any; only
    where it is asked for there are digests.
    """
    tokens = tuple(token.encode() for token in more)
    if len(paths) <= FEW:
        return {path: look(path, tokens, digested) for path in paths}
    from softmax_lint import workers

    count = workers.processes(jobs)
    if count < 2:
        return {path: look(path, tokens, digested) for path in paths}
    chunks = [paths[at : at + _CHUNK] for at in range(0, len(paths), _CHUNK)]
    found = workers.spread(chunks, partial(_look_at, more=tokens, digested=digested), count)
    seen = (_from_plain(each) for chunk in found for each in chunk)
    return dict(zip(paths, seen, strict=True))


def _look_at(paths: Sequence[str], more: tuple[bytes, ...], digested: bool) -> list[tuple[object, ...]]:
    return [plain(look(path, more, digested)) for path in paths]


def plain(seen: Seen) -> tuple[object, ...]:
    """As plain tuples, and back with `from_plain`."""
    return (*seen[:3], tuple(seen.facts))


def _from_plain(values: Sequence[object]) -> Seen:
    failure, size, known, stated = values
    return Seen(failure, size, known, Facts._make(stated))  # type: ignore[arg-type]


def look(path: str, more: tuple[bytes, ...] = (), digested: bool = False) -> Seen:
    """What one file says."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        return Seen((error.strerror or str(error)).lower(), 0, "", NOTHING)
    except ValueError as error:
        return Seen(str(error), 0, "", NOTHING)
    known = digest(raw) if digested else ""
    if not path.endswith(".ipynb") and is_plain(raw):
        return Seen("", len(raw), known, facts.state(raw, more))
    from softmax_lint import source

    try:
        read = source.from_bytes(path, raw)
    except source.Unreadable as error:
        return Seen(str(error), len(raw), known, NOTHING)
    text = "\n".join(cell.text for cell in read.cells)
    return Seen("", len(raw), known, facts.state(text.encode("utf-8", "replace"), more))


def is_plain(raw: bytes) -> bool:
    """Whether the bytes of a script are its Python, in UTF-8 and without a byte order mark."""
    if raw.startswith((b"\xef", b"\xff", b"\xfe", b"# Databricks")):
        return False
    if b"coding" in raw[:1024] and not _is_declared(raw):
        return False
    if raw.isascii():
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_declared(raw: bytes) -> bool:
    """Whether the text is declared to be UTF-8 in one of the usual forms, or the word stands elsewhere."""
    for line in raw[:1024].splitlines()[:2]:
        if b"coding" in line:
            declared = line.strip(b"# \t-*").replace(b" ", b"").lower()
            return declared in (b"coding:utf-8", b"coding:utf8", b"coding=utf-8")
    return True


def text_of(path: str) -> str:
    """The Python of a file that could be read before, magics and all; nothing where that is no longer so."""
    found = _python_of(path)
    if isinstance(found, str):
        return found
    text = found.decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def data_of(path: str) -> bytes:
    """The same in UTF-8; lines may have other ends."""
    found = _python_of(path)
    return found.encode("utf-8", "replace") if isinstance(found, str) else found


def _python_of(path: str) -> str | bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except (OSError, ValueError):
        return ""
    if not path.endswith(".ipynb") and is_plain(raw):
        return raw
    from softmax_lint import source

    try:
        return "\n".join(cell.text for cell in source.from_bytes(path, raw).cells)
    except source.Unreadable:
        return ""
