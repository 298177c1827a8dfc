"""Read files into text: bytes once, whatever the encoding, with what writing them back unchanged takes."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from softmax_lint import exports, notebook
from softmax_lint.regex import late

_COOKIE = late(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_BLANK = late(rb"^[ \t\f]*(?:#.*)?$")
_LINE_END = late(rb"\r\n|\r|\n")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Unreadable(Exception):
    """A file that cannot be turned into text. The message says why, without the file's name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of Python. `index` is the 1-based position among all cells of a notebook, None for a script.

    Lines of `text` end in newline characters; magics are masked. `written` is the same before masking: equal
    in rows, and in the columns of all code.
    """

    index: int | None
    text: str
    written: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read. `raw` are its bytes; `decode(raw)` gives the text with its own line ends.

    `bom` is the byte order mark that `raw` starts with, `newline` the line end that most lines have.
    """

    filename: str
    cells: tuple[Cell, ...]
    encoding: str = "utf-8"
    bom: bytes = b""
    newline: str = "\n"
    raw: bytes = b""


def read(path: str, filename: str | None = None) -> Source:
    """The source at a path. `filename` is the name to report, by default the path. Raises `Unreadable`."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower()) from None
    except ValueError as error:
        raise Unreadable(str(error)) from None
    return from_bytes(filename if filename is not None else path, raw)


def from_bytes(filename: str, raw: bytes) -> Source:
    """The source with these bytes, a notebook when the name ends in ``.ipynb``. Raises `Unreadable`."""
    is_notebook = filename.endswith(".ipynb")
    bom, encoding = _encoding(raw, cookies=not is_notebook)
    text = _decode(raw, bom, encoding)
    newline = _newline(text)
    return Source(filename, _cells(text, is_notebook), encoding, bom, newline, raw)


def from_text(filename: str, text: str) -> Source:
    """The source of text that is in no file: standard input, or an unsaved buffer. Raises `Unreadable`."""
    bom = codecs.BOM_UTF8 if text.startswith("\ufeff") else b""
    body = text.removeprefix("\ufeff")
    raw = bom + body.encode("utf-8", "replace")
    return Source(filename, _cells(body, filename.endswith(".ipynb")), "utf-8", bom, _newline(body), raw)


def decode(source: Source) -> str:
    """The text of a whole file, with its own line ends and without the byte order mark."""
    return source.raw[len(source.bom) :].decode(source.encoding)


def _cells(text: str, is_notebook: bool) -> tuple[Cell, ...]:
    if not is_notebook:
        written = text.replace("\r\n", "\n").replace("\r", "\n")
        return (Cell(None, notebook.mask_magics(exports.unfold(written)), written),)
    try:
        pieces = notebook.code_cells(text)
    except notebook.NotANotebook as error:
        raise Unreadable(str(error)) from None
    return tuple(
        Cell(index, masked, written)
        for index, written in pieces
        if (masked := notebook.mask_cell(written)) is not None
    )


def _newline(text: str) -> str:
    """The line end of most lines. Ties and texts of one line go to the newline character."""
    if "\r" not in text:
        return "\n"
    both = text.count("\r\n")
    counts = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    return max(counts, key=lambda end: counts[end])


def _encoding(raw: bytes, cookies: bool) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return mark, encoding
    if not cookies:
        return b"", "utf-8"
    # A declaration counts in the first two lines, in the second only when the first holds no code (PEP 263).
    for line in _LINE_END.split(raw[:1024], maxsplit=2)[:2]:
        found = _COOKIE.match(line)
        if found:
            return b"", _known(found[1].decode("ascii"))
        if not _BLANK.match(line):
            break
    return b"", "utf-8"


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise Unreadable(f"unknown encoding `{name}`") from None


def _decode(raw: bytes, bom: bytes, encoding: str) -> str:
    try:
        return raw[len(bom) :].decode(encoding)
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, len(bom) + error.start) + 1
        raise Unreadable(f"not valid {encoding.upper()} in row {row}") from None
    except (LookupError, ValueError):
        raise Unreadable(f"encoding `{encoding}` gives no text") from None
