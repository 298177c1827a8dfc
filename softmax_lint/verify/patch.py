"""Lint a program and let the real fixer rewrite it."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from softmax_lint.config import Settings
from softmax_lint.fixer import fix
from softmax_lint.lines import reader
from softmax_lint.project import examine
from softmax_lint.verify.results import Patch


def patch(path: Path, keras_backend: str | None = None) -> Patch:
    """The program at `path` and what the fixer makes of it, also with unsafe fixes; nothing is written."""
    name = os.path.abspath(path)
    folder = os.path.dirname(name)
    settings = Settings(folder, keras_backend=keras_backend)

    outcome = fix(
        lambda overlay: examine([name], settings=settings, overlay=dict(overlay) or None),
        lambda report, overlay: report,
        reader({}),
        [name],
        unsafe=True,
    )
    before = Path(name).read_text(encoding="utf-8")
    after = outcome.files.get(name, before.encode()).decode()
    codes = tuple(sorted({each.diagnostic.code for each in outcome.applied}))
    left = tuple(sorted({each.code for each in outcome.report.diagnostics}))
    return Patch(
        os.path.basename(name), before, after, diff(before, after, os.path.basename(name)), codes, left
    )


def diff(before: str, after: str, name: str) -> str:
    """A unified diff of two versions of a file."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name}, fixed"
    )
    return "".join(lines)
