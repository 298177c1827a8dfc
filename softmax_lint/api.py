"""The linter for Python programs: `check_paths` and `check_source`, and what they give.

This much is stable: the names that `softmax_lint` exports, their parameters, and the fields of the results.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from softmax_lint import baseline, project, suppression
from softmax_lint.config import ConfigError, Settings, load
from softmax_lint.diagnostic import Diagnostic, Edit, Failure, Fix, Place, Related, Report, Verdict
from softmax_lint.discover import discover
from softmax_lint.lines import lines_of, reader
from softmax_lint.rules import RULES

__all__ = [
    "ConfigError", "Diagnostic", "Edit", "Failure", "Fix", "Place", "Related", "Result", "Verdict",
    "check_paths", "check_source",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a run, sorted by place.

    `diagnostics` are the findings, `verdicts` what was found out about every loss, `failures` what the run
    could not do. `files` says how many files were checked, `suppressed` how many findings comments or the
    baseline silenced.
    """

    diagnostics: tuple[Diagnostic, ...]
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...] = ()
    files: int = 0
    suppressed: int = 0


def check_paths(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (".",),
    *,
    config: str | os.PathLike[str] | None = None,
    isolated: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Result:
    """The findings in files and folders, or in one, as on the command line; file names in it are absolute.

    `options` are keys of the configuration with their values, such as ``{"select": ["SML002"]}``. They win
    over the file `config`, or over the nearest one where that is None; `isolated` reads none. A path that
    does not exist is a failure of the result. Raises ConfigError.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    named = [os.fspath(path) for path in given]
    settings = _settings(named, config, isolated, options)
    found = discover(named, settings)
    missing = [Failure(os.path.abspath(path), "no such file or directory") for path in found.missing]
    result = _check(list(found.files), settings, {})
    failures = (*result.failures, *found.failures, *missing)
    return Result(result.diagnostics, result.verdicts, failures, result.files, result.suppressed)


def check_source(
    source: str | bytes,
    filename: str | os.PathLike[str] = "example.py",
    *,
    config: str | os.PathLike[str] | None = None,
    isolated: bool = True,
    options: Mapping[str, Any] | None = None,
) -> Result:
    """The findings in a text; one that is named ``….ipynb`` is the JSON of a notebook.

    The file need not exist. Where it does, the text counts instead of it, and the project around it is read.
    A configuration is read only where `isolated` is false or `config` names one. Raises ConfigError.
    """
    path = os.path.abspath(os.fspath(filename))
    settings = _settings([path], config, isolated and config is None, options)
    return _check([path], settings, {path: source.encode() if isinstance(source, str) else source})


def _settings(
    paths: list[str], config: str | os.PathLike[str] | None, isolated: bool, options: Mapping[str, Any] | None
) -> Settings:
    files = [] if config is None else [os.fspath(config)]
    return load(paths, options or {}, RULES, config=files, isolated=isolated)


def _check(files: list[str], settings: Settings, overlay: Mapping[str, bytes]) -> Result:
    report = project.check(files, settings=settings, overlay=overlay) if files else Report((), ())
    read = reader(overlay)
    applied = suppression.apply(report, files, settings, RULES, read)
    report, suppressed = applied.report, applied.suppressed
    if settings.baseline is not None:
        report, silenced = baseline.apply(report, settings.baseline, lines_of(read))
        suppressed += silenced
    return Result(report.diagnostics, report.verdicts, report.failures, report.files, suppressed)
