"""Every fixture gives exactly the findings, related ends and verdicts that its comments promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from expectations import (
    Expectations,
    Row,
    files_of,
    fixtures,
    isolate,
    name_of,
    read_expectations,
    row_of,
    setting,
)

from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.lines import reader
from softmax_lint.project import check
from softmax_lint.rules import RULES
from softmax_lint.suppression import apply


def settings_for(expectations: Expectations, root: Path) -> Settings:
    """Default settings, but for ``select: ALL`` and ``keras-backend: X`` in the fixture's header."""
    everything = frozenset(rule.code for rule in RULES)
    backends = {name: name for name in ("tensorflow", "torch", "jax")}
    return Settings(
        root=str(root),
        selected=everything,
        opted_in=everything if setting(expectations, "select", {"ALL": "ALL"}) else frozenset(),
        keras_backend=setting(expectations, "keras-backend", backends),
        cache=False,
    )


def run(files: Sequence[Path], settings: Settings) -> Report:
    """The report over `files`, after suppressions."""
    names = [str(path) for path in files]
    report = check(names, settings=settings)
    return apply(report, names, settings, RULES, reader({})).report


def differences(report: Report, expectations: Expectations) -> list[str]:
    """What the report has that nobody expects, and the reverse; empty when they agree."""

    def spell(row: Row) -> str:
        cell = f"cell {row.cell}:" if row.cell is not None else ""
        return f"{Path(row.filename).name}:{cell}{row.row}"

    problems = [f"failure: {each.filename}: {each.message}" for each in report.failures]
    wanted = Counter((row, code) for row, code, _ in expectations.expected)
    found = Counter((row_of(each.place), each.code) for each in report.diagnostics)
    problems += [f"unexpected: {spell(row)} {code}" for row, code in sorted((found - wanted).elements())]
    problems += [f"missing: {spell(row)} {code}" for row, code in sorted((wanted - found).elements())]

    for row, code, severity in expectations.expected:
        severities = {
            each.severity for each in report.diagnostics if row_of(each.place) == row and each.code == code
        }
        if severity is not None and severities and severities != {severity}:
            problems.append(f"severity: {spell(row)} {code} is {sorted(severities)}, not {severity}")

    ends = {
        (row_of(other.place), each.code, other.role) for each in report.diagnostics for other in each.related
    }
    problems += [
        f"missing related: {spell(row)} {code} {role}"
        for row, code, role in expectations.related
        if (row, code, role) not in ends
    ]
    for row, forbidden in expectations.forbidden:
        hits = [each.code for each in report.diagnostics if row_of(each.place) == row]
        if forbidden is not None:
            hits = [hit for hit in hits if hit == forbidden]
        problems += [f"forbidden: {spell(row)} {hit}" for hit in hits]
    for row, verdict in expectations.verdicts:
        given = sorted({each.verdict for each in report.verdicts if row_of(each.place) == row})
        if given != [verdict]:
            problems.append(f"verdict: {spell(row)} is {given}, not {verdict}")
    return problems


def check_fixture(fixture: Path, folder: Path) -> Report:
    """The report over a copy of `fixture` in `folder`, when it says what the comments promise."""
    copy = isolate(fixture, folder)
    expectations = read_expectations(copy)
    report = run(files_of(copy), settings_for(expectations, copy if copy.is_dir() else copy.parent))
    problems = differences(report, expectations)
    assert not problems, "\n" + "\n".join(problems)
    return report


@pytest.mark.parametrize("fixture", fixtures(), ids=name_of)
def test_fixture(fixture: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    pending = read_expectations(fixture).all_of("pending")
    if pending:
        request.node.add_marker(pytest.mark.xfail(reason=pending[0], strict=True))
    check_fixture(fixture, tmp_path)


def test_seed_program_has_one_finding_with_both_ends(tmp_path: Path) -> None:
    fixture = next(path for path in fixtures() if name_of(path) == "mnist/seed.py")
    (finding,) = check_fixture(fixture, tmp_path).diagnostics
    assert finding.code == "SML001"
    assert "sink" in {other.role for other in finding.related}
