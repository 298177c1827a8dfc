"""Fix what was found: plan, try on an overlay, accept what makes nothing worse, write all or nothing.

Nothing here writes but `write`; `fix` gives the new bytes of files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from softmax_lint.diagnostic import Diagnostic, Edit, Fix, Place, Report
from softmax_lint.edits.files import Files
from softmax_lint.edits.planner import Planned, plan
from softmax_lint.edits.tree import Refused, Text
from softmax_lint.edits.written import overlap, written
from softmax_lint.judging import Examined
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
    files = Files(read)
    found = tuple(
        _with_fixes(each, plan(files, each, examined.joints, examined.paths)) for each in report.diagnostics
    )
    return Report(found, report.verdicts, report.failures, report.files)


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
    result.files = {name: data for name, data in overlay.items() if data != result.before[name]}
    return result


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
        self.refused: list[tuple[Diagnostic, str]] = []
        self.unsafe_left = 0
        self.elsewhere: set[str] = set()

    def _read(self, filename: str) -> bytes:
        return self.overlay[filename] if filename in self.overlay else self._disk(filename)

    def propose(
        self, diagnostics: Sequence[Diagnostic], may_write: frozenset[str], unsafe: bool
    ) -> list[Proposal]:
        """The fixes to try. Of two that touch the same text the first wins; the other waits a round."""
        files = Files(self._read)
        chosen: list[Proposal] = []
        taken: list[Edit] = []
        for diagnostic in diagnostics:
            planned = plan(files, diagnostic, self.examined.joints, self.examined.paths)
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
            if not new or overlap([*taken, *new]):
                continue
            taken += new
            chosen.append((diagnostic, first))
        return chosen

    def accept(self, proposals: list[Proposal]) -> list[Proposal]:
        """Try fixes together, and by halves where that goes wrong. All accepted ones are in the overlay."""
        accepted: list[Proposal] = []
        pending = [proposals] if proposals else []
        moved: list[Edit] = []
        while pending:
            batch = pending.pop(0)
            edits = list(dict.fromkeys(edit for _, fix in [*accepted, *batch] for edit in fix.edits))
            problem = self._try(batch, edits)
            if problem is None:
                accepted += batch
                moved = edits
            elif len(batch) == 1:
                self.refused.append((batch[0][0], problem))
            else:
                half = len(batch) // 2
                pending[:0] = [batch[:half], batch[half:]]
        if accepted:
            self.overlay, self.examined = self._results[tuple(moved)]
        return accepted

    _results: dict[tuple[Edit, ...], tuple[dict[str, bytes], Examined]]

    def _try(self, batch: list[Proposal], edits: list[Edit]) -> str | None:
        """Why the edits are not acceptable, None when they are."""
        self._results = getattr(self, "_results", {})
        overlay = dict(self.overlay)
        by_file: dict[str, list[Edit]] = {}
        for edit in edits:
            by_file.setdefault(edit.place.filename, []).append(edit)
        try:
            for filename, own in by_file.items():
                overlay[filename] = written(filename, self._read(filename), own)
            after = self._examine(overlay)
            old, new = (
                Files(self._read),
                Files(lambda name: overlay[name] if name in overlay else self._disk(name)),
            )
            problem = _worse(self.examined, after, [each for each, _ in batch], _Moves(old, new, edits))
        except Refused as refusal:
            return str(refusal)
        except Unreadable as error:
            return f"the file cannot be read: {error}"
        if problem is None:
            self._results[tuple(edits)] = (overlay, after)
        return problem


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


def _worse(before: Examined, after: Examined, targets: Sequence[Diagnostic], moves: _Moves) -> str | None:
    """What the edits made worse, or that they did not help; None when all is well."""
    if len(after.report.failures) > len(before.report.failures):
        return after.report.failures[-1].message

    def key(diagnostic: Diagnostic, moved: bool) -> tuple[object, ...]:
        place = diagnostic.place
        start = moves.start(place) if moved else (place.filename, place.cell or 0, place.row, place.column)
        return diagnostic.code, *start

    had = Counter(key(each, True) for each in before.report.diagnostics)
    has = Counter(key(each, False) for each in after.report.diagnostics)
    for target in targets:
        where = key(target, True)
        if has[where] and has[where] >= had[where]:
            return "the finding would stay"
    added = has - had
    if added:
        code = str(next(iter(added))[0])
        return f"there would be a new finding: {code}"
    return _worse_verdict(before, after, moves)


def _worse_verdict(before: Examined, after: Examined, moves: _Moves) -> str | None:
    unknown = {joint.application for joint in before.joints if joint.pair is None}
    now: dict[tuple[object, ...], str] = {}
    for verdict in after.report.verdicts:
        place = verdict.place
        start = (place.filename, place.cell or 0, place.row, place.column)
        now[start] = min(now.get(start, "ok"), verdict.verdict, key=lambda word: _RANK[word])
    for verdict in before.report.verdicts:
        new = now.get(moves.start(verdict.place))
        if new is None:
            return "a loss would no longer be found"
        if _RANK[new] < _RANK[verdict.verdict]:
            return f"a loss that is {verdict.verdict} would be {new}"
        if verdict.verdict == "finding" and new == "undecided" and verdict.place not in unknown:
            return "the loss could no longer be followed"
    return None


__all__ = ["Applied", "Fixed", "fix", "suggest"]
