"""Read notebooks: the code cells of the JSON text, with everything that is not Python masked.

Masking keeps indentation, rows and the columns of all code that stays.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

from softmax_lint.regex import late
from softmax_lint.splitting import logical_end

# Cell magics whose body is not code of this notebook's own Python.
_FOREIGN = """
    ! bash sh script system sx cmd powershell html HTML svg SVG latex markdown javascript Javascript js perl
    ruby R julia octave matlab java scala fortran cython cython_inline cython_pyximport cu cuda sql sqlite
    bigquery spark sparksql configure pypy python2 writefile file writetemplate typescript css mermaid
    dot bokeh ai pybind11 rust go cpp c
"""
FOREIGN_CELLS = frozenset(_FOREIGN.split())
# Line magics that run the Python statement they are given.
_RUNNERS = r"(?:time|timeit|prun|memit|mprun|lprun|snakeviz)"

# Patterns that begin with one sign are searched for ten times as fast as one that has all three.
_HINTS = (
    late(r"\n[ \t]*(?:[%!?]|(?:pip3?|conda|mamba|cd)[ \t])"),
    late(r"\?[ \t]*(?:#.*)?$", re.M),
    late(r"=[ \t]*[!%]"),
)
# One of these stands in all that the patterns find; looking for them is faster still.
_SIGNS = ("%", "!", "?", "pip", "conda", "mamba", "cd ", "cd\t")
_CELL_MAGIC = late(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*%%(!|\w+)")
# Databricks spells the language of a cell with one sign. What may be a line magic as well stands alone.
_LANGUAGE = late(
    r"(?:[ \t]*(?:#[^\n]*)?\n)*%(?:(?:md|md-sandbox|scala)(?![\w-])|(?:sql|sh|fs|r)[ \t]*(?:\n|$))"
)
_RUN = late(
    rf"%(?P<name>{_RUNNERS})(?P<flags>(?:[ \t]+-[a-zA-Z](?:[ \t]*[\d.]+)?)*)[ \t]+"
    r"(?=[^\s#-])(?!(?:for|while|if|with|try|def|class|async)\b)"
)
_MAGIC = late(r"%|!|\?")
_AUTOMAGIC = late(r"(?:(?:pip3?|conda|mamba)[ \t]+[a-z]+(?:[ \t]|$)|cd[ \t]+[\w./~])")
_ASSIGNED = late(r"([\w.,\[\]'\"*() \t]+?=)[ \t]*(?:!|%%?[a-zA-Z])")
_INDENTED = late(r"(?:[ \t]*\n)*([ \t]+)(?=\S)")
_HELP = late(r"[%\w.*]+(?:\[[^\]\n]*\])?[ \t]*\?{1,2}[ \t]*(?:#[^\n]*)?$")


class NotANotebook(Exception):
    """The text is not the JSON of a notebook. The message says why."""


def code_cells(text: str) -> tuple[tuple[int, str], ...]:
    """(1-based position among all cells, text as written) of all code cells; lines end in newline characters.

    Reads notebook formats 3 and 4. A notebook for another language has none, and so has one that was made and
    never saved: an empty file. Raises `NotANotebook`.
    """
    if not text.strip():
        return ()
    try:
        document = json.loads(text)
    except RecursionError:
        raise NotANotebook("invalid JSON: nested too deeply") from None
    except ValueError as error:
        raise NotANotebook(f"invalid JSON: {error}") from None
    if not isinstance(document, dict):
        raise NotANotebook("not a notebook: the JSON is no object")
    if not _is_python(document.get("metadata")):
        return ()
    return tuple(
        (index, written)
        for index, cell in enumerate(_cells(document), 1)
        if isinstance(cell, dict) and cell.get("cell_type") == "code" and (written := _text(cell)) is not None
    )


def _cells(document: dict[str, Any]) -> list[Any]:
    cells = document.get("cells")
    if cells is None and isinstance(document.get("worksheets"), list):
        cells = []
        for sheet in document["worksheets"]:
            part = sheet.get("cells") if isinstance(sheet, dict) else None
            cells.extend(part if isinstance(part, list) else ())
    if not isinstance(cells, list):
        raise NotANotebook("not a notebook: no list of cells")
    return cells


def _text(cell: dict[str, Any]) -> str | None:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _is_python(metadata: object) -> bool:
    """Whether the notebook says nothing about its language, or says that it is Python."""
    if not isinstance(metadata, dict):
        return True
    for key, field in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key)
        if isinstance(part, dict) and isinstance(part.get(field), str):
            return "python" in part[field].lower()
    return True


def mask_cell(text: str) -> str | None:
    """The Python of a cell, or None for a cell in another language (``%%bash`` and the like)."""
    return None if is_foreign(text) else _outdent(mask_magics(text))


def _outdent(text: str) -> str:
    """A cell whose first line is indented runs without that indentation: form feeds stand in its place, which
    take columns and indent nothing."""
    found = _INDENTED.match(text)
    if found is None:
        return text
    return re.sub(rf"^{re.escape(found[1])}", "\f" * len(found[1]), text, flags=re.M)


def is_foreign(text: str) -> bool:
    """Whether a cell says that it is in another language."""
    found = _CELL_MAGIC.match(text)
    return found[1] in FOREIGN_CELLS if found else _LANGUAGE.match(text) is not None


def timed(line: str) -> str | None:
    """A line that is a magic which runs a statement, with the magic replaced; None for any other line."""
    masked = _mask_line(line) if _RUN.match(line) else None
    return masked if masked is not None and masked.startswith("pass;") else None


def mask_magics(text: str) -> str:
    """The text with magics, shell commands and help requests replaced by code that does nothing.

    Only whole logical lines that cannot be Python are touched: a line inside brackets or a string stays. A
    value assigned from a magic or a command becomes one that nothing is known of.
    """
    if not any(sign in text for sign in _SIGNS) or not _may_hold_magics(text):
        return text
    parts: list[str] = []
    start, size = 0, len(text)
    while start < size:
        first_end = text.find("\n", start)
        first_end = size if first_end < 0 else first_end
        code = start
        while code < first_end and text[code] in " \t\f":
            code += 1
        masked = _mask_line(text[code:first_end])
        if masked is None:
            end = logical_end(text, start)
            parts.append(text[start:end])
        elif masked.startswith("pass;"):
            end = logical_end(text, first_end - len(masked[5:].lstrip()))
            parts.append(text[start:code] + masked + text[first_end:end])
        else:
            end = first_end
            parts.append(text[start:code] + masked)
            # A command goes on after a backslash.
            while text.endswith("\\", start, end) and end < size:
                following = text.find("\n", end + 1)
                end = size if following < 0 else following
                parts.append("\n")
        if end < size:
            parts.append("\n")
        start = end + 1
    return "".join(parts)


def _may_hold_magics(text: str) -> bool:
    """Whether a row that would be masked is there at all; where rows end does not take a look at the rest."""
    text = f"\n{text}"
    for found in chain.from_iterable(hint.finditer(text) for hint in _HINTS):
        if "\f" in text:
            return True  # they may stand before a magic, where the pattern knows none
        end = text.find("\n", found.end())
        row = text[text.rfind("\n", 0, found.start() + 1) + 1 : len(text) if end < 0 else end]
        if _mask_line(row.lstrip(" \t")) is not None:
            return True
    return False


def _mask_line(line: str) -> str | None:
    """What replaces the first row of a logical line without its indentation; None when it is Python."""
    if _MAGIC.match(line):
        found = _RUN.match(line)
        if found:
            return "pass;".ljust(found.end()) + line[found.end() :]
        return "pass"
    if _AUTOMAGIC.match(line) or _HELP.match(line):
        return "pass"
    found = _ASSIGNED.match(line)
    if found and _is_balanced(found[1]):
        return f"{found[1]} b''"
    return None


def _is_balanced(text: str) -> bool:
    if text.count('"') % 2 or text.count("'") % 2:
        return False
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")
