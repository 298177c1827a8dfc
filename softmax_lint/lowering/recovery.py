"""Make text that does not parse into text that does, losing as little as possible and no row.

Every top-level statement is mended alone: Python 2 is masked, then logical lines, blocks and methods that do
not parse are replaced by code that nothing is known of. Columns stay, but for the rows in `Mended.shifts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from softmax_lint.lowering.python2 import modernise
from softmax_lint.lowering.shapes import Unparsable
from softmax_lint.regex import late
from softmax_lint.splitting import blank_hidden, logical_lines, split

# How many changed texts are parsed for one statement (one member, for classes) before it is given up.
ATTEMPTS = 20
# Members of a class that are mended one by one.
_MEMBERS = 10

_FIRST_CODE = late(r"^([ \t]*)[^\s#]", re.M)
_TABS = late(r"^ *\t", re.M)
_TARGET = late(
    r"((?:[A-Za-z_][\w.]*)(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*)[ \t]*(?::[^=\n]*)?"
    r"(?:[-+*/%&|^@]|//|\*\*|<<|>>)?=(?!=)"
)
_WORD = late(r"(?:async[ \t]+)?([A-Za-z_]\w*|@)")
_NAME_BOUND = late(r"(?:async[ \t]+)?(?:def|class)[ \t]+([A-Za-z_]\w*)")
_CLAUSES = frozenset(("elif", "else", "except", "finally"))
_HEADS = {"elif": "elif b'':", "else": "else:", "except": "except:", "finally": "finally:"}
_DECLARES = frozenset(("def", "class"))

Check = Callable[[str], "Unparsable | None"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Where a statement stopped making sense. `row` counts from 1, `column` is a 1-based code point."""

    row: int
    column: int
    message: str


@dataclass(slots=True)
class Mended:
    """Text that parses; `shifts` says how many columns its rows have lost at their start.

    The problems have the columns of the text that was to be mended.
    """

    text: str
    problems: list[Problem] = field(default_factory=list)
    shifts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    """A logical line of code: its first and last row (from 0), its indentation and its text without that."""

    row: int
    end: int
    indent: str
    code: str
    is_head: bool
    is_misplaced: bool

    @property
    def depth(self) -> int:
        return len(self.indent.expandtabs(8))


def mend(text: str, error: Unparsable, check: Check) -> Mended:
    """The mended form of a text that gave `error`. `check` says what is wrong with a text, if anything."""
    shifts: dict[int, int] = {}
    lines = text.split("\n")
    first = _FIRST_CODE.search(text)
    problems: list[Problem] = []
    if first and first[1]:
        # A cell may be indented as a whole.
        problems.append(
            Problem(text.count("\n", 0, first.start()) + 1, len(first[1]) + 1, "unexpected indent")
        )
        for row, line in enumerate(lines):
            if line.startswith(first[1]):
                lines[row] = line[len(first[1]) :]
                shifts[row + 1] = len(first[1])
        text = "\n".join(lines)
    statements = split(text)
    row = statements[0].row - 1 if statements else len(lines)
    lines[:row] = [""] * row
    for statement in statements:
        piece = statement.text
        # A line end that is missing is told differently.
        fault = check(piece + "\n")
        if fault is None:
            continue
        start, count = statement.row - 1, piece.count("\n") + 1
        problem = _problem(piece, fault, statement.row, check)
        problems.append(replace(problem, column=problem.column + shifts.get(problem.row, 0)))
        if _TABS.search(piece):
            piece = _expanded(piece, start, shifts)
            fault = check(piece)
        mended = piece if fault is None else _mended(piece, fault, check) or _bound(piece, check)
        lines[start : start + count] = mended.split("\n") if mended is not None else [""] * count
    if not problems:
        problems.append(Problem(max(error.row, 1), max(error.column, 1), error.message))
    result = "\n".join(lines)
    if check(result) is not None:
        result = ""
    return Mended(result, problems, shifts)


def _bound(piece: str, check: Check) -> str | None:
    """What stands in for a statement of which nothing is left: the binding of the name that it binds."""
    lines = _lines(piece)
    line = next((line for line in lines if not line.code.startswith("@")), None)
    if line is None:
        return None
    stand_in = _stand_in(line)
    return stand_in + "\n" * piece.count("\n") if stand_in != "pass" and check(stand_in) is None else None


def _problem(piece: str, fault: Unparsable, row: int, check: Check) -> Problem:
    if fault.row > 0:
        return Problem(row + fault.row - 1, max(fault.column, 1), fault.message)
    line = _culprit(_lines(piece), fault, check)
    if line is None:
        return Problem(row, 1, fault.message)
    return Problem(row + line.row, len(line.indent) + 1, fault.message)


def _expanded(piece: str, start: int, shifts: dict[int, int]) -> str:
    """The piece with tabs in indentation replaced by blanks."""
    lines = piece.split("\n")
    for row, line in enumerate(lines):
        code = line.lstrip(" \t")
        indent = line[: len(line) - len(code)]
        if "\t" in indent:
            wide = indent.expandtabs(8)
            lines[row] = wide + code
            shifts[start + row + 1] = shifts.get(start + row + 1, 0) + len(indent) - len(wide)
    return "\n".join(lines)


def _mended(piece: str, fault: Unparsable, check: Check) -> str | None:
    """The statement with the parts that do not parse masked, or None when nothing of it is left."""
    modern = modernise(piece)
    if modern != piece:
        again = check(modern)
        if again is None:
            return modern
        piece, fault = modern, again
    lines = _lines(piece)
    head = next((line for line in lines if not line.code.startswith("@")), None)
    if head is not None and head.code.startswith("class") and head.is_head:
        members = _by_member(piece, lines, head, check)
        again = check(members)
        if again is None:
            return members
        piece, fault = members, again
    return _by_line(piece, fault, check)


def _by_member(piece: str, lines: list[_Line], head: _Line, check: Check) -> str:
    """The class with the members that do not parse mended or dropped."""
    rows = piece.split("\n")
    body = [line for line in lines if line.row > head.row]
    if not body:
        return piece
    depth = body[0].depth
    starts: list[int] = []
    joined = False
    for line in body:
        if line.depth <= depth and not joined and _word(line) not in _CLAUSES:
            starts.append(line.row)
        joined = line.depth <= depth and line.code.startswith("@")
    mended = 0
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        # The class itself is stood in for by a head that no member can break.
        member = "if 1:\n" + "\n".join(rows[start:end])
        fault = check(member)
        if fault is None:
            continue
        mended += 1
        changed = _by_line(member, fault, check) if mended <= _MEMBERS else None
        if changed is not None:
            rows[start:end] = changed.split("\n")[1:]
        else:
            rows[start:end] = [body[0].indent + "pass", *[""] * (end - start - 1)]
    return "\n".join(rows)


def _by_line(piece: str, fault: Unparsable, check: Check) -> str | None:
    """The statement with as few as possible lines and blocks replaced."""
    rows = piece.split("\n")
    last: tuple[int, int] = (-1, -1)
    level = 0
    base: _Line | None = None
    for _ in range(ATTEMPTS):
        lines = _lines("\n".join(rows))
        line = _culprit(lines, fault, check)
        if line is None:
            return None
        if (
            base is not None
            and last[0] <= line.row <= last[1] + 1
            and not (level == 0 and line.row > last[1])
        ):
            level += 1
            line = next((known for known in lines if known.row >= base.row), line)
        else:
            level = 0
            base = line
        region = _region(lines, line, level)
        if region is None:
            return None
        first, end, replacement = region
        changed = replacement.split("\n")
        rows[first : end + 1] = changed + [""] * (end + 1 - first - len(changed))
        last = (first, end)
        again = check("\n".join(rows))
        if again is None:
            return "\n".join(rows)
        fault = again
    return None


def _region(lines: list[_Line], line: _Line, level: int) -> tuple[int, int, str] | None:
    """(first row, last row, what to put there) of what to give up at a level.

    Level 0 is the line, 1 its block, 2 the block around that …

    None when that is the statement itself.
    """
    index = lines.index(line)
    word = _word(line)
    following = lines[index + 1] if index + 1 < len(lines) else None
    if level == 0:
        if line.is_misplaced or line.code.startswith("@"):
            return line.row, line.end, ""
        if line.is_head and (following is None or following.depth <= line.depth):
            head = blank_hidden(line.code).rstrip()
            body = " return b''" if word == "def" else " pass"
            return line.row, line.end, line.indent + line.code[: len(head)] + body
        if not line.is_head and index:
            return line.row, line.end, line.indent + _stand_in(line)
        if line.is_head and index and word not in _DECLARES:
            return line.row, line.end, line.indent + _HEADS.get(word, "if b'':")
    for _ in range(level if line.is_head else max(level - 1, 0)):
        outer = [known for known in lines[:index] if known.depth < line.depth]
        if not outer:
            return None
        line = outer[-1]
        index = lines.index(line)
    if index == 0:
        return None
    end = line.end
    for known in lines[index + 1 :]:
        if known.depth <= line.depth:
            break
        end = known.end
    return line.row, end, "" if _word(line) in _CLAUSES else line.indent + _stand_in(line)


def _stand_in(line: _Line) -> str:
    """A statement that binds what the line binds to something that nothing is known of."""
    found = _NAME_BOUND.match(line.code) or _TARGET.match(line.code)
    if found:
        return f"{found[1]} = b''"
    return "return b''" if _word(line) == "return" else "pass"


def _word(line: _Line) -> str:
    found = _WORD.match(line.code)
    return found[1] if found else ""


def _culprit(lines: list[_Line], fault: Unparsable, check: Check) -> _Line | None:
    """The line to blame for a fault."""
    if not lines:
        return None
    if fault.row > 0:
        index = max((i for i, line in enumerate(lines) if line.row < fault.row), default=0)
        line = lines[index]
        previous = lines[index - 1] if index else None
        if previous and previous.is_head and line.depth <= previous.depth:
            return previous
        return line
    # The tokenizer does not say where it stopped: look at indentation, then at the lines alone.
    for previous, line in pairwise(lines):
        if line.is_misplaced and line.depth < previous.depth:
            return line
        narrow, before = len(line.indent.expandtabs(1)), len(previous.indent.expandtabs(1))
        if (line.depth > previous.depth) != (narrow > before) or (line.depth < previous.depth) != (
            narrow < before
        ):
            return line
    for line in lines:
        alone = check(line.code)
        if alone is not None and alone.row == 0:
            return line
    return None


def _lines(piece: str) -> list[_Line]:
    bare = blank_hidden(piece)
    result: list[_Line] = []
    open_depths: list[int] = []
    row = 0
    for start, end in logical_lines(piece):
        count = piece.count("\n", start, end)
        text = piece[start:end]
        code = text.lstrip(" \t\f")
        if code and not code.startswith("#"):
            indent = text[: len(text) - len(code)]
            depth = len(indent.expandtabs(8))
            popped = False
            while open_depths and depth < open_depths[-1]:
                open_depths.pop()
                popped = True
            deeper = not open_depths or depth > open_depths[-1]
            is_misplaced = bool(result) and deeper and (popped or not result[-1].is_head)
            if deeper:
                open_depths.append(depth)
            is_head = bare[start:end].rstrip().endswith(":")
            result.append(_Line(row, row + count, indent, code, is_head, is_misplaced))
        row += count + 1
    return result
