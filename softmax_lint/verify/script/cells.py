"""Notebooks as programs: their cells in order, where all of them are plain Python."""

from __future__ import annotations

from dataclasses import dataclass

from softmax_lint.source import from_bytes
from softmax_lint.verify.results import CannotRun


@dataclass(frozen=True, slots=True)
class Program:
    """Python text, and for each cell (None for a script) the row of the text above its first one."""

    text: str
    above: dict[int | None, int]

    def row(self, cell: int | None, row: int) -> int:
        return self.above.get(cell, 0) + row


def program(filename: str, data: bytes) -> Program:
    """The Python of a file. Raises CannotRun for a notebook with magics, and Unreadable."""
    source = from_bytes(filename, data)
    parts: list[str] = []
    above: dict[int | None, int] = {}
    rows = 0
    for cell in source.cells:
        if cell.text != cell.written:
            number = "" if cell.index is None else f" cell {cell.index}:"
            line = _first_difference(cell.written, cell.text)
            raise CannotRun(
                f"{filename}:{number} `{line}` is no Python: outside of a notebook there is nothing to run it"
            )
        above[cell.index] = rows
        text = cell.text if cell.text.endswith("\n") or cell.index is None else f"{cell.text}\n"
        parts.append(text)
        rows += text.count("\n")
    return Program("".join(parts), above)


def check_cells(filename: str, data: bytes) -> None:
    """Raises CannotRun for a notebook that cannot be run as a program, also for cells in other languages."""
    from softmax_lint.notebook import code_cells, mask_cell

    for index, written in code_cells(data.decode("utf-8-sig")):
        if mask_cell(written) is None:
            line = written.strip().partition("\n")[0]
            raise CannotRun(
                f"{filename}: cell {index}: `{line}` is no Python: outside of a notebook there is nothing to run it"
            )


def runs_as(name: str) -> str:
    """The name of the file that is run for a file of the project."""
    return f"{name}.py" if name.endswith(".ipynb") else name


def _first_difference(written: str, masked: str) -> str:
    for left, right in zip(written.split("\n"), masked.split("\n"), strict=False):
        if left != right:
            return left.strip()[:60]
    return ""
