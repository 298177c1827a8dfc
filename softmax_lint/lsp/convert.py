"""Between the linter's values and the protocol's: places and positions, findings, fixes, pages.

The only module that knows how the protocol counts. Its rows and columns start at 0, and a column counts the
units of an encoding that client and server agreed on; ours start at 1 and count code points.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc

from lsprotocol import types
from pygls import uris

from softmax_lint.comments import scan
from softmax_lint.diagnostic import Diagnostic, Edit, Place, Related, Verdict
from softmax_lint.lsp.analysis import Held
from softmax_lint.rules import RULES
from softmax_lint.rules.schema import Rule

SOURCE = "softmax-lint"
FIX_ALL = "source.fixAll.softmax-lint"
Lines = Callable[[str, int | None], Sequence[str]]
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(r"[\w-]+")


@dataclass(slots=True)
class Documents:
    """The documents that are open: which file each of them is, or which cell of which file.

    A document that is in no file has a path that no file has.
    """

    opened: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # URI -> (path, cell)
    versions: dict[str, int | None] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)  # notebooks whose cells come as one document
    _uris: dict[tuple[str, int | None], str] = field(default_factory=dict)

    def open(self, uri: str, path: str, cell: int | None, version: int | None) -> None:
        self.opened[uri] = (path, cell)
        self.versions[uri] = version
        self._uris[path, cell] = uri

    def close(self, uri: str) -> None:
        spot = self.opened.pop(uri, None)
        self.versions.pop(uri, None)
        if spot is not None and self._uris.get(spot) == uri:
            del self._uris[spot]

    def of(self, path: str) -> list[str]:
        """The open documents that a file consists of."""
        return [uri for uri, spot in self.opened.items() if spot[0] == path]

    def uri(self, path: str, cell: int | None) -> str:
        """The document of a place; the file itself where that is not open."""
        known = self._uris.get((path, cell)) or self._uris.get((path, None))
        return known or str(uris.from_fs_path(path) or path)

    def is_open(self, path: str, cell: int | None) -> bool:
        return (path, cell) in self._uris


def path_of(uri: str, folder: str, suffix: str = ".py") -> str:
    """The absolute path of a document; of one in no file, a path in `folder` that no file has."""
    if uri.startswith("file:"):
        path = uris.to_fs_path(uri)
        if path is not None:
            return os.path.abspath(str(path))
    digest = hashlib.sha256(uri.encode("utf-8", "replace")).hexdigest()[:16]
    return os.path.join(folder, f"unsaved-{digest}{suffix}")


@dataclass(frozen=True, slots=True)
class Converter:
    """How one client wants things: the encoding of its columns, and what it can show."""

    encoding: str
    documents: Documents
    shows_related: bool = True
    versions_edits: bool = True

    # Positions.

    def range_of(self, place: Place, lines: Lines) -> types.Range:
        text = lines(place.filename, place.cell)
        return types.Range(
            self._position(text, place.row, place.column),
            self._position(text, place.end_row, place.end_column),
        )

    def _position(self, lines: Sequence[str], row: int, column: int) -> types.Position:
        line = lines[row - 1] if 0 < row <= len(lines) else ""
        before = line[: column - 1]
        return types.Position(max(row - 1, 0), self._units(before) + max(column - 1 - len(line), 0))

    def _units(self, text: str) -> int:
        if self.encoding == types.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "replace"))
        if self.encoding == types.PositionEncodingKind.Utf32:
            return len(text)
        return len(text.encode("utf-16-le", "replace")) // 2

    def spot(self, position: types.Position, lines: Sequence[str]) -> tuple[int, int]:
        """The (row, column) of a position; one past the end of its line is at the end."""
        line = lines[position.line] if position.line < len(lines) else ""
        units = column = 0
        for character in line:
            if units >= position.character:
                break
            units += self._units(character)
            column += 1
        return position.line + 1, column + 1

    # Findings.

    def diagnostic(self, found: Diagnostic, lines: Lines) -> types.Diagnostic:
        message = found.message
        related = None
        if self.shows_related:
            related = [self._related(each, lines) for each in found.related]
        else:
            message += "".join(f"\n{self._told(each, lines)}" for each in found.related)
        return types.Diagnostic(
            range=self.range_of(found.place, lines),
            message=message,
            severity=_SEVERITIES[found.severity],
            code=found.code,
            source=SOURCE,
            related_information=related,
            tags=[types.DiagnosticTag.Unnecessary] if found.code in ("SML004", "SML901") else None,
        )

    def _told(self, related: Related, lines: Lines) -> str:
        place = related.place
        if place.filename not in self.documents.joined:
            return f"{_name(place)}: {related.message}"
        # Nobody sees the rows of a document that joins all cells of a notebook.
        text = lines(place.filename, place.cell)[place.row - 1 : place.row]
        return f"{related.message}: `{text[0].strip()}`" if text else related.message

    def _related(self, related: Related, lines: Lines) -> types.DiagnosticRelatedInformation:
        place, message = related.place, related.message
        where = self.range_of(place, lines)
        if place.cell is not None and not self.documents.is_open(place.filename, place.cell):
            message = f"cell {place.cell}, row {place.row}: {message}"
            where = types.Range(types.Position(0, 0), types.Position(0, 0))
        uri = self.documents.uri(place.filename, place.cell)
        return types.DiagnosticRelatedInformation(
            location=types.Location(uri=uri, range=where), message=message
        )

    # Edits.

    def workspace_edit(self, edits: Iterable[Edit], lines: Lines) -> types.WorkspaceEdit | None:
        """One edit of all documents; None where one of them is a cell that is not open."""
        changes: dict[str, list[types.TextEdit]] = {}
        for edit in dict.fromkeys(edits):
            place = edit.place
            if place.cell is not None and not self.documents.is_open(place.filename, place.cell):
                return None
            changes.setdefault(self.documents.uri(place.filename, place.cell), []).append(
                types.TextEdit(range=self.range_of(place, lines), new_text=edit.content)
            )
        return self._changes(changes)

    def rewriting(self, path: str, before: Lines, after: Lines) -> types.WorkspaceEdit | None:
        """The edit that turns the lines of a file, or of its cells, into others; None for no change."""
        changes: dict[str, list[types.TextEdit]] = {}
        for uri in self.documents.of(path):
            _, cell = self.documents.opened[uri]
            old, new = before(path, cell), after(path, cell)
            edits = [self._replacement(old, new, *span) for span in _differences(old, new)]
            if edits:
                changes[uri] = edits
        return self._changes(changes) if changes else None

    def _replacement(
        self, old: Sequence[str], new: Sequence[str], first: int, last: int, start: int, end: int
    ) -> types.TextEdit:
        text = "".join(f"{line}\n" for line in new[start:end])
        if last < len(old):
            return types.TextEdit(types.Range(types.Position(first, 0), types.Position(last, 0)), text)
        # The last line has no end: what is replaced reaches from the end of the line before it.
        position = self._position(old, len(old), len(old[-1]) + 1)
        if first == 0:
            return types.TextEdit(types.Range(types.Position(0, 0), position), "\n".join(new[start:end]))
        before = self._position(old, first, len(old[first - 1]) + 1)
        text = "".join(f"\n{line}" for line in new[start:end])
        return types.TextEdit(types.Range(before, position), text)

    def _changes(self, changes: Mapping[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        if not self.versions_edits:
            return types.WorkspaceEdit(changes=dict(changes))
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(uri, self.documents.versions.get(uri)),
                    edits,
                )
                for uri, edits in changes.items()
            ]
        )

    # Hover.

    def hover(
        self,
        path: str,
        cell: int | None,
        position: types.Position,
        found: Sequence[Diagnostic],
        verdicts: Sequence[Verdict],
        held: Held | None,
        lines: Lines,
    ) -> types.Hover | None:
        """The page of the rule under a position, or what is known of the loss there, with what is held there."""
        text = lines(path, cell)
        row, column = self.spot(position, text)
        below = [_held(held)] if held is not None else []
        commented = _commented_rule(text, row, column)
        if commented is not None:
            rule, start, end = commented
            return self._shown(Place(path, cell, row, start, row, end), page_of(rule), lines)
        for each in found:
            if _holds(each.place, path, cell, row, column):
                rules = [rule for rule in RULES if rule.code == each.code]
                # Editors show the finding's message themselves.
                return self._shown(each.place, "\n\n".join([*below, *map(page_of, rules)]), lines)
        for verdict in verdicts:
            if _holds(verdict.place, path, cell, row, column):
                return self._shown(verdict.place, "\n\n".join([*below, _verdict(verdict)]), lines)
        if held is not None:
            return self._shown(held.place, below[0], lines)
        return None

    def _shown(self, place: Place, markdown: str, lines: Lines) -> types.Hover:
        content = types.MarkupContent(types.MarkupKind.Markdown, markdown)
        return types.Hover(content, self.range_of(place, lines))


def page_of(rule: Rule) -> str:
    """The page of a rule in Markdown, with headings of a size for hovers."""
    page = re.sub(r"^## ", "#### ", cleandoc(rule.page), flags=re.MULTILINE)
    return f"### {rule.name} ({rule.code}, {rule.kind})\n\n{page}"


def lines_in(text: str) -> list[str]:
    """The lines of a document, as the protocol counts them."""
    return _LINE_END.split(text)


def _commented_rule(lines: Sequence[str], row: int, column: int) -> tuple[Rule, int, int] | None:
    """(rule, column, end column) of the code or name at a place in a suppression."""
    if not 0 < row <= len(lines) or "#" not in lines[row - 1]:
        return None
    line = lines[row - 1]
    for directive in scan("\n".join(lines)):
        if directive.row != row or not directive.column <= column <= directive.end_column:
            continue
        for word in _WORD.finditer(line, directive.column - 1, directive.end_column - 1):
            if word.start() < column <= word.end() + 1:
                for rule in RULES:
                    if word[0].upper() == rule.code or word[0].lower() == rule.name:
                        return rule, word.start() + 1, word.end() + 1
    return None


def _held(held: Held) -> str:
    name = held.text if "\n" not in held.text else held.text.split("\n")[0] + " …"
    if len(held.lines) == 1:
        return f"`{name}`: {held.lines[0]}"
    return f"`{name}`:\n" + "".join(f"\n- {line}" for line in held.lines)


def _verdict(verdict: Verdict) -> str:
    produced = (verdict.produced or "unknown").replace("_", " ")
    expected = (verdict.expected or "unknown").replace("_", " ")
    facts = f"**{verdict.verdict.replace('-', ' ')}**: {produced} into {expected}"
    return f"{facts}\n\n{verdict.reason}" if verdict.reason else facts


def _holds(place: Place, path: str, cell: int | None, row: int, column: int) -> bool:
    return (place.filename, place.cell) == (path, cell) and (
        (place.row, place.column) <= (row, column) <= (place.end_row, place.end_column)
    )


def touches(place: Place, path: str, cell: int | None, start: tuple[int, int], end: tuple[int, int]) -> bool:
    """Whether a place and a span of a document have a point in common."""
    return (place.filename, place.cell) == (path, cell) and (
        (place.row, place.column) <= end and start <= (place.end_row, place.end_column)
    )


def _differences(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [span for tag, *span in matcher.get_opcodes() if tag != "equal"]  # type: ignore[misc]


def _name(place: Place) -> str:
    cell = "" if place.cell is None else f"cell {place.cell}:"
    return f"{os.path.basename(place.filename)}:{cell}{place.row}:{place.column}"
