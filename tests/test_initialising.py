"""What an ``__init__`` keeps, and which mentions of a name do nothing."""

from __future__ import annotations

import pytest

from softmax_lint.idle import is_idle
from softmax_lint.initialising import kept_in


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("self.a = Loss()", {"a"}),
        ("a = b = Loss().to(device)\nself.b = b\nself.c = a", {"b", "c"}),
        ("self.a: Module = Loss(\n    1,\n)\nself.d = 2", {"a"}),
        ("if kind not in Loss:\n    raise KeyError(kind)", set()),
        ("for each in Loss:\n    self.a = each", None),
        ("self.a = train(Loss)", None),
        ("self.a = Loss()\nself.b = self.a(x)", None),
        ("self.a = Loss\nself.b = lambda x: self.a(x)", None),
        ("super().__init__(Loss())", None),
        ("self.a['x'] = Loss()", None),
        ("if Loss(x) > 1: self.a = 1", None),
        ("self.a = 1", set()),
    ],
)
def test_kept(body: str, kept: set[str] | None) -> None:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    assert kept_in(f"def __init__(self, x):\n{lines}", lambda line: "Loss" in line) == kept


def test_a_default_may_do_anything() -> None:
    assert kept_in("def __init__(self, x=Loss):\n    self.x = x\n", lambda line: "Loss" in line) is None


@pytest.mark.parametrize(
    ("text", "idle"),
    [
        ("def f(m: Fit): pass", True),
        ("def f(a, m: Optional[Fit] = None):", True),
        ("def f(x: Dict[str, Fit]):", True),
        ("def f(\n    m: Fit,\n    k=1,\n):\n  pass", True),
        ("def f(x) -> Fit:", True),
        ("if isinstance(x, Fit):", True),
        ("if isinstance(x, (A, Fit)):", True),
        ("  from a import b, Fit", True),
        ("def f(a: int = 3, *, b=Fit):", False),
        ("def f(x):\n    return {x: Fit}", False),
        ("def f(x):\n  return g(\n    k, {x: Fit})", False),
        ("def f(a=lambda x: Fit(x)): 0", False),
        ("def f(x): return Fit(x)", False),
        ("if isinstance(x, A) and Fit(x):", False),
        ("isinstance(g(Fit), B)", False),
        ("if x: Fit(1)", False),
        ("class A(Fit):", False),
        ("def f(x):\n  isinstance(x, B)\n  Fit(x)", False),
        ("import a; Fit(1)", False),
    ],
)
def test_idle(text: str, idle: bool) -> None:
    assert is_idle(text, text.index("Fit")) == idle
