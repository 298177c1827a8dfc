"""The values of string and number tokens, without warnings and without running anything."""

from __future__ import annotations

import re
import unicodedata

from softmax_lint.regex import late

_ESCAPE = late(
    r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]+)\})"
)
_SIMPLE = {
    "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v",
}  # fmt: skip


def string_value(token: str) -> str | None:
    """The value of a string token with prefix and quotes; None for bytes."""
    start = 0
    while token[start] not in "\"'":
        start += 1
    prefix = token[:start].lower()
    if "b" in prefix:
        return None
    quotes = 3 if token[start : start + 3] in ('"""', "'''") and len(token) - start >= 6 else 1
    body = token[start + quotes : -quotes]
    return body if "r" in prefix or "\\" not in body else unescape(body)


def unescape(body: str) -> str:
    """The text between quotes with its escape sequences replaced; unknown ones stay."""
    return _ESCAPE.sub(_unescaped, body) if "\\" in body else body


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return ""
    if found[2]:
        return _SIMPLE[found[2]]
    if found[3]:
        return chr(int(found[3], 8))
    digits = found[4] or found[5] or found[6]
    try:
        return chr(int(digits, 16)) if digits else unicodedata.lookup(found[7])
    except (ValueError, KeyError, OverflowError):
        return found[0]


def number_value(token: str) -> int | float | None:
    """The value of an integer or float token; None for imaginary ones and for those too long to read."""
    bare = token.replace("_", "").lower()
    try:
        if bare.startswith(("0x", "0o", "0b")):
            return int(bare, 0)
        if bare.endswith("j"):
            return None
        if "." in bare or "e" in bare:
            return float(bare)
        return int(bare)
    except ValueError:
        return None
