"""A baseline: a file with the findings of some day, which are not reported from then on.

It knows findings by their fingerprints, so rows may move; what it says besides is for people who read it.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

from softmax_lint.config import ConfigError
from softmax_lint.diagnostic import Report
from softmax_lint.fingerprint import fingerprints, relative
from softmax_lint.lines import Lines

VERSION = 1


def read(path: str) -> frozenset[str]:
    """The fingerprints in the baseline at `path`. Raises ConfigError."""
    name = path.removeprefix(os.getcwd() + os.sep)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content["version"] != VERSION:
            raise ConfigError(f"{name}: baseline of version {content['version']}, not {VERSION}")
        return frozenset(str(entry["fingerprint"]) for entry in content["findings"])
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, LookupError, TypeError):
        raise ConfigError(f"{name}: not a baseline; `--write-baseline` makes one") from None


def apply(report: Report, path: str, lines: Lines) -> tuple[Report, int]:
    """(`report` without what the baseline at `path` has, how many findings that was). Raises ConfigError."""
    known = read(path)
    found = report.diagnostics
    marks = fingerprints(found, lines, _root(path))
    left = tuple(each for each, mark in zip(found, marks, strict=True) if mark not in known)
    return replace(report, diagnostics=left), len(found) - len(left)


def render(report: Report, path: str, lines: Lines) -> str:
    """The baseline that makes `report` empty, for a file at `path`; file names are relative to its folder."""
    found = report.diagnostics
    root = _root(path)
    entries = [
        {
            "code": each.code,
            "filename": relative(each.place.filename, root),
            "message": each.message,
            "fingerprint": mark,
        }
        for each, mark in zip(found, fingerprints(found, lines, root), strict=True)
    ]
    # By what does not move, so that the file changes little when code does.
    entries.sort(key=lambda entry: (entry["filename"], entry["code"], entry["fingerprint"]))
    return json.dumps({"version": VERSION, "findings": entries}, indent=2) + "\n"


def _root(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
