"""Which files may run what others define, by words."""

from __future__ import annotations

import pytest

from softmax_lint import screen
from softmax_lint.importing import Imports
from softmax_lint.outline import Outline
from softmax_lint.touching import MOST_NAMES, Touching

# Files; the given one; those besides it that touch it.
CASES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a user": ({"a.py": "class A: pass", "b.py": "from a import A\nA()", "c.py": "import b"}, "a.py", {"b.py"}),
    "a user of a user": (
        {"a.py": "class A: pass", "b.py": "from a import A\nclass B(A): pass", "c.py": "from b import B\nB()"},
        "a.py",
        {"b.py", "c.py"},
    ),
    "another name of the same file": (
        {"a.py": "class A: pass\nclass O: pass", "b.py": "from a import A\nclass B(A): pass\nclass P: pass",
         "c.py": "from b import P\nP()"},
        "a.py",
        {"b.py"},
    ),
    "through a package": (
        {"p/__init__.py": "from .a import *", "p/a.py": "class A: pass", "b.py": "import p\np.A()",
         "c.py": "import p\np.other()"},
        "p/a.py",
        {"b.py"},
    ),
    "a module that goes on": (
        {"p/a.py": "def f(): pass", "b.py": "from p import a", "c.py": "from b import a\na.f()"},
        "p/a.py",
        {"c.py"},
    ),
    "a module that is asked by strings": (
        {"p/__init__.py": "from .a import A", "p/a.py": "class A: pass", "b.py": "import p\np.__dict__[how]()",
         "c.py": "import p\ngetattr(p, how)()", "d.py": "import p\np.run()"},
        "p/a.py",
        {"b.py", "c.py"},
    ),
    "another name of a package": (
        {"p/__init__.py": "import p.a\nimport p.b", "p/a.py": "class A: pass", "p/b.py": "def f(): pass",
         "c.py": "import p\np.b.f()", "d.py": "import p\np.a.A()"},
        "p/a.py",
        {"d.py"},
    ),
    "in a table": (
        {"a.py": "class A: pass", "b.py": "import a\nT = {}\nT['a'] = a.A", "c.py": "from b import T\nT['a']()"},
        "a.py",
        {"b.py", "c.py"},
    ),
    "a module by its name": (
        {"p/a.py": "class A: pass", "b.py": "import importlib\nimportlib.import_module('p.a')",
         "c.py": "import importlib\nimportlib.import_module('q.a_')"},
        "p/a.py",
        {"b.py"},
    ),
    "said and not used": (
        {"a.py": "class A: pass", "b.py": "from a import A\ndef f(x: A): return isinstance(x, A)  # A()"},
        "a.py",
        set(),
    ),
    "too many names": (
        {"a.py": "\n".join(f"def f{n}(): pass" for n in range(MOST_NAMES + 1)), "b.py": "from a import f1"},
        "a.py",
        {"b.py"},
    ),
}  # fmt: skip
# Statements beside ``T = {}``, and whether they may take something out of `T`.
READINGS = [
    ("T['a'] = f", False),
    ("T.add(f)", False),
    ("T.register_module(f)", False),
    ("@T.register_module()\nclass A: pass", False),
    ("def put(f):\n    global T\n    if f in T:\n        raise E\n    T[f.__name__] = f", False),
    ("def get(name):\n    return T[name]", True),
    ("def get(name):\n    if name in T:\n        return T[name]", True),
    ("for name in T:\n    T[name]()", True),
    ("made = [f() for f in T]", True),
    ("use(T)", True),
    ("T.build('a')", True),
]


def search(files: dict[str, str]) -> Touching:
    index = screen.Index()
    for path, text in files.items():
        index.put(f"/{path}", text, lambda text=text: text)  # type: ignore[misc]
    outlines = {
        f"/{path}": Outline(
            f"/{path}", [*screen.facts.imports_of(text.encode())], lambda text=text: text, bool
        )  # type: ignore[misc]
        for path, text in files.items()
    }
    others = {f"/{number}" for number in range(99)}  # a search that comes to most files is given up
    return Touching(outlines, Imports(outlines), frozenset(outlines) | others)


@pytest.mark.parametrize("name", CASES)
def test_touching(name: str) -> None:
    files, given, expected = CASES[name]
    assert search(files).of([f"/{given}"]).roots == {f"/{path}" for path in (given, *expected)}


@pytest.mark.parametrize(("statement", "reads"), READINGS)
def test_what_is_held(statement: str, reads: bool) -> None:
    files = {"a.py": "T = {}", "b.py": f"from a import T\n{statement}"}
    assert search(files).of((), (), [("/a.py", "T")]).roots == ({"/b.py"} if reads else set())
    assert search(files).of((), [("/a.py", "T")]).roots >= {"/b.py"}
