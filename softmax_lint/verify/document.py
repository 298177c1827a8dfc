"""The outcome as one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement
from softmax_lint.verify.outcome import Outcome, figures, gained
from softmax_lint.verify.sweep import sweep
from softmax_lint.verify.table import VERDICTS


def document(
    outcomes: Sequence[Outcome], skipped: Sequence[str], origin: str, seconds: float, status: int
) -> str:
    """JSON text. Numbers that are not finite are the strings "nan", "inf" and "-inf"."""
    value = {
        "status": status,
        "data": origin,
        "seconds": round(seconds, 1),
        "skipped": list(skipped),
        "programs": [_entry(outcome) for outcome in outcomes],
    }
    return json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n"


def _entry(outcome: Outcome) -> dict[str, Any]:
    task, measured = outcome.task, outcome.measured
    entry: dict[str, Any] = {
        "program": task.program.name,
        "backend": task.backend,
        "rule": task.program.rule,
        "verdict": VERDICTS[outcome.status],
        "checks": [asdict(check) for check in outcome.checks],
        "diff": outcome.patch.diff,
    }
    if isinstance(measured, Measurement):
        middle, half = gained(measured)
        dtypes = list(dict.fromkeys(probe.dtype for probe in measured.probes))
        entry["figures"] = {version: asdict(figures(measured, version)) for version in (BEFORE, AFTER)}
        entry["final_accuracy_difference"] = {"mean": middle, "half_width_95": half}
        entry["first_gaps"] = {
            version: {dtype: asdict(sweep(measured.probes, version, dtype)) for dtype in dtypes}
            for version in (BEFORE, AFTER)
        }
        entry["measured"] = asdict(measured)
    elif measured is not None:
        entry["crash"] = asdict(measured)
    return entry


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
