"""What a verification gives back, as plain values: patches, checks, and the exit statuses."""

from __future__ import annotations

from dataclasses import dataclass

# The exit status: the fix held, it did not, or that could not be found out.
HELD, BROKEN, FAILED = 0, 1, 2


class CannotRun(Exception):
    """The verification cannot be done here; the message is one line and says how it could be."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What the fixer made of one file. `diff` is unified, `codes` are the rules of the fixes applied, `left` those
    of the findings that are left."""

    filename: str
    before: str
    after: str
    diff: str
    codes: tuple[str, ...]
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to hold. `name` is fixed and short ("same function"), `held` is None where it does not
    apply or could not be measured, `message` has the figures, or the reason."""

    name: str
    held: bool | None
    message: str


def status(checks: tuple[Check, ...] | list[Check]) -> int:
    """HELD, BROKEN where some check did not hold, FAILED where none could be made."""
    if any(check.held is False for check in checks):
        return BROKEN
    return HELD if any(check.held for check in checks) else FAILED
