"""The ten primitives and names: each row is a text with the node between «», and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst
import pytest

from softmax_lint.diagnostic import Edit, Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import KERAS, ensure_name
from softmax_lint.edits.tree import Outcome, Refused, Text, Tree
from softmax_lint.edits.written import overlap, written

COMMENT = "(a comment goes) "


def marked(source: str) -> tuple[Text, Tree, cst.BaseExpression]:
    """The text without marks, and the expression between them."""
    start = source.index("«")
    end = source.index("»") - 1
    text = Text("x.py", None, source.replace("«", "").replace("»", ""))
    tree = text.tree(start)
    return text, tree, tree.find((start, end))


def applied(text: Text, outcome: Outcome) -> str:
    edits = [text.edit(change) for change in outcome.changes]
    assert not overlap(edits)
    result = written("x.py", text.text.encode(), edits).decode()
    return (COMMENT if outcome.loses_comment else "") + result


def check(source: str, expected: str, edit: Callable[[Tree, cst.BaseExpression], Outcome]) -> None:
    text, tree, node = marked(source)
    if expected == "refused":
        with pytest.raises(Refused):
            edit(tree, node)
        return
    result = applied(text, edit(tree, node))
    assert result == expected
    cst.parse_module(result.removeprefix(COMMENT))


def _item(tree: Tree, node: cst.BaseExpression) -> cst.CSTNode:
    found = tree.parent(node)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f(«a»)\n", "f()\n"),
        ("f(«a»,)\n", "f()\n"),
        ("f(«a», b)\n", "f(b)\n"),
        ("f(a, «b»)\n", "f(a)\n"),
        ("f(a, «b»,)\n", "f(a,)\n"),
        ("f(a, x=«b», c=1)\n", "f(a, c=1)\n"),
        ("f(a, x=(«b»))\n", "f(a)\n"),
        ("f(a , x = «b» )\n", "f(a )\n"),
        ("f(\n    a,\n    x=«b»,\n)\n", "f(\n    a,\n)\n"),
        ("f(\n    a,\n    x=«b»\n)\n", "f(\n    a\n)\n"),
        ("f(\n    a,\n    x=«b»,\n    c=1,\n)\n", "f(\n    a,\n    c=1,\n)\n"),
        ("f(\n\ta,\n\tx=«b»)\n", "f(\n\ta)\n"),
        ("f(a, x=«b»,\n  c=1)\n", "f(a,\n  c=1)\n"),
        ("f(a,\n  x=«b», c=1)\n", "f(a,\n  c=1)\n"),
        ("f(a, \\\n  x=«b»)\n", "f(a)\n"),
        ("f(\n    a,\n    x=«b»,  # why\n)\n", COMMENT + "f(\n    a,\n)\n"),
        ("f(\n    a,  # first\n    x=«b»,\n)\n", "f(\n    a,  # first\n)\n"),
        ("f(\n    a,  # first\n    x=«b»\n)\n", "f(\n    a  # first\n)\n"),
        ("f('#', x=«b»)\n", "f('#')\n"),
    ],
)
def test_drop_argument(source: str, expected: str) -> None:
    def edit(tree: Tree, node: cst.BaseExpression) -> Outcome:
        argument = _item(tree, node)
        assert isinstance(argument, cst.Arg)
        return do.drop_argument(tree, argument)

    check(source, expected, edit)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[«a()»]\n", "[]\n"),
        ("[a, «b()»]\n", "[a]\n"),
        ("[a, «b()»,]\n", "[a,]\n"),
        ("[\n  a,\n  «b()»,\n]\n", "[\n  a,\n]\n"),
        ("[\n  a,\n  «b()»\n]\n", "[\n  a\n]\n"),
        ("[\n  a, # one\n  «b()», # two\n]\n", COMMENT + "[\n  a, # one\n]\n"),
        ("[\n  a,\n  # above\n  «b()»,\n]\n", "[\n  a,\n  # above\n]\n"),
        ("[\n  a\n  , «b()»\n]\n", "[\n  a\n]\n"),
        ("[a, «b()», c]\n", "[a, c]\n"),
        ("[\n  a,\n  «b(\n    1,\n  )»,\n  c,\n]\n", "[\n  a,\n  c,\n]\n"),
        ("x = (a, «b»)\n", "refused"),
        ("x = (a, «b», c)\n", "x = (a, c)\n"),
        ("{«a»}\n", "refused"),
    ],
)
def test_drop_element(source: str, expected: str) -> None:
    check(source, expected, lambda tree, node: do.drop_element(tree, _item(tree, node)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a\n«b»\nc\n", "a\nc\n"),
        ("a\n«b»", "a"),
        ("«b»\n", ""),
        ("def f():\n    a\n    «b»\n    c\n", "def f():\n    a\n    c\n"),
        ("def f():\n    «b»\n", "def f():\n    pass\n"),
        ("def f(): «b»\n", "def f(): pass\n"),
        ("if x:\n\ta; «b»; c\n", "if x:\n\ta; c\n"),
        ("a; «b»\n", "a\n"),
        ("a\n«b»  # note\nc\n", COMMENT + "a\nc\n"),
        ("def f():\n    # above\n    «b(\n      1)»\n    c\n", "def f():\n    # above\n    c\n"),
        ("a\n\n«b»\n\nc\n", "a\n\nc\n"),
        ("def f():\n    a\n    \n    «b»\n\n\n    c\n", "def f():\n    a\n    \n    c\n"),
        ("def f():\n    a\n\n    «b»\n    c\n", "def f():\n    a\n\n    c\n"),
        ("def f():\n    «b»\n\n    c\n", "def f():\n\n    c\n"),
        ("def f():\n    if x.y:\n        «b»\n    c\n", "def f():\n    c\n"),
        ("def f():\n    a\n    if x == 1: «b»\n    c\n", "def f():\n    a\n    c\n"),
        ("if x is not None:\n    «b»\nc\n", "c\n"),
        ("def f():\n    if x():\n        «b»\n    c\n", "def f():\n    if x():\n        pass\n    c\n"),
        ("def f():\n    if x:\n        «b»\n", "def f():\n    if x:\n        pass\n"),
        ("if x:\n    # why\n    «b»\nc\n", "if x:\n    # why\n    pass\nc\n"),
        ("if x:\n    «b»\nelse:\n    c\n", "if x:\n    pass\nelse:\n    c\n"),
        ("if x:\n    c\nelif y:\n    «b»\n", "if x:\n    c\nelif y:\n    pass\n"),
        ("while x:\n    «b»\n", "while x:\n    pass\n"),
    ],
)
def test_drop_statement(source: str, expected: str) -> None:
    def edit(tree: Tree, node: cst.BaseExpression) -> Outcome:
        statement = tree.statement(node)
        assert isinstance(statement, cst.BaseSmallStatement)
        return do.drop_statement(tree, statement)

    check(source, expected, edit)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = «s(x, dim=1)»\n", "y = x\n"),
        ("y = «s(a + b)»\n", "y = a + b\n"),
        ("y = «s(a + b)» * 2\n", "y = (a + b) * 2\n"),
        ("y = «s((a + b))» * 2\n", "y = (a + b) * 2\n"),
        ("y = («s(a + b)») * 2\n", "y = (a + b) * 2\n"),
        ("y = «s(a if b else c)».view(1)\n", "y = (a if b else c).view(1)\n"),
        ("f(«s(a if b else c)»)\n", "f(a if b else c)\n"),
        ("f(*«s(a or b)»)\n", "f(*(a or b))\n"),
        ("y = «s(\n    f(x),\n    dim=1,\n)»\n", "y = f(x)\n"),
        ("y = «s(\n    f\n    (x),\n)»\n", "y = (f\n    (x))\n"),
        ("f(«s(a\n + b)»)\n", "f(a\n + b)\n"),
        ("y = «s(  # why\n    x)»\n", COMMENT + "y = x\n"),
        ("y = «s(z := x)»\n", "refused"),
        ("y = «s(1)».t\n", "y = (1).t\n"),
        ("return_ = not «s(not x)»\n", "return_ = not (not x)\n"),
    ],
)
def test_unwrap(source: str, expected: str) -> None:
    def edit(tree: Tree, node: cst.BaseExpression) -> Outcome:
        assert isinstance(node, cst.Call)
        return do.unwrap(tree, node, node.args[0].value)

    check(source, expected, edit)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("«f()»\n", "f(flag=True)\n"),
        ("«f( )»\n", "f(flag=True )\n"),
        ("«f(a)»\n", "f(a, flag=True)\n"),
        ("«f(a,)»\n", "f(a, flag=True,)\n"),
        ("«f(flag=False)»\n", "f(flag=True)\n"),
        ("«f(flag=(False))»\n", "f(flag=(True))\n"),
        ("«f(False, b)»\n", "f(True, b)\n"),
        ("«f(*a)»\n", "refused"),
        ("«f(**a)»\n", "f(**a, flag=True)\n"),
        ("«f(x for x in y)»\n", "refused"),
        ("«f(\n    b=1,\n)»\n", "f(\n    b=1,\n    flag=True,\n)\n"),
        ("«f(\n    b=1\n)»\n", "f(\n    b=1,\n    flag=True\n)\n"),
        ("«f(\n    b=1  # one\n)»\n", "f(\n    b=1,  # one\n    flag=True\n)\n"),
        ("«f(\n    b=1,  # one\n)»\n", "f(\n    b=1,  # one\n    flag=True,\n)\n"),
        ("«f(\n    b=1)»\n", "f(\n    b=1,\n    flag=True)\n"),
        ("«f(c,\n  b=1)»\n", "f(c,\n  b=1,\n  flag=True)\n"),
    ],
)
def test_set_argument(source: str, expected: str) -> None:
    def edit(tree: Tree, node: cst.BaseExpression) -> Outcome:
        assert isinstance(node, cst.Call)
        position = 0 if source in ("«f(False, b)»\n", "«f(*a)»\n") else None
        return do.set_argument(tree, node, "flag", "True", position)

    check(source, expected, edit)


@pytest.mark.parametrize(
    ("source", "edit", "expected"),
    [
        ("y = «a.b»(1)\n", lambda t, n: do.replace_callee(t, n, "a.c"), "y = a.c(1)\n"),
        ("y = «a . b»(1)\n", lambda t, n: do.replace_callee(t, n, "a.c"), "y = a.c(1)\n"),
        ("y = «NLL»(1)\n", lambda t, n: do.replace_callee(t, n, "CE"), "y = CE(1)\n"),
        ("f(«'a'\n  'b'»)\n", lambda t, n: do.replace_literal(t, n, "c"), "f(c)\n"),
        ("y = «m(x)»\n", lambda t, n: do.wrap(t, n, "s(", ", 1)"), "y = s(m(x), 1)\n"),
        ("y = (« a »)\n".replace(" a ", "a"), lambda t, n: do.wrap(t, n, "s(", ")"), "y = s((a))\n"),
        ("y = «a, b»\n", lambda t, n: do.wrap(t, n, "s(", ")"), "y = s((a, b))\n"),
        (
            "[«L.Softmax(axis=1, name='p', dtype='float32')»]\n",
            lambda t, n: do.neutralise(t, n, "L.Activation", "'linear'", ("name", "dtype")),
            "[L.Activation('linear', name='p', dtype='float32')]\n",
        ),
        (
            "[«Activation('softmax', name='p')»]\n",
            lambda t, n: do.neutralise(t, n, "Activation", "'linear'", ("name",)),
            "[Activation('linear', name='p')]\n",
        ),
        (
            "[«nn.Softmax(dim=1)»]\n",
            lambda t, n: do.neutralise(t, n, "nn.Identity", "", ()),
            "[nn.Identity()]\n",
        ),
    ],
)
def test_replacements(
    source: str, edit: Callable[[Tree, cst.BaseExpression], Outcome], expected: str
) -> None:
    check(source, expected, edit)


@pytest.mark.parametrize(
    ("source", "spelling", "added"),
    [
        ("import keras\n«x»\n", "keras.losses.C", ""),
        ("import tensorflow as tf\ntf.keras.a\n«x»\n", "tf.keras.losses.C", ""),
        ("from tensorflow import keras as k\n«x»\n", "k.losses.C", ""),
        ("from keras import losses\nimport keras\n«x»\n", "losses.C", ""),
        # The package that the code uses, not the one that it imports a helper from.
        (
            "from keras.utils import to_categorical\nfrom tensorflow import keras\nm = keras.Sequential()\n«x»\n",
            "keras.losses.C",
            "",
        ),
        # What is internal to TensorFlow is no attribute of it.
        (
            "import tensorflow as tf\nfrom tensorflow.python.keras.models import Model\n«x»\n",
            "C",
            "from tensorflow.python.keras.losses import C\n",
        ),
        ("from keras.losses import C as D\n«x»\n", "D", ""),
        ("import tensorflow.keras.losses as l\n«x»\n", "l.C", ""),
        ("from keras.layers import Dense\n«x»\n", "C", "from keras.losses import C\n"),
        ("from tensorflow.keras.models import *\n«x»\n", "C", "from tensorflow.keras.losses import C\n"),
        (
            "try:\n    from keras.models import M\nexcept E:\n    pass\n«x»\n",
            "C",
            "    from keras.losses import C\n",
        ),
        (
            "def f():\n    import keras\nfrom keras.layers import D\n«x»\n",
            "C",
            "from keras.losses import C\n",
        ),
        ("def f():\n    «x»\nimport keras\n", "keras.losses.C", ""),
        ("from keras.layers import D\nclass C: pass\n«x»\n", "refused", ""),
        ("«x»\nimport keras\n", "refused", ""),
        ("import torch\n«x»\n", "refused", ""),
        (
            "from keras.layers import D\nimport keras\nkeras = None\n«x»\n",
            "C",
            "from keras.losses import C\n",
        ),
    ],
)
def test_ensure_name(source: str, spelling: str, added: str) -> None:
    _, _, _ = marked(source)
    plain = source.replace("«", "").replace("»", "")
    files = Files(lambda name: plain.encode())
    (text,) = files.texts("x.py")
    start = source.index("«")
    tree = text.tree(start)
    node = tree.find((start, start + 1))
    draft = Draft()
    if spelling == "refused":
        with pytest.raises(Refused):
            ensure_name(files, draft, text, tree, node, KERAS, "losses.C")
        return
    assert ensure_name(files, draft, text, tree, node, KERAS, "losses.C") == spelling
    assert "".join(edit.content for edit in draft.edits) == added


def edit_of(
    row: int, column: int, end_row: int, end_column: int, content: str, cell: int | None = None
) -> Edit:
    return Edit(Place("x", cell, row, column, end_row, end_column), content)


@pytest.mark.parametrize(
    ("data", "edit", "expected"),
    [
        (b"a\r\nb\r\nc\r\n", edit_of(2, 1, 3, 1, ""), b"a\r\nc\r\n"),
        (b"a\r\nb", edit_of(2, 1, 2, 2, "x\ny"), b"a\r\nx\r\ny"),
        (b"\xef\xbb\xbfa = 1\n", edit_of(1, 1, 1, 2, "b"), b"\xef\xbb\xbfb = 1\n"),
        (
            b"# coding: latin-1\nx = '\xe9' + y\n",
            edit_of(2, 11, 2, 12, "z"),
            b"# coding: latin-1\nx = '\xe9' + z\n",
        ),
        ("s = 'é𝄞'; f(x)\n".encode(), edit_of(1, 13, 1, 14, "y"), "s = 'é𝄞'; f(y)\n".encode()),
        (b"if a:\n\tb\n\tc\n", edit_of(2, 1, 3, 1, ""), b"if a:\n\tc\n"),
    ],
)
def test_bytes_outside_an_edit_stay(data: bytes, edit: Edit, expected: bytes) -> None:
    assert written("x.py", data, [edit]) == expected


HEAD = '{"metadata": {"source": ["no"]},\n "cells": [\n  {"cell_type": "markdown", "source": ["# x"]},\n  '
TAIL = ',\n   "outputs": [{"data": "\\u00e9/\\/"}], "execution_count": 3}\n ], "nbformat": 4}\n'


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ('["a\\n",\n    "b\\n",\n    "c"]', [edit_of(2, 1, 3, 1, "", 2)], '["a\\n",\n    "c"]'),
        ('["a\\n",\n    "b"]', [edit_of(1, 2, 2, 2, "", 2)], '["a"]'),
        ('["a\\n", "b"]', [edit_of(2, 1, 2, 1, "x\n", 2)], '["a\\n", "x\\n", "b"]'),
        ('["\\u00e9\\n", "b"]', [edit_of(1, 2, 1, 2, "(1)", 2)], '["\\u00e9(1)\\n", "b"]'),
        ('["é = \'\\"\'\\n", "b"]', [edit_of(2, 1, 2, 2, "'x'", 2)], '["é = \'\\"\'\\n", "\'x\'"]'),
        ('"a\\nb\\u00e9\\nc"', [edit_of(2, 1, 2, 2, 'x"', 2)], '"a\\nx\\"\\u00e9\\nc"'),
        ('["only"]', [edit_of(1, 1, 1, 5, "", 2)], '[""]'),
        (
            '["a\\n", "b\\n", "c\\n", "d"]',
            [edit_of(1, 1, 1, 2, "x", 2), edit_of(3, 1, 4, 1, "", 2)],
            '["x\\n", "b\\n", "d"]',
        ),
    ],
)
def test_notebooks_keep_their_layout(source: str, edits: list[Edit], expected: str) -> None:
    before = f'{HEAD}{{"cell_type": "code", "source": {source}{TAIL}'
    after = f'{HEAD}{{"cell_type": "code", "source": {expected}{TAIL}'
    assert written("x.ipynb", before.encode(), edits).decode() == after
