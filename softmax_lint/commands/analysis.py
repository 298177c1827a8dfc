"""The analysis as the commands see it; it is imported when a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report

if TYPE_CHECKING:
    from softmax_lint.rules.schema import Rule
    from softmax_lint.selection import Named

Progress = Callable[[int, int], None]


class Project(Protocol):
    """What `softmax_lint.project` has to offer. File names are absolute, in arguments and in reports."""

    def check(
        self,
        files: Sequence[str],
        *,
        settings: Settings,
        overlay: Mapping[str, bytes] | None = None,
        progress: Progress | None = None,
        located: bool = True,
    ) -> Report:
        """The outcome over `files`; those in `overlay` are not read from disk. `progress` takes (done,
        total). Unless they are `located`, verdicts can be counted and nothing else.
        """

    def trace(self, file: str, line: int, settings: Settings, *, cell: int | None = None) -> list[str]:
        """The path of the values on a line, one step a line."""


def load_project() -> Project:
    """The module `softmax_lint.project`."""
    return cast(Project, import_module("softmax_lint.project"))


def load_names() -> Sequence[Named]:
    """Codes and names of all rules; the rules are not imported for them."""
    loaded = sys.modules.get("softmax_lint.rules")
    if loaded is not None:
        return cast("tuple[Rule, ...]", loaded.RULES)
    from softmax_lint.listing import LISTED

    return LISTED


def load_rules() -> tuple[Rule, ...]:
    """All rules, by code."""
    return cast("tuple[Rule, ...]", import_module("softmax_lint.rules").RULES)
