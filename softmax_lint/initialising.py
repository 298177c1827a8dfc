"""Where an ``__init__`` keeps what leads to a sink: in attributes, if it does nothing else with it.

Line by line, in words: a line that mentions it and assigns passes it on to what it assigns to; keys that are
compared pass on nothing. A line that may do more, as a call of a function does, gives no answer.
"""

from __future__ import annotations

from collections.abc import Callable

from softmax_lint.regex import late
from softmax_lint.splitting import logical_lines

_WORD = late(r"[^\W\d]\w*")
_CALLED = late(r"(\w+)[ \t]*\(")
_TARGET = late(r"[ \t]*(self\.)?([^\W\d]\w*)[ \t]*(?::[^=\n]*)?=(?!=)")
_TEST = late(r"[ \t]*(?:if|elif|while)\b[^\n]*:\s*\Z|[ \t]*(?:assert|raise)\b")
# What reads names and settings, or moves a loss; classes, in upper case, make what is kept.
_HARMLESS = frozenset(
    {
        "to", "cuda", "cpu", "float", "half", "join", "findall", "match", "search", "len", "list", "tuple", "set",
        "sorted", "keys", "values", "items", "get", "str", "int", "bool", "dict", "isinstance", "hasattr",
        "callable", "format", "lower", "upper", "if", "elif", "else", "while", "and", "or", "not", "in", "is",
        "raise", "assert",
    }
)  # fmt: skip


def kept_in(text: str, leads: Callable[[str], bool]) -> frozenset[str] | None:
    """The attributes that hold what `leads` to a sink after an ``__init__`` with this text; None where it may do
    more with it than keep it.
    """
    attributes: set[str] = set()
    tainted: set[str] = set()
    for number, (start, end) in enumerate(logical_lines(text)):
        line = text[start:end]
        if not (leads(line) or (tainted and not tainted.isdisjoint(_WORD.findall(line)))):
            continue
        if not number:
            return None  # the default of a parameter
        at, found = 0, _TARGET.match(line)
        if found is None and not _TEST.match(line):
            return None
        while found is not None:
            if found[1]:
                attributes.add(found[2])
            tainted.add(found[2])
            at, found = found.end(), _TARGET.match(line, found.end())
        if "lambda" in line or any(
            not name[:1].isupper() and name not in _HARMLESS for name in _CALLED.findall(line, at)
        ):
            return None
    return frozenset(attributes)
