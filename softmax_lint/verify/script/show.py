"""The outcome for people, and as JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from softmax_lint.diagnostic import Place
from softmax_lint.verify.results import Check
from softmax_lint.verify.script.compare import Judged
from softmax_lint.verify.script.launch import Ended
from softmax_lint.verify.script.prepare import Prepared

_WORDS = {True: "held", False: "FAILED", None: "-"}
_COLORS = {True: "32", False: "1;31", None: "2"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is shown. `drift` is the largest difference of a weight after one step from equal weights, None
    where it was not measured."""

    prepared: Prepared
    judged: tuple[Judged, ...]
    checks: tuple[Check, ...]
    before: Ended
    after: Ended
    drift: float | None
    status: int


def as_text(outcome: Outcome, color: bool) -> str:
    """A table of checks for each finding, what the defect cost, and the verdict."""
    lines: list[str] = []
    for each in outcome.judged:
        finding = each.finding
        lines.append(f"{located(finding.place)} {finding.code} ({finding.kind})")
        if not finding.watched:
            lines.append("  not checked: it is about a value that no loss sees")
            continue
        if not each.reached:
            lines.append("  not reached: its loss was not evaluated in this run")
            continue
        lines += [_line(check, color) for check in each.checks]
        lines += [f"  cost            {fact}" for fact in each.cost]
    lines.append(f"{outcome.prepared.script} as a whole")
    lines += [_line(check, color) for check in outcome.checks]
    if outcome.drift is not None:
        same = " (bit by bit the same)" if outcome.drift == 0 else ""
        lines.append(f"  training        weights differ by {outcome.drift:.1e} after a step at most{same}")
    lines += [f"  left            {code}: {reason}" for code, reason in outcome.prepared.left]
    lines.append(
        f"  time            {outcome.before.seconds:.1f} s as written, {outcome.after.seconds:.1f} s fixed"
    )
    lines.append(verdict(outcome))
    return "\n".join(lines) + "\n"


def as_json(outcome: Outcome) -> str:
    """The same as a JSON object."""
    document: dict[str, Any] = {
        "script": outcome.prepared.script,
        "status": outcome.status,
        "findings": [
            {
                "code": each.finding.code,
                "kind": each.finding.kind,
                "filename": os.path.relpath(each.finding.place.filename, outcome.prepared.root).replace(
                    os.sep, "/"
                ),
                "cell": each.finding.place.cell,
                "row": each.finding.place.row,
                "column": each.finding.place.column,
                "message": each.finding.message,
                "reached": each.reached,
                "steps": each.steps,
                "evaluations": each.evaluations,
                "checks": [_entry(check) for check in each.checks],
                "cost": list(each.cost),
                "losses": {"before": _finite(each.losses_before), "after": _finite(each.losses_after)},
            }
            for each in outcome.judged
        ],
        "checks": [_entry(check) for check in outcome.checks],
        "drift": outcome.drift,
        "left": [{"code": code, "reason": reason} for code, reason in outcome.prepared.left],
        "seconds": {"before": round(outcome.before.seconds, 2), "after": round(outcome.after.seconds, 2)},
        "diff": "".join(patch.diff for patch in outcome.prepared.patches),
    }
    return json.dumps(document, indent=2) + "\n"


def _finite(values: Iterable[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _entry(check: Check) -> dict[str, Any]:
    return {"name": check.name, "held": check.held, "message": check.message}


def _line(check: Check, color: bool) -> str:
    word = f"{_WORDS[check.held]:<7}"
    if color:
        word = f"\x1b[{_COLORS[check.held]}m{word}\x1b[0m"
    return f"  {check.name:<15} {word} {check.message}"


def verdict(outcome: Outcome) -> str:
    """One line."""
    reached = [each for each in outcome.judged if each.reached]
    broken = [each.name for each in outcome.checks if each.held is False]
    broken += [
        f"{one.finding.code} {each.name}" for one in reached for each in one.checks if each.held is False
    ]
    if broken:
        return f"the fix did not hold: {', '.join(dict.fromkeys(broken))}"
    proven = sum(each.proven for each in reached)
    parts = [f"the fix held: {proven} of {len(outcome.judged)} findings checked by running"]
    if len(reached) < len(outcome.judged):
        parts.append(f"{len(outcome.judged) - len(reached)} not reached")
    if proven < len(reached):
        parts.append(f"{len(reached) - proven} not with the same weights")
    return "; ".join(parts)


def located(place: Place) -> str:
    """``train.py:7:5``, or ``nb.ipynb:cell 3:7:5``."""
    name = os.path.relpath(place.filename)
    name = place.filename if name.startswith("..") else name
    cell = "" if place.cell is None else f"cell {place.cell}:"
    return f"{name}:{cell}{place.row}:{place.column}"
