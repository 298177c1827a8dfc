"""What the user asked for, made ready: settings, files, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from softmax_lint.commands.analysis import load_names
from softmax_lint.commands.terminal import complain
from softmax_lint.config import Settings, load
from softmax_lint.discover import discover, is_excluded
from softmax_lint.patterns import compile_patterns


@dataclass(frozen=True, slots=True)
class Request:
    """Paths and options as they were given. `options` has the keys of the configuration, None where not
    given.
    """

    paths: Sequence[str]
    options: Mapping[str, Any]
    config: Sequence[str] = ()
    isolated: bool = False
    stdin_filename: str | None = None
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to check. `complete` is False where a path could not be."""

    settings: Settings
    files: tuple[str, ...]
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    complete: bool = True


def gather(request: Request, commands: Sequence[str] = ()) -> Inputs:
    """The settings and files of `request`; complains about paths that cannot be used.

    `commands` are the words a mistyped path may have meant. Raises ConfigError.
    """
    reads_stdin = "-" in request.paths
    paths = [path for path in request.paths if path != "-"]
    name = request.stdin_filename or "-"
    named = [*paths, *([name] if reads_stdin else ())]
    settings = load(named, request.options, load_names(), config=request.config, isolated=request.isolated)
    found = discover(paths, settings)
    for path in found.missing:
        hint = _meant(path, commands)
        complain(f"no such file or directory: {path}{hint}", request.color)
    for failure in found.failures:
        complain(f"{failure.filename}: {failure.message}", request.color)
    for path in found.empty:
        if not request.quiet:
            complain(f"no Python files found under {path}", request.color, "warning")
    files, overlay = found.files, {}
    if reads_stdin:
        absolute = os.path.abspath(name)
        excluded = settings.force_exclude and is_excluded(
            absolute, settings.root, compile_patterns(settings.exclude, settings.root)
        )
        if not excluded:
            overlay[absolute] = sys.stdin.buffer.read()
            files = tuple(sorted({*files, absolute}))
    if request.verbose:
        complain(f"configuration: {settings.config_file or 'none'}", request.color, "note")
    return Inputs(settings, files, overlay, complete=not (found.missing or found.failures))


def _meant(path: str, commands: Sequence[str]) -> str:
    if not path.isidentifier():
        return ""
    from softmax_lint.selection import suggest

    close = suggest(path, commands)
    return f"; did you mean the command `{close}`?" if close else ""
