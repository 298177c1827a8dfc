"""Ignore comments to be written: the edit that silences findings on a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from softmax_lint.comments import IGNORE, scan
from softmax_lint.diagnostic import Diagnostic, Edit, Place
from softmax_lint.lines import Lines
from softmax_lint.regex import late

_CODES = late(r"\[[^\]]*\]")
# Neither can be silenced by a comment on its row: the one does not parse, the other is about a comment.
UNSILENCEABLE = ("SML900", "SML901")


@dataclass(frozen=True, slots=True)
class Silencing:
    """Edits that add ignore comments, and the findings that no comment can silence."""

    edits: tuple[Edit, ...]
    left: tuple[Diagnostic, ...]


def silence(diagnostics: Iterable[Diagnostic], lines: Lines) -> Silencing:
    """The comments that silence `diagnostics`, one a row with all its codes. `lines` are as written."""
    rows: dict[tuple[str, int | None, int], list[Diagnostic]] = {}
    left: list[Diagnostic] = []
    for each in diagnostics:
        if each.code in UNSILENCEABLE:
            left.append(each)
        else:
            row = each.noqa_row or each.place.end_row
            rows.setdefault((each.place.filename, each.place.cell, row), []).append(each)
    edits = []
    for (filename, cell, row), found in rows.items():
        edit = comment(filename, cell, row, [each.code for each in found], lines(filename, cell))
        if edit is None:
            left += found
        else:
            edits.append(edit)
    return Silencing(tuple(edits), tuple(left))


def comment(
    filename: str, cell: int | None, row: int, codes: Sequence[str], lines: Sequence[str]
) -> Edit | None:
    """The edit that makes row `row` ignore `codes`, in a comment that it has or in a new one at its end.

    None where a comment at the end of the row would be none: in a string, or after a backslash.
    """
    if not 0 < row <= len(lines):
        return None
    line = lines[row - 1]
    for directive in scan("\n".join(lines)):
        if directive.row == row and directive.kind == IGNORE and directive.codes is not None:
            start, end = directive.column - 1, directive.end_column - 1
            listed = ", ".join(dict.fromkeys((*directive.codes, *codes)))
            spelled = _CODES.sub(f"[{listed}]", line[start:end], count=1)
            return Edit(Place(filename, cell, row, start + 1, row, end + 1), spelled)
    bare = line.rstrip()
    if bare.endswith("\\"):
        return None
    text = f"  # softmax-lint: ignore[{', '.join(dict.fromkeys(codes))}]"
    changed = [*lines[: row - 1], bare + text, *lines[row:]]
    if not any(each.row == row and each.codes for each in scan("\n".join(changed))):
        return None
    return Edit(Place(filename, cell, row, len(bare) + 1, row, len(line) + 1), text)
