"""Suppressions and settings applied to a report.

A finding is silenced by a comment on the row where its place starts or ends, or on the last row of its
statement, at the source or at the sink; or by an ``ignore-file`` in either file. What silences nothing is
SML901.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from softmax_lint.comments import IGNORE_FILE, NOQA, Directive, mentions, names_us, scan
from softmax_lint.config import Settings, ignored_codes
from softmax_lint.diagnostic import Diagnostic, Edit, Fix, Place, Report
from softmax_lint.lines import texts
from softmax_lint.regex import late
from softmax_lint.selection import Named

UNUSED, UNUSED_NAME, INVALID_SYNTAX = "SML901", "unused-suppression", "SML900"
_OWN_CODE = late(r"SML\d*", re.IGNORECASE)
# A code of a directive as it was used: (directive's position in its text, spelling or None for all rules).
_Use = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class Applied:
    """The report that is left, and how many findings comments silenced."""

    report: Report
    suppressed: int


@dataclass(frozen=True, slots=True)
class _Text:
    """The suppressions of a file or cell, in order."""

    filename: str
    cell: int | None
    directives: tuple[Directive, ...]
    text: str


def apply(
    report: Report,
    files: Iterable[str],
    settings: Settings,
    rules: Sequence[Named],
    read: Callable[[str], bytes],
) -> Applied:
    """`report` without what comments, selection and per-file ignores silence, with SML901 for unused
    comments.

    `files` are the checked files; only they are searched for unused suppressions. `read` gives the bytes of
    a file and may raise OSError.
    """
    known: dict[str, list[_Text]] = {}

    def texts_of(filename: str) -> list[_Text]:
        if filename not in known:
            known[filename] = _scan_file(filename, read, mentions)
        return known[filename]

    ignored = ignored_codes(settings)
    used: dict[tuple[str, int | None], set[_Use]] = {}

    def is_silenced(diagnostic: Diagnostic) -> bool:
        silent = False
        for place, rows in _ends(diagnostic):
            for text in texts_of(place.filename):
                for use in _uses(text, diagnostic, rows if text.cell == place.cell else ()):
                    used.setdefault((text.filename, text.cell), set()).add(use)
                    silent = True
        return silent

    def is_on(diagnostic: Diagnostic) -> bool:
        return diagnostic.code in settings.selected and not any(
            diagnostic.code in ignored(place.filename) for place, _ in _ends(diagnostic)
        )

    # Every finding marks the comments it meets, also one that selection drops: its comment is not unused.
    silenced = [(diagnostic, is_silenced(diagnostic)) for diagnostic in report.diagnostics]
    left = [diagnostic for diagnostic, silent in silenced if not silent and is_on(diagnostic)]
    suppressed = sum(silent and is_on(diagnostic) for diagnostic, silent in silenced)
    if UNUSED in settings.selected:
        broken = {failure.filename for failure in report.failures}
        broken |= {each.place.filename for each in report.diagnostics if each.code == INVALID_SYNTAX}
        for filename in files:
            if filename not in broken:
                for text in known[filename] if filename in known else _scan_file(filename, read, names_us):
                    uses = used.get((text.filename, text.cell), set())
                    found = _unused(text, uses, settings, rules)
                    left += [each for each in found if is_on(each) and not is_silenced(each)]
    left.sort(key=lambda each: (each.place, each.code))
    return Applied(replace(report, diagnostics=tuple(left)), suppressed)


def _scan_file(filename: str, read: Callable[[str], bytes], screen: Callable[[bytes], bool]) -> list[_Text]:
    try:
        data = read(filename)
    except OSError:
        return []
    if not screen(data):
        return []
    scanned = [_Text(filename, cell, tuple(scan(text)), text) for cell, text in texts(filename, data)]
    return [text for text in scanned if text.directives]


def _ends(diagnostic: Diagnostic) -> Iterator[tuple[Place, tuple[int, ...]]]:
    """The places a suppression may stand at, each with its rows; the last of them ends the expression."""
    place = diagnostic.place
    yield place, (place.row, diagnostic.noqa_row or place.end_row, place.end_row)
    for related in diagnostic.related:
        if related.role in ("source", "sink"):
            yield related.place, (related.place.row, related.place.end_row)


def _uses(text: _Text, diagnostic: Diagnostic, rows: Sequence[int]) -> Iterator[_Use]:
    for number, directive in enumerate(text.directives):
        if directive.kind != IGNORE_FILE:
            if not rows:
                continue
            ends_statement = (
                directive.first_row <= rows[-1] and directive.row == directive.last_row >= rows[-1]
            )
            if directive.row not in rows and not ends_statement:
                continue
        if directive.codes is None:
            # A suppression of everything does not silence the finding about itself.
            if diagnostic.code != UNUSED:
                yield number, None
        else:
            for code in directive.codes:
                if diagnostic.name == code.lower() or diagnostic.code.startswith(code.upper()):
                    yield number, code


def _unused(text: _Text, uses: set[_Use], settings: Settings, rules: Sequence[Named]) -> Iterator[Diagnostic]:
    for number, directive in enumerate(text.directives):
        if directive.codes is None:
            everything = all(rule.code in settings.selected for rule in rules)
            if directive.kind != NOQA and everything and (number, None) not in uses:
                yield _diagnose(text, directive, ())
            continue
        idle = [code for code in directive.codes if (number, code) not in uses and _is_ours(directive, code)]
        idle = [code for code in idle if _should_be_used(code, settings, rules)]
        if idle or (not directive.codes and directive.kind != NOQA):
            yield _diagnose(text, directive, idle)


def _is_ours(directive: Directive, code: str) -> bool:
    return directive.kind != NOQA or _OWN_CODE.fullmatch(code) is not None


def _should_be_used(code: str, settings: Settings, rules: Sequence[Named]) -> bool:
    meant = [rule.code for rule in rules if rule.name == code.lower() or rule.code.startswith(code.upper())]
    return UNUSED not in meant and (not meant or any(each in settings.selected for each in meant))


def _diagnose(text: _Text, directive: Directive, idle: Sequence[str]) -> Diagnostic:
    listed = ", ".join(f"`{code}`" for code in idle)
    scope = "in this file" if directive.kind == IGNORE_FILE else "here"
    message = f"unused suppression: {listed or 'nothing'} is not reported {scope}"
    if not listed:
        message = f"unused suppression: nothing is reported {scope}"
    elif len(idle) > 1:
        message = f"unused suppression: {listed} are not reported {scope}"
    row = directive.row
    place = Place(text.filename, text.cell, row, directive.column, row, directive.end_column)
    return Diagnostic(
        UNUSED,
        UNUSED_NAME,
        "info",
        message,
        place,
        (),
        (_removal(text, directive, idle, place),),
        noqa_row=row,
    )


def _removal(text: _Text, directive: Directive, idle: Sequence[str], place: Place) -> Fix:
    lines = text.text.split("\n")
    line = lines[directive.row - 1]
    codes = directive.codes or ()
    kept = [code for code in codes if code not in idle]
    if kept:
        spelled = line[directive.column - 1 : directive.end_column - 1]
        first = end = spelled.index(codes[0], spelled.index("[" if "[" in spelled else ":"))
        for code in codes:
            end = spelled.index(code, end) + len(code)
        return Fix(
            "safe",
            "remove the unused codes",
            (Edit(place, spelled[:first] + ", ".join(kept) + spelled[end:]),),
        )
    before = line[: directive.column - 1].rstrip()
    after = line[directive.end_column - 1 :].lstrip()
    span = replace(place, column=len(before) + 1, end_column=len(line) + 1)
    if after:
        span = replace(place, end_column=len(line) - len(after) + 1)
    elif not before and directive.row < len(lines):
        span = replace(place, column=1, end_row=directive.row + 1, end_column=1)
    return Fix("safe", "remove the unused suppression", (Edit(span, ""),))
