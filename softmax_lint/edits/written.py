"""Edits written into the bytes of a file: scripts as they are encoded, notebooks inside their JSON."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence

from softmax_lint.diagnostic import Edit
from softmax_lint.edits.tree import Refused
from softmax_lint.source import decode, from_bytes

_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.S)
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.S)

Span = tuple[int, int]
Splice = tuple[int, int, str]


def written(filename: str, data: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes of a file after edits, which must not overlap. All other bytes stay.

    Raises `Refused` where the file cannot hold the new text, and `Unreadable`.
    """
    source = from_bytes(filename, data)
    text = decode(source)
    if filename.endswith(".ipynb"):
        result = _notebook(text, edits)
    else:
        result = _splice(text, _offsets(text, edits, source.newline))
    try:
        return source.bom + result.encode(source.encoding)
    except UnicodeEncodeError:
        raise Refused(f"the file's encoding {source.encoding} lacks a character") from None


def text_of(filename: str, data: bytes) -> str:
    """The text of a file as it is written. Raises `Unreadable`."""
    return decode(from_bytes(filename, data))


def overlap(edits: Sequence[Edit]) -> bool:
    """Whether two of the edits touch the same text. Insertions at one point do not."""
    ordered = sorted(edits, key=lambda edit: edit.place)
    for left, right in itertools.pairwise(ordered):
        if (left.place.filename, left.place.cell) != (right.place.filename, right.place.cell):
            continue
        end = (left.place.end_row, left.place.end_column)
        start = (right.place.row, right.place.column)
        if start < end or (start == (left.place.row, left.place.column) and end != start):
            return True
    return False


def _offsets(text: str, edits: Sequence[Edit], newline: str) -> list[Splice]:
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    return [
        (
            starts[edit.place.row - 1] + edit.place.column - 1,
            starts[edit.place.end_row - 1] + edit.place.end_column - 1,
            edit.content.replace("\n", newline),
        )
        for edit in edits
    ]


def _splice(text: str, splices: Sequence[Splice]) -> str:
    parts, at = [], 0
    for start, end, content in sorted(splices, key=lambda splice: splice[:2]):
        parts += [text[at:start], content]
        at = end
    parts.append(text[at:])
    return "".join(parts)


# Notebooks.


def _notebook(text: str, edits: Sequence[Edit]) -> str:
    sources = _sources(text)
    splices: list[Splice] = []
    for cell in dict.fromkeys(edit.place.cell for edit in edits):
        strings, is_list = sources.get(cell or 0, ([], False))
        lines: list[str] = [json.loads(text[start:end]) for start, end in strings]
        whole = "".join(lines)
        if not strings:
            raise Refused("the cell was not found")
        newline = "\r\n" if "\r\n" in whole else "\r" if "\r" in whole else "\n"
        inner = _offsets(whole, [edit for edit in edits if edit.place.cell == cell], newline)
        if is_list:
            splices.append(_edited_list(text, strings, lines, inner))
        else:
            splices += _edited_string(text, strings[0], inner)
    return _splice(text, splices)


def _edited_string(text: str, span: Span, inner: Sequence[Splice]) -> Iterator[Splice]:
    """Edits inside one JSON string."""
    places = [span[0] + 1]
    pending = ""
    for match in _ESCAPED.finditer(text[span[0] + 1 : span[1] - 1]):
        piece = match[0]
        if pending == "" and re.match(r"\\ud[89ab]", piece, re.I):
            pending = piece
            continue
        pending = ""
        places.append(span[0] + 1 + match.end())
    for start, end, content in inner:
        yield places[start], places[end], _encoded(content, True)


def _edited_list(text: str, strings: Sequence[Span], lines: Sequence[str], inner: Sequence[Splice]) -> Splice:
    """A list of lines: those from the first to the last that an edit touches are written anew."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    low, high = min(start for start, _, _ in inner), max(end for _, end, _ in inner)
    last_line = len(lines) - 1
    first = max((n for n in range(len(lines)) if starts[n] <= low), default=0)
    last = max((n for n in range(len(lines)) if starts[n] <= max(high, low)), default=0)
    if last > first and starts[last] == high and not any(start == high for start, _, _ in inner):
        last -= 1
    begin = starts[first]
    old = "".join(lines[first : last + 1])
    new = _splice(old, [(start - begin, end - begin, content) for start, end, content in inner])
    if last < last_line and not new.endswith("\n") and new:
        last += 1
        new += lines[last]
    # What stays as it was keeps its spelling.
    known = {lines[n]: text[slice(*strings[n])] for n in range(first, last + 1)}
    ascii_only = all(text[start:end].isascii() for start, end in strings)
    pieces = [known.get(line, f'"{_encoded(line, ascii_only)}"') for line in new.splitlines(keepends=True)]
    start, end = strings[first][0], strings[last][1]
    if pieces:
        return start, end, _separator(text, strings).join(pieces)
    if last < last_line:
        return start, strings[last + 1][0], ""
    if first:
        return strings[first - 1][1], end, ""
    return start, end, '""'


def _separator(text: str, strings: Sequence[Span]) -> str:
    if len(strings) > 1:
        return text[strings[0][1] : strings[1][0]]
    opening = text.rindex("[", 0, strings[0][0])
    return f",{text[opening + 1 : strings[0][0]]}"


def _encoded(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _sources(text: str) -> dict[int, tuple[list[Span], bool]]:
    """By 1-based position among all cells: the strings of its source, and whether they are a list."""
    found: dict[int, tuple[list[Span], bool]] = {}
    stack: list[tuple[str, object]] = []
    key: object = None
    is_key = True
    count = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            stack.append((token, key))
            path = [name for _, name in stack]
            if token == "{" and _is_cell(path):
                count += 1
            if token == "[" and _is_cell(path[:-1]) and path[-1] in ("source", "input"):
                found[count] = ([], True)
            is_key = token == "{"
            key = 0 if token == "[" else None
        elif token in "}]":
            if not stack:
                break
            _, key = stack.pop()
            is_key = False
        elif token == ",":
            if stack and stack[-1][0] == "[":
                key = key + 1 if isinstance(key, int) else 0
            else:
                is_key = True
        elif token == ":":
            is_key = False
        elif is_key and stack and stack[-1][0] == "{":
            key = json.loads(token)
        elif stack:
            path = [name for _, name in stack]
            if stack[-1][0] == "[" and _is_cell(path[:-1]) and path[-1] in ("source", "input"):
                found[count][0].append(match.span())
            elif stack[-1][0] == "{" and _is_cell(path) and key in ("source", "input"):
                found[count] = ([match.span()], False)
    return found


def _is_cell(path: Sequence[object]) -> bool:
    """Whether the names of open objects and lists are those of a cell."""
    if len(path) == 3:
        return path[1] == "cells" and isinstance(path[2], int)
    return len(path) == 5 and path[1] == "worksheets" and path[3] == "cells" and isinstance(path[4], int)
