"""``--fix`` and its relatives: what `check` does to files before it reports what is left."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from softmax_lint import baseline
from softmax_lint.commands.analysis import load_rules
from softmax_lint.commands.inputs import Inputs, Request
from softmax_lint.commands.terminal import complain, write
from softmax_lint.commands.wish import Wish
from softmax_lint.concerned import concerned
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.lines import lines_of, reader
from softmax_lint.reporters.names import counted, located, shown
from softmax_lint.suppression import apply

CLEAN, FOUND, FAILED = 0, 1, 2

if TYPE_CHECKING:
    from softmax_lint.fixer import Fixed
    from softmax_lint.judging import Examined
    from softmax_lint.memory import Memory
    from softmax_lint.touching import About


@dataclass(frozen=True, slots=True)
class Repaired:
    """What is left to report, before suppressions, and the inputs as they are now."""

    report: Report
    inputs: Inputs
    summary: str
    changes: bool  # whether a diff is not empty
    stdin: bytes | None = None  # what standard input becomes

    def end(self, wish: Wish, request: Request, complete: bool) -> int:
        """The exit status of a run that reports nothing that is left."""
        if self.stdin is not None and not wish.diff:
            sys.stdout.flush()
            sys.stdout.buffer.write(self.stdin)
            sys.stdout.buffer.flush()
        if self.summary and not request.quiet:
            sys.stderr.write(f"{self.summary}\n")
        if self.report.failures or not complete:
            return FAILED
        return FOUND if wish.diff and self.changes else CLEAN


def repair(inputs: Inputs, request: Request, wish: Wish) -> Repaired:
    """Fix the files of `inputs`; for a diff only show what would change. Complains about failures."""
    from softmax_lint.fixer import Fixed, fix
    from softmax_lint.memory import Memory
    from softmax_lint.project import check, spelled

    known = inputs.overlay
    # What does not change from one trial to the next is read and lowered once.
    memory = Memory(None, spelled(inputs.settings.rows))

    def repaired(about: About | None) -> Fixed:
        return fix(
            lambda overlay: _examine(inputs, {**known, **overlay}, memory, about),
            choose,
            reader(known),
            inputs.files,
            unsafe=bool(wish.unsafe),
            reclassify=_reclassifier(inputs.settings),
        )

    def checked(overlay: Mapping[str, bytes]) -> Report:
        overlay = {**known, **overlay}
        report = check(inputs.files, settings=inputs.settings, overlay=overlay or None, located=False)
        return choose(report, overlay)

    def choose(report: Report, overlay: Mapping[str, bytes]) -> Report:
        return _chosen(report, inputs, {**known, **overlay})

    # Planning takes far more than checking, and most files have no finding: these cost what a check costs.
    found = checked({})
    outcome = Fixed(found)
    if found.diagnostics:
        outcome = repaired(concerned(found.diagnostics, reader(known)))
        outcome.report = checked(outcome.files) if outcome.files else found
        if _has_new(outcome.report, found):
            outcome = repaired(None)
    for failure in outcome.report.failures:
        complain(f"{shown(failure.filename, os.getcwd())}: {failure.message}", request.color)
    if wish.diff:
        write(_diff(outcome, request))
    elif wish.show:
        _show(outcome)
    written = dict(outcome.files)
    if not wish.diff:
        written = _write(outcome, known, request)
    if request.verbose or wish.diff or wish.show:
        for diagnostic, reason in outcome.refused:
            where = located(diagnostic.place, os.getcwd())
            complain(f"{where}: {diagnostic.code} was not fixed: {reason}", request.color, "note")
    if outcome.elsewhere:
        others = " ".join(shown(name, os.getcwd()) for name in sorted(outcome.elsewhere))
        complain(f"fixes need more files: softmax-lint --fix {others}", request.color, "note")
    after = replace(inputs, overlay={**known, **{n: data for n, data in written.items() if n in known}})
    stdin = next((written.get(name, data) for name, data in known.items()), None)
    return Repaired(outcome.report, after, _summary(outcome, wish), bool(written), stdin)


def suggested(report: Report, inputs: Inputs, request: Request) -> Report:
    """The report over `inputs`, before suppressions, with fixes in its findings."""
    from softmax_lint.fixer import suggest

    if not report.diagnostics:
        return report
    about = concerned(report.diagnostics, reader(inputs.overlay))
    examined = _examine(inputs, inputs.overlay, None, about)
    found = {(each.code, each.place) for each in examined.report.diagnostics}
    if not all((each.code, each.place) in found for each in report.diagnostics):
        examined = _examine(inputs, inputs.overlay, None, None)
    suggestions = suggest(examined, report, reader(inputs.overlay))
    for failure in suggestions.failures[len(report.failures) :]:
        complain(f"{shown(failure.filename, os.getcwd())}: {failure.message}", request.color)
    return suggestions


def _has_new(after: Report, before: Report) -> bool:
    """Whether some file has more findings of some code than before."""

    def counts(report: Report) -> Counter[tuple[str, str]]:
        return Counter((each.place.filename, each.code) for each in report.diagnostics)

    return bool(counts(after) - counts(before))


def _examine(
    inputs: Inputs, overlay: Mapping[str, bytes], memory: Memory | None, about: About | None
) -> Examined:
    from softmax_lint.project import examine

    return examine(
        inputs.files, settings=inputs.settings, overlay=overlay or None, memory=memory, about=about
    )


def _chosen(report: Report, inputs: Inputs, overlay: Mapping[str, bytes]) -> Report:
    read = reader(overlay)
    kept = apply(report, inputs.files, inputs.settings, load_rules(), read).report
    if inputs.settings.baseline is not None:
        kept, _ = baseline.apply(kept, inputs.settings.baseline, lines_of(read))
    return kept


def _reclassifier(settings: Settings) -> Callable[[str, str], str]:
    def reclassify(code: str, applicability: str) -> str:
        if applicability == "safe" and code in settings.unsafe_codes:
            return "unsafe"
        if applicability == "unsafe" and code in settings.safe_codes - settings.unsafe_codes:
            return "safe"
        return applicability

    return reclassify


def _write(outcome: Fixed, known: Mapping[str, bytes], request: Request) -> dict[str, bytes]:
    """Write what changed, but for standard input; gives what is as wanted now."""
    from softmax_lint.edits.replace import replace_all

    on_disk = {name: data for name, data in outcome.files.items() if name not in known}
    done, stale = replace_all(outcome.groups, on_disk, outcome.before)
    for name in stale:
        complain(f"{shown(name, os.getcwd())}: changed while it was checked, not fixed", request.color)
    return {name: data for name, data in outcome.files.items() if name in known or name in done}


def _diff(outcome: Fixed, request: Request) -> str:
    import difflib

    from softmax_lint.edits.written import text_of

    parts: list[str] = []
    for name in sorted(outcome.files):
        label = shown(name, os.getcwd())
        old = text_of(name, outcome.before[name]).splitlines(keepends=True)
        new = text_of(name, outcome.files[name]).splitlines(keepends=True)
        for line in difflib.unified_diff(old, new, label, label):
            parts.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(parts)


def _show(outcome: Fixed) -> None:
    for each in outcome.applied:
        where = located(each.diagnostic.place, os.getcwd())
        sys.stderr.write(f"{where}: {each.diagnostic.code} {each.fix.message} ({each.fix.applicability})\n")


def _summary(outcome: Fixed, wish: Wish) -> str:
    """``fixed 3 (2 files), 1 more with --unsafe-fixes``; empty where there is nothing to say."""
    verb = "would fix" if wish.diff else "fixed"
    parts = []
    if outcome.applied:
        parts.append(f"{verb} {len(outcome.applied)} ({counted(len(outcome.files), 'file')})")
    if outcome.unsafe_left:
        more = " more" if parts else ""
        parts.append(f"{outcome.unsafe_left}{more} with --unsafe-fixes")
    return ", ".join(parts)
