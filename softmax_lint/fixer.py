"""Fix what was found: plan, try on an overlay, accept what makes nothing worse, write all or nothing.

Nothing here writes but `write`; `fix` gives the new bytes of files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from softmax_lint.diagnostic import Diagnostic, Edit, Failure, Fix, Place, Report, Verdict
from softmax_lint.edits.files import Files
from softmax_lint.edits.imports import tidy
from softmax_lint.edits.planner import Planned, plan
from softmax_lint.edits.tree import Refused, Text
from softmax_lint.edits.written import overlap, written
from softmax_lint.judging import Examined, Joint
from softmax_lint.source import Unreadable

MOST_ROUNDS = 10
_RANK = {"finding": 0, "undecided": 1, "not-judged": 2, "ok": 3}

Examine = Callable[[Mapping[str, bytes]], Examined]
Choose = Callable[[Report, Mapping[str, bytes]], Report]
Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Applied:
    """A finding that was fixed, with its place when it was."""

    diagnostic: Diagnostic
    fix: Fix


@dataclass(slots=True)
class Fixed:
    """The outcome. `files` has the new bytes of changed files, `before` the bytes they had when read.

    `report` is what is left, before suppressions; `refused` says why a finding of it has no fix that could be
    applied; `elsewhere` are files that a fix would have to change and must not. `groups` are the files that
    have to change together.
    """

    report: Report
    files: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    refused: list[tuple[Diagnostic, str]] = field(default_factory=list)
    unsafe_left: int = 0
    elsewhere: set[str] = field(default_factory=set)
    groups: list[tuple[str, ...]] = field(default_factory=list)


def suggest(examined: Examined, report: Report, read: Read) -> Report:
    """The report with the fixes of its findings, not tried yet: for editors and JSON."""
    files = Files(read, examined.paths, examined.touching)
    found: list[Diagnostic] = []
    failures = list(report.failures)
    for each in report.diagnostics:
        try:
            found.append(_with_fixes(each, plan(files, each, examined.joints)))
        except Exception as error:
            # A finding without a fix is better than none.
            if os.environ.get("SOFTMAX_LINT_DEBUG"):
                raise
            found.append(each)
            failures.append(
                Failure(each.place.filename, f"internal error in a fix: {type(error).__name__}: {error}")
            )
    return Report(tuple(found), report.verdicts, tuple(failures), report.files)


def _with_fixes(diagnostic: Diagnostic, planned: Planned) -> Diagnostic:
    from dataclasses import replace

    return replace(diagnostic, fixes=planned.fixes)


def fix(
    examine: Examine,
    choose: Choose,
    read: Read,
    writable: Iterable[str],
    *,
    unsafe: bool = False,
    reclassify: Callable[[str, str], str] = lambda code, applicability: applicability,
) -> Fixed:
    """Apply the first fix of every chosen finding, again and again until nothing changes.

    `examine(overlay)` runs the analysis with some files replaced, `choose(report, overlay)` leaves the
    findings that are wanted; `read` gives bytes and raises OSError. Only files in `writable` change.
    `reclassify(code, applicability)` gives the applicability that the user decided on.
    """
    may_write = frozenset(writable)
    read = _remembering(read)
    overlay: dict[str, bytes] = {}
    examined = examine(overlay)
    result = Fixed(choose(examined.report, overlay))
    for _ in range(MOST_ROUNDS):
        run = _Round(examine, read, overlay, examined, reclassify)
        proposals = run.propose(result.report.diagnostics, may_write, unsafe)
        accepted = run.accept(proposals)
        result.refused, result.unsafe_left = run.refused, run.unsafe_left
        result.elsewhere = run.elsewhere
        if not accepted:
            break
        for diagnostic, chosen in accepted:
            result.applied.append(Applied(diagnostic, chosen))
            names = tuple(dict.fromkeys(edit.place.filename for edit in chosen.edits))
            # The file of the loss comes last: a fix that is half done must show in the next run.
            sinks = {other.place.filename for other in diagnostic.related if other.role == "sink"}
            result.groups.append(tuple(sorted(names, key=lambda name: name in sinks)))
            for name in names:
                result.before.setdefault(name, read(name))
        overlay = run.overlay
        examined = run.examined
        result.report = choose(examined.report, overlay)
    files = Files(read, examined.paths, examined.touching)
    tidied = {name: tidy(name, result.before[name], data, files) for name, data in overlay.items()}
    if tidied != overlay:
        after = examine(tidied)
        if _tally(after) == _tally(examined):
            overlay, result.report = tidied, choose(after.report, tidied)
    result.files = {name: data for name, data in overlay.items() if data != result.before[name]}
    return result


def _tally(examined: Examined) -> Counter[tuple[str, str]]:
    """What was found and judged in each file, wherever in it."""
    report = examined.report
    found = [(each.place.filename, each.code) for each in report.diagnostics]
    return Counter(found + [(each.place.filename, each.verdict) for each in report.verdicts])


def _remembering(read: Read) -> Read:
    """Each file is read once: what is written back replaces the bytes that were edited, or nothing."""
    known: dict[str, bytes] = {}

    def once(filename: str) -> bytes:
        if filename not in known:
            known[filename] = read(filename)
        return known[filename]

    return once


Proposal = tuple[Diagnostic, Fix]


class _Round:
    """One round: every finding gets its chance once."""

    def __init__(
        self,
        examine: Examine,
        read: Read,
        overlay: Mapping[str, bytes],
        examined: Examined,
        reclassify: Callable[[str, str], str],
    ) -> None:
        self._examine = examine
        self._disk = read
        self._reclassify = reclassify
        self.overlay = dict(overlay)
        self.examined = examined
        self._start = dict(overlay)
        self._first = examined
        self.refused: list[tuple[Diagnostic, str]] = []
        self.unsafe_left = 0
        self.elsewhere: set[str] = set()

    def _read_before(self, filename: str) -> bytes:
        return self._start[filename] if filename in self._start else self._disk(filename)

    def propose(
        self, diagnostics: Sequence[Diagnostic], may_write: frozenset[str], unsafe: bool
    ) -> list[Proposal]:
        """The fixes to try. Of two that touch the same text the first wins; the other waits a round."""
        files = Files(self._read_before, self.examined.paths, self.examined.touching)
        chosen: list[Proposal] = []
        taken: list[Edit] = []
        for diagnostic in diagnostics:
            planned = plan(files, diagnostic, self.examined.joints, alternatives=False)
            if not planned.fixes:
                if planned.refusals:
                    self.refused.append((diagnostic, planned.refusals[0]))
                continue
            first = planned.fixes[0]
            applicability = self._reclassify(diagnostic.code, first.applicability)
            if applicability == "display":
                continue
            if applicability == "unsafe" and not unsafe:
                self.unsafe_left += 1
                continue
            outside = {edit.place.filename for edit in first.edits} - may_write
            if outside:
                self.elsewhere |= outside
                self.refused.append((diagnostic, "the fix has to change files that were not given"))
                continue
            new = [edit for edit in first.edits if edit not in taken]
            if new and overlap([*taken, *new]):
                continue
            taken += new
            chosen.append((diagnostic, first))
        return chosen

    def accept(self, proposals: list[Proposal]) -> list[Proposal]:
        """Try fixes together. Where that goes wrong, those that touch the files in question are tried again,
        one of each file at a time. All accepted ones are in the overlay."""
        accepted: list[Proposal] = []
        pending = [proposals] if proposals else []
        while pending:
            batch = pending.pop(0)
            problems = self._try(accepted, batch)
            if not problems:
                accepted += batch
                continue
            suspects = [each for each in batch if _files_of(each) & problems.keys()]
            innocent = [each for each in batch if each not in suspects]
            if len(batch) == 1 or (suspects and len(_waves(batch)) == 1):
                # No two share a file: each knows its own problem.
                for each in suspects or batch:
                    known = _files_of(each) & problems.keys() or problems.keys()
                    self.refused.append((each[0], problems[min(known)]))
                pending[:0] = [innocent] if suspects and innocent else []
            elif suspects:
                pending[:0] = ([innocent] if innocent else []) + _waves(suspects)
            else:
                pending[:0] = [[each] for each in batch]
        return accepted

    def _try(self, accepted: list[Proposal], batch: list[Proposal]) -> dict[str, str]:
        """What is wrong with more fixes, by file; when nothing is, they are in the overlay."""
        edits = list(dict.fromkeys(edit for _, fix in [*accepted, *batch] for edit in fix.edits))
        overlay = dict(self._start)
        by_file: dict[str, list[Edit]] = {}
        for edit in edits:
            by_file.setdefault(edit.place.filename, []).append(edit)
        for filename, own in by_file.items():
            try:
                overlay[filename] = written(filename, self._read_before(filename), own)
            except (Refused, Unreadable) as error:
                return {filename: str(error)}
        after = self._examine(overlay)
        old = Files(self._read_before)
        new = Files(lambda name: overlay[name] if name in overlay else self._disk(name))
        targets = [diagnostic for diagnostic, _ in [*accepted, *batch]]
        try:
            problems = _worse(self._first, after, targets, _Moves(old, new, edits))
        except Refused as refusal:
            return {"": str(refusal)}
        if not problems:
            self.overlay, self.examined = overlay, after
        return problems


def _files_of(proposal: Proposal) -> set[str]:
    return {edit.place.filename for edit in proposal[1].edits}


def _waves(proposals: Sequence[Proposal]) -> list[list[Proposal]]:
    """Groups in which no two fixes touch the same file."""
    waves: list[tuple[set[str], list[Proposal]]] = []
    for each in proposals:
        names = _files_of(each)
        for taken, wave in waves:
            # The same edits may be the fix of several findings.
            if not taken & names or any(each[1].edits == other.edits for _, other in wave):
                taken |= names
                wave.append(each)
                break
        else:
            waves.append((names, [each]))
    return [wave for _, wave in waves]


class _Moves:
    """Where places are after some edits."""

    def __init__(self, old: Files, new: Files, edits: Sequence[Edit]) -> None:
        self._old = old
        self._new = new
        self._edits: dict[tuple[str, int | None], list[Edit]] = {}
        for edit in edits:
            self._edits.setdefault((edit.place.filename, edit.place.cell), []).append(edit)

    def start(self, place: Place) -> tuple[str, int, int, int]:
        """File, cell (0 for none), row and column of the start of a place."""
        edits = self._edits.get((place.filename, place.cell))
        if not edits:
            return place.filename, place.cell or 0, place.row, place.column
        old: Text = self._old.text(place)
        at = old.offset(place.row, place.column)
        moved = at
        for edit in edits:
            start, end = old.span(edit.place)
            if end <= at and (start < end or start <= at):
                moved += len(edit.content) - (end - start)
            elif start < at:
                moved += len(edit.content) - (at - start)
        row, column = self._new.text(place).position(max(moved, 0))
        return place.filename, place.cell or 0, row, column


def _worse(before: Examined, after: Examined, targets: Sequence[Diagnostic], moves: _Moves) -> dict[str, str]:
    """What the edits made worse, or that they did not help, by the file where that shows."""
    problems = {
        failure.filename: failure.message
        for failure in after.report.failures
        if failure not in before.report.failures
    }

    def key(diagnostic: Diagnostic, moved: bool) -> tuple[str, str, int, int, int]:
        place = diagnostic.place
        start = moves.start(place) if moved else (place.filename, place.cell or 0, place.row, place.column)
        filename, cell, row, column = start
        return diagnostic.code, filename, cell, row, column

    had = Counter(key(each, True) for each in before.report.diagnostics)
    has = Counter(key(each, False) for each in after.report.diagnostics)
    for target in targets:
        where = key(target, True)
        if has[where] and has[where] >= had[where]:
            problems.setdefault(where[1], "the finding would stay")
    # Behind a removed activation another one may come to light: the next round's business.
    ends = {(each.code, *moves.start(sink)) for each in targets for sink in _sinks(each)}
    uncovered = {
        key(each, False)
        for each in after.report.diagnostics
        for sink in _sinks(each)
        if (each.code, sink.filename, sink.cell or 0, sink.row, sink.column) in ends
    }
    # Where a loss takes raw scores for what they are, what reads them as probabilities comes to light.
    scores = {
        moves.start(place)
        for each in targets
        if each.code in ("SML003", "SML103")
        for place in (each.place, *(other.place for other in each.related))
    }
    uncovered |= {
        key(each, False)
        for each in after.report.diagnostics
        if each.code in ("SML301", "SML302") and any(_start(other.place) in scores for other in each.related)
    }
    for new in has - had:
        if new not in uncovered:
            problems.setdefault(new[1], f"there would be a new finding: {new[0]}")
    left = {(_start(joint.sink), _produced(joint)) for joint in after.joints if joint.row == "layer"}
    for joint in before.joints:
        if joint.row == "layer" and (moves.start(joint.sink), _produced(joint)) not in left:
            problems.setdefault(joint.sink.filename, "a layer takes the output")
    for filename, problem in _worse_verdicts(before, after, moves):
        problems.setdefault(filename, problem)
    return problems


def _produced(joint: Joint) -> str | None:
    return joint.pair.produced if joint.pair is not None else None


def _start(place: Place) -> tuple[str, int, int, int]:
    return place.filename, place.cell or 0, place.row, place.column


def _sinks(diagnostic: Diagnostic) -> list[Place]:
    return [other.place for other in diagnostic.related if other.role == "sink"]


def _worse_verdicts(before: Examined, after: Examined, moves: _Moves) -> Iterator[tuple[str, str]]:
    # An activation whose input nobody knows leaves an output that nobody knows.
    unknown = {joint.application for joint in before.joints if joint.pair is None or joint.layer is None}
    now: dict[tuple[str, int, int, int], str] = {}
    for verdict in after.report.verdicts:
        place = verdict.place
        start = (place.filename, place.cell or 0, place.row, place.column)
        now[start] = min(now.get(start, "ok"), verdict.verdict, key=lambda word: _RANK[word])
    was: dict[tuple[str, int, int, int], list[Verdict]] = {}
    for verdict in before.report.verdicts:
        was.setdefault(moves.start(verdict.place), []).append(verdict)
    for start, verdicts in was.items():
        new = now.get(start)
        worst = min((verdict.verdict for verdict in verdicts), key=lambda word: _RANK[word])
        if new is None:
            yield start[0], "a loss would no longer be found"
        elif _RANK[new] < _RANK[worst]:
            yield start[0], f"a loss that is {worst} would be {new}"
        elif worst == "finding" and new == "undecided" and verdicts[0].place not in unknown:
            yield start[0], "the loss could no longer be followed"


__all__ = ["Applied", "Fixed", "fix", "suggest"]
