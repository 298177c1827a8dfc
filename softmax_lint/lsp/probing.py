"""What a name holds where it stands: the file is run with that name handed to a loss that takes anything.

Nothing is asked of the linker that it does not do for losses anyway: it runs what leads to one, in every
context, and says what arrives.
"""

from __future__ import annotations

import ast
import codecs
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from softmax_lint.config import Settings
from softmax_lint.judging import Joint
from softmax_lint.knowledge.schema import FUNCTION, LOSS, Api
from softmax_lint.pair import Pair
from softmax_lint.representation import ANY, HIDDEN, LOG_SIGMOID, LOG_SOFTMAX, SCORES, SIGMOID, SOFTMAX
from softmax_lint.source import Unreadable, from_bytes
from softmax_lint.splitting import split

_PROBE = "softmax_lint_probe.shown_loss"
_ROW = Api(_PROBE, FUNCTION, LOSS, "torch", ("input",), expects=ANY)
_CALL, _KEPT = "_shown_loss", "_shown_value"
_IMPORT = f"from softmax_lint_probe import shown_loss as {_CALL}\n"
_WORDS = {
    SCORES: "raw scores",
    HIDDEN: "hidden activation",
    SOFTMAX: "probabilities: softmax",
    LOG_SOFTMAX: "log-probabilities: log-softmax",
    SIGMOID: "probabilities: sigmoid",
    LOG_SIGMOID: "log-probabilities: log-sigmoid",
}
MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """A file with a probe in it: its bytes, and the name or expression that is looked at with its span.

    The span is (row, column, end row, end column) in the file as it was. In cell `first`, where the probe is
    imported, the probed file has one row more at the top.
    """

    data: bytes
    text: str
    span: tuple[int, int, int, int]
    first: int | None


@dataclass(frozen=True, slots=True)
class _Insertion:
    row: int  # from 1
    column: int  # in bytes of UTF-8, as `ast` counts
    text: str


def place(path: str, data: bytes, cell: int | None, row: int, column: int) -> Probe | None:
    """The file with a probe on the name at a position; None where there is none, or nothing can be put."""
    try:
        cells = {each.index: each for each in from_bytes(path, data).cells}
    except Unreadable:
        return None
    here = cells.get(cell)
    if here is None:
        return None
    aimed = _aim(here.text, row, column)
    if aimed is None:
        return None
    text, span, insertions = aimed
    first = next(iter(cells))
    changed = {index: each.text for index, each in cells.items() if index in (cell, first)}
    changed[cell] = _inserted(changed[cell], insertions)
    changed[first] = _IMPORT + changed[first]
    if cell is None:
        return Probe(codecs.BOM_UTF8 + changed[None].encode("utf-8", "replace"), text, span, first)
    document = json.loads(data)
    for index, content in changed.items():
        assert index is not None
        document["cells"][index - 1]["source"] = content
    return Probe(json.dumps(document).encode(), text, span, first)


def with_probe(settings: Settings) -> Settings:
    """The settings under which a probe is a loss."""
    return replace(settings, rows=(*settings.rows, _ROW))


def describe(joints: Iterable[Joint], folder: str, path: str, first: int | None) -> list[str]:
    """One line for each representation that reached the probe, in a file whose first cell is `first`.

    Files are named from `folder`. Empty where it is not known what arrives.
    """
    found: dict[str, None] = {}
    for joint in joints:
        if joint.row != _PROBE:
            continue
        if joint.pair is None:
            found["or something that is not known"] = None
        else:
            found[_line(joint.pair, folder, path, first)] = None
    known = [line for line in found if not line.startswith("or ")]
    unknown = [line for line in found if line.startswith("or ")]
    return [*known[:MOST_SHOWN], *unknown] if known else []


def _line(pair: Pair, folder: str, path: str, first: int | None) -> str:
    words = _WORDS.get(pair.produced, pair.produced)
    if pair.produced == HIDDEN and pair.activation:
        words += f": {pair.activation}"
    parts = [words]
    if pair.axis is not None:
        parts[0] += f" over axis {pair.axis}"
    elif pair.implicit_axis:
        parts[0] += " over an implicit axis"
    if pair.units is not None:
        unit = "class" if pair.produced in (SOFTMAX, LOG_SOFTMAX) else "unit"
        parts.append(f"{pair.units} {_plural(unit, pair.units)}")
    source = pair.source
    row = source.row - 1 if (source.filename, source.cell) == (path, first) else source.row
    name = os.path.relpath(source.filename, folder).replace(os.sep, "/")
    if name.startswith("../"):
        name = os.path.basename(source.filename)
    cell = f"cell {source.cell}, row " if source.cell is not None else ""
    parts.append(f"from {name}:{cell}{row}")
    return ", ".join(parts)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}es" if word.endswith("s") else f"{word}s"


def _aim(text: str, row: int, column: int) -> tuple[str, tuple[int, int, int, int], list[_Insertion]] | None:
    """What is looked at from a position, its span, and what has to be inserted; rows and columns from 1."""
    for statement in split(text):
        last = statement.row + statement.text.count("\n")
        if not statement.row <= row <= last:
            continue
        try:
            tree = ast.parse(statement.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        lines = statement.text.split("\n")
        line = lines[row - statement.row]
        at = len(line[: column - 1].encode("utf-8", "replace"))
        found = _innermost(tree, row - statement.row + 1, at)
        if found is None:
            return None
        node, insertions = found
        begin, end = _start(node), _end(node)
        down = statement.row - 1
        span = (
            begin[0] + down,
            _characters(lines[begin[0] - 1], begin[1]) + 1,
            end[0] + down,
            _characters(lines[end[0] - 1], end[1]) + 1,
        )
        shown = ast.get_source_segment(statement.text, node) or ""
        moved = [replace(each, row=each.row + down) for each in insertions]
        return shown, span, moved
    return None


_Node = ast.expr | ast.arg


def _innermost(tree: ast.Module, row: int, at: int) -> tuple[_Node, list[_Insertion]] | None:
    """The name, attribute or parameter under a position, and the insertions that probe it."""
    way: list[ast.AST] = [tree]
    while True:
        inner = [each for each in ast.iter_child_nodes(way[-1]) if _covers(each, row, at)]
        if not inner:
            break
        way.append(inner[-1])
    node = way[-1]
    if isinstance(node, ast.arg):
        for outer in reversed(way):
            if isinstance(outer, ast.Lambda):
                return node, [_before(outer.body, f"({_CALL}({node.arg}), "), _after(outer.body, ")[1]")]
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return node, _in_body(outer.body, node.arg)
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    if isinstance(node, ast.Attribute) and not _on_name(node, row, at):
        return None
    name = ast.unparse(node)
    if isinstance(node.ctx, ast.Load):
        outer = way[-2]
        whole: ast.expr = node
        if isinstance(outer, ast.Call) and outer.func is node:
            whole = outer
        if isinstance(node, ast.Name) and whole is node:
            return node, [_before(node, f"({_CALL}({name}), "), _after(node, ")[1]")]
        # Evaluated once: it may change what it is called on.
        return whole, [_before(whole, f"({_CALL}({_KEPT} := "), _after(whole, f"), {_KEPT})[1]")]
    if isinstance(node.ctx, ast.Store):
        for outer in reversed(way):
            if isinstance(outer, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                return node, [_after(outer, f"; {_CALL}({name})")]
            if isinstance(outer, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)):
                return node, _in_body(outer.body, name)
            if isinstance(outer, ast.NamedExpr):
                return node, [_before(outer, f"({_CALL}("), _after(outer, f"), {name})[1]")]
    return None


def _in_body(body: list[ast.stmt], name: str) -> list[_Insertion]:
    """A probe as the first thing in a body, without a new row."""
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(body) > 1:
        return [_after(first, f"; {_CALL}({name})")]
    if isinstance(first, (ast.With, ast.AsyncWith)):
        return [_before(first.items[0].context_expr, f"({_CALL}({name}), "), _last(first, ")[1]")]
    test = next((getattr(first, part) for part in ("test", "iter", "subject") if hasattr(first, part)), None)
    if isinstance(first, (ast.If, ast.While, ast.For, ast.AsyncFor, ast.Match)) and test is not None:
        return [_before(test, f"({_CALL}({name}), "), _after(test, ")[1]")]
    if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Try)):
        return []
    return [_before(first, f"{_CALL}({name}); ")]


def _last(node: ast.With | ast.AsyncWith, text: str) -> _Insertion:
    return _after(node.items[0].context_expr, text)


def _before(node: ast.expr | ast.stmt, text: str) -> _Insertion:
    return _Insertion(node.lineno, node.col_offset, text)


def _after(node: ast.expr | ast.stmt, text: str) -> _Insertion:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return _Insertion(node.end_lineno, node.end_col_offset, text)


def _covers(node: ast.AST, row: int, at: int) -> bool:
    if not isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.excepthandler)):
        return any(_covers(each, row, at) for each in ast.iter_child_nodes(node))
    start, end = _start(node), _end(node)
    return start <= (row, at) < end or (start <= (row, at) == end and isinstance(node, (ast.Name, ast.arg)))


def _on_name(node: ast.Attribute, row: int, at: int) -> bool:
    """Whether a position is on the last part of an attribute."""
    return (row, at) >= _end(node.value)


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _end(node: ast.AST) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def _characters(line: str, column: int) -> int:
    return len(line.encode("utf-8", "replace")[:column].decode("utf-8", "replace"))


def _inserted(text: str, insertions: list[_Insertion]) -> str:
    lines = text.split("\n")
    for each in sorted(insertions, key=lambda one: (one.row, one.column), reverse=True):
        data = lines[each.row - 1].encode("utf-8", "replace")
        lines[each.row - 1] = (data[: each.column] + each.text.encode() + data[each.column :]).decode(
            "utf-8", "replace"
        )
    return "\n".join(lines)
