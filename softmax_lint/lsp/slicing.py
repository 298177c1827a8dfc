"""The part of a project that an edit can touch: the statements that names connect with the changed ones.

Linking follows names: what a statement binds reaches another one only where that mentions it. So statements
that no chain of names connects with an edit keep their findings, and a run may leave them out. The words of
a text stand for its names, which connects too much rather than too little; what no name shows (a file that
is run for its side effects, a limit that all functions of a file share) is why a full run follows every
answer of a slice.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from softmax_lint.diagnostic import Diagnostic, Place, Verdict
from softmax_lint.linking.modules import LIBRARIES
from softmax_lint.splitting import Statement

Words = frozenset[str]

_WORD = re.compile(r"[^\W\d]\w*")
_HIDDEN = re.compile(r'"{3}.*?"{3}|\'{3}.*?\'{3}|#[^\n]*', re.S)
_IMPORT = re.compile(r"\s*(?:from\s+([\w.]+)\s+)?import\s")
_SHARED = re.compile(r"^\s+global\s+([^\n#;]+)", re.M)
_ALIAS = re.compile(r"([\w.]+)\s+as\s+(\w+)")
# Settings of a whole program, which statements make that bind nothing.
_GLOBAL = re.compile(r"policy|backend|environ|default_dtype|floatx|autocast|patch|setattr", re.I)
# Words that connect nothing: of the language, and what everybody uses.
_COMMON = frozenset(keyword.kwlist) | {
    "self", "cls", "super", "print", "range", "len", "int", "float", "str", "list", "dict", "tuple", "set",
    "enumerate", "zip", "isinstance", "open", "sum", "min", "max", "__name__", "__init__",
}  # fmt: skip


class Names(NamedTuple):
    """What a statement binds and mentions; one that is `kept` stays where anything else of its file does."""

    binds: Words
    mentions: Words
    kept: bool


def names_of(statement: Statement) -> Names:
    """The names of a statement."""
    text = _HIDDEN.sub("", statement.text)
    imported = _IMPORT.match(text)
    if imported:
        return _imported(imported[1] or "", text)
    words = frozenset(_WORD.findall(text)) - _COMMON
    if statement.kind:
        shared = frozenset(_WORD.findall(" ".join(_SHARED.findall(text))))
        return Names(shared | {statement.name}, words, False)
    try:
        nodes = list(ast.walk(ast.parse(statement.text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names(words, words, True)
    binds = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    binds |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return Names(frozenset(binds), words, bool(_GLOBAL.search(text)))


def _imported(module: str, text: str) -> Names:
    """Only a second name connects: under its own name a thing is known everywhere."""
    aliases = [
        (name, alias)
        for name, alias in _ALIAS.findall(text)
        if module and module.partition(".")[0] not in LIBRARIES and name != alias
    ]
    binds = frozenset(alias for _, alias in aliases)
    return Names(binds, binds | {name for name, _ in aliases}, True)


def _bound_all(statement: Statement) -> Names:
    """An import that comes or goes changes what its names mean, also those of libraries."""
    words = frozenset(_WORD.findall(statement.text)) - _COMMON
    return Names(words, words, True)


@dataclass(slots=True)
class _Graph:
    """Statements by the names that connect them."""

    names: list[Names] = field(default_factory=list)
    _binding: dict[str, list[int]] = field(default_factory=dict)
    _mentioning: dict[str, list[int]] = field(default_factory=dict)

    def add(self, names: Names) -> None:
        number = len(self.names)
        self.names.append(names)
        for word in names.binds:
            self._binding.setdefault(word, []).append(number)
        for word in names.mentions:
            self._mentioning.setdefault(word, []).append(number)

    def cut(self, count: int) -> None:
        """Forget all but the first statements."""
        for names in self.names[count:]:
            for words, places in ((names.binds, self._binding), (names.mentions, self._mentioning)):
                for word in words:
                    if places[word][-1] >= count:
                        places[word].pop()
        del self.names[count:]

    def reach(self, start: Iterable[Names]) -> set[int]:
        """All statements that chains of names connect with those of `start`."""
        found: set[int] = set()
        bound: set[str] = set()
        mentioned: set[str] = set()
        pending = list(start)
        while pending:
            names = pending.pop()
            near: list[int] = []
            for word in names.mentions - mentioned:
                near += self._binding.get(word, ())
            for word in names.binds - bound:
                near += self._mentioning.get(word, ())
            mentioned |= names.mentions
            bound |= names.binds
            for number in near:
                if number not in found:
                    found.add(number)
                    pending.append(self.names[number])
        return found


@dataclass(frozen=True, slots=True)
class Slice:
    """What has to run after an edit: statements by file, the files in order; and how all else moves.

    `moves` has (first row, row after the last, rows down) of the statements that stay as they were; a place
    in another statement of these files is nowhere.
    """

    left: Mapping[str, tuple[Statement, ...]]
    roots: tuple[str, ...]
    moves: Mapping[str, tuple[tuple[int, int, int], ...]]

    def place(self, place: Place) -> Place | None:
        spans = self.moves.get(place.filename)
        if spans is None:
            return place
        for first, end, down in spans:
            if first <= place.row < end:
                return replace(place, row=place.row + down, end_row=place.end_row + down) if down else place
        return None

    def diagnostic(self, found: Diagnostic) -> Diagnostic | None:
        """A finding of before as it is now; None where one of its ends has to run."""
        place = self.place(found.place)
        related = [
            replace(each, place=at) for each in found.related if (at := self.place(each.place)) is not None
        ]
        if place is None or len(related) < len(found.related):
            return None
        row = found.noqa_row and found.noqa_row + place.row - found.place.row
        return replace(found, place=place, related=tuple(related), noqa_row=row)

    def verdict(self, found: Verdict) -> Verdict | None:
        place = self.place(found.place)
        return None if place is None else replace(found, place=place)


def text_of(statements: Iterable[Statement]) -> str:
    """A text with these statements alone, each on its own rows."""
    parts: list[str] = []
    row = 1
    for statement in statements:
        parts += ("\n" * (statement.row - row), statement.text, "\n")
        row = statement.row + statement.text.count("\n") + 1
    return "".join(parts)


class Slicer:
    """Cuts slices for edit after edit of one file; what it knows of the other files it keeps."""

    def __init__(self) -> None:
        self._names: dict[str, Names] = {}
        self._graph = _Graph()
        self._others: dict[str, Sequence[Statement]] = {}

    def cut(
        self, path: str, old: Sequence[Statement], files: Mapping[str, Sequence[Statement]]
    ) -> Slice | None:
        """The slice after an edit of `path`, whose statements were `old`; None when everything has to run.

        `files` are the statements of all roots in order, as they are now; those of the other files are
        the same objects as long as nothing changes.
        """
        others = {name: statements for name, statements in files.items() if name != path}
        if not _same(others, self._others):
            self._others = others
            self._graph = _Graph()
            for statements in others.values():
                for statement in statements:
                    self._graph.add(names_of(statement))
        new = files.get(path, ())
        head, tail = _equal(old, new)
        known = self._names
        self._names = {}
        for statement in (*new, *old):
            text = statement.text
            if text not in self._names:
                self._names[text] = known[text] if text in known else names_of(statement)
        mine = [self._names[statement.text] for statement in new]
        edited = (*new[head : len(new) - tail], *old[head : len(old) - tail])
        if any(not each.kind and _GLOBAL.search(each.text) for each in edited):
            return None
        start = [_bound_all(s) if _IMPORT.match(s.text) else self._names[s.text] for s in edited]
        count = len(self._graph.names)
        for names in mine:
            self._graph.add(names)
        reached = self._graph.reach(start)
        self._graph.cut(count)
        left: dict[str, tuple[Statement, ...]] = {}
        moves: dict[str, tuple[tuple[int, int, int], ...]] = {}
        position = 0
        for name, statements in others.items():
            chosen = {n - position for n in reached if position <= n < position + len(statements)}
            position += len(statements)
            if chosen:
                names_here = self._graph.names[position - len(statements) : position]
                kept = chosen | {n for n, each in enumerate(names_here) if each.kept}
                left[name] = tuple(statements[n] for n in sorted(kept))
                moves[name] = tuple(_span(s, 0) for n, s in enumerate(statements) if n not in kept)
        kept = {n - count for n in reached if n >= count} | set(range(head, len(new) - tail))
        if kept:
            kept |= {n for n, each in enumerate(mine) if each.kept}
            left[path] = tuple(new[n] for n in sorted(kept))
        pairs = [(n, n) for n in range(head)]
        pairs += [(len(old) - 1 - n, len(new) - 1 - n) for n in reversed(range(tail))]
        moves[path] = tuple(_span(old[a], new[b].row - old[a].row) for a, b in pairs if b not in kept)
        return Slice(left, tuple(name for name in files if name in left), moves)


def _same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return list(one) == list(other) and all(one[key] is other[key] for key in one)


def _span(statement: Statement, down: int) -> tuple[int, int, int]:
    return statement.row, statement.row + statement.text.count("\n") + 1, down


def _equal(old: Sequence[Statement], new: Sequence[Statement]) -> tuple[int, int]:
    """How many statements both begin with, and how many they end with, that have equal texts."""
    most = min(len(old), len(new))
    head = 0
    while head < most and old[head].text == new[head].text:
        head += 1
    tail = 0
    while tail < most - head and old[-1 - tail].text == new[-1 - tail].text:
        tail += 1
    return head, tail
