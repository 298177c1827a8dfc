"""What the native parser does not say or does not stand: where a text goes wrong, and if it is too deep."""

from __future__ import annotations

from softmax_lint.regex import late
from softmax_lint.splitting import blank_hidden

# A bracket costs the native parser about eight kilobytes of stack for each level, anything else far less.
# Python itself allows 200 open brackets.
_BRACKETS = 90
_WEIGHT = 1_500
_BRACKET = late(r"[()\[\]{}]")
_TOKEN = late(r"\w+|[\"'][_\s]*[\"']|[^\w\s]|\n")
_LAST_TOKEN = late(r"(?:\w*[\"'][_\n]*[\"']|\w+|[^\w\s])\Z")
_LONG = 3_000


def before(text: str, row: int, column: int) -> tuple[int, int]:
    """(row, column) of the token before a place; `column` counts from 0, the result's from 1.

    The parser names the place where the token after the bad one starts. A bad line end is told by the column
    after the last token of the line; a line with more indentation than it may have, by its own start.
    """
    bare = blank_hidden(text)
    lines = bare.split("\n")
    row = min(max(row, 1), len(lines))
    here = lines[row - 1][:column]
    if here.strip():
        code = here.rstrip()
        found = _LAST_TOKEN.search(code)
        return row, (found.start() if found else len(code)) + 1
    previous = row - 1
    while previous and not lines[previous - 1].strip():
        previous -= 1
    if not previous:
        return row, column + 1
    ended = lines[previous - 1].rstrip()
    if len(here.expandtabs(8)) > len(ended.expandtabs(8)) - len(ended.lstrip().expandtabs(8)):
        # Deeper: a bad indentation, or the inside of brackets.
        return row, column + 1
    return previous, len(ended) + 1


def too_deep(text: str) -> bool:
    """Whether parsing the text could exhaust the stack. Errs on the side of saying so."""
    if _deepest(text) <= _BRACKETS and (len(text) < _LONG or max(map(len, text.split(","))) < _LONG):
        return False
    return _weight(blank_hidden(text)) > _WEIGHT


def _deepest(text: str) -> int:
    """An upper bound of the brackets that are open at once; exact where there are many."""
    count = text.count("(") + text.count("[") + text.count("{")
    if count <= _BRACKETS:
        return count
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        if bracket in "([{":
            depth += 1
            if depth > deepest:
                deepest = depth
        elif depth:
            depth -= 1
    return deepest


def _weight(bare: str) -> int:
    """An upper bound of the depth of a text's tree: the tokens since the last comma, in all open brackets."""
    open_weights = [0]
    current = heaviest = 0
    for token in _TOKEN.findall(bare):
        if token in "([{":
            open_weights.append(current)
            current += _WEIGHT // _BRACKETS
        elif token in ")]}":
            if len(open_weights) > 1:
                current = open_weights.pop() + 2
        elif token in ",;" or (token == "\n" and len(open_weights) == 1):
            current = open_weights[-1] if len(open_weights) > 1 else 0
        elif token != "\n":
            current += 1
        heaviest = max(heaviest, current)
    return heaviest
