"""The ten primitives. Each takes a tree and a node in it and gives changes of text; nothing else moves.

A primitive raises `Refused` where it has no exact edit. `Outcome.loses_comment` says that a comment goes.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from softmax_lint.edits.tree import Change, Outcome, Refused, Tree, has_comment, skip
from softmax_lint.splitting import blank_hidden

_ATOMS = (
    cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.SimpleString, cst.FormattedString, cst.Integer,
    cst.Float, cst.Imaginary, cst.List, cst.Set, cst.Dict, cst.ListComp, cst.SetComp, cst.DictComp,
)  # fmt: skip
# A node in one of these stands alone: what replaces it needs no parentheses for its operators.
_ROOMY = (cst.Arg, cst.Element, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return, cst.Expr, cst.Index)


# Lists of things.


def drop_argument(tree: Tree, argument: cst.Arg) -> Outcome:
    """Take an argument out of its call."""
    call = tree.parent(argument)
    if not isinstance(call, cst.Call):
        raise Refused("no argument of a call")
    return _drop(tree, call.args, call.args.index(argument))


def drop_element(tree: Tree, element: cst.CSTNode) -> Outcome:
    """Take an element out of a list, tuple, set or dict, or out of the arguments of a container."""
    if isinstance(element, cst.Arg):
        return drop_argument(tree, element)
    parent = tree.parent(element)
    if not isinstance(parent, (cst.List, cst.Tuple, cst.Set, cst.Dict)):
        raise Refused("no element of a display")
    if isinstance(parent, cst.Tuple) and (len(parent.elements) < 3 or not parent.lpar):
        raise Refused("the tuple would lose its commas")
    if isinstance(parent, cst.Set) and len(parent.elements) < 2:
        raise Refused("an empty set has no display")
    return _drop(tree, parent.elements, parent.elements.index(element))


def drop_name(tree: Tree, statement: cst.ImportFrom, alias: cst.ImportAlias) -> Outcome:
    """Take a name out of a from-import that has others."""
    names = statement.names
    if isinstance(names, cst.ImportStar) or len(names) < 2:
        raise Refused("the import would be empty")
    return _drop(tree, names, names.index(alias))


def _drop(tree: Tree, items: Sequence[cst.CSTNode], index: int) -> Outcome:
    text = tree.text
    spans = [tree.spans[item] for item in items]
    start, end = spans[index]
    comma = skip(text, end)
    has_comma = text[comma : comma + 1] == ","
    after = comma + 1 if has_comma else end
    line = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", after)
    line_end = len(text) if line_end < 0 else line_end
    tail = text[after:line_end]
    previous = spans[index - 1][1] if index else None
    is_last = index == len(items) - 1
    if not text[line:start].strip(" \t") and not _code(tail) and line_end < len(text):
        # It has its lines for itself: they go as a whole.
        changes = [Change(line, line_end + 1, "")]
        if is_last and not has_comma and previous is not None:
            at = skip(text, previous)
            changes.insert(0, Change(at, at + 1, ""))
        return Outcome(tuple(changes), has_comment(text[start : line_end + 1]))
    following = _start_of(text, after)
    if previous is not None and (is_last or "\n" in text[after:following]):
        # Cut from behind the item before: its comma goes, the one that follows takes its place.
        return Outcome((Change(previous, end, ""),), has_comment(text[previous:end]))
    stop = after if is_last else following
    return Outcome((Change(start, stop, ""),), has_comment(text[start:stop]))


def _start_of(text: str, at: int) -> int:
    """The next code at or behind an offset; a comment counts as code."""
    while at < len(text) and (text[at] in " \t\n" or text.startswith("\\\n", at)):
        at += 2 if text[at] == "\\" else 1
    return at


def _code(text: str) -> str:
    """What a rest of a line holds beside blanks and a comment."""
    return text.split("#", 1)[0].strip()


# Arguments.


def set_argument(tree: Tree, call: cst.Call, name: str, value: str, position: int | None = None) -> Outcome:
    """Give a call the argument ``name=value``: changed where it stands, else added at the end.

    `position` is the parameter's, where it may be given without its name.
    """
    for index, argument in enumerate(call.args):
        is_it = argument.keyword is not None and argument.keyword.value == name
        if is_it or (argument.keyword is None and not argument.star and index == position):
            return replace_literal(tree, argument.value, value)
        if argument.star == "*" and position is not None and index <= position:
            raise Refused("a starred argument may set it already")
    content = f"{name}={value}"
    text = tree.text
    if not call.args:
        opening = skip(text, tree.whole(call.func)[1])
        return Outcome((Change(opening + 1, opening + 1, content),))
    last = call.args[-1]
    if isinstance(last.value, cst.GeneratorExp) and not last.value.lpar:
        raise Refused("the only argument is a generator")
    start, end = tree.spans[last]
    comma = skip(text, end)
    has_comma = text[comma : comma + 1] == ","
    line = text.rfind("\n", 0, start) + 1
    indent = text[line:start]
    if indent.strip(" \t"):
        return Outcome((Change(end, end, f", {content}"),))
    behind = comma + 1 if has_comma else end
    line_end = text.find("\n", behind)
    rest = text[behind : len(text) if line_end < 0 else line_end]
    if line_end < 0 or _code(rest):
        return Outcome((Change(end, end, f",\n{indent}{content}"),))
    if has_comma:
        return Outcome((Change(line_end + 1, line_end + 1, f"{indent}{content},\n"),))
    if not rest.strip():
        return Outcome((Change(end, end, f",\n{indent}{content}"),))
    return Outcome((Change(end, end, ","), Change(line_end, line_end, f"\n{indent}{content}")))


# Statements.


def drop_statement(tree: Tree, statement: cst.BaseSmallStatement) -> Outcome:
    """Take a simple statement away with its line; ``pass`` stays where a block would be empty."""
    line = tree.parent(statement)
    if not isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
        raise Refused("no simple statement")
    text = tree.text
    start, end = tree.spans[statement]
    index = line.body.index(statement)
    if len(line.body) > 1:
        if index + 1 < len(line.body):
            return Outcome((Change(start, tree.spans[line.body[index + 1]][0], ""),))
        return Outcome((Change(tree.spans[line.body[index - 1]][1], end, ""),))
    block = tree.parent(line)
    is_only = isinstance(line, cst.SimpleStatementSuite) or (
        isinstance(block, cst.IndentedBlock) and len(block.body) == 1
    )
    if is_only:
        around = tree.parent(line if isinstance(line, cst.SimpleStatementSuite) else block or line)
        if isinstance(around, cst.If) and _only_guards(tree, around, end):
            return _drop_lines(text, tree.spans[around][0], end)
        return Outcome((Change(start, end, "pass"),), has_comment(text[start:end]))
    return _drop_lines(text, start, end)


def _only_guards(tree: Tree, branch: cst.If, end: int) -> bool:
    """Whether an ``if`` does nothing but decide on its only statement, which ends at `end`."""
    if branch.orelse is not None or has_comment(tree.text[tree.spans[branch][0] : end]):
        return False
    block = tree.parent(branch)
    is_only = isinstance(block, cst.IndentedBlock) and len(block.body) == 1
    if is_only or not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return False
    pending: list[cst.CSTNode] = [branch.test]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.Call, cst.Await, cst.Yield, cst.NamedExpr)):
            return False
        pending += node.children
    return True


def _drop_lines(text: str, start: int, end: int) -> Outcome:
    """The lines of a statement go, and of the blank lines on both sides those behind it."""
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    tail = text[end : len(text) if stop < 0 else stop]
    loses = has_comment(text[start:end] + tail)
    if stop < 0:
        # The last line of a text without a line end: the one before it goes instead.
        return Outcome((Change(max(begin - 1, 0), len(text), ""),), loses)
    stop += 1
    before = text[text.rfind("\n", 0, max(begin - 1, 0)) + 1 : begin]
    if begin and not before.strip(" \t\n"):
        while not (line := text[stop : text.find("\n", stop) + 1]).strip(" \t\n") and line:
            stop += len(line)
    return Outcome((Change(begin, stop, ""),), loses)


# Expressions.


def unwrap(tree: Tree, outer: cst.BaseExpression, inner: cst.BaseExpression) -> Outcome:
    """Replace an expression by a part of it: ``F.softmax(x, dim=1)`` by ``x``."""
    if isinstance(inner, (cst.GeneratorExp, cst.NamedExpr)) and not inner.lpar:
        raise Refused("the argument is no plain expression")
    text = tree.text
    start, end = tree.spans[outer]
    first, last = tree.whole(inner)
    piece = text[first:last]
    needs = not inner.lpar and not outer.lpar and _needs_parentheses(tree, outer, inner, piece)
    opening, closing = ("(", ")") if needs else ("", "")
    changes = (Change(start, first, opening), Change(last, end, closing))
    return Outcome(
        tuple(change for change in changes if change.start < change.end or change.content),
        has_comment(text[start:first]) or has_comment(text[last:end]),
    )


def _needs_parentheses(tree: Tree, outer: cst.BaseExpression, inner: cst.BaseExpression, piece: str) -> bool:
    parent = tree.parent(outer)
    if not isinstance(inner, _ATOMS):
        if not isinstance(parent, _ROOMY) or (isinstance(parent, cst.Arg) and parent.star):
            return True
        if isinstance(inner, (cst.Yield, cst.Tuple)):
            return True
    if isinstance(inner, (cst.Integer, cst.Float)) and isinstance(parent, cst.Attribute):
        return True
    return "\n" in _outside_brackets(piece) and not _inside_brackets(tree, outer)


def _outside_brackets(piece: str) -> str:
    depth, kept = 0, []
    for mark in blank_hidden(piece):
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
        elif not depth:
            kept.append(mark)
    return "".join(kept)


def _inside_brackets(tree: Tree, node: cst.CSTNode) -> bool:
    for each in tree.ancestors(node):
        if isinstance(each, (cst.Arg, cst.Element, cst.DictElement, cst.SubscriptElement)):
            parent = tree.parent(each)
            if not isinstance(parent, cst.Tuple) or parent.lpar:
                return True
        if getattr(each, "lpar", ()):
            return True
        if isinstance(each, cst.BaseSmallStatement):
            return False
    return False


def wrap(tree: Tree, node: cst.BaseExpression, before: str, after: str) -> Outcome:
    """Put text around an expression: ``model(x)`` becomes ``torch.softmax(model(x), dim=1)``."""
    start, end = tree.whole(node)
    bare = not node.lpar and isinstance(node, (cst.GeneratorExp, cst.Tuple, cst.NamedExpr))
    if bare:
        before, after = f"{before}(", f"){after}"
    return Outcome((Change(start, start, before), Change(end, end, after)))


def replace_callee(tree: Tree, callee: cst.BaseExpression, name: str) -> Outcome:
    """Call something else: of a dotted name only the last parts that differ change."""
    start, end = tree.spans[callee]
    old = tree.text[start:end]
    common = 0
    for position, (left, right) in enumerate(zip(old, name, strict=False)):
        if left != right:
            break
        if left == ".":
            common = position + 1
    return Outcome((Change(start + common, end, name[common:]),), has_comment(old[common:]))


def replace_literal(tree: Tree, node: cst.BaseExpression, value: str) -> Outcome:
    """Replace an expression by other text, which must bind as tightly."""
    start, end = tree.spans[node]
    return Outcome((Change(start, end, value),), has_comment(tree.text[start:end]))


def neutralise(tree: Tree, call: cst.Call, callee: str, first: str, kept: Sequence[str]) -> Outcome:
    """Make a layer do nothing and keep its place: ``callee(first, name=…)``.

    `callee` is what is called instead, `first` its first argument ("" for none); of the old keyword arguments
    only those in `kept` stay. A layer whose callee stays only has its first argument replaced.
    """
    if tree.code(call.func) == callee and first and call.args and call.args[0].keyword is None:
        return replace_literal(tree, call.args[0].value, first)
    arguments = [first] if first else []
    arguments += [
        tree.code(argument)
        for argument in call.args
        if argument.keyword is not None and argument.keyword.value in kept
    ]
    start, end = tree.spans[call]
    content = f"{callee}({', '.join(arguments)})"
    return Outcome((Change(start, end, content),), has_comment(tree.text[start:end]))
