"""Which files may run what given files define: those that a chain of names leads to from there.

What runs nothing of a file has no finding with an end in it. As in wiring all is words: a definition is followed
by its name, through imports and through whatever mentions it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from typing import NamedTuple

from softmax_lint.importing import Imports, last_words
from softmax_lint.outline import Outline, Unit, Words
from softmax_lint.wiring import Importers

# A search that comes to more names than this, or to most files, is given up: it goes on through imports alone.
MOST_NAMES = 5_000

# What asks a module for a name that it has as a string.
_ASKING = ("getattr", "__dict__", "vars")

Name = tuple[str, str]  # path, name


class Touched(NamedTuple):
    """The files to run of those that touch others, and all names that led there; `whole` where a file counts as
    touched with all its names.
    """

    roots: frozenset[str]
    names: frozenset[Name]
    whole: bool


class About(NamedTuple):
    """What somebody asks about in some `files`: definitions that are `own`, those of them that others are looked for
    which use them, by `names`, and of the files in `whole` all.
    """

    files: Set[str]
    whole: Set[str]
    names: Collection[Name] = ()
    own: Collection[Name] = ()


More = Callable[[Collection[str], Collection[Name], Collection[Name]], Touched]


class Touching:
    """The outlines of all files of a project, to search in. Only `chosen` files are run."""

    def __init__(self, outlines: Mapping[str, Outline], imports: Imports, chosen: frozenset[str]) -> None:
        self.outlines = outlines
        self.importers = Importers(outlines, imports)
        self.chosen = chosen
        # (path, the name that imports modules by strings)
        self.importing = [
            (path, bound if name else "import_module")
            for path, outline in outlines.items()
            for module, name, bound in outline.imports
            if module == "importlib"
        ]

    def of(
        self, given: Collection[str], names: Collection[Name] = (), held: Collection[Name] = ()
    ) -> Touched:
        """The given files, all that may use a definition of theirs, in one or more steps, all that may use these
        names, and all that may take something out of what is `held` by a name: what only puts more in, may not.
        """
        search = _Search(self)
        for path in given:
            if path in self.outlines:
                search.start(path)
        for path, name in names:
            if path in self.outlines:
                search.add(path, (name,))
        for path, name in held:
            if path in self.outlines:
                search.hold(path, name)
        whole = search.run()
        return Touched(self.chosen & search.touched, frozenset(search.names), whole)


class _Search:
    def __init__(self, among: Touching) -> None:
        self.outlines, self.importers, self.importing = among.outlines, among.importers, among.importing
        self.chosen = among.chosen
        self.touched: set[str] = set()
        self.names: set[Name] = set()
        self._pending: list[Name] = []
        self._packages: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._spelled: dict[str, list[tuple[str, Words]]] = {}

    def start(self, path: str) -> None:
        """All that the file defines."""
        self.touched.add(path)
        for unit in self.outlines[path].units():
            self.add(path, unit.names)
        package = f"{os.path.basename(os.path.dirname(path))}."
        for other, importer in self.importing:
            # What imports modules by strings, in a file that spells this one, or its package before a dot.
            outline = self.outlines[other]
            spelled = any(any(outline.mentioning(frozenset((word,)))) for word in last_words(path))
            if other != path and (spelled or package in outline.bare):
                self._mention(other, frozenset((importer,)))

    def add(self, path: str, names: Iterable[str]) -> None:
        for name in names:
            if (path, name) not in self.names:
                self.names.add((path, name))
                self._pending.append((path, name))

    def hold(self, path: str, name: str) -> None:
        """What takes something out of an object that a name holds."""
        if (path, name) in self.names:
            return
        self.names.add((path, name))
        for unit in self.outlines[path].reading(name):
            self._use(path, unit)
        for other, words in self.importers.users(path, name):
            if len(words) == 1:
                self.hold(other, *words)
            else:
                self._mention(other, words)

    def run(self) -> bool:
        """Whether names led to so much that imports were followed instead."""
        while self._pending:
            if len(self.names) > MOST_NAMES or 2 * len(self.touched & self.chosen) > len(self.chosen):
                self._follow_imports()
                return True
            path, name = self._pending.pop()
            if path not in self._spelled:
                for other, words in self._spellings(path):
                    for word in _ASKING:
                        self._mention(other, words | {word})
            self._mention(path, frozenset((name,)))
            for other, words in self.importers.users(path, name):
                self._mention(other, words)
                if len(words) == 1:
                    self.add(other, words)
            for other, words in self._spellings(path):
                self._mention(other, words | {name})
        return False

    def _spellings(self, path: str) -> list[tuple[str, Words]]:
        """(file, words) for each way to spell the file as a module: by its own name there, or behind its package's."""
        known = self._spelled.get(path)
        if known is None:
            known = self._spelled[path] = [
                (other, frozenset((bound,))) for other, bound in self.importers.aliases(path)
            ]
            folder, inner = os.path.dirname(path), frozenset(last_words(path)) - {"__init__"}
            while (package := os.path.join(folder, "__init__.py")) in self.outlines:
                if package != path:
                    asked = self._asked_of(package)
                    known += [
                        (other, inner | {bound}) for word in inner for other, bound in asked.get(word, ())
                    ]
                folder = os.path.dirname(folder)
        return known

    def _asked_of(self, package: str) -> dict[str, list[tuple[str, str]]]:
        """Word -> (file, name of the package) for all words that dots join to the package's name somewhere."""
        known = self._packages.get(package)
        if known is None:
            known = self._packages[package] = {}
            for other, bound in self.importers.aliases(package):
                for word in self.outlines[other].behind(bound):
                    known.setdefault(word, []).append((other, bound))
        return known

    def _mention(self, path: str, words: Words) -> None:
        """What mentions all words in the file may run what they stand for, and what it writes to may hold that."""
        for unit in self.outlines[path].mentioning(words):
            self._use(path, unit)

    def _use(self, path: str, unit: Unit) -> None:
        self.touched.add(path)
        self.add(path, unit.names)
        self.add(path, self.outlines[path].written(unit))

    def _follow_imports(self) -> None:
        pending = list(self.touched | {path for path, _ in self._pending})
        self.touched.update(pending)
        while pending:
            for other in self.importers.of_any(pending.pop()):
                if other not in self.touched:
                    self.touched.add(other)
                    pending.append(other)
