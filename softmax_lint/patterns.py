"""Glob patterns over paths, with the meaning they have in ruff's settings.

A pattern without a slash names a file or folder anywhere; one with a slash is a path below the root. ``*``
crosses folders, ``**/`` may stand for no folder, ``{a,b}`` is a choice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

from softmax_lint.regex import late

_SPECIAL = frozenset("*?[{")
# Takes an absolute path; tells whether a pattern matches it or its last part.
Matcher = Callable[[str], bool]


def compile_patterns(patterns: Iterable[str], root: str) -> Matcher:
    """One matcher for `patterns`; relative ones start at the folder `root`."""
    literal, names, paths = set(), [], []
    for pattern in patterns:
        pattern = pattern.replace(os.sep, "/")
        pattern = pattern[2:] if pattern.startswith("./") else pattern
        stripped = pattern.rstrip("/") or "/"
        if "/" in stripped:
            absolute = stripped.startswith("/") or os.path.isabs(stripped)
            base = "" if absolute else re.escape(root.replace(os.sep, "/").rstrip("/")) + "/"
            paths.append(base + _translate(stripped))
        elif _SPECIAL.isdisjoint(stripped):
            literal.add(stripped)
        else:
            names.append(_translate(stripped))
    name_of = re.compile("|".join(f"(?:{name})" for name in names)).fullmatch if names else None
    path_of = re.compile("|".join(f"(?:{path})" for path in paths)).fullmatch if paths else None

    def matches(path: str) -> bool:
        path = path.replace(os.sep, "/")
        name = path.rpartition("/")[2]
        if name in literal or (name_of is not None and name_of(name)):
            return True
        return path_of is not None and path_of(path) is not None

    return matches


_PIECE = late(r"\*\*/|\*+|\?|\[!?\]?[^\]]*\]|[{},]|[^*?\[{},]+|\[")


def _translate(pattern: str) -> str:
    out, depth = [], 0
    for piece in _PIECE.findall(pattern):
        if piece == "**/":
            out.append("(?:.*/)?")
        elif piece[0] == "*":
            out.append(".*")
        elif piece == "?":
            out.append("[^/]")
        elif piece == "{" and "}" in pattern:
            depth += 1
            out.append("(?:")
        elif piece == "}" and depth:
            depth -= 1
            out.append(")")
        elif piece == "," and depth:
            out.append("|")
        elif piece[0] == "[" and len(piece) > 1:
            body = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[^{body[1:]}]" if body.startswith("!") else f"[{body}]")
        else:
            out.append(re.escape(piece))
    return "(?s:" + "".join(out) + ")" * depth + ")"
