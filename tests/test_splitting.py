"""Cutting text into statements and logical lines."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_lint.splitting import blank_hidden, logical_lines, split

# Text → (row, kind, name) of its statements.
STATEMENTS = {
    "nothing": ("", []),
    "only comments": ("# a\n\n  # b\n", []),
    "simple": ("x = 1\ny = 2; z = 3\n", [(1, "", ""), (2, "", "")]),
    "no last newline": ("x = 1\ny = 2", [(1, "", ""), (2, "", "")]),
    "def": ("def f():\n    x\n\n    y\nclass C: pass\n", [(1, "def", "f"), (5, "class", "C")]),
    "async def": ("async  def f(): pass\n", [(1, "def", "f")]),
    "decorators": (
        "@a\n# why\n@b(\n1)\n\ndef f(): pass\n@c\nclass D: ...\n", [(1, "def", "f"), (7, "class", "D")],
    ),
    "decorator alone": ("x\n@a\n", [(1, "", ""), (2, "", "")]),
    "clauses": (
        "try:\n a\nexcept E:\n b\nelse:\n c\nfinally:\n d\nif a: b\nelif c: d\n", [(1, "", ""), (9, "", "")],
    ),
    "names like clauses": ("else_ = 1\nfinally_x = 2\n", [(1, "", ""), (2, "", "")]),
    "leading comments": ("# one\n\nx = 1\n# two\ny = 2\n", [(3, "", ""), (5, "", "")]),
    "brackets": ("f(\na,\nb\n)\nx = [\n1]\n", [(1, "", ""), (5, "", "")]),
    "brackets in strings": ("x = '('\ny = \"[\"  # {\nz\n", [(1, "", ""), (2, "", ""), (3, "", "")]),
    "triple quotes": ('x = """\na = 1\n"quoted" \'\n"""\ny\n', [(1, "", ""), (5, "", "")]),
    "docstring with escapes": ('"""a\\"""\nb"""\ny\n', [(1, "", ""), (3, "", "")]),
    "raw string": ("x = r'\\'\ny'\nz\n", [(1, "", ""), (2, "", ""), (3, "", "")]),
    "backslash": ("x = 1 + \\\ny\nz\n", [(1, "", ""), (3, "", "")]),
    "backslash in string": ("x = 'a\\\nb'\nz\n", [(1, "", ""), (3, "", "")]),
    "f-string": ("x = f'{a!r:>{w}}'\ny\n", [(1, "", ""), (2, "", "")]),
    "nested quotes": ('x = f"{d["("]}"\ny = f"{", ".join(a)}"\nz\n', [(1, "", ""), (2, "", ""), (3, "", "")]),
    "form feed": ("x = 1\n\fdef f(): pass\n\f\ny\n", [(1, "", ""), (2, "def", "f"), (4, "", "")]),
    "open bracket": ("x = f(1,\ndef g():\n    pass\n", [(1, "", ""), (2, "def", "g")]),
    "open string": ("x = 'abc\ny = 2\n", [(1, "", ""), (2, "", "")]),
    "stray bracket": ("x = 1\n)\ny = 2\n", [(1, "", ""), (3, "", "")]),
    "indented": ("  x = 1\n  y = 2\n", [(1, "", "")]),
    "match": ("match x:\n    case 1: a\n    case _: b\ncase = 2\n", [(1, "", ""), (4, "", "")]),
}  # fmt: skip


BLANKS = " \t\f"


def check_pieces(text: str) -> None:
    """Every piece stands at its row, pieces are in order, and no code is outside of them."""
    lines = text.split("\n")
    covered = 0
    for statement in split(text):
        count = statement.text.count("\n") + 1
        assert (
            "\n".join(lines[statement.row - 1 : statement.row - 1 + count])
            .lstrip("\f")
            .startswith(statement.text.lstrip("\f"))
        )
        assert all(
            not line.strip(BLANKS) or line.lstrip(BLANKS).startswith("#")
            for line in lines[covered : statement.row - 1]
        )
        covered = statement.row - 1 + count
    assert all(not line.strip(BLANKS) for line in lines[covered:]) or not split(text)


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(name: str) -> None:
    text, expected = STATEMENTS[name]
    assert [(s.row, s.kind, s.name) for s in split(text)] == expected
    check_pieces(text)


@pytest.mark.parametrize("name", STATEMENTS)
def test_agrees_with_the_grammar(name: str) -> None:
    text, _ = STATEMENTS[name]
    try:
        tree = ast.parse(text)
    except SyntaxError:
        pytest.skip("not Python (of this version)")
    rows = {min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", []))]) for n in tree.body}
    assert sorted(rows) == [statement.row for statement in split(text)]


PIECES = st.sampled_from(
    ["x", "(", ")", "[", "}", "'", '"', '"""', "'''", "\\", "\n", "\n\n", " ", "#", "def f():",
     "class C:", "@d",
     "f'{", "else:", "\f", "\t", "%", "é", "\u2028", "{{", "return", "="]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_total(text: str) -> None:
    split(text)
    assert len(blank_hidden(text)) == len(text)
    joined = "\n".join(text[start:end] for start, end in logical_lines(text))
    assert text in (joined, joined + "\n")


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES).map("".join))
def test_pieces_cover_the_code(text: str) -> None:
    check_pieces(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 'a(' # b\ny", "x = '__'    \ny"),
        ('"""a\nb"""', '"___\n___"'),
        ("f'{x}'", "f'___'"),
    ],
)
def test_blank_hidden(text: str, expected: str) -> None:
    assert blank_hidden(text) == expected
