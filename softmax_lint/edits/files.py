"""The files that edits are planned in, and a draft: changes of several files that belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from softmax_lint.diagnostic import Edit, Place
from softmax_lint.edits.tree import Outcome, Refused, Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.regex import late
from softmax_lint.source import Unreadable, from_bytes

_IMPORTING = late(r"^[ \t]*(?:from|import)\b([^\n]*)", re.M)
_WORD = late(r"\w+")
Found = tuple[Text, Tree, cst.BaseExpression]


def stem_of(filename: str) -> str:
    """The name of a file's module."""
    return filename.replace("\\", "/").removesuffix("/__init__.py").rpartition("/")[2].removesuffix(".py")


class Files:
    """Files as texts, each read once. `read(filename)` gives bytes and raises OSError. `paths` are those of the
    project, `touching` those of them in which something may use what has a finding."""

    def __init__(
        self, read: Callable[[str], bytes], paths: Sequence[str] = (), touching: Sequence[str] = ()
    ) -> None:
        self._read = read
        self.paths = paths
        self.touching = touching
        self._texts: dict[str, tuple[Text, ...]] = {}
        self._imports: dict[str, tuple[str, frozenset[str]]] = {}
        self.kept: dict[tuple[str, ...], object] = {}  # what is known of these files as long as they stay

    def texts(self, filename: str) -> tuple[Text, ...]:
        """The texts of a file: one of a script, one for each Python cell of a notebook. Raises `Refused`."""
        known = self._texts.get(filename)
        if known is None:
            try:
                source = from_bytes(filename, self._read(filename))
            except (OSError, Unreadable) as error:
                raise Refused(f"the file cannot be read: {error}") from None
            known = tuple(Text(filename, cell.index, cell.text) for cell in source.cells)
            self._texts[filename] = known
        return known

    def spelled(self, filename: str) -> Iterator[str]:
        """The text of all code in a file, nothing for a file that cannot be read."""
        try:
            texts = self.texts(filename)
        except Refused:
            return
        for text in texts:
            yield text.text

    def imports(self, filename: str, stem: str) -> bool:
        """Whether a line of a file looks as if it imported something by this name."""
        known = self._imports.get(filename)
        if known is None:
            lines = "\n".join(line for text in self.spelled(filename) for line in _IMPORTING.findall(text))
            known = self._imports[filename] = lines, frozenset(_WORD.findall(lines))
        if _WORD.fullmatch(stem):
            return stem in known[1]
        return re.search(rf"\b{re.escape(stem)}\b", known[0]) is not None

    def text(self, place: Place) -> Text:
        for text in self.texts(place.filename):
            if text.cell == place.cell:
                return text
        raise Refused("the cell was not found")

    def find(self, place: Place) -> Found:
        """The expression at a place, with the statement and text around it. Raises `Refused`."""
        text = self.text(place)
        tree, node = text.find(place)
        return text, tree, node

    def count(self, filename: str, name: str) -> int:
        """How often a word stands in a file, in strings and comments too."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        return sum(len(word.findall(text.text)) for text in self.texts(filename))


@dataclass(slots=True)
class Draft:
    """Edits of a fix in the making. `doubts` are reasons why somebody should look at it, `given` what was looked
    at for readers."""

    edits: dict[Edit, None] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    given: tuple[Joint, ...] = ()

    def take(self, text: Text, outcome: Outcome) -> None:
        for change in outcome.changes:
            self.edits[text.edit(change)] = None
        if outcome.loses_comment:
            self.doubt("a comment goes with the code")

    def doubt(self, reason: str) -> None:
        self.doubts[reason] = None

    def join(self, other: Draft) -> None:
        self.edits.update(other.edits)
        self.doubts.update(other.doubts)
