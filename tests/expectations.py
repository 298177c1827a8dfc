"""Reads the inline expectations of fixtures. `fixtures/README.md` describes the format."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from softmax_lint.diagnostic import Place

FIXTURES = Path(__file__).parent.parent / "fixtures"
_CODE = r"SML\d{3}"
_MARK = re.compile(r"#\s*(expect-related|expect|pairs):\s*([^#\n]*)|#\s*(ok)\b(?::\s*([^#\n]*))?")
_EXPECTED = re.compile(rf"({_CODE})(?:\s+(error|warning|info))?")
_RELATED = re.compile(rf"({_CODE})\s+(source|built|output|sink|meets|use)")
_HEADER = re.compile(r"#\s*covers:\s*(.*)")


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """A line of a fixture: file, cell (None outside notebooks), row inside the cell."""

    filename: str
    cell: int | None
    row: int


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the comments of a fixture promise.

    `expected` has one item per finding, with its severity where the comment names one. `forbidden` has the
    code, or None for any code. `tokens` is all that the headers say it covers: pairs (kind, text).
    """

    expected: tuple[tuple[Row, str, str | None], ...]
    related: tuple[tuple[Row, str, str], ...]
    verdicts: tuple[tuple[Row, str], ...]
    forbidden: tuple[tuple[Row, str | None], ...]
    tokens: tuple[tuple[str, str], ...]

    def all_of(self, kind: str) -> tuple[str, ...]:
        return tuple(text for each, text in self.tokens if each == kind)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(code for _, code, _ in self.expected)


@cache
def fixtures() -> tuple[Path, ...]:
    """Every fixture: a .py file, a notebook, or a folder below `projects`."""
    alone = [
        path
        for path in FIXTURES.rglob("*")
        if path.suffix in (".py", ".ipynb") and "projects" not in path.relative_to(FIXTURES).parts
    ]
    folders = [path for path in (FIXTURES / "projects").iterdir() if path.is_dir()]
    return tuple(sorted([*alone, *folders]))


def texts_of(path: Path) -> list[tuple[int | None, str]]:
    """(1-based position among all cells, text) of each code cell; the text of a .py file has no position."""
    if path.suffix == ".py":
        return [(None, path.read_text(encoding="utf-8"))]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(n, "".join(cell["source"])) for n, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]


def name_of(fixture: Path) -> str:
    return fixture.relative_to(FIXTURES).as_posix()


def files_of(fixture: Path) -> tuple[Path, ...]:
    """The files to check, sorted."""
    if fixture.is_file():
        return (fixture,)
    return tuple(sorted(path for path in fixture.rglob("*") if path.suffix in (".py", ".ipynb")))


def isolate(fixture: Path, folder: Path) -> Path:
    """A copy of `fixture` below `folder`, in a project of its own: what stands beside it is not linked."""
    home = folder / "isolated"
    if fixture.is_dir():
        shutil.copytree(fixture, home)
        return home
    home.mkdir()
    write_project(home)
    return Path(shutil.copy(fixture, home))


def write_project(folder: Path) -> None:
    """Makes `folder` a project root."""
    (folder / "pyproject.toml").write_text('[project]\nname = "copy"\nversion = "0"\n', encoding="utf-8")


def read_expectations(fixture: Path) -> Expectations:
    """The expectations of all files of `fixture`. Raises ValueError for a mark that says nothing."""
    parts = [_read_file(path) for path in files_of(fixture)]
    return Expectations(
        tuple(item for part in parts for item in part.expected),
        tuple(item for part in parts for item in part.related),
        tuple(item for part in parts for item in part.verdicts),
        tuple(item for part in parts for item in part.forbidden),
        tuple(item for part in parts for item in part.tokens),
    )


def _read_file(path: Path) -> Expectations:
    expected: list[tuple[Row, str, str | None]] = []
    related: list[tuple[Row, str, str]] = []
    verdicts: list[tuple[Row, str]] = []
    forbidden: list[tuple[Row, str | None]] = []
    tokens: list[tuple[str, str]] = []
    for cell, text in texts_of(path):
        lines = text.split("\n")
        for header in _leading(lines):
            tokens += _tokens(header)
        for number, line in enumerate(lines, 1):
            row = Row(str(path), cell, number)
            for mark in _MARK.finditer(line):
                kind, body = mark[1] or mark[3], (mark[2] or mark[4] or "").strip()
                where = f"{path}:{number}: {mark[0]}"
                if kind == "expect":
                    expected += [(row, m[1], m[2]) for m in _matches(_EXPECTED, body, where)]
                elif kind == "expect-related":
                    related += [(row, m[1], m[2]) for m in _matches(_RELATED, body, where)]
                elif kind == "pairs":
                    if body not in ("ok", "finding", "undecided", "not-judged"):
                        raise ValueError(where)
                    verdicts.append((row, body))
                elif body:
                    forbidden += [(row, m[0]) for m in _matches(re.compile(_CODE), body, where)]
                else:
                    forbidden.append((row, None))
    return Expectations(tuple(expected), tuple(related), tuple(verdicts), tuple(forbidden), tuple(tokens))


def _matches(pattern: re.Pattern[str], body: str, where: str) -> Iterator[re.Match[str]]:
    for item in body.split(","):
        match = pattern.fullmatch(item.strip())
        if match is None:
            raise ValueError(where)
        yield match


def _leading(lines: list[str]) -> Iterator[str]:
    started = False
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is not None:
            started = True
            yield header[1]
        elif started or not line.startswith("#"):  # an encoding, or the mark of an export, comes first
            return


def _tokens(header: str) -> Iterator[tuple[str, str]]:
    """``torch A×B, C×D; construct: x, y`` as (torch, A×B), (torch, C×D), (construct, x), (construct, y)."""
    for item in header.split(";"):
        word, colon, rest = item.strip().partition(":")
        if not colon:
            word, _, rest = item.strip().partition(" ")
            yield "framework", word
        for text in rest.split(","):
            if text.strip():
                yield word, text.strip()


def row_of(place: Place) -> Row:
    return Row(place.filename, place.cell, place.row)


def setting(expectations: Expectations, name: str, values: Mapping[str, str | None]) -> str | None:
    """The value the fixture asks for in its header, checked against `values`."""
    wanted = expectations.all_of(name)
    return values[wanted[0]] if wanted else None
