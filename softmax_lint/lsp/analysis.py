"""What the server knows of the user's files: buffers, settings, and what was found in them.

Nothing here knows the protocol. Files are absolute paths; buffers are bytes in UTF-8 with a byte order mark,
so that no declared encoding counts, and buffers of notebooks are notebooks in JSON.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from softmax_lint import baseline, project, suppression
from softmax_lint.config import ConfigError, Settings, load
from softmax_lint.diagnostic import Diagnostic, Failure, Place, Report, Verdict
from softmax_lint.discover import is_excluded
from softmax_lint.lines import lines_of, reader
from softmax_lint.lsp import probing
from softmax_lint.lsp.slicing import Slice, Slicer, text_of
from softmax_lint.memory import Chosen, Memory
from softmax_lint.patterns import compile_patterns
from softmax_lint.rules import RULES
from softmax_lint.source import Source, Unreadable
from softmax_lint.splitting import Statement


class Stale(BaseException):
    """Nobody waits for this run any more. No Exception: linking takes those for crashes of its own."""


IsStale = Callable[[], bool]


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to say about one file; `failures` are for the log."""

    diagnostics: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What the name or expression `text` at a place can hold, one line for each representation."""

    text: str
    place: Place
    lines: tuple[str, ...]


@dataclass(slots=True)
class _Setup:
    settings: Settings
    memory: Memory
    slicers: dict[str, Slicer] = field(default_factory=dict)
    _notebooks: dict[str, tuple[Source, tuple[Statement, ...]]] = field(default_factory=dict)

    def notebook(self, read: Source) -> tuple[Statement, ...]:
        """All of a notebook as one statement, the same object as long as nothing changes."""
        known = self._notebooks.get(read.filename)
        if known is None or known[0] is not read:
            # What starts with an import would be one.
            whole = Statement(1, "\n".join(("pass", *(cell.text for cell in read.cells))))
            known = self._notebooks[read.filename] = (read, (whole,))
        return known[1]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What the next answer about a file starts from: the last one, before suppressions."""

    version: int
    statements: tuple[Statement, ...]
    report: Report
    chosen: Chosen


@dataclass(slots=True)
class Analysis:
    """The state. `folders` are those of the workspace, `options` the keys that the editor sets.

    `version` changes with everything that may change findings.
    """

    folders: list[str] = field(default_factory=list)
    options: Mapping[str, Any] = field(default_factory=dict)
    lifetime: float | None = 2.0  # how long the disk is believed; None where the editor watches it
    buffers: dict[str, bytes] = field(default_factory=dict)
    version: int = 0
    complaints: list[str] = field(default_factory=list)  # about configurations, to be shown once
    _setups: dict[tuple[str | None, str], _Setup] = field(default_factory=dict)
    _by_folder: dict[str, _Setup] = field(default_factory=dict)
    _found: dict[str, tuple[int, Found]] = field(default_factory=dict)
    _quick: dict[str, tuple[int, Found]] = field(default_factory=dict)
    _bases: dict[str, _Basis] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)  # file -> the version of its last change

    def put(self, path: str, data: bytes) -> None:
        """A buffer, new or changed."""
        known = self.buffers.get(path)
        if known != data:
            self.buffers[path] = data
            self.version += 1
            self._changed[path] = self.version

    def drop(self, path: str) -> None:
        """A buffer was closed: the disk counts."""
        if self.buffers.pop(path, None) is not None:
            self.version += 1
            self._changed[path] = self.version
            self._bases.pop(path, None)

    def disk_changed(self) -> None:
        """Files changed on disk."""
        for setup in self._setups.values():
            setup.memory.forget()
        self._bases.clear()
        self.version += 1

    def settings_changed(self) -> None:
        """A configuration changed, in a file or in the editor."""
        self._setups.clear()
        self._by_folder.clear()
        self.disk_changed()

    def soon(self, path: str, is_stale: IsStale = _never) -> tuple[Found, bool]:
        """What is found in a file, and whether that is final: else `find` may know better.

        Not final are answers of what names connect with the last edit, and the first answer about a file
        when it is one about the file and what it imports. Raises Stale as soon as `is_stale` says so.
        """
        version = self.version
        known = self._found.get(path)
        if known is not None and known[0] == version:
            return known[1], True
        quick = self._quick.get(path)
        if quick is not None and quick[0] == version:
            return quick[1], False
        found = self._sliced(path, version, is_stale)
        if found is None and known is None and quick is None:
            found = self._alone(path, is_stale)
        if found is None:
            return self.find(path, is_stale), True
        if is_stale():
            raise Stale
        self._quick[path] = (version, found)
        return found, False

    def find(self, path: str, is_stale: IsStale = _never) -> Found:
        """What is found in a file, as of now. Raises Stale as soon as `is_stale` says so."""
        version = self.version
        known = self._found.get(path)
        if known is not None and known[0] == version:
            return known[1]
        setup = self._setup(path)
        if _is_excluded(path, setup.settings):
            self._found[path] = (version, Found())
            return Found()
        # All open files of the project at once: an edit of one is asked about in the others, too.
        overlay = dict(self.buffers)
        paths = [path, *(other for other in overlay if other != path and self._goes_with(other, setup))]
        report = project.check(
            paths,
            settings=setup.settings,
            overlay=overlay,
            memory=setup.memory,
            pause=_stopping(is_stale),
        )
        if is_stale():
            raise Stale
        chosen = setup.memory.chosen.get(tuple(paths))
        left = self._left(report, paths, setup.settings, overlay)
        for one in paths:
            self._found[one] = (version, _about(left, one))
            statements = self._statements(setup, one, overlay)
            if chosen is not None and statements is not None:
                self._bases[one] = _Basis(version, statements, _raw(report, one), chosen)
        return self._found[path][1]

    def _goes_with(self, path: str, setup: _Setup) -> bool:
        return self._setup(path) is setup and not _is_excluded(path, setup.settings)

    def _sliced(self, path: str, version: int, is_stale: IsStale) -> Found | None:
        """What the last answer becomes by the edits of the file since; None when more happened than that."""
        basis = self._bases.get(path)
        if (
            path.endswith(".ipynb")
            or basis is None
            or any(at > basis.version for other, at in self._changed.items() if other != path)
        ):
            return None
        setup = self._setup(path)
        overlay = dict(self.buffers)
        files: dict[str, tuple[Statement, ...]] = {}
        for name in dict.fromkeys((*basis.chosen.roots, path)):
            statements = self._statements(setup, name, overlay)
            if statements is not None:
                files[name] = statements
        cut = setup.slicers.setdefault(path, Slicer()).cut(path, basis.statements, files)
        if cut is None:
            return None
        report = Report((), ())
        if cut.roots:
            texts = {name: text_of(left) for name, left in cut.left.items() if not name.endswith(".ipynb")}
            for name, text in texts.items():
                setup.memory.split.tell(text, cut.left[name])
            report = project.check(
                [path],
                settings=setup.settings,
                overlay={**overlay, **{name: script(text) for name, text in texts.items()}},
                memory=setup.memory,
                pause=_stopping(is_stale),
                chosen=basis.chosen._replace(roots=cut.roots, more=None),
            )
        merged = _merged(report, basis.report, cut)
        self._bases[path] = _Basis(version, files[path], merged, basis.chosen)
        return _about(self._left(merged, [path], setup.settings, overlay), path)

    def _alone(self, path: str, is_stale: IsStale) -> Found | None:
        """What the file shows together with what it imports; None when that is nothing."""
        setup = self._setup(path)
        if _is_excluded(path, setup.settings):
            return None
        overlay = dict(self.buffers)
        report = project.check(
            [path],
            settings=setup.settings,
            overlay=overlay,
            memory=setup.memory,
            pause=_stopping(is_stale),
            chosen=Chosen((path,), frozenset((path,)), True),
            located=False,
        )
        found = _about(self._left(report, [path], setup.settings, overlay), path)
        # Another file may need a suppression that this one does not.
        kept = tuple(each for each in found.diagnostics if each.code != suppression.UNUSED)
        return replace(found, diagnostics=kept, verdicts=()) if kept else None

    def _statements(
        self, setup: _Setup, path: str, overlay: Mapping[str, bytes]
    ) -> tuple[Statement, ...] | None:
        """The statements of a script, a notebook as a single one; None for what cannot be read."""
        try:
            read = setup.memory.read(path, overlay)
        except Unreadable:
            return None
        if path.endswith(".ipynb"):
            return setup.notebook(read)
        return setup.memory.split(read.cells[0].text)

    def held(
        self,
        path: str,
        cell: int | None,
        row: int,
        column: int,
        is_stale: IsStale = _never,
    ) -> Held | None:
        """What is known of the name at a position (from 1); None where nothing is. Raises Stale."""
        setup = self._setup(path)
        overlay = dict(self.buffers)
        try:
            data = reader(overlay)(path)
        except OSError:
            return None
        probe = probing.place(path, data, cell, row, column)
        if probe is None or _is_excluded(path, setup.settings):
            return None
        examined = project.examine(
            [path],
            settings=probing.with_probe(setup.settings),
            overlay={**overlay, path: probe.data},
            memory=setup.memory,
        )
        if is_stale():
            raise Stale
        folder = self.folder_of(path) or os.path.dirname(path)
        lines = probing.describe(examined.joints, folder, path, probe.first)
        return Held(probe.text, Place(path, cell, *probe.span), tuple(lines)) if lines else None

    def fixes(self, path: str, wanted: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
        """`wanted`, found in a file, with all fixes of theirs."""
        from softmax_lint.fixer import suggest

        setup = self._setup(path)
        overlay = dict(self.buffers)
        examined = project.examine([path], settings=setup.settings, overlay=overlay, memory=setup.memory)
        keys = {(each.code, each.place): each for each in wanted}
        report = replace(
            examined.report,
            diagnostics=tuple(
                each for each in examined.report.diagnostics if (each.code, each.place) in keys
            ),
        )
        suggested = suggest(examined, report, reader(overlay)).diagnostics
        known = {(each.code, each.place) for each in suggested}
        # What suppression found has its fix already.
        return (*suggested, *(each for each in wanted if (each.code, each.place) not in known))

    def fix_all(self, path: str) -> dict[str, bytes]:
        """The new bytes of the file after all its safe fixes; empty where there is none."""
        from softmax_lint.fixer import fix

        setup = self._setup(path)
        buffers = dict(self.buffers)

        def examine(overlay: Mapping[str, bytes]) -> Any:
            return project.examine(
                [path], settings=setup.settings, overlay={**buffers, **overlay}, memory=setup.memory
            )

        def choose(report: Report, overlay: Mapping[str, bytes]) -> Report:
            return self._left(report, [path], setup.settings, {**buffers, **overlay})

        return fix(examine, choose, reader(buffers), [path]).files

    def lines(self) -> Callable[[str, int | None], Sequence[str]]:
        """A function from (file, cell) to lines, of buffers where there are any."""
        return lines_of(reader(dict(self.buffers)))

    def _left(
        self, report: Report, paths: Sequence[str], settings: Settings, overlay: Mapping[str, bytes]
    ) -> Report:
        """The report that suppressions and the baseline leave, of the findings that touch the files."""
        read = reader(overlay)
        left = suppression.apply(report, paths, settings, RULES, read).report
        if settings.baseline is not None:
            try:
                left, _ = baseline.apply(left, settings.baseline, lines_of(read))
            except ConfigError as error:
                self._complain(str(error))
        return left

    def _setup(self, path: str) -> _Setup:
        folder = os.path.dirname(path)
        known = self._by_folder.get(folder)
        if known is None:
            try:
                settings = load([path], self.options, RULES)
            except ConfigError as error:
                self._complain(str(error))
                settings = load([path], {}, RULES, isolated=True)
            base = self.folder_of(path) or folder
            if settings.config_file is None:
                settings = replace(settings, root=base)
            key = (settings.config_file, base)
            known = self._setups.get(key)
            if known is None:
                memory = Memory(self.lifetime, project.spelled(settings.rows), base)
                known = self._setups[key] = _Setup(settings, memory)
            self._by_folder[folder] = known
        return known

    def folder_of(self, path: str) -> str | None:
        """The innermost folder of the workspace that holds a file."""
        holding = [folder for folder in self.folders if path.startswith(folder.rstrip(os.sep) + os.sep)]
        return max(holding, key=len, default=None)

    def _complain(self, message: str) -> None:
        if message not in self.complaints:
            self.complaints.append(message)


def _is_excluded(path: str, settings: Settings) -> bool:
    return is_excluded(path, settings.root, compile_patterns(settings.exclude, settings.root))


def _stopping(is_stale: IsStale) -> Callable[[], None]:
    def pause() -> None:
        if is_stale():
            raise Stale

    return pause


def _touches(found: Diagnostic, path: str) -> bool:
    return found.place.filename == path or any(each.place.filename == path for each in found.related)


def _raw(report: Report, path: str) -> Report:
    """Of a report over several files, what one over a single one of them has."""
    return Report(
        tuple(each for each in report.diagnostics if _touches(each, path)),
        tuple(each for each in report.verdicts if each.place.filename == path),
    )


def _about(report: Report, path: str) -> Found:
    found = _raw(report, path)
    return Found(found.diagnostics, found.verdicts, report.failures)


def _merged(new: Report, old: Report, cut: Slice) -> Report:
    """What was found in a slice, and what stays of the findings of before."""
    diagnostics = [*new.diagnostics, *filter(None, map(cut.diagnostic, old.diagnostics))]
    verdicts = [*new.verdicts, *filter(None, map(cut.verdict, old.verdicts))]
    return Report(
        tuple(sorted(diagnostics, key=lambda each: (each.place, each.code))),
        tuple(sorted(verdicts, key=lambda each: each.place)),
        new.failures,
    )


def script(text: str) -> bytes:
    """The buffer of a Python file."""
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def notebook(cells: Sequence[tuple[str, bool]]) -> bytes:
    """The buffer of a notebook: its cells in order, as (text, whether it is Python)."""
    document = {
        "cells": [
            {"cell_type": "code" if is_python else "raw", "source": text, "metadata": {}, "outputs": []}
            for text, is_python in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document).encode()
