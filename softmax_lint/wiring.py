"""Which files without a sink of their own may bring a model to one: they use a name that leads to a sink.

Everything here is words and never more than a guess on the safe side: a definition is followed by its name,
through imports, classes derived from it and whatever mentions it. A method leads to a sink where its class
and its name are mentioned together; methods that nobody calls by name lead there with the class alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from softmax_lint.importing import Imports
from softmax_lint.initialising import kept_in
from softmax_lint.outline import Outline, Part, Unit, Words

# Called without being named: by the language, by a framework, or when an instance is called.
_UNNAMED = frozenset(("forward", "call", "build", "setup", "compute_loss"))
# With more ways to a sink than this a name is taken to lead there by itself.
_MOST_WAYS = 12
# How many definitions may stand between a file and a sink; imports do not count.
MOST_STEPS = 4


def _is_unnamed(method: str) -> bool:
    return not method or method in _UNNAMED or method.endswith(("_step", "__"))


class Importers:
    """Where the names of files are imported, and by which names they are known there."""

    def __init__(self, outlines: Mapping[str, Outline], imports: Imports) -> None:
        self._outlines = outlines
        # file -> name that is imported from it, "*", or "" for the module -> (importing file, bound name)
        importers = self._importers = dict[str, dict[str, list[tuple[str, str]]]]()
        self._users: dict[tuple[str, str], list[tuple[str, Words]]] = {}
        self._aliases: dict[str, tuple[tuple[str, str], ...]] = {}
        for path, outline in outlines.items():
            folder = os.path.dirname(path)
            for module, name, bound in outline.imports:
                for found in imports.modules(folder, module):
                    importers.setdefault(found, {}).setdefault(name, []).append((path, bound))
                if name and name != "*":
                    inner = f"{module}{name}" if module[-1:] == "." else f"{module}.{name}"
                    for found in imports.modules(folder, inner):
                        importers.setdefault(found, {}).setdefault("", []).append((path, bound))

    def aliases(self, path: str) -> Sequence[tuple[str, str]]:
        """(file, name) for each name that means the file as a whole, also where it is imported by that name."""
        known = self._aliases.get(path)
        if known is None:
            found = dict.fromkeys(self._importers.get(path, {}).get("", ()))
            pending = list(found)
            while pending:
                other, bound = pending.pop()
                new = [each for each in self._importers.get(other, {}).get(bound, ()) if each not in found]
                found.update(dict.fromkeys(new))
                pending += new
            known = self._aliases[path] = tuple(found)
        return known

    def of_any(self, path: str) -> frozenset[str]:
        """The files that import the file, or something of it."""
        return frozenset(other for found in self._importers.get(path, {}).values() for other, _ in found)

    def users(self, path: str, word: str) -> Sequence[tuple[str, Words]]:
        """(importing file, words that mean the name there)."""
        importers = self._importers.get(path)
        if importers is None:
            return ()
        known = self._users.get((path, word))
        if known is None:
            known = [(other, frozenset((bound,))) for other, bound in importers.get(word, ())]
            known += [(other, frozenset((word,))) for other, _ in importers.get("*", ())]
            for other, bound in importers.get("", ()):
                if self._outlines[other].asks(word):
                    known.append((other, frozenset((bound, word))))
            known = self._users[path, word] = list(dict.fromkeys(known))
        return known


class _Search:
    """One search over the outlines of all files of a project."""

    def __init__(self, outlines: Mapping[str, Outline], imports: Imports) -> None:
        self.outlines = outlines
        self.wiring: set[str] = set()
        self.ways: dict[tuple[str, Words], set[str]] = {}
        self.pending: deque[tuple[str, Words, int, list[str]]] = deque()
        self._waiting: dict[tuple[str, Words, int], list[str]] = {}
        self.importers = Importers(outlines, imports)

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
        for unit in outline.spelling():
            for part in unit.parts:
                if outline.spells(part.start, part.end):
                    self._lead_by(outline, unit, part, outline.says, 0)
            if not unit.parts:
                for name in unit.names:
                    self.lead(path, frozenset((name,)), "", 0)

    def _lead_by(
        self, outline: Outline, unit: Unit, part: Part, leads: Callable[[str], bool], steps: int
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
                for other, names in self.importers.users(path, word):
                    for way in ways:
                        self.lead(other, names, way, steps)

    def _mention(self, outline: Outline, unit: Unit, words: Words, way: str, steps: int) -> None:
        path = outline.path
        own = frozenset(unit.names)
        if steps > MOST_STEPS and words != own and path in self.wiring:
            return  # it leads no further
        ways = frozenset((way,)) if way else words
        if way and not outline.mentions(ways, unit.start, unit.end):
            for name in unit.names:
                self.lead(path, frozenset((name,)), way, steps)
            return
        if words == own and len(words) == 1 and not way:
            return  # the definition itself
        self.wiring.add(path)
        parts = unit.parts
        if not parts:
            for name in unit.names:
                self.lead(path, frozenset((name,)), "", steps)
            return
        if words == own and all(part.name != way for part in parts):
            steps -= 1  # an attribute that the class keeps something in
        if steps > MOST_STEPS:
            return
        for part in outline.parts_mentioning(ways, unit):
            self._lead_by(outline, unit, part, lambda line: any(word in line for word in ways), steps)
        if outline.mentions(words, parts[0].start, parts[0].end):
            self.lead(path, own, way, steps)


def wire(outlines: Mapping[str, Outline], imports: Imports, spelling: Iterable[str]) -> frozenset[str]:
    """The files that use what leads to the sinks in the files `spelling`, in one or more steps."""
    search = _Search(outlines, imports)
    for path in spelling:
        search.start(path)
    search.run()
    return frozenset(search.wiring)
