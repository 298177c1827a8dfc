"""The definitions of a file, as spans of its text, and where words are used in it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from softmax_lint.facts import Import
from softmax_lint.idle import is_idle

_WORD = re.compile(r"[^\W\d]\w*")
# Alternatives start with a literal each: that lets the search skip to the next quote or comment.
_HIDDEN = re.compile(
    r"(\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"?|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?|#[^\n]*)",
    re.S,
)
_FIRST = r"(?=[^\s)\]}#])(?!(?:else|elif|except|finally)\b)"
_TOP, _NEXT = re.compile(_FIRST), re.compile(r"\n" + _FIRST)
_NO_EXPRESSION = re.compile(r"(?:def|class|import|while|with|try|return|del|global|assert|raise|async|@)")
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.M)
# All targets of a chain are bound.
_BOUND = (
    r"([^\W\d][\w, \t]*?(?:[ \t]*=(?!=)[ \t]*[^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)*)"
    r"[ \t]*(?::[^=\n]*)?=(?!=)"
)
# In a block a statement may stand behind the colon.
_SUITE = r"(?:(?:if|elif|else|try|except|finally|with|for|while|async|case)\b[^\n]*?:[ \t]*)?"
# Targets in a first line, and in those behind it.
_TARGETS = re.compile(_BOUND), re.compile(r"\n" + _BOUND)
_INNER_TARGETS = re.compile(rf"[ \t]*{_SUITE}{_BOUND}"), re.compile(rf"\n[ \t]*{_SUITE}{_BOUND}")
_WRITTEN = re.compile(r"^[ \t]*([^\W\d]\w*)[ \t]*[.\[]", re.M)
# Behind the name of a collection, and before it.
_PUTS = re.compile(
    r"[ \t]*(?:\[[^\]\n]*\][ \t]*=(?!=)|\.(?:append|add|update|setdefault|extend|insert|_?register\w*)\b|"
    r"(?::[^=\n]*)?=(?!=))"
)
_ASKS = re.compile(r"(?:\b(?:not[ \t]+)?in[ \t]+|\bglobal[ \t]+(?:\w+[ \t]*,[ \t]*)*)\Z")
_LOOPS = re.compile(r"\bfor\b")
_BLOCK = re.compile(r"(?:if|try|with|for|while|async|match)\b")
_MEMBER = re.compile(r"def[ \t]+(\w+)")
_BEFORE_ATTRIBUTE = (".", "'", '"')
_UNCLEAR = frozenset("\"'#;")
_BLANKS = (" ", "\t")
# As `ctc_loss_reduction`; losses themselves go on with one of two words.
_MADE_OF_LOSS = re.compile(r"[lL]oss_(?!with|2d)\w*")
# A text that was searched for so many words is not searched for what is none of its words.
_MANY = 48
_APART = bytes(code if re.match(rb"\w", bytes([code])) else ord(" ") for code in range(256))

Words = frozenset[str]


class Part(NamedTuple):
    """A method, or what is left of a class, as a span of the text."""

    name: str
    start: int
    end: int


class Unit(NamedTuple):
    """One top-level statement that is no import, as a span of the text, with the names it binds.

    `parts` are those of a class, first what is outside of its methods; `starts` are where they start.
    """

    names: tuple[str, ...]
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    starts: tuple[int, ...] = ()


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
        self._spans: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._units: dict[int, Unit] = {}
        self._found: dict[str, list[int]] = {}
        self._words: frozenset[bytes] | None = None
        self._own: Words | None = None

    @property
    def raw(self) -> str:
        """The text as it is."""
        if self._raw is None:
            self._raw = self._text()
        return self._raw

    @property
    def bare(self) -> str:
        """The text without comments, long strings, and strings that are prose."""
        if self._bare is None:
            self._bare = _hide(self.raw)
            self._raw = None
            self._spans = _spans(self._bare)
            self._starts = [start for start, _ in self._spans]
        return self._bare

    def units(self) -> Iterator[Unit]:
        """All top-level statements but imports."""
        return (self._unit(index) for index in range(len(self._spans if self.bare else ())))

    def spelling(self) -> Iterator[Unit]:
        """The statements that spell a loss."""
        bare = self.bare
        for index, (start, end) in enumerate(self._spans):
            if self.says(bare[start:end]):
                yield self._unit(index)

    def spells(self, start: int, end: int) -> bool:
        return self.says(self.bare[start:end])

    def says(self, text: str) -> bool:
        """Whether a text spells a loss, and not only a name made of one."""
        return self._spells(_MADE_OF_LOSS.sub("", text) if "oss_" in text else text)

    def mentions(self, words: Words, start: int, end: int) -> bool:
        """Whether all words stand in a span."""
        for word in words:
            offsets = self._offsets(word)
            at = bisect_left(offsets, start)
            if at == len(offsets) or offsets[at] >= end:
                return False
        return True

    def parts_mentioning(self, words: Words, unit: Unit) -> list[Part]:
        """The parts of a class that hold all words each."""
        if len(words) > 1:
            return [part for part in unit.parts if self.mentions(words, part.start, part.end)]
        (word,) = words
        offsets, found, last = self._offsets(word), [], -1
        for at in range(bisect_left(offsets, unit.start), bisect_left(offsets, unit.end)):
            index = bisect_right(unit.starts, offsets[at]) - 1
            if index > last:
                found.append(unit.parts[index])
                last = index
        return found

    def mentioning(self, words: Words) -> Iterator[Unit]:
        """The statements that hold all words."""
        if self._bare is None:
            raw = self.raw
            if not all(_may_use(raw, word) for word in words):
                return
        # The rarest leads.
        first = min(words, key=lambda word: len(self._offsets(word))) if len(words) > 1 else next(iter(words))
        others = words - {first}
        last = -1
        for offset in self._offsets(first):
            index = bisect_right(self._starts, offset) - 1
            if index <= last:
                continue
            last = index
            start, end = self._spans[index]
            if offset < end and self.mentions(others, start, end):
                yield self._unit(index)

    def reading(self, word: str) -> Iterator[Unit]:
        """The statements that may take something out of what a name holds, and not only put something in or ask
        whether it is there.
        """
        for unit in self.mentioning(frozenset((word,))):
            offsets = self._offsets(word)
            for at in range(bisect_left(offsets, unit.start), bisect_left(offsets, unit.end)):
                if not self._only_puts(offsets[at], len(word)):
                    yield unit
                    break

    def _only_puts(self, at: int, size: int) -> bool:
        if _PUTS.match(self.bare, at + size):
            return True
        before = self.bare[self.bare.rfind("\n", 0, at) + 1 : at]
        return _ASKS.search(before) is not None and not _LOOPS.search(before)

    def written(self, unit: Unit) -> Words:
        """Names of the file that a statement which is no definition may write to: `known["a"] = f`, `known.add(f)`."""
        bare = self.bare
        if bare[unit.start] == "@" or _DEFINITION.match(bare, unit.start, unit.end):
            return frozenset()
        if self._own is None:
            self._own = frozenset(name for each in self.units() for name in each.names)
        return self._own & frozenset(_WRITTEN.findall(bare, unit.start, unit.end))

    def behind(self, word: str) -> Words:
        """All words that dots join to this one: `b` and `c` of ``a.b.c``."""
        text = self.bare if self._bare is not None else self.raw
        if f"{word}." not in text:
            return frozenset()
        chains = re.findall(rf"\b{re.escape(word)}((?:\.\w+)+)", text)
        return frozenset(inner for chain in set(chains) for inner in chain.split(".")) - {""}

    def asks(self, word: str) -> bool:
        """Whether anything is asked for this attribute: behind a dot, or by a string."""
        # Hiding brings nothing before a word that was not there.
        if self._bare is None and not _holds_attribute(self.raw, word):
            return False
        text = self.bare
        return any(text[at - 1 : at] in _BEFORE_ATTRIBUTE for at in self._offsets(word))

    def _offsets(self, word: str) -> list[int]:
        known = self._found.get(word)
        if known is None:
            known = self._found[word] = [] if self._lacks(word) else _uses(self.bare, word)
        return known

    def _lacks(self, word: str) -> bool:
        if self._words is None:
            if len(self._found) < _MANY:
                return False
            self._words = frozenset(self.bare.encode("utf-8", "replace").translate(_APART).split())
        return word.isascii() and word.isidentifier() and word.encode() not in self._words

    def _unit(self, index: int) -> Unit:
        known = self._units.get(index)
        if known is None:
            known = self._units[index] = _unit(self.bare, *self._spans[index])
        return known


def _hide(text: str) -> str:
    pieces = _HIDDEN.split(text)
    for at in range(1, len(pieces), 2):
        hidden = pieces[at]
        if hidden[0] == "#":
            pieces[at] = ""
        elif hidden[:3] in ('"""', "'''"):
            if "{" not in hidden or not pieces[at - 1].endswith(("f", "F")):
                pieces[at] = '""' + "\n" * hidden.count("\n")
        # What prose says is no name; between braces there may be code.
        elif " " in hidden and "{" not in hidden:
            pieces[at] = '""'
    return "".join(pieces)


def _may_use(text: str, word: str) -> bool:
    """Whether a word may be used in a text with comments and prose, besides where it is imported."""
    at, size = text.find(word), len(word)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + size : at + size + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
            line = text[text.rfind("\n", 0, at) + 1 : at]
            # An import without these is what it seems, or stands in something that is hidden.
            if not line.lstrip().startswith(("from ", "import ")) or not _UNCLEAR.isdisjoint(line):
                return True
        at = text.find(word, at + size)
    return False


def _uses(text: str, word: str) -> list[int]:
    """Where a word stands and is used."""
    found = []
    at, size = text.find(word), len(word)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + size : at + size + 1]
        if not (before.isalnum() or before == "_" or after.isalnum() or after == "_" or is_idle(text, at)):
            found.append(at)
        at = text.find(word, at + size)
    return found


def _holds_attribute(text: str, word: str) -> bool:
    """Whether a text, comments and all, holds a word behind a dot or at the start of a string."""
    at, size = text.find(word), len(word)
    while at >= 0:
        if text[at - 1 : at] in _BEFORE_ATTRIBUTE:
            after = text[at + size : at + size + 1]
            if not (after.isalnum() or after == "_"):
                return True
        at = text.find(word, at + size)
    return False


def _spans(text: str) -> list[tuple[int, int]]:
    """Start and end of all top-level statements but imports."""
    starts = [match.end() for match in _NEXT.finditer(text)]
    if _TOP.match(text):
        starts.insert(0, 0)
    starts.append(len(text))
    spans = []
    index, count = 0, len(starts) - 1
    while index < count:
        start = starts[index]
        index += 1
        while text[start] == "@" and index < count and text[starts[index - 1]] == "@":
            index += 1
        end = starts[index]
        # A bracket that is open goes on, up to what cannot be in one.
        if index < count and not _NO_EXPRESSION.match(text, end):
            opened = _opened(text, start, end)
            while opened > 0:
                index += 1
                counted, end = end, starts[index]
                if index == count or _NO_EXPRESSION.match(text, end):
                    break
                opened += _opened(text, counted, end)
        if not text.startswith(("from ", "import "), start):
            spans.append((start, end))
    return spans


def _opened(text: str, start: int, end: int) -> int:
    """How many more brackets are opened in a span than closed."""
    count = text.count
    return (
        count("(", start, end)
        - count(")", start, end)
        + count("[", start, end)
        - count("]", start, end)
        + count("{", start, end)
        - count("}", start, end)
    )


def _unit(text: str, start: int, end: int) -> Unit:
    found = None
    if text[start] == "@":
        found = _DEFINITION.search(text, start, end)
    elif text[start] in "dca":
        found = _DEFINITION.match(text, start, end)
    if found is not None:
        parts = _parts(text, start, end) if found[1] == "class" else ()
        return Unit((found[2],), start, end, parts, tuple(part.start for part in parts))
    # Names that the language gives a meaning are nobody's way to a sink.
    own = dict.fromkeys(name for name in _targets(text, start, end) if not name.startswith("__"))
    return Unit(tuple(own), start, end)


def _targets(text: str, start: int, end: int) -> Iterator[str]:
    if text.find("=", start, end) >= 0:
        # Inside a block all lines may bind names; in an expression they may look as if they did.
        first, later = _INNER_TARGETS if _BLOCK.match(text, start) else _TARGETS
        if found := first.match(text, start, end):
            yield from _WORD.findall(found[1])
        for match in later.finditer(text, start, end):
            yield from _WORD.findall(match[1])


def _parts(text: str, start: int, end: int) -> tuple[Part, ...]:
    members = []  # (width of the indent, start of the line, name)
    for match in _MEMBER.finditer(text, start, end):
        line = text.rfind("\n", start, match.start()) + 1
        head = text[line : match.start()]
        if line and head[:1] in _BLANKS and head.strip(" \t") in ("", "async") and head[-1:] in _BLANKS:
            indent = head.rstrip(" \t").removesuffix("async") or head
            members.append((len(indent.expandtabs()), line, match[1]))
    if members:
        depth = min(width for width, _, _ in members)
        members = [member for member in members if member[0] == depth]
    bounds = [*(line for _, line, _ in members), end]
    own = (Part(name, line, bounds[at]) for at, (_, line, name) in enumerate(members, 1))
    return (Part("", start, bounds[0]), *own)
