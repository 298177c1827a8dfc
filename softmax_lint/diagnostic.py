"""What a run gives back: diagnostics, verdicts and failures, as plain values.

Nothing here knows a syntax tree, a terminal or an editor protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SEVERITIES = ("error", "warning", "info")
VERDICTS = ("ok", "finding", "not-judged", "undecided")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span of source. Rows count from 1 (inside the cell, for notebooks), columns are 1-based code points,
    the end is exclusive. `cell` is the 1-based position among all cells of a notebook, None otherwise."""

    filename: str
    cell: int | None
    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Related:
    """Another end of a finding. `role` is source, built, output, sink, meets or use."""

    role: str
    message: str
    place: Place


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `place` by `content`."""

    place: Place
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together. `applicability` is safe, unsafe or display."""

    applicability: str
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `noqa_row` is the row where an editor would put a suppression (last row of the statement)."""

    code: str
    name: str
    severity: str
    message: str
    place: Place
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    noqa_row: int | None = None

    @property
    def places(self) -> tuple[Place, ...]:
        """All places that it names, its own first."""
        return (self.place, *(each.place for each in self.related))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one loss application or `compile`. `verdict` is one of VERDICTS."""

    place: Place
    verdict: str
    codes: tuple[str, ...] = ()
    reason: str | None = None
    produced: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Something the run could not do: an unreadable file, an internal error. Leads to exit status 2."""

    filename: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run over some paths, sorted by place. `silencing` are the files that may hold
    suppressions meant for this linter alone; None: nobody looked. `assumed` are names that nothing binds and
    everybody knows: (file, name, what it was taken for)."""

    diagnostics: tuple[Diagnostic, ...]
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...] = ()
    files: int = 0
    silencing: tuple[str, ...] | None = field(default=None, compare=False)
    assumed: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)


def diagnostics_in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place and code; the rest decides where these are the same, so that no order of runs shows."""
    return tuple(sorted(found, key=lambda each: (_order(each.place), each.code, repr(each))))


def verdicts_in_order(found: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """As `diagnostics_in_order`."""
    return tuple(sorted(found, key=lambda each: (_order(each.place), repr(each))))


def _order(place: Place) -> tuple[str, int, int, int]:
    return place.filename, place.cell or 0, place.row, place.column
