"""Output formats, one file each: ``render(report, options) -> str``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from softmax_lint.diagnostic import Report

FORMATS = (
    "text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "rdjson", "pylint",
    "azure", "markdown",
)  # fmt: skip
# Formats that people read; the closing line belongs to their output, elsewhere it goes to standard error.
FOR_PEOPLE = ("text", "concise", "markdown")
# Formats whose readers can apply fixes.
WITH_FIXES = ("json", "json-lines", "sarif", "rdjson")


def _no_lines(filename: str, cell: int | None) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How to render. `lines` gives the lines of a file or cell, () where they cannot be read; `cwd` is the
    folder that file names are shown relative to; text that `encoding` has no room for is degraded; source is
    cut to `width` columns.
    """

    cwd: str
    color: bool = False
    encoding: str = "utf-8"
    width: int = 120
    lines: Callable[[str, int | None], Sequence[str]] = _no_lines


def render(report: Report, output_format: str, options: RenderOptions) -> str:
    """`report` in one of FORMATS, with a line end after the last line; "" where there is nothing to say."""
    # Only the format that is asked for is imported.
    chosen = import_module(f"softmax_lint.reporters.{output_format.replace('-', '_')}")
    return cast(str, chosen.render(report, options))
