"""Which files without a sink of their own may bring a model to one: they use a name that leads to a sink.

Everything here is words and never more than a guess on the safe side: a definition is followed by its name,
through imports, classes derived from it and whatever mentions it. A method leads to a sink where its class
and its name are mentioned together; methods that nobody calls by name lead there with the class alone.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from softmax_lint.facts import Import
from softmax_lint.idle import is_idle
from softmax_lint.initialising import kept_in
from softmax_lint.standard import is_standard

_WORD = re.compile(r"[^\W\d]\w*")
# Alternatives start with a literal each: that lets the search skip to the next quote or comment.
_HIDDEN = re.compile(
    r"\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"?|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?|#[^\n]*",
    re.S,
)
_TOP = re.compile(r"^(?=[^\s)\]}#])(?!(?:else|elif|except|finally)\b)", re.M)
_NO_EXPRESSION = re.compile(r"(?:def|class|import|while|with|try|return|del|global|assert|raise|async|@)")
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.M)
# All targets of a chain are bound.
_BOUND = (
    r"([^\W\d][\w, \t]*?(?:[ \t]*=(?!=)[ \t]*[^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)*)"
    r"[ \t]*(?::[^=\n]*)?=(?!=)"
)
_TARGETS = re.compile(rf"^{_BOUND}", re.M)
# In a block a statement may stand behind the colon.
_SUITE = r"(?:(?:if|elif|else|try|except|finally|with|for|while|async|case)\b[^\n]*?:[ \t]*)?"
_INNER_TARGETS = re.compile(rf"^[ \t]*{_SUITE}{_BOUND}", re.M)
_BLOCK = re.compile(r"(?:if|try|with|for|while|async|match)\b")
_MEMBER = re.compile(r"^([ \t]+)(?:async[ \t]+)?def[ \t]+(\w+)", re.M)
# Called without being named: by the language, by a framework, or when an instance is called.
_UNNAMED = frozenset(("forward", "call", "build", "setup", "compute_loss"))
# As `ctc_loss_reduction`; losses themselves go on with one of two words.
_MADE_OF_LOSS = re.compile(r"[lL]oss_(?!with|2d)\w*")
_PACKAGE = f"{os.sep}__init__.py"
# With more ways to a sink than this a name is taken to lead there by itself.
_MOST_WAYS = 12
# How many definitions may stand between a file and a sink; imports do not count.
MOST_STEPS = 4

Words = frozenset[str]


class _Part(NamedTuple):
    """A method, or what is left of a class, as a span of the text."""

    name: str
    start: int
    end: int


class _Unit(NamedTuple):
    """One top-level statement that is no import, as a span of the text, with the names it binds."""

    names: tuple[str, ...]
    start: int
    end: int
    is_class: bool


class Outline:
    """The definitions and imports of a file. Its text is asked for when they are."""

    def __init__(
        self,
        path: str,
        imports: Sequence[Import],
        text: Callable[[], str],
        spells: Callable[[str], bool],
    ) -> None:
        self.path = path
        self.imports = imports
        self._text = text
        self._spells = spells
        self._raw: str | None = None
        self._bare: str | None = None
        self._units: tuple[_Unit, ...] = ()
        self._starts: list[int] = []
        self._parts: dict[int, tuple[_Part, ...]] = {}
        self._found: dict[str, list[int]] = {}

    @property
    def bare(self) -> str:
        """The text without comments, long strings, and strings that are prose."""
        if self._bare is None:
            self._bare = _HIDDEN.sub(_kept, self._text() if self._raw is None else self._raw)
            self._raw = None
            self._units = tuple(_units(self._bare))
            self._starts = [unit.start for unit in self._units]
        return self._bare

    @property
    def units(self) -> tuple[_Unit, ...]:
        return self._units if self.bare else ()

    def spells(self, start: int, end: int) -> bool:
        return self.says(self.bare[start:end])

    def says(self, text: str) -> bool:
        """Whether a text spells a loss, and not only a name made of one."""
        return self._spells(_MADE_OF_LOSS.sub("", text) if "oss_" in text else text)

    def parts(self, unit: _Unit) -> tuple[_Part, ...]:
        """What a class is made of, first what is outside of its methods; nothing for other statements."""
        if not unit.is_class:
            return ()
        known = self._parts.get(unit.start)
        if known is None:
            starts = [*_MEMBER.finditer(self.bare, unit.start, unit.end)]
            if starts:
                depth = min(len(match[1].expandtabs()) for match in starts)
                starts = [match for match in starts if len(match[1].expandtabs()) == depth]
            ends = [*(match.start() for match in starts[1:]), unit.end]
            head = _Part("", unit.start, starts[0].start() if starts else unit.end)
            members = (_Part(m[2], m.start(), end) for m, end in zip(starts, ends, strict=False))
            known = self._parts[unit.start] = (head, *members)
        return known

    def mentions(self, words: Words, start: int, end: int) -> bool:
        """Whether all words stand in a span."""
        return all(self._holds(word, start, end) for word in words)

    def _holds(self, word: str, start: int, end: int) -> bool:
        offsets = self._offsets(word)
        at = bisect_left(offsets, start)
        return at < len(offsets) and offsets[at] < end

    def _offsets(self, word: str) -> list[int]:
        known = self._found.get(word)
        if known is None:
            text, known = self.bare, []
            at, size = text.find(word), len(word)
            while at >= 0:
                before, after = text[at - 1 : at], text[at + size : at + size + 1]
                if not (
                    before.isalnum() or before == "_" or after.isalnum() or after == "_" or is_idle(text, at)
                ):
                    known.append(at)
                at = text.find(word, at + size)
            self._found[word] = known
        return known

    def asks(self, word: str) -> bool:
        """Whether anything is asked for this attribute: behind a dot, or by a string."""
        if self._bare is None:
            if self._raw is None:
                self._raw = self._text()
            if word not in self._raw:
                return False
        text = self.bare
        return any(text[at - 1 : at] in (".", "'", '"') for at in self._offsets(word))

    def mentioning(self, words: Words) -> Iterator[_Unit]:
        """The statements that hold all words."""
        first, *rest = words
        last = -1
        for offset in self._offsets(first):
            index = bisect_right(self._starts, offset) - 1
            if index <= last:
                continue
            last = index
            unit = self._units[index]
            if offset < unit.end and all(self._holds(word, unit.start, unit.end) for word in rest):
                yield unit


def _kept(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] == "#":
        return ""
    if text.startswith(('"""', "'''")):
        if "{" in text and found.string[found.start() - 1 : found.start()] in "fF" and found.start():
            return text
        return '""' + "\n" * text.count("\n")
    # What prose says is no name; between braces there may be code.
    return '""' if " " in text and "{" not in text else text


def _units(text: str) -> Iterator[_Unit]:
    starts = [match.start() for match in _TOP.finditer(text)]
    starts.append(len(text))
    index, count = 0, len(starts) - 1
    while index < count:
        start = starts[index]
        index += 1
        while text[start] == "@" and index < count and text[starts[index - 1]] == "@":
            index += 1
        # A bracket that is open goes on, up to what cannot be in one.
        while (
            index < count
            and _is_open(text, start, starts[index])
            and not _NO_EXPRESSION.match(text, starts[index])
        ):
            index += 1
        end = starts[index]
        if text.startswith(("from ", "import "), start):
            continue
        found = _DEFINITION.search(text, start, end) if text[start] in "@dca" else None
        if found and (found.start() == start or text[start] == "@"):
            yield _Unit((found[2],), start, end, found[1] == "class")
        else:
            # Inside a block all lines may bind names; in an expression they may look as if they did.
            targets = _INNER_TARGETS if _BLOCK.match(text, start) else _TARGETS
            names = (name for match in targets.finditer(text, start, end) for name in _WORD.findall(match[1]))
            # Names that the language gives a meaning are nobody's way to a sink.
            own = dict.fromkeys(name for name in names if not name.startswith("__"))
            yield _Unit(tuple(own), start, end, False)


def _is_open(text: str, start: int, end: int) -> bool:
    opened = sum(text.count(bracket, start, end) for bracket in "([{")
    return bool(opened) and opened > sum(text.count(bracket, start, end) for bracket in ")]}")


def _is_unnamed(method: str) -> bool:
    return not method or method in _UNNAMED or method.endswith(("_step", "__"))


class _Search:
    """One search over the outlines of all files of a project."""

    def __init__(self, outlines: Mapping[str, Outline]) -> None:
        self.outlines = outlines
        self.wiring: set[str] = set()
        self.ways: dict[tuple[str, Words], set[str]] = {}
        self.pending: deque[tuple[str, Words, int, list[str]]] = deque()
        self._waiting: dict[tuple[str, Words, int], list[str]] = {}
        # (file, name that is imported from it, "*", or "" for the module) -> (importing file, bound name)
        self.importers: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.users: dict[tuple[str, str], list[tuple[str, Words]]] = {}

    def resolve_imports(self) -> None:
        imports = Imports(self.outlines)
        for path, outline in self.outlines.items():
            for module, name, bound in outline.imports:
                for found in imports.modules(path, module):
                    self.importers.setdefault((found, name), []).append((path, bound))
                if name and name != "*":
                    inner = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                    for found in imports.modules(path, inner):
                        self.importers.setdefault((found, ""), []).append((path, bound))

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
        waiting = self._waiting.get((path, words, steps))
        if waiting is None:
            waiting = self._waiting[path, words, steps] = []
            self.pending.append((path, words, steps, waiting))
        waiting.append(way)

    def start(self, path: str) -> None:
        outline = self.outlines[path]
        for unit in outline.units:
            if not outline.spells(unit.start, unit.end):
                continue
            parts = outline.parts(unit)
            for part in parts:
                if outline.spells(part.start, part.end):
                    self._lead_by(outline, unit, part, outline.says, 0)
            if not parts:
                for name in unit.names:
                    self.lead(path, frozenset((name,)), "", 0)

    def _lead_by(
        self, outline: Outline, unit: _Unit, part: _Part, leads: Callable[[str], bool], steps: int
    ) -> None:
        """A part of a class leads to a sink by its name, if it has one for others, or by what it keeps."""
        ways: Iterable[str] = ("" if _is_unnamed(part.name) else part.name,)
        if part.name == "__init__":
            kept = kept_in(outline.bare[part.start : part.end], leads)
            ways = ways if kept is None else sorted(kept)
        for way in ways:
            self.lead(outline.path, frozenset(unit.names), way, steps)

    def run(self) -> None:
        while self.pending:
            path, words, steps, ways = self.pending.popleft()
            del self._waiting[path, words, steps]
            outline = self.outlines[path]
            for unit in outline.mentioning(words):
                for way in ways:
                    self._mention(outline, unit, words, way, steps + 1)
            if len(words) == 1:
                # Go on in the files that import the name, or its module and ask that for it.
                (word,) = words
                for other, names in self._users(path, word):
                    for way in ways:
                        self.lead(other, names, way, steps)

    def _users(self, path: str, word: str) -> Sequence[tuple[str, Words]]:
        known = self.users.get((path, word))
        if known is None:
            known = [(other, frozenset((bound,))) for other, bound in self.importers.get((path, word), ())]
            known += [(other, frozenset((word,))) for other, _ in self.importers.get((path, "*"), ())]
            for other, bound in self.importers.get((path, ""), ()):
                if self.outlines[other].asks(word):
                    known.append((other, frozenset((bound, word))))
            known = self.users[path, word] = list(dict.fromkeys(known))
        return known

    def _mention(self, outline: Outline, unit: _Unit, words: Words, way: str, steps: int) -> None:
        path = outline.path
        ways = frozenset((way,)) if way else words
        if way and not outline.mentions(ways, unit.start, unit.end):
            for name in unit.names:
                self.lead(path, frozenset((name,)), way, steps)
            return
        if len(unit.names) == 1 and unit.names[0] in words and len(words) == 1 and not way:
            return  # the definition itself
        self.wiring.add(path)
        parts = outline.parts(unit)
        if not parts:
            for name in unit.names:
                self.lead(path, frozenset((name,)), "", steps)
            return
        own = frozenset(unit.names)
        if words == own and all(part.name != way for part in parts):
            steps -= 1  # an attribute that the class keeps something in
        for part in parts:
            if outline.mentions(ways, part.start, part.end):
                self._lead_by(outline, unit, part, lambda line: any(word in line for word in ways), steps)
        if outline.mentions(words, parts[0].start, parts[0].end):
            self.lead(path, own, way, steps)


class Imports:
    """Which files the name of a module may mean: from the folder of the import upwards, as linking has it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = frozenset(paths)
        self._last = frozenset(name for path in self.paths for name in _names(path))
        self._known: dict[tuple[str, str], Sequence[str]] = {}

    def modules(self, path: str, module: str) -> Sequence[str]:
        """The files that `module`, as the file `path` spells it, may be."""
        if module[-1:] != "." and module.rpartition(".")[2] not in self._last:
            return ()
        folder = path[: max(path.rfind(os.sep), 0)]
        known = self._known.get((folder, module))
        if known is None:
            known = self._known[folder, module] = self._find(folder, module)
        return known

    def _find(self, folder: str, module: str) -> Sequence[str]:
        parts = [part for part in module.split(".") if part]
        inner = "".join(f"{os.sep}{part}" for part in parts)
        if module.startswith("."):
            for _ in range(len(module) - len(module.lstrip(".")) - 1):
                folder = os.path.dirname(folder)
            return self._at(folder + inner)
        found: list[str] = []
        if is_standard(module):
            return self._at(folder + inner)
        while parts:
            top = folder.rstrip(os.sep)
            found += self._at(top + inner) + self._at(f"{top}{os.sep}src{inner}")
            parent = os.path.dirname(folder)
            if parent == folder:
                break
            folder = parent
        return found

    def _at(self, whole: str) -> list[str]:
        return [f for f in (f"{whole}.py", f"{whole}{_PACKAGE}") if f in self.paths]


def _names(path: str) -> tuple[str, ...]:
    """By which last words a file can be imported."""
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    return (stem, os.path.basename(folder)) if stem == "__init__" else (stem,)


def wire(outlines: Mapping[str, Outline], spelling: Iterable[str]) -> frozenset[str]:
    """The files that use what leads to the sinks in the files `spelling`, in one or more steps."""
    search = _Search(outlines)
    search.resolve_imports()
    for path in spelling:
        search.start(path)
    search.run()
    return frozenset(search.wiring)
