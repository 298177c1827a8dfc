"""Whether the screen changes what is found: every folder is checked with it and without it.

    python benchmarks/screening.py FOLDER…

Losses that take anything are counted where the screen leads, so verdicts "not-judged" are left out. Exits
with 1 when an outcome differs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from softmax_lint import project, rules, screen
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report

CODES = frozenset(rule.code for rule in rules.RULES)
Candidates = Callable[[screen.Index], frozenset[str]]


def outcome(folder: str, candidates: Candidates) -> tuple[list[str], int, float]:
    """(findings and verdicts, how many files were run, seconds) of a folder."""
    ran: list[int] = []

    def counting(index: screen.Index) -> frozenset[str]:
        chosen = candidates(index)
        ran.append(len(chosen))
        return chosen

    before = screen.Index.candidates
    setattr(screen.Index, "candidates", counting)  # noqa: B010
    started = time.perf_counter()
    try:
        report = project.check([folder], settings=Settings(folder, selected=CODES, opted_in=CODES))
    finally:
        setattr(screen.Index, "candidates", before)  # noqa: B010
    return lines(report), sum(ran), time.perf_counter() - started


def lines(report: Report) -> list[str]:
    judged = [verdict for verdict in report.verdicts if verdict.verdict != "not-judged"]
    return [str(each) for each in (*report.diagnostics, *judged, *report.failures)]


def main() -> int:
    differs = False
    for folder in sys.argv[1:]:
        screened, few, fast = outcome(folder, screen.Index.candidates)
        unscreened, all_, slow = outcome(folder, lambda index: frozenset(index._known))
        print(
            f"{folder}: {few} of {all_} files, {fast:.1f} s instead of {slow:.1f} s, {len(screened)} outcomes"
        )
        for sign, only in (("-", set(screened)), ("+", set(unscreened))):
            for line in sorted(only - (set(unscreened) if sign == "-" else set(screened))):
                differs = True
                print(f"  {sign} {line}")
    return differs


if __name__ == "__main__":
    sys.exit(main())
