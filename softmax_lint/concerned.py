"""Which definitions the fixes of some findings are about: nothing else can tell that they were applied."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from softmax_lint.diagnostic import Diagnostic, Place
from softmax_lint.lines import Read
from softmax_lint.touching import About, Name

# Rules whose fixes put a logarithm and its activation into one, and change nothing for others.
_IN_PLACE = frozenset({"SML006", "SML106"})


def concerned(diagnostics: Iterable[Diagnostic], read: Read) -> About:
    """What the fixes of these findings are about; `read` gives the bytes of a file and raises OSError."""
    trees: dict[str, ast.Module | None] = {}
    whole: set[str] = set()
    names: set[Name] = set()
    own: set[Name] = set()
    for each in diagnostics:
        found: set[Name] = set()
        for place in each.places:
            if place.filename not in trees:
                trees[place.filename] = _parsed(place.filename, read)
            name = _definition(trees[place.filename], place)
            if name is None:
                whole.add(place.filename)
            else:
                found.add((place.filename, name))
        own |= found
        if not _is_in_place(each, trees):
            names |= found
    return About(frozenset(trees), frozenset(whole), frozenset(names), frozenset(own))


def _parsed(path: str, read: Read) -> ast.Module | None:
    """The syntax of a file, where places in it are places in one text."""
    if not path.endswith(".py"):
        return None
    try:
        return ast.parse(read(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _definition(tree: ast.Module | None, place: Place) -> str | None:
    """The name of the class or function at the top of the file around a place, None where there is none."""
    for node in _around(tree.body if tree is not None else (), place):
        return node.name if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) else None
    return None


def _around(body: Sequence[ast.stmt], place: Place) -> Iterator[ast.stmt]:
    """The statements around a place, the outermost first."""
    for node in body:
        decorators = getattr(node, "decorator_list", ())
        first = min([node.lineno, *(each.lineno for each in decorators)])
        if first <= place.row and place.end_row <= (node.end_lineno or node.lineno):
            yield node
            inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]
            yield from _around(inner, place)


def _is_in_place(diagnostic: Diagnostic, trees: Mapping[str, ast.Module | None]) -> bool:
    """Whether its fixes change nothing outside of one function."""
    if diagnostic.code not in _IN_PLACE:
        return False
    functions = set()
    for place in diagnostic.places:
        tree = trees[place.filename]
        around = list(_around(tree.body if tree is not None else (), place))
        inner = [id(each) for each in around if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
        functions.add((place.filename, inner[-1] if inner else 0))
    return len(functions) == 1 and all(inner for _, inner in functions)
