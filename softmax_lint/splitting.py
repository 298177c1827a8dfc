"""Cut Python text into top-level statements and logical lines, without parsing it.

Total: any text gives an answer, and code that parses is cut exactly. In code that does not parse a bracket
that was never closed ends at the next line that starts with a keyword no expression can hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Everything that can hide or join lines. Strings are matched whole; a string that is not closed ends with its
# line, or with the text when it is triple-quoted. Prefixes need no look: a backslash before a quote keeps the
# string open in raw strings, too. Alternatives start with a literal each: that lets the search skip to the next
# one of these. The empty groups say what was found; comments, joined lines and innermost brackets without strings
# and comments say nothing.
_HIDING = r"""
    \#[^\n]*
  | \"\"\"()[^"\\]*(?:(?:\\(?:.|\Z)|"(?!""))[^"\\]*)*(?:\"\"\"|\Z)
  | \'\'\'()[^'\\]*(?:(?:\\(?:.|\Z)|'(?!''))[^'\\]*)*(?:\'\'\'|\Z)
  | "()[^"\\\n]*(?:\\(?:.|\Z)[^"\\\n]*)*"?
  | '()[^'\\\n]*(?:\\(?:.|\Z)[^'\\\n]*)*'?
  | \([^()\[\]{}"'\#\\\n]*\)
  | \[[^()\[\]{}"'\#\\\n]*\]
  | \\\n
  | \(()
  | \[()
  | \{()
  | \)()
  | \]()
  | \}()
"""
_LAST_STRING, _LAST_OPENED, _LAST_CLOSED = 4, 7, 10
# A newline character that may start a statement, and any.
_TOP = re.compile(_HIDING + r"| \n\f*(?=[^ \t\n\f\#)\]}])(?!(?:else|elif|except|finally)\b)()", re.S | re.X)
_LINE = re.compile(_HIDING + r"| \n()", re.S | re.X)

# No expression holds these words, so a line that starts with one is not inside a bracket.
_NO_EXPRESSION = re.compile(
    r"\f*(?:def|class|import|while|with|try|return|del|global|assert|raise|pass|break|continue)\b"
)
_DEFINITION = re.compile(r"\f*(?:async\s+)?(def|class)\s+(\w+)")
_MARKED = re.compile(r"\f*@")
_CODE = re.compile(r"^[ \t\f]*[^ \t\n\f#]", re.M)


class Statement(NamedTuple):
    """One top-level statement. `row` is its first row, from 1; decorators belong to their definition.

    `kind` is "def", "class" or "", `name` the name that a definition binds. Comments and blank lines up to
    the next statement may belong to `text`.
    """

    row: int
    text: str
    kind: str = ""
    name: str = ""


def split(text: str) -> tuple[Statement, ...]:
    """The top-level statements of a text whose lines end in newline characters only."""
    starts = _starts(text)
    result: list[Statement] = []
    row, counted = 1, 0
    index, count = 0, len(starts) - 1
    while index < count:
        start = body = starts[index]
        index += 1
        while index < count and text[body] in "@\f" and _MARKED.match(text, body):
            body = starts[index]
            index += 1
        row += text.count("\n", counted, start)
        counted = start
        piece = text[start : starts[index]]
        bare = piece.rstrip(" \t\n\f")
        # A line that a backslash joins to a blank one is complete only with the blank one.
        if bare.endswith("\\"):
            bare = piece
        found = _DEFINITION.match(text, body) if text[body] in "dca\f" else None
        if found is not None:
            result.append(Statement(row, bare, found[1], found[2]))
        else:
            result.append(Statement(row, bare))
    return tuple(result)


def _starts(text: str) -> list[int]:
    """Offsets of the first characters of logical lines in column 1, and the length of the text."""
    first = _CODE.search(text)
    if first is None:
        return [len(text)]
    starts = [first.start()]
    depth = 0
    position = first.start()
    while True:
        again = -1
        for match in _TOP.finditer(text, position):
            group = match.lastindex
            if group is None:
                continue
            if group <= _LAST_STRING:
                again = _end_of_format(text, *match.span())
                if again >= 0:
                    break
            elif group <= _LAST_OPENED:
                depth += 1
            elif group <= _LAST_CLOSED:
                if depth:
                    depth -= 1
            elif not depth:
                starts.append(match.start() + 1)
            elif _NO_EXPRESSION.match(text, match.end()):
                depth = 0
                starts.append(match.start() + 1)
        if again < 0:
            break
        position = again
    starts.append(len(text))
    return starts


def logical_lines(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """(start, end) offsets of the logical lines from an offset on; the end is that of the newline character.

    Blank lines and comments are lines of their own.
    """
    size = len(text)
    while start < size:
        end = logical_end(text, start)
        yield start, end
        start = end + 1


def logical_end(text: str, start: int) -> int:
    """The offset of the newline character that ends the logical line at `start`, or the text's length."""
    depth = 0
    position = start
    while True:
        again = -1
        for match in _LINE.finditer(text, position):
            group = match.lastindex
            if group is None:
                continue
            if group <= _LAST_STRING:
                again = _end_of_format(text, *match.span())
                if again >= 0:
                    break
            elif group <= _LAST_OPENED:
                depth += 1
            elif group <= _LAST_CLOSED:
                if depth:
                    depth -= 1
            elif not depth or _NO_EXPRESSION.match(text, _skip_blanks(text, match.end())):
                return match.start()
        if again < 0:
            return len(text)
        position = again


def blank_hidden(text: str) -> str:
    """The text, same length and rows, with strings filled with underscores and comments with spaces."""
    parts: list[str] = []
    position, size = 0, len(text)
    while position < size:
        for match in _LINE.finditer(text, position):
            start, end = match.span()
            first = text[start]
            if first not in "\"'#":
                continue
            parts.append(text[position:start])
            filler = " "
            if first != "#":
                longer = _end_of_format(text, start, end)
                end = longer if longer >= 0 else end
                filler = "_"
            inner = "\n".join(filler * len(line) for line in text[start + 1 : end - 1].split("\n"))
            parts.append((first if filler == "_" else " ") + inner + (filler if filler == " " else first))
            if end - start == 1:
                parts[-1] = first if filler == "_" else " "
            position = end
            break
        else:
            parts.append(text[position:])
            break
    return "".join(parts)


def _skip_blanks(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in " \t\f":
        offset += 1
    return offset


def _end_of_format(text: str, start: int, end: int) -> int:
    """The end of an f-string whose parts hold its own kind of quote, or -1 when `end` is the end already.

    Such a string seems to end inside a replacement field, so its braces do not match.
    """
    if not _is_format(text, start):
        return -1
    if text.count("{", start, end) == text.count("}", start, end):
        return -1
    found = _format_end(text, start, 0)
    return found if found > end else -1


def _is_format(text: str, quote: int) -> bool:
    if quote == 0 or text[quote - 1] not in "fFrRtT":
        return False
    return text[quote - 1] in "fFtT" or (quote > 1 and text[quote - 2] in "fFtT")


def _format_end(text: str, start: int, level: int) -> int:
    """The offset after the f-string whose opening quote is at `start`, or -1 when it is not closed."""
    quote = text[start] * 3 if text.startswith(text[start] * 3, start) else text[start]
    offset, size, depth = start + len(quote), len(text), 0
    while offset < size and level < 20:
        character = text[offset]
        if depth == 0:
            if text.startswith(quote, offset):
                return offset + len(quote)
            if character == "\\":
                offset += 1
            elif character == "{":
                if text.startswith("{{", offset):
                    offset += 1
                else:
                    depth = 1
            elif character == "\n" and len(quote) == 1:
                return -1
        elif character in "\"'":
            if (
                text.startswith(quote, offset)
                and "\n" not in text[start:offset]
                and not _closes(text, offset)
            ):
                return -1
            inner = (
                _format_end(text, offset, level + 1) if _is_format(text, offset) else _plain_end(text, offset)
            )
            if inner < 0:
                return -1
            offset = inner - 1
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
        offset += 1
    return -1


def _closes(text: str, quote: int) -> bool:
    """Whether another quote of the same kind follows on the line."""
    end = text.find("\n", quote)
    return text.find(text[quote], quote + 1, end if end >= 0 else len(text)) >= 0


def _plain_end(text: str, start: int) -> int:
    found = _LINE.match(text, start)
    return found.end() if found else -1
