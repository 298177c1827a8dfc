"""Screening: no file is left out that can show something, and few are run that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from softmax_lint import facts, knowledge, project, rules, screen
from softmax_lint.config import Settings
from softmax_lint.knowledge import schema
from softmax_lint.representation import ANY

ROOT = Path(__file__).parents[1]
CODES = frozenset(rule.code for rule in rules.RULES)


def test_every_sink_is_spelled() -> None:
    """A row that can be judged has a name that the screen looks for."""
    missed = set()
    for row in knowledge.rows():
        judged = row.role == schema.LOSS and row.expects != ANY and row.measured
        if judged or row.role == schema.TRAINER or (row.role == schema.SAMPLER and row.expects is not None):
            for name in (row.name, *row.aliases):
                # The class of a method has to be spelled, too, and a module somewhere.
                inner = name.split(".")[-2 if row.form == schema.METHOD else -1 :]
                module = name.removesuffix(".".join(inner))
                if not any(screen.spells_sink(f"import {module}x\nx.{part}(") for part in inner):
                    missed.add(name)
    assert not missed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("re.compile('a')", False),
        ("x = torch.compile(model)", False),
        ("model.compile('sgd', 'mse')", True),
        ("re.compile('a'); core.compile(1, 'mse')", True),
        ("core.compile(1)", False),
        ("core.compile(f(1), **given)", True),
        ("core.compile(", True),
        ("nn.CrossEntropyLoss()", True),
        ("x = F.softmax(y)", True),
        ("print('x')", False),
    ],
)
def test_spelling(text: str, found: bool) -> None:
    assert screen.spells_sink(text) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b, c as d", [("a.b", "", "a"), ("c", "", "d")]),
        ("  from ..a import b as c, d", [("..a", "b", "c"), ("..a", "d", "d")]),
        ("from . import a\nfrom .import b", [(".", "a", "a"), (".", "b", "b")]),
        ("from importlib import import_module", [("importlib", "import_module", "import_module")]),
        ("from a import (  # x\n    b,  # y\n    c as d,\n)", [("a", "b", "b"), ("a", "c", "d")]),
        ("import a\r\nfrom b import c\rimport d", [("a", "", "a"), ("b", "c", "c"), ("d", "", "d")]),
        ("from a import b, \\\n    c", [("a", "b", "b"), ("a", "c", "c")]),
        ("x = 'import a'\nimportant = 1\nfrom a import *", [("a", "*", "*")]),
        ("from a.import_b import c", [("a.import_b", "c", "c")]),
    ],
)
def test_imports(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(facts.imports_of(text.encode())) == expected


LOSS = "import torch.nn.functional as F\n"
FIT = f"{LOSS}def fit(net, x, y):\n    return F.cross_entropy(net(x), y)\n"
TRAINER = f"""{LOSS}
class Base:
    def __init__(self, net):
        self.net = net
    def fit(self, x, y):
        return F.cross_entropy(self.net(x), y)
    def save(self):
        pass
"""
# Name -> (files, those to run besides the ones that spell a loss).
PROJECTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "a function of another file": (
        {"a.py": FIT, "b.py": "from a import fit\nfit(net)", "c.py": "from a import other\nother()"},
        {"b.py"},
    ),
    "under another name": (
        {"a.py": FIT, "b.py": "from a import (  # x\n    other,\n    fit as f,\n)\nf(net)"},
        {"b.py"},
    ),
    "of a module": (
        {"p/a.py": FIT, "b.py": "import p.a\np.a.fit(net)", "c.py": "from p import a as t\nt.fit(net)",
         "d.py": "import p.a\np.a.rest()"},
        {"b.py", "c.py"},
    ),
    "over packages and stars": (
        {"p/__init__.py": "from .a import *", "p/a.py": FIT, "q.py": "from p import fit",
         "b.py": "from q import fit\nfit(n)"},
        {"b.py"},
    ),
    "by way of others": (
        {"a.py": FIT, "b.py": "from a import fit\ndef go(n): fit(n)", "c.py": "from b import go\ngo(n)"},
        {"b.py", "c.py"},
    ),
    "a method, named": (
        {"a.py": TRAINER, "b.py": "from a import Base\nBase(net).fit(x, y)",
         "c.py": "from a import Base\nBase(net).save()"},
        {"b.py"},
    ),
    "a method of what another function makes": (
        {"a.py": TRAINER, "b.py": "from a import Base\ndef make(): return Base(net)",
         "c.py": "from b import make\nmake().fit(x, y)"},
        {"c.py"},
    ),
    "a method of a derived class": (
        {"a.py": TRAINER, "b.py": "from a import Base\nclass Own(Base): pass",
         "c.py": "from b import Own\nOwn(net).fit(x, y)"},
        {"c.py"},
    ),
    "a method that the framework calls": (
        {"a.py": f"{LOSS}class M:\n def training_step(self, b): return F.cross_entropy(self.net(b), b)",
         "b.py": "from a import M\nclass Own(M): pass"},
        {"b.py"},
    ),
    "kept by what is made": (
        {"a.py": f"{LOSS}class T:\n def __init__(self, net):\n  self.net = net\n  self.crit = nn.NLLLoss()\n"
                 " def fit(self, x): return self.crit(self.net(x), x)\n def save(self): pass",
         "b.py": "from a import T\nT(net).fit(x)", "c.py": "from a import T\nT(net).save()",
         "d.py": "from a import T\nclass U(T):\n def own(self, x): return self.crit(x, x)",
         "e.py": "from d import U\nU(net).own(x)"},
        {"b.py", "d.py", "e.py"},
    ),
    "used by what is made": (
        {"a.py": f"{FIT}class T:\n def __init__(self, net):\n  self.out = fit(net, 1, 2)",
         "b.py": "from a import T\nT(net)"},
        {"b.py"},
    ),
    "compared by what is made": (
        {"a.py": f"{FIT}ALL = {{'fit': fit}}\nclass T:\n def __init__(self, how):\n  if how not in ALL:\n"
                 "   raise ValueError(how)\n  self.how = how\n def fit(self, net): ALL[self.how](net, 1, 2)",
         "b.py": "from a import T\nT('a')", "c.py": "from a import T\nT('a').fit(net)"},
        {"c.py"},
    ),
    "as a type": (
        {"a.py": TRAINER, "b.py": "from a import Base\ndef fit(x: Base) -> Base: return isinstance(x, Base)"},
        set(),
    ),
    "in a dict": (
        {"a.py": f"{FIT}\nHOW = {{'a': fit}}", "b.py": "from a import HOW\nHOW['a'](net)"},
        {"b.py"},
    ),
    "said, not done": (
        {"a.py": FIT, "b.py": 'from a import fit\ndef f():\n    """Calls fit."""\n    # fit\n'},
        set(),
    ),
    "said in prose": (
        {"a.py": FIT, "b.py": "from a import fit\nprint('now fit it')",
         "c.py": "from a import fit\nprint(f'{fit(net)} done')"},
        {"c.py"},
    ),
    "in a list of what is exported": (
        {"a.py": FIT, "b.py": "from a import fit\n__all__ = ['fit']", "c.py": "import b\nprint(b.__all__)"},
        {"b.py"},
    ),
    "behind brackets that go on in the first column": (
        {"a.py": FIT, "b.py": "from a import fit\nHOW = {\n'a': fit,\n}", "c.py": "from b import HOW\nHOW['a'](n)"},
        {"b.py", "c.py"},
    ),
    "bound in a block, and in a chain": (
        {"a.py": FIT, "p.py": "from a import fit\ntry:\n    import x\nexcept E:\n    x = go = fit\nrun = do = fit",
         "b.py": "from p import go\ngo(net)", "c.py": "from p import do\ndo(net)"},
        {"p.py", "b.py", "c.py"},
    ),
    "a logarithm elsewhere": (
        {"a.py": "class N:\n def forward(self, x): return x.softmax(1)",
         "b.py": "from a import N\ntorch.log(N()(x))", "c.py": "from a import N\nN()(x)"},
        {"b.py"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROJECTS)
def test_candidates(name: str) -> None:
    files, expected = PROJECTS[name]
    index = screen.Index()
    for path, text in files.items():
        index.put(f"/{path}", text, lambda text=text: text)  # type: ignore[misc]
    spelling = {f"/{path}" for path, text in files.items() if screen.spells_sink(text)}
    assert index.candidates() - spelling == {f"/{path}" for path in expected}


def test_star_imports_run_files() -> None:
    index = screen.Index()
    files = {"a.py": FIT, "b.py": "from c import *", "c.py": "from a import *\nfrom d import *", "d.py": ""}
    for path, text in files.items():
        index.put(f"/{path}", text, lambda text=text: text)  # type: ignore[misc]
    assert index.starred(["/b.py"]) == {"/c.py", "/a.py", "/d.py"}
    assert index.starred(["/a.py"]) == set()


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "fixtures" / "projects").iterdir()), ids=lambda folder: folder.name
)
def test_screened_is_unscreened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(str(folder), selected=CODES, opted_in=CODES)
    screened = project.check([str(folder)], settings=settings)
    monkeypatch.setattr(screen.Index, "candidates", lambda index: frozenset(index._known))
    unscreened = project.check([str(folder)], settings=settings)
    assert screened.diagnostics == unscreened.diagnostics
    judged = [[v for v in report.verdicts if v.verdict != "not-judged"] for report in (screened, unscreened)]
    assert judged[0] == judged[1]
