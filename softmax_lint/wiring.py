"""Which files without a sink of their own may bring a model to one: they use a name that leads to a sink.

Everything here is words and never more than a guess on the safe side: a definition is followed by its name,
through imports, classes derived from it and whatever mentions it. A method leads to a sink where its class
and its name are mentioned together; methods that nobody calls by name lead there with the class alone.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from softmax_lint.splitting import Statement, split

_WORD = re.compile(r"[^\W\d]\w*")
_HIDDEN = re.compile(
    r"""("[^"\\\n]+"|'[^'\\\n]+')|\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"{3}|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}|\#[^\n]*""",
    re.S,
)
_FROM = re.compile(r"[ \t]*from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]*(\([^)]*|(?:[^\n\\]|\\\n)*)")
_IMPORT = re.compile(r"[ \t]*import[ \t]+((?:[^\n\\]|\\\n)*)")
_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t.]|import[ \t])", re.M)
_COMMENT = re.compile(r"#[^\n]*")
_TARGETS = re.compile(r"^[ \t]*([^\W\d][\w, \t]*?)[ \t]*(?::[^=\n]*)?=(?!=)", re.M)
_MEMBER = re.compile(r"^([ \t]+)(?:async[ \t]+)?def[ \t]+(\w+)", re.M)
# Called without being named: by the language, by a framework, or when an instance is called.
_UNNAMED = frozenset(("forward", "call", "build", "setup"))
# With more ways to a sink than this a name is taken to lead there by itself.
_MOST_WAYS = 12
# How many definitions may stand between a file and a sink; imports do not count.
MOST_STEPS = 4

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A method, or what is left of a class; `spells` tells whether it has a sink of its own."""

    name: str
    words: Words
    spells: bool


@dataclass(frozen=True, slots=True)
class _Unit:
    """One top-level statement that is no import: the names it binds, all its words, and its parts."""

    names: tuple[str, ...]
    words: Words
    spells: bool
    parts: tuple[_Part, ...] = ()
    head: Words = frozenset()


class Outline:
    """The definitions and imports of a file, read when they are first asked for."""

    def __init__(self, path: str, text: str, spells: Callable[[str], bool]) -> None:
        self.path = path
        self._text = text
        self._spells = spells

    @cached_property
    def bare(self) -> str:
        """The text without comments and long strings."""
        return _HIDDEN.sub(_kept, self._text)

    @cached_property
    def units(self) -> tuple[_Unit, ...]:
        return tuple(
            _unit(statement, self._spells)
            for statement in split(self.bare)
            if not statement.text.startswith(("from ", "import "))
        )

    @cached_property
    def imports(self) -> tuple[tuple[str, str, str], ...]:
        """(module with its leading dots, name or "", bound name) of every import, wherever it stands."""
        text = self._text
        found: list[tuple[str, str, str]] = []
        for start in _IMPORTS.finditer(text):
            match = _FROM.match(text, start.start())
            if match:
                listed = _COMMENT.sub("", match[3].lstrip("("))
                found += ((match[1] + match[2], name, bound) for name, bound in _aliases(listed))
                continue
            match = _IMPORT.match(text, start.start())
            for name, bound in _aliases(_COMMENT.sub("", match[1])) if match else ():
                found.append((name, "", bound.partition(".")[0]))
        return tuple(dict.fromkeys(found))


def _kept(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return "" if found[0][0] == "#" else '""' + "\n" * found[0].count("\n")


def _aliases(listed: str) -> Iterable[tuple[str, str]]:
    for item in listed.replace("\\\n", " ").split(";")[0].split(","):
        words = item.split()
        if words:
            yield words[0], words[-1]


def _unit(statement: Statement, spells: Callable[[str], bool]) -> _Unit:
    text = statement.text
    words = frozenset(_WORD.findall(text))
    does = spells(text)
    if statement.kind != "class":
        names = (statement.name,) if statement.kind else tuple(_targets(text))
        return _Unit(names, words, does)
    starts = list(_MEMBER.finditer(text))
    if starts:
        depth = min(len(match[1].expandtabs()) for match in starts)
        starts = [match for match in starts if len(match[1].expandtabs()) == depth]
    ends = [*(match.start() for match in starts[1:]), len(text)][: len(starts)]
    parts = tuple(
        _Part(match[2], frozenset(_WORD.findall(piece)), does and spells(piece))
        for match, end in zip(starts, ends, strict=True)
        if (piece := text[match.start() : end])
    )
    head = text[: starts[0].start()] if starts else text
    own = _Part("", frozenset(_WORD.findall(head)), does and spells(head))
    return _Unit((statement.name,), words, does, (own, *parts), own.words)


def _targets(text: str) -> Iterable[str]:
    for match in _TARGETS.finditer(text):
        yield from _WORD.findall(match[1])


def _is_unnamed(method: str) -> bool:
    return not method or method in _UNNAMED or method.endswith(("_step", "__"))


class _Search:
    """One search over the outlines of all files of a project."""

    def __init__(self, outlines: Mapping[str, Outline]) -> None:
        self.outlines = outlines
        self.wiring: set[str] = set()
        self.ways: dict[tuple[str, Words], set[str]] = {}
        self.pending: deque[tuple[str, Words, str, int]] = deque()
        self.importers: dict[str, list[tuple[str, str, str]]] = {}
        self.named: dict[str, list[str]] = {}
        for path in outlines:
            self.named.setdefault(_dotted(path)[-1], []).append(path)

    def resolve_imports(self) -> None:
        for path, outline in self.outlines.items():
            for module, name, bound in outline.imports:
                for found in self._modules(path, module):
                    self.importers.setdefault(found, []).append((path, name, bound))
                if name and name != "*":
                    inner = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                    for found in self._modules(path, inner):
                        self.importers.setdefault(found, []).append((path, "", bound))

    def _modules(self, path: str, module: str) -> Iterable[str]:
        parts = [part for part in module.split(".") if part]
        if module.startswith("."):
            at = os.path.dirname(path)
            for _ in range(len(module) - len(module.lstrip(".")) - 1):
                at = os.path.dirname(at)
            whole = os.path.join(at, *parts)
            return [f for f in (f"{whole}.py", os.path.join(whole, "__init__.py")) if f in self.outlines]
        if not parts:
            return ()
        size = len(parts)
        return [f for f in self.named.get(parts[-1], ()) if _dotted(f)[-size:] == parts]

    def lead(self, path: str, words: Words, way: str, steps: int) -> None:
        """In the file, whatever mentions all `words`, and `way` unless that is empty, leads to a sink."""
        if steps > MOST_STEPS:
            return
        known = self.ways.setdefault((path, words), set())
        if way in known or "" in known:
            return
        if len(known) >= _MOST_WAYS:
            way = ""
        known.add(way)
        self.pending.append((path, words, way, steps))

    def start(self, path: str) -> None:
        for unit in self.outlines[path].units:
            if not unit.spells:
                continue
            for part in unit.parts:
                if part.spells:
                    self.lead(path, frozenset(unit.names), "" if _is_unnamed(part.name) else part.name, 0)
            if not unit.parts:
                for name in unit.names:
                    self.lead(path, frozenset((name,)), "", 0)

    def run(self) -> None:
        while self.pending:
            path, words, way, steps = self.pending.popleft()
            for unit in self.outlines[path].units:
                if words <= unit.words:
                    self._mention(path, unit, words, way, steps + 1)
            if len(words) == 1:
                (word,) = words
                for other, name, bound in self.importers.get(path, ()):
                    if name == word:
                        self.lead(other, frozenset((bound,)), way, steps)
                    elif name == "*":
                        self.lead(other, words, way, steps)
                    elif not name and any(
                        bound in unit.words and word in unit.words for unit in self.outlines[other].units
                    ):
                        self.lead(other, frozenset((bound, word)), way, steps)

    def _mention(self, path: str, unit: _Unit, words: Words, way: str, steps: int) -> None:
        if way and way not in unit.words:
            for name in unit.names:
                self.lead(path, frozenset((name,)), way, steps)
            return
        if len(unit.names) == 1 and unit.names[0] in words and len(words) == 1 and not way:
            return  # the definition itself
        self.wiring.add(path)
        if not unit.parts:
            for name in unit.names:
                self.lead(path, frozenset((name,)), "", steps)
            return
        own = frozenset(unit.names)
        for part in unit.parts:
            if (way in part.words) if way else (words <= part.words):
                self.lead(path, own, "" if _is_unnamed(part.name) else part.name, steps)
        if words <= unit.head:
            self.lead(path, own, way, steps)


def _dotted(path: str) -> list[str]:
    parts = os.path.splitext(path)[0].split(os.sep)
    return parts[:-1] if parts[-1] == "__init__" else parts


def wire(outlines: Mapping[str, Outline], spelling: Iterable[str]) -> frozenset[str]:
    """The files that use what leads to the sinks in the files `spelling`, in one or more steps."""
    search = _Search(outlines)
    search.resolve_imports()
    for path in spelling:
        search.start(path)
    search.run()
    return frozenset(search.wiring)
