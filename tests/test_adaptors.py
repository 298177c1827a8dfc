"""Python's own parser and LibCST: the same code, and LibCST's places, whichever of them reads a statement."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_lowering import FORMS, OPERATIONS, PLACES

from softmax_lint.lowering import locate, lower, native, span
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


def check_equal(text: str) -> None:
    assert repr(lower(text)) == repr(lower(text, reference=True))


@pytest.mark.parametrize("text", SNIPPETS)
def test_snippets(text: str) -> None:
    check_equal(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files(path: Path) -> None:
    try:
        cells = read(str(path)).cells
    except Unreadable:
        return
    for cell in cells:
        for statement in split(cell.text):
            check_equal(statement.text)


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
