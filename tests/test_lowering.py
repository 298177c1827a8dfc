"""Lowering: text to operations, ordinals to places, and what becomes of code that does not parse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmax_lint import code
from softmax_lint.lowering import locate, lower, span
from softmax_lint.splitting import split

EXPRESSIONS = frozenset(
    (code.NAME, code.CONST, code.ATTR, code.ITEM, code.SLICE, code.CALL, code.SPLAT, code.SEQ, code.MAP,
     code.FN, code.COND, code.BINARY, code.UNARY, code.COMPARE, code.BOOL, code.COMP, code.WALRUS,
     code.FORMAT, code.YIELD, code.OPAQUE)
)  # fmt: skip


def is_expression(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 2 and value[0] in EXPRESSIONS and type(value[1]) is int


def short(value: Any) -> Any:
    """Lowered code without ordinals; names and constants as "x" and ("const", 1)."""
    if not isinstance(value, tuple):
        return value
    if is_expression(value):
        return value[2] if value[0] == code.NAME else (value[0], *(short(part) for part in value[2:]))
    return tuple(short(part) for part in value)


def expressions(value: Any) -> Iterator[tuple[Any, ...]]:
    """Every expression in the order of the tuples' fields."""
    if isinstance(value, tuple):
        if is_expression(value):
            yield value
        for part in value:
            yield from expressions(part)


def k(value: object) -> tuple[str, object]:
    return ("const", value)


# Text of one expression → its short form.
FORMS: dict[str, Any] = {
    "x": "x",
    "1": k(1),
    "0x_ff": k(255),
    "1_0.5e1": k(105.0),
    "-1": k(-1),
    "-(2.5)": k(-2.5),
    "- -1": ("unary", "-", k(-1)),
    "+1": ("unary", "+", k(1)),
    "-True": ("unary", "-", k(True)),
    "1j": ("opaque", ()),
    "True": k(True),
    "None": k(None),
    "...": k(...),
    "'a' \"b\" r'\\n' u'c'": k("ab\\nc"),
    "('a'\n  'b')": k("ab"),
    "'\\x41\\n\\u00e9\\N{BULLET}\\101\\q\\\n'": k("A\né•A\\q"),
    "b'a'": ("opaque", ()),
    "b'a' b'b'": ("opaque", ()),
    '""""q" x"""': k('"q" x'),
    "''": k(""),
    "a.b.c": ("attr", ("attr", "a", "b"), "c"),
    "a[0]": ("item", "a", k(0)),
    "a[b, 1:]": ("item", "a", ("seq", "tuple", ("b", ("slice", k(1), None, None)))),
    "a[b,]": ("item", "a", ("seq", "tuple", ("b",))),
    "a[(b, c)]": ("item", "a", ("seq", "tuple", ("b", "c"))),
    "a[::2]": ("item", "a", ("slice", None, None, k(2))),
    "a[*b]": ("item", "a", ("seq", "tuple", (("splat", "b"),))),
    "f(a, *b, k=1, **c)": ("call", "f", ("a", ("splat", "b")), (("k", k(1)), (None, "c"))),
    "f(x for x in y)": ("call", "f", (("comp", "generator", "x", (("x", "y", ()),)),), ()),
    "(a, *b)": ("seq", "tuple", ("a", ("splat", "b"))),
    "()": ("seq", "tuple", ()),
    "[a]": ("seq", "list", ("a",)),
    "{a, b}": ("seq", "set", ("a", "b")),
    "{a: 1, **b}": ("map", (("a", k(1)), (None, "b"))),
    "lambda a, /, b=1, *c, d, **e: a": (
        "fn", "<lambda>",
        (("a", "positional", None), ("b", "positional", k(1)), ("c", "star", None), ("d", "keyword", None),
         ("e", "star_star", None)),
        (("return", "a"),),
    ),
    "lambda: 0": ("fn", "<lambda>", (), (("return", k(0)),)),
    "a if b else c": ("cond", "b", "a", "c"),
    "a + b @ c": ("binary", "+", "a", ("binary", "@", "b", "c")),
    "a // b << c ** d": ("binary", "<<", ("binary", "//", "a", "b"), ("binary", "**", "c", "d")),
    "not a": ("unary", "not", "a"),
    "~a": ("unary", "~", "a"),
    "a is not b": ("compare", "is not", "a", "b"),
    "a not in b": ("compare", "not in", "a", "b"),
    "a < b == c": ("bool", "and", (("compare", "<", "a", "b"), ("compare", "==", "b", "c"))),
    "a and b and c or d": ("bool", "or", (("bool", "and", ("a", "b", "c")), "d")),
    "(a or b) or c": ("bool", "or", (("bool", "or", ("a", "b")), "c")),
    "[x for x, y in z if x if y for w in x]": (
        "comp", "list", "x", ((("seq", "tuple", ("x", "y")), "z", ("x", "y")), ("w", "x", ())),
    ),
    "{x for x in y}": ("comp", "set", "x", (("x", "y", ()),)),
    "{a: b for a in c}": ("comp", "dict", ("seq", "tuple", ("a", "b")), (("a", "c", ()),)),
    "(a := b)": ("walrus", "a", "b"),
    "f'a{{{b}' 'c' f'{d!r}{e:>{w}}{g!s}'": (
        "format", (k("a{"), "b", k("c"), ("opaque", ("d",)), ("opaque", ("e", "w")), "g"),
    ),
    "f'{a = }'": ("format", (k("a = "), ("opaque", ("a",)))),
    "rf'\\n{a}'": ("format", (k("\\n"), "a")),
    "f''": ("format", ()),
    "(yield)": ("yield", None),
    "(yield a)": ("yield", "a"),
    "(yield from a)": ("yield", "a"),
    "await a.b": ("attr", "a", "b"),
    "((a))": "a",
}  # fmt: skip

X1 = ("bind", "x", k(1))
# Text → the short form of its operations.
OPERATIONS: dict[str, Any] = {
    "": (),
    "# nothing": (),
    "'doc'\n1\n...\nb''\npass": (),
    "f()": (("do", ("call", "f", (), ())),),
    "f'{f()}'": (("do", ("format", (("call", "f", (), ()),))),),
    "x = 1; x = 1": (X1, X1),
    "a.b = c": (("bind", ("attr", "a", "b"), "c"),),
    "a, *b = c": (("bind", ("seq", "tuple", ("a", ("splat", "b"))), "c"),),
    "[a, (b, c)] = d": (("bind", ("seq", "list", ("a", ("seq", "tuple", ("b", "c")))), "d"),),
    "a = b[0] = c": (("bind_all", ("a", ("item", "b", k(0))), "c"),),
    "x: int = 1": (X1,),
    "x: int": (),
    "x //= 2": (("augment", "x", "//", k(2)),),
    "x @= y": (("augment", "x", "@", "y"),),
    "if a: x = 1\nelif b:\n    pass\nelse: y": (("if", "a", (X1,), (("if", "b", (), (("do", "y"),)),)),),
    "assert a, b": (("do", "a"),),
    "for a, b in c:\n    break\nelse:\n    x = 1": (
        ("loop", ("seq", "tuple", ("a", "b")), "c", (("break",),), (X1,)),
    ),
    "async def f():\n async for a in b: continue": (
        ("def", "f", ("fn", "f", (), (("loop", "a", "b", (("continue",),), ()),)), ()),
    ),
    "while a: x = 1\nelse: pass": (("while", "a", (X1,), ()),),
    "with a as b, c(): x = 1": (("with", (("a", "b"), (("call", "c", (), ()), None)), (X1,)),),
    "with (a as (b, c),):\n    x = 1": (("with", (("a", ("seq", "tuple", ("b", "c"))),), (X1,)),),
    "try: x = 1\nexcept A: x = 1\nexcept (B, C) as e: pass\nelse: x = 1\nfinally: x = 1": (
        ("try", (X1,), ((X1,), (("bind", "e", ("opaque", ())),)), (X1,), (X1,)),
    ),
    "try: pass\nexcept* A: x = 1": (("try", (), ((X1,),), (), ()),),
    "return": (("return", None),),
    "return a, b": (("return", ("seq", "tuple", ("a", "b"))),),
    "raise": (("raise", None),),
    "raise A from b": (("raise", "A"),),
    "@d\n@e(1)\ndef f(a, b: int = 1, *, c=2, **k) -> x:\n    '''doc'''\n    return a": (
        ("def", "f",
         ("fn", "f", (("a", "positional", None), ("b", "positional", k(1)), ("c", "keyword", k(2)),
                      ("k", "star_star", None)), (("return", "a"),)),
         ("d", ("call", "e", (k(1),), ()))),
    ),
    "@d\nclass C(A, *B, metaclass=M, **k):\n    '''doc'''\n    x = 1": (
        ("class", "C", ("A", ("splat", "B")), (("metaclass", "M"), (None, "k")), ("d",), (X1,)),
    ),
    "class C: pass": (("class", "C", (), (), (), ()),),
    "import a.b, c as d, a.b as e": (("import", "a.b", None), ("import", "c", "d"), ("import", "a.b", "e")),
    "from a.b import c, d as e": (("from", "a.b", 0, (("c", "c"), ("d", "e"))),),
    "from ..a import (b,)": (("from", "a", 2, (("b", "b"),)),),
    "from . import b": (("from", "", 1, (("b", "b"),)),),
    "from a import *": (("from", "a", 0, (("*", "*"),)),),
    "del a, b[0], (c, d)": (("delete", ("a", ("item", "b", k(0)), "c", "d")),),
    "global a, b": (("global", ("a", "b")),),
    "def f():\n nonlocal a": (("def", "f", ("fn", "f", (), (("global", ("a",)),)), ()),),
    "type X = int": (("bind", "X", ("opaque", ())),),
    "match s:\n case 'a' | -1: x = 1\n case None if g: x = 1\n case y: x = 1": (
        ("if", ("bool", "or", (("compare", "==", "s", k("a")), ("compare", "==", "s", k(-1)))), (X1,),
         (("if", ("bool", "and", (("compare", "is", "s", k(None)), "g")), (X1,), (("bind", "y", "s"), X1)),)),
    ),
    "match s:\n case [a, *b] if a: x = 1\n case {'k': v, **r}: x = 1\n"
    " case A(c, d=e) as w: x = 1\n case _: x = 1": (
        ("if", ("opaque", ()), (("bind", "a", ("opaque", ())), ("bind", "b", ("opaque", ())), X1), (
            ("if", ("opaque", ("s",)), (("bind", "v", ("opaque", ())), ("bind", "r", ("opaque", ())), X1), (
                ("if", ("opaque", ("s",)),
                 (("bind", "c", ("opaque", ())), ("bind", "e", ("opaque", ())), ("bind", "w", "s"), X1),
                 (X1,)),)),)),
    ),
}  # fmt: skip


def check_ordinals(text: str) -> None:
    """Every expression has an ordinal of its own, given in order, with a place that reads right."""
    operations, _ = lower(text)
    found = list(expressions(operations))
    assert sorted(e[1] for e in found) == list(range(len(found)))
    assert [e[1] for e in found] == list(range(len(found)))
    spans = locate(text)
    assert len(spans) == len(found)
    lines = text.split("\n")
    for tag, ordinal, *fields in found:
        span = spans[ordinal]
        assert 1 <= span.row <= span.end_row <= span.last_row <= len(lines)
        assert (span.row, span.column) <= (span.end_row, span.end_column)
        inside = cut(lines, span)
        if tag == code.NAME or (tag == code.FN and fields[0] != "<lambda>"):
            assert inside == fields[0]
        elif tag == code.ATTR:
            assert inside.endswith(fields[1])
        elif tag == code.CONST and not isinstance(fields[0], str) and not inside.startswith("-"):
            assert inside[0] not in "( " and inside[-1] not in ") "
        elif tag == code.CALL:
            assert inside.endswith(")")


def cut(lines: list[str], span: Any) -> str:
    inside = lines[span.row - 1 : span.end_row]
    inside[-1] = inside[-1][: span.end_column - 1]
    inside[0] = inside[0][span.column - 1 :]
    return "\n".join(inside)


@pytest.mark.parametrize("text", FORMS)
def test_expression(text: str) -> None:
    statement = f"_ = {text}"
    ((tag, _, value),), problems = lower(statement)
    assert (tag, short(value), problems) == ("bind", FORMS[text], ())
    check_ordinals(statement)


@pytest.mark.parametrize("text", OPERATIONS)
def test_operations(text: str) -> None:
    operations, problems = lower(text)
    assert (short(operations), problems) == (OPERATIONS[text], ())
    check_ordinals(text)


# Text → the texts of all ordinals.
PLACES = {
    "y = (F.softmax(\n  x, dim=(-1)))": ["y", "F.softmax(\n  x, dim=(-1))", "F.softmax", "F", "x", "-1"],
    "a < (b) < c": ["a < (b) < c", "a < (b", "a", "b", "b) < c", "b", "c"],
    "f(*a, **b)": ["f(*a, **b)", "f", "*a", "a", "b"],
    "@d\ndef f(a=1): return é": ["f", "1", "é", "d"],
    "{a: b for a in c}": ["{a: b for a in c}", "a: b", "a", "b", "a", "c"],
    "a[1:2, b]": ["a[1:2, b]", "a", "1:2, b", "1:2", "1", "2", "b"],
    "f'é{x}'": ["f'é{x}'", "é", "x"],
    "class A:\n\t'''é'''\n\tx = 1": ["x", "1"],
    "\fx = 1": ["x", "1"],
    "if a:\n    x\n  \f    y\nz": ["a", "x", "y", "z"],
}


@pytest.mark.parametrize("text", PLACES)
def test_places(text: str) -> None:
    assert [cut(text.split("\n"), span) for span in locate(text)] == PLACES[text]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x = f(\n a,\n)", [3, 3, 3, 3]),
        ("if (a or\n  b):\n    x = (\n  1)\nelse:\n    y", [2, 2, 2, 4, 4, 6]),
        ("@d(\n1)\ndef f(a=1,\n  b=2):\n    return a", [4, 4, 4, 5, 2, 1, 2]),
        ("for a in b: c", [1, 1, 1]),
        ("try:\n    a\nexcept E as e:\n    b", [2, 3, 3, 4]),
        ("match a:\n  case (1 |\n    2): b", [3, 2, 1, 2, 3, 1, 3, 3]),
        ("f(lambda: [\n a\n])\nb", [3, 3, 3, 3, 3, 4]),
    ],
)
def test_statement_end(text: str, rows: list[int]) -> None:
    found = [span(text, ordinal).last_row for ordinal in range(len(locate(text)))]
    assert found == rows


BAD_F = ("bind", "f", ("opaque", ()))
# Text → (short form of what survives, (row, column) of the problems).
BROKEN: dict[str, tuple[Any, list[tuple[int, int]]]] = {
    "print 'a %s' % b; x = 1": (
        (("do", ("binary", "%", k("a %s"), "b")), X1), [(1, 7)],
    ),
    "if a: print x": ((("if", "a", (("do", "x"),), ()),), [(1, 13)]),
    "exec 'a' in b": ((("do", ("compare", "in", k("a"), "b")),), [(1, 6)]),
    "raise A(b, c), 'd'": ((("raise", ("call", "A", ("b", "c"), ())),), [(1, 14)]),
    "x = `a`": ((("bind", "x", "a"),), [(1, 1)]),
    "a <> b": ((("do", ("compare", "!=", "a", "b")),), [(1, 4)]),
    "x = 0777L + 10L": ((("bind", "x", ("binary", "+", k(777), k(10))),), [(1, 1)]),
    "f(async=True)": ((("do", ("call", "f", (), (("_sync", k(True)),))),), [(1, 3)]),
    "x = = 1": ((("bind", "x", ("opaque", ())),), [(1, 5)]),
    "x =\ny = 1": ((("bind", "x", ("opaque", ())), ("bind", "y", k(1))), [(1, 4)]),
    "a b": ((), [(1, 3)]),
    "x = 'abc\nx = 1": ((("bind", "x", ("opaque", ())), X1), [(1, 1)]),
    "x = f(1,\ndef g(): x = 1": (
        (("bind", "x", ("opaque", ())), ("def", "g", ("fn", "g", (), (X1,)), ())), [(1, 9)],
    ),
    "def f():\n    x = 1\n    y = a b\n    return y": (
        (("def", "f", ("fn", "f", (), (X1, ("bind", "y", ("opaque", ())), ("return", "y"))), ()),), [(3, 11)],
    ),
    "def f():\n    return a b\n": (
        (("def", "f", ("fn", "f", (), (("return", ("opaque", ())),)), ()),), [(2, 14)],
    ),
    "def f():\n    if a b:\n        x = 1\n    else:\n        x = 1": (
        (("def", "f", ("fn", "f", (), (("if", ("opaque", ()), (X1,), (X1,)),)), ()),), [(2, 10)],
    ),
    "class A:\n    x = 1\n    def f(self, (a, b)):\n        x = 1\n    x = 1\n"
    "    def g(self): x y\n    x = 1": (
        (("class", "A", (), (), (), (X1, BAD_F, X1, ("bind", "g", ("opaque", ())), X1)),),
        [(3, 17)],
    ),
    "def f(a, (b, c)): pass": ((("bind", "f", ("opaque", ())),), [(1, 10)]),
    "if 1:\n    x = 1\n  y = 1": ((("if", k(1), (X1,), ()),), [(3, 3)]),
    "x = 1\n    y = 1\n": ((X1,), [(2, 5)]),
    "  x = 1\n  x = 1": ((X1, X1), [(1, 3)]),
    "if a:\n\tx = 1\n        x = 1": ((("if", "a", (X1, X1), ()),), [(3, 9)]),
    "if a:\nx = 1": ((("if", "a", (), ()), X1), [(1, 6)]),
    "def f():  # nothing\n": (
        (("def", "f", ("fn", "f", (), (("return", ("opaque", ())),)), ()),), [(1, 9)],
    ),
    "x = 1\n$\nx = 1": ((X1, X1), [(2, 1)]),
    "x = 1\0": ((("bind", "x", ("opaque", ())),), [(1, 1)]),
    "x = " + "(" * 300 + ")" * 300: ((("bind", "x", ("opaque", ())),), [(1, 1)]),
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_broken(text: str) -> None:
    operations, problems = lower(text)
    expected, places = BROKEN[text]
    assert short(operations) == expected
    assert [(problem.row, problem.column) for problem in problems] == places
    assert len(locate(text)) == len(list(expressions(operations)))


def test_places_of_what_survives() -> None:
    text = "if a:\n\tx = bcd\n        y = e\n\tprint f, g"
    lines = text.split("\n")
    assert [cut(lines, span) for span in locate(text)] == ["a", "x", "bcd", "y", "e", "f, g", "f", "g"]


@pytest.mark.parametrize(
    "text", ["x = " + "-" * 500 + "a", "x = " + " + ".join("a" * 400), "x = a" + ".b()" * 200]
)
def test_depth_is_bounded(text: str) -> None:
    def depth(value: Any) -> int:
        return 1 + max(map(depth, value), default=0) if isinstance(value, tuple) else 0

    operations, problems = lower(text)
    assert not problems and depth(operations) < 300
    assert len(locate(text)) == len(list(expressions(operations)))


PIECES = st.sampled_from(
    ["x", "(", ")", "[", "]", "'", '"""', "\\", "\n", "\n    ", "\n\t", " ", "# ", "def f():", "class C:",
     "@d",
     "f'{", "}", "else:", "if a:", "print ", "=", ",", ":", "\f", "\0", "é", "\ud800", "0777", "lambda",
     "*", "`",
     "return ", "\r", "match a:", "case _:", "raise a,", "async", "await "]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_total(text: str) -> None:
    operations, problems = lower(text)
    assert len(locate(text)) == len(list(expressions(operations)))
    for problem in problems:
        assert problem.row >= 1 and problem.column >= 1
    for statement in split(text):
        lower(statement.text)


def test_libcst_is_imported_late() -> None:
    script = "import sys, softmax_lint.lowering; assert 'libcst' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
