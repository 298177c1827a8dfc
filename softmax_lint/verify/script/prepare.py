"""Lint a program in its project, let the real fixer rewrite it, and say where to watch both versions."""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from softmax_lint import rules, suppression
from softmax_lint.config import Settings, load
from softmax_lint.diagnostic import Diagnostic, Place, Report
from softmax_lint.discover import discover
from softmax_lint.fixer import Fixed, fix
from softmax_lint.judging import Examined, Joint
from softmax_lint.lines import reader
from softmax_lint.memory import Memory
from softmax_lint.pair import LOG, LOSS
from softmax_lint.project import examine, spelled
from softmax_lint.representation import BINARY, SIGMOID_LOGITS
from softmax_lint.source import Unreadable
from softmax_lint.surroundings import roots_of
from softmax_lint.verify.patch import diff
from softmax_lint.verify.results import CannotRun, Patch
from softmax_lint.verify.script.cells import Program, check_cells, program, runs_as
from softmax_lint.verify.script.imports import imported

# What stands for the fixer: files, settings, what is wanted -> the outcome.
Repair = Callable[[Sequence[str], Settings], Fixed]
Spot = tuple[Place, str]


@dataclass(frozen=True, slots=True)
class Watched:
    """Where one loss, or one logarithm, may be evaluated; several places with one `number` are one of them. `file` is
    relative to the root, with the name that runs; `family` is softmax or sigmoid, empty where that is not known."""

    number: int
    file: str
    row: int
    end_row: int
    functions: tuple[str, ...]
    family: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of a file, relative to the root: where the finding with that index stands as written."""

    number: int
    file: str
    row: int
    end_row: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding that was fixed. `watched` are the numbers of what is watched for it; `produced` is what its source
    gives, None where that is not the prediction of a loss. `kind` is that of its rule."""

    code: str
    message: str
    place: Place
    kind: str
    produced: str | None
    watched: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """Files that differ from those on disk, by relative name, and where to watch. `sources` are the lines of
    findings that share a loss with another one."""

    files: Mapping[str, bytes]
    losses: tuple[Watched, ...]
    logarithms: tuple[Watched, ...]
    sources: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program before and after. `script` is relative to `root`; `display` are findings nobody fixes but people,
    `refused` those that the fixer left, with reasons."""

    root: str
    script: str
    findings: tuple[Finding, ...]
    before: Version
    after: Version
    patches: tuple[Patch, ...]
    left: tuple[tuple[str, str], ...] = ()


def prepare(script: str, repair: Repair | None = None) -> Prepared:
    """Lint and fix the program at a path, also with unsafe fixes; nothing is written.

    Raises CannotRun where there is nothing to verify, and ConfigError.
    """
    path = os.path.abspath(script)
    if not os.path.isfile(path):
        raise CannotRun(f"no such file: {script}")
    read = reader({})
    try:
        program(script, read(path))
        if path.endswith(".ipynb"):
            check_cells(script, read(path))
    except (Unreadable, UnicodeDecodeError) as error:
        raise CannotRun(f"{script}: {error}") from None
    root = roots_of([path])[0]
    settings = load([path], {}, rules.RULES)
    around = discover([root], settings).files
    files = imported(path, root, around, lambda name: _text(name, read))
    memory = Memory(None, spelled(settings.rows))
    examined = examine(files, settings=settings, memory=memory)
    fixed = repair(files, settings) if repair is not None else _repair(files, settings, examined, memory)
    if not fixed.files:
        raise CannotRun(_nothing(script, fixed))
    prepared = _Watching(root, path, examined, fixed, read).prepared()
    if not any(finding.watched for finding in prepared.findings):
        codes = ", ".join(dict.fromkeys(finding.code for finding in prepared.findings))
        raise CannotRun(
            f"{script}: {codes} is about values that no loss sees, so there is nothing to compare"
        )
    return prepared


def _repair(files: Sequence[str], settings: Settings, examined: Examined, memory: Memory) -> Fixed:
    def look(overlay: Mapping[str, bytes]) -> Examined:
        # Nothing is known to have changed since the program was examined.
        return (
            examine(files, settings=settings, overlay=dict(overlay), memory=memory) if overlay else examined
        )

    def choose(report: Report, overlay: Mapping[str, bytes]) -> Report:
        return suppression.apply(report, files, settings, rules.RULES, reader(overlay)).report

    return fix(look, choose, reader({}), files, unsafe=True)


def _nothing(script: str, fixed: Fixed) -> str:
    for failure in fixed.report.failures:
        return f"{failure.filename}: {failure.message}"
    found = [each for each in fixed.report.diagnostics if each.code < "SML900"]
    if not found:
        return f"{script}: nothing was found, so there is nothing to verify"
    reasons = dict(_left(fixed))
    listed = "; ".join(f"{code}: {reasons[code]}" for code in sorted(reasons))
    return f"{script}: no finding could be fixed ({listed})"


def _left(fixed: Fixed) -> tuple[tuple[str, str], ...]:
    reasons = dict(fixed.refused)
    return tuple(
        (each.code, reasons.get(each, "the choice is the author's"))
        for each in fixed.report.diagnostics
        if each.code < "SML900"
    )


def _text(name: str, read: Callable[[str], bytes]) -> str:
    try:
        return program(name, read(name)).text
    except (OSError, Unreadable, CannotRun):
        return ""


@dataclass(slots=True)
class _Watching:
    """From findings to the rows that are watched, before and after."""

    root: str
    script: str
    examined: Examined
    fixed: Fixed
    read: Callable[[str], bytes]
    losses: dict[Spot, int] = field(default_factory=dict)
    logarithms: dict[Spot, int] = field(default_factory=dict)
    sources: dict[int, Place] = field(default_factory=dict)  # where a logarithm stands when it is fixed

    def prepared(self) -> Prepared:
        findings = tuple(dict.fromkeys(self._finding(each.diagnostic) for each in self.fixed.applied))
        old = {name: self.fixed.before[name] for name in self.fixed.files}
        return Prepared(
            self.root,
            self._relative(self.script),
            findings,
            replace(self._version(old, lambda name, row: row), sources=tuple(self._shared(findings))),
            self._version(self.fixed.files, self._moved()),
            tuple(self._patch(name) for name in sorted(self.fixed.files)),
            _left(self.fixed),
        )

    def _finding(self, diagnostic: Diagnostic) -> Finding:
        own = [joint for joint in self.examined.joints if _concerns(joint, diagnostic)]
        watched: list[int] = []
        produced = None
        for joint in own:
            if joint.pair is not None and joint.pair.meeting == LOSS:
                produced = produced or joint.pair.produced
                watched.append(self._number(self.losses, (joint.application, _family(joint.expected))))
            elif joint.pair is not None and joint.pair.meeting == LOG:
                watched.append(self._number(self.logarithms, (joint.application, joint.pair.produced)))
                self.sources[watched[-1]] = joint.pair.source
        rule = rules.find(diagnostic.code)
        return Finding(
            diagnostic.code,
            diagnostic.message,
            diagnostic.place,
            rule.kind if rule is not None else "warning",
            produced,
            tuple(dict.fromkeys(watched)),
        )

    def _shared(self, findings: Sequence[Finding]) -> Iterator[Line]:
        for number, finding in enumerate(findings):
            others = [other for other in findings if other is not finding and other.code == finding.code]
            if any(set(finding.watched) & set(other.watched) for other in others):
                place = finding.place
                text = program(
                    place.filename, self.fixed.before.get(place.filename) or self.read(place.filename)
                )
                rows = text.row(place.cell, place.row), text.row(place.cell, place.end_row)
                yield Line(number, runs_as(self._relative(place.filename)), *rows)

    def _number(self, known: dict[Spot, int], spot: Spot) -> int:
        return known.setdefault(spot, len(self.losses) + len(self.logarithms))

    def _version(self, changed: Mapping[str, bytes], moved: Callable[[str, int], int]) -> Version:
        programs: dict[str, Program] = {}

        def watched(number: int, place: Place, family: str) -> Watched:
            name = place.filename
            if name not in programs:
                programs[name] = program(name, self.fixed.before.get(name) or self.read(name))
            known = programs[name]
            row, end = known.row(place.cell, place.row), known.row(place.cell, place.end_row)
            functions = _around(known.text, row)
            return Watched(
                number, runs_as(self._relative(name)), moved(name, row), moved(name, end), functions, family
            )

        logarithms = [watched(number, *spot) for spot, number in self.logarithms.items()]
        if changed is self.fixed.files:
            logarithms += [
                watched(number, self.sources[number], family)
                for (_, family), number in self.logarithms.items()
            ]
        return Version(
            {self._relative(name): data for name, data in changed.items()},
            tuple(watched(number, *spot) for spot, number in self.losses.items()),
            tuple(logarithms),
        )

    def _moved(self) -> Callable[[str, int], int]:
        maps: dict[str, Callable[[int], int]] = {}

        def moved(name: str, row: int) -> int:
            if name not in self.fixed.files:
                return row
            if name not in maps:
                old = program(name, self.fixed.before[name]).text
                maps[name] = rows_between(old, program(name, self.fixed.files[name]).text)
            return maps[name](row)

        return moved

    def _relative(self, name: str) -> str:
        return os.path.relpath(name, self.root)

    def _patch(self, name: str) -> Patch:
        before = program(name, self.fixed.before[name]).text
        after = program(name, self.fixed.files[name]).text
        shown = self._relative(name)
        codes = tuple(sorted({each.diagnostic.code for each in self.fixed.applied}))
        return Patch(shown, before, after, diff(before, after, shown), codes)


def _family(expected: str | None) -> str:
    if expected is None:
        return ""
    return "sigmoid" if expected in (SIGMOID_LOGITS, BINARY) else "softmax"


def _concerns(joint: Joint, diagnostic: Diagnostic) -> bool:
    places = (joint.source, joint.sink, joint.application)
    return joint.code == diagnostic.code and diagnostic.place in places


def rows_between(before: str, after: str) -> Callable[[int], int]:
    """A function from rows of one text to rows of the other."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    blocks = matcher.get_opcodes()

    def moved(row: int) -> int:
        for _, low, high, start, end in blocks:
            if low < row <= high:
                return min(start + row - low, max(end, start + 1))
        return row

    return moved


def _around(text: str, row: int) -> tuple[str, ...]:
    """The functions that a row stands in."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= row <= (node.end_lineno or node.lineno)
    )
