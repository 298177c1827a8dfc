"""What reaches the parts of a container or a model by their positions, in all files that a fix may look at."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from softmax_lint.edits.files import Files
from softmax_lint.edits.names import dotted
from softmax_lint.edits.shared import is_constructor, spelled_around
from softmax_lint.edits.tree import Text, Tree

# Ways to reach the parts of any model by their order.
_IN_ORDER = re.compile(
    r"\.layers\b(?!\.)[ \t]*(?:\[|\))|\.layers\.pop\b|\.pop\([ \t]*\)|\bget_layer\([ \t]*(?:index\b|-?\d)"
    r"|\.(?:named_)?children\(\)|\b(?:list|tuple|enumerate|zip)\([^\n]*\.(?:named_)?modules\(\)|\._modules\b"
)


def is_literal_key(node: cst.Subscript) -> bool:
    """Whether a subscript picks the same entry whoever runs it."""
    index = node.slice[0].slice
    return isinstance(index, cst.Index) and isinstance(
        index.value, (cst.Integer, cst.SimpleString, cst.UnaryOperation)
    )


def is_picked(files: Files, tree: Tree, container: cst.CSTNode, text: Text) -> bool:
    """Whether something may reach the entries of a container, or of the model it becomes, by their positions."""
    names = set(_names(tree, container))
    function = next((each for each in tree.ancestors(container) if isinstance(each, cst.FunctionDef)), None)
    for other in spelled_around(files, text.filename):
        known = set(names)
        if function is not None and not is_constructor(tree, function):
            made = rf"([\w.]+)[ \t]*=[ \t]*(?:\w+\.)*{re.escape(function.name.value)}\("
            known |= {found.rpartition(".")[2] for found in re.findall(made, other)}
        if _IN_ORDER.search(other) or any(_by_position(name).search(other) for name in known):
            return True
    return False


def _by_position(name: str) -> re.Pattern[str]:
    word = re.escape(name)
    return re.compile(
        rf"(?<!\w){word}\[|\b(?:len|enumerate|zip|list|reversed)\([^\n]*?(?<!\w){word}[ \t]*[,)\[]"
    )


def _names(tree: Tree, container: cst.CSTNode) -> Iterator[str]:
    """The last parts of the names that a container gets, and of what is made of it by its name."""
    for each in tree.ancestors(container):
        if isinstance(each, cst.Assign):
            for target in each.targets:
                leaf = (dotted(target.target) or "").rpartition(".")[2]
                if leaf:
                    yield leaf
                    yield from _made_of(tree, leaf)
            return
        if isinstance(each, cst.Call) and isinstance(each.func, cst.Attribute) and each is not container:
            # `model.add(…)`: the receiver is the container.
            leaf = (dotted(each.func.value) or "").rpartition(".")[2]
            if leaf and isinstance(tree.parent(each), cst.Expr):
                yield leaf
                yield from _made_of(tree, leaf)
                return
        if isinstance(each, cst.BaseSmallStatement):
            return


def _made_of(tree: Tree, leaf: str) -> Iterator[str]:
    word = re.compile(rf"\b(\w+)[ \t]*=[ \t]*[\w.]+\(\*?(?:OrderedDict\()?{re.escape(leaf)}\)")
    yield from word.findall(tree.text)
