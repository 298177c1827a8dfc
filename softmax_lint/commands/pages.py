"""The help of commands with many options: in groups, with what belongs together on one line.

A page fits a terminal of 80 columns and 24 rows, with the prompt below it; a test counts, and compares it with the
options that there are. It does for narrow terminals, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

# Heading → (options, what they do).
Page = Mapping[str, tuple[tuple[str, str], ...]]

_EXCLUDES = (
    ("--exclude, --extend-exclude PATTERNS", "leave out; besides defaults"),
    ("--[no-]respect-gitignore, --force-exclude", "heed it; exclude named files"),
    ("--stdin-filename FILE", "the name of what - reads"),
)
_VOICE = (("-q --quiet, -v --verbose, --color WHEN", "WHEN: auto, always, never"),)
_RUN = (
    ("--config FILE|KEY=VALUE, --isolated", "other settings; none"),
    ("-n --no-cache, --cache-dir FOLDER", "where results are kept"),
    ("--jobs N, --reference", "processes; LibCST for all"),
)
_CHECK: Page = {
    "Rules": (
        ("--select, --ignore, --extend-select RULES", "codes, prefixes, names or ALL"),
        ("--per-file-ignores PATTERN:RULE,...", "not to check where it matches"),
        ("--baseline, --write-baseline FILE", "leave old findings out; note"),
        ("--add-noqa", "write ignore comments"),
    ),
    "Fixes": (
        ("--[no-]fix, --[no-]unsafe-fixes", "apply safe fixes; unsafe, too"),
        ("--diff, --fix-only, --[no-]show-fixes", "show; no report; list them"),
    ),
    "Files": _EXCLUDES,
    "Output": (
        ("--output-format FORMAT", "text, json, sarif, github..."),
        ("-o --output-file FILE", "where findings go"),
        ("--statistics, -e --exit-zero", "count by rule; exit with 0"),
        *_VOICE,
    ),
    "Runs": (*_RUN, ("-w --watch, -h --help", "again at changes; this page")),
}
_PAIRS: Page = {
    "Files": _EXCLUDES,
    "Output": (("--output-format FORMAT", "text or json"), *_VOICE),
    "Runs": (*_RUN, ("-h --help", "this page")),
}
_VERIFY: Page = {
    "Programs": (
        ("--only NAMES", "some of them, or of the backends"),
        ("--data PATH, --download", "other digits than the 5,000 bundled"),
        ("--quick, --seeds N, --epochs N", "how long it takes, how sure it is"),
    ),
    "Script": (
        ("-y --yes", "run it without asking"),
        ("--steps N, --seed N", "losses to compare; the seed of both"),
        ("--timeout SECONDS, --memory MB", "what each run may take"),
    ),
    "Output": (
        ("--json, --report FILE", "no table; a page with plots and diffs"),
        ("-q --quiet, --color WHEN", "no progress; auto, always, never"),
        ("-h --help", "this page"),
    ),
}
PAGES: Mapping[str, Page] = {"check": _CHECK, "pairs": _PAIRS, "verify": _VERIFY}


def lines(page: Page, width: int) -> Iterator[str]:
    """The lines of a page for a terminal with `width` columns."""
    margin = max(map(len, page)) + 1
    widest = max(len(options) for group in page.values() for options, _ in group)
    room = width - margin - widest - 2
    for heading, group in page.items():
        label = heading
        for options, about in group:
            if room >= 20:
                first, *more = textwrap.wrap(about, room)
                yield f"{label:{margin}}{options:{widest}}  {first}"
                yield from (" " * (margin + widest + 2) + line for line in more)
            else:
                yield from textwrap.wrap(f"{label:{margin}}{options}", width, subsequent_indent=" " * margin)
                indent = " " * (margin + 4)
                yield from textwrap.wrap(about, width, initial_indent=indent, subsequent_indent=indent)
            label = ""
