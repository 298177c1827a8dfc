"""Python's own parser and LibCST: the same code, and LibCST's places, whichever of them reads a statement."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_lowering import FORMS, OPERATIONS, PLACES

from softmax_lint.lowering import Span, locate, lower, native, places, span
from softmax_lint.lowering.shapes import Unparsable, Walk
from softmax_lint.lowering.statements import block
from softmax_lint.source import Unreadable, read
from softmax_lint.splitting import split

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for folder in ("fixtures", "tests", "softmax_lint")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ipynb")
)
SNIPPETS = [
    *(f"_ = {text}" for text in FORMS),
    *OPERATIONS,
    *PLACES,
    "f'{a=}{b = !r}{c=:>{w}}{d!s}{e!a}'",
    "f'{{}}' f'{a}' '{' rf'\\d{b}'",
    "f'''{\n a}\n{'x'}'''",
    "'a' f'b' b'' if x else b'c'",
    "x = a[b:c, ..., None]\ny = a[:, *b]\nz = a[()]",
    "def f(a, /, b, c=1, *, d, e=2, **f): pass",
    "with (a, b): pass\nwith (a as b, c): pass",
    "a < b in c is not d\nnot a == b",
    "a or (b or c) or d and (e and f)",
    "x = 0o17 + 0b1 + 0xFF + 1_000 + 1e400 + 2j",
    "x = '\\N{BULLET}\\x41\\\n' '\\d'",
    "print >>f, x\nexec('x')",
    "try: pass\nexcept (A, B): pass\nexcept: raise",
    "x = yield\ny = yield from z\nawait a, b",
    "{**a, 'b': 1}\n{k: v for k, v in a if k for b in c}\n{*a, b}",
    "del (a, [b.c]), d[0]\ndel ()",
    "lambda *a, b=1, **c: (yield)",
    "(a := 1)\nx: int\na.b: int = 2",
    "é = 'é' + ｆ",
    "return",
    "\fclass A:\n\tdef f(self):\n\t\treturn 1",
]  # fmt: skip
# What Python's parser must not read in LibCST's place, on any version.
REFUSED = [
    "(x): int",
    "(a.b): int = 1",
    "class A(B, metaclass=C, *D): pass",
    "ﬁt = 1",
    "e\u0301 = 1",
    "f'a={a!s}'",
    "x = = 1",
    "print 'x'",
    "(" * 95 + ")" * 95,
    "x = 1\0",
    "x = " + "9" * 5000,
]


# Where places are easily taken for others: parentheses, heads of statements, letters of several bytes.
SPREAD = [
    "x = (a) + (b)\n(c)(d)[(e)]\n(f).g\n-(h)\n(yield (i))",
    "x = (\n    a\n    + b  # c: d\n)\nassert (\n  e\n)\n(\n  f\n)",
    "def f(\n    a: b = {1: 2},  # : c\n    *,\n    d=lambda: 0,\n) -> e[\n    1\n]:  # g:\n    return a",
    "def f(  # :\n    # : x\n):\n    return g",
    "class A(\n    B,\n    c=d,\n):\n    x = e\nclass C:\n    y = f\nclass D(  # :\n):\n    z = g",
    "@a\n@b(\n    1\n)\nasync def f(x): \n    async with (\n        c as d,\n        e,\n    ):\n        await g",
    "if (\n    a\n):\n    b\nelif c and (\n    d\n):\n    e\nelse:\n    f",
    "for (a, b) in (\n    c\n):\n    d\nelse:\n    e\nwhile not (\n    f\n): \n    g",
    "try:\n    a\nexcept (b,\n    c):\n    d\nfinally:\n    e",
    "with a as (b), c: \n    d\nwith (\n    a\n):\n    b",
    "if a: b\nfor c in d: e\nclass A: f = 1; g = 2\nx = h\ny = i",
    "if a: \\\n    b\nif \\\n  c \\\n  :\n    d",
    "x = 'é😀' + é.é(é)[0]  # é\ny = '''\né'''.z(é)",
    "x = ('a'\n     'b')\ny = f'{a}' + b + f'''\n{c}''' + d",
    "a[1:\n  ] + b[1: :2  ] + c[:(d)]\ne = f\ng = h + i",
    "x = (a for b in c), (d,), [(e, f)], {**g}, (h)\ni(j for k in l)\nm[n:o, p]\n(q, r) + s\n(t,) < u",
    "(a\n if b\n else c)\nlambda d=(e): (f)\n(a and (b)) or c\n((a)) if (b) else (c)",
]


def check_equal(text: str) -> None:
    assert repr(lower(text)) == repr(lower(text, reference=True))


def check_places(text: str) -> int:
    """How many places Python's own parser finds: each is LibCST's."""
    spans = locate(text)
    found = [places.find(text, ordinal) for ordinal in range(len(spans))]
    for each, wanted in zip(found, spans, strict=True):
        assert each is None or Span(*each) == wanted
    return sum(each is not None for each in found)


@pytest.mark.parametrize("text", [*SNIPPETS, *SPREAD])
def test_snippets(text: str) -> None:
    check_equal(text)
    check_places(text)


@pytest.mark.parametrize("text", SPREAD)
def test_few_places_need_libcst(text: str) -> None:
    assert check_places(text) > len(locate(text)) / 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files(path: Path) -> None:
    try:
        cells = read(str(path)).cells
    except Unreadable:
        return
    for cell in cells:
        for statement in split(cell.text):
            check_equal(statement.text)
            check_places(statement.text)


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(Unparsable):
        block(Walk(native.ADAPTOR.unfold), native.parse(text))
    check_equal(text)


@pytest.mark.parametrize("text", ["x = 1  # pixel\u2011level", "x = 'a\u2026'", "x = y\u00b7z"])
def test_letters_of_no_name_refuse_nothing(text: str) -> None:
    assert native.parse(text)
    check_equal(text)


LONG = "\n".join(
    f"    def m{number}(self, x):\n        # {number}\n        return x + {number}" for number in range(40)
)
CLASSES = [
    f"@d(1)\nclass A(B, c=d):\n    '''doc\n    more'''\n    x = [\n        1,\n    ]\n{LONG}",
    f"class A:\n    a = 1; b = 2\n{LONG}",
    f"class A:\n    @d(\n        1)\n    @e\n    async def f(s): return g  # e\n\n    if x: y\n{LONG}\n# end",
    f"class A: x = 1\n{LONG}",
    f"class A:\n\tx = 1\n\tdef f(self):\n\t\treturn 1\n{LONG.replace('    ', chr(9))}",
    f"class A(é):\n    s = '''\n  odd'''; t = 1\n{LONG}\n    u = é.é",
]


@pytest.mark.parametrize("text", CLASSES)
def test_a_place_needs_only_the_member_around_it(text: str) -> None:
    spans = locate(text)
    assert [span(text, ordinal) for ordinal in range(len(spans))] == list(spans)
