"""Short constructors of knowledge rows, so that a file of rows reads like a table.

Parameters are given as one string, separated by spaces, in the order of the signature: ``"input target *
weight"``. A signature with ``*args`` stops before it; keyword-only parameters follow ``*``. `**fields` are
fields of `Api`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from softmax_lint.knowledge.schema import CLASS, FUNCTION, METHOD, Api

Build = Callable[..., Api]


def build_function(name: str, role: str, params: str = "", framework: str = "torch", **fields: Any) -> Api:
    """The row of a function: calling it gives the result."""
    return Api(name, FUNCTION, role, framework, tuple(params.split()), **fields)


def build_class(
    name: str, role: str, params: str = "", called: str = "input", framework: str = "torch", **fields: Any
) -> Api:
    """The row of a class: `params` of its constructor, `called` of calling an instance."""
    return Api(name, CLASS, role, framework, tuple(params.split()), tuple(called.split()), **fields)


def build_method(name: str, role: str, params: str = "", framework: str = "torch", **fields: Any) -> Api:
    """The row of a method (or property): its subject is always the receiver, `params` are without it."""
    return Api(name, METHOD, role, framework, tuple(params.split()), **fields)


def build_many(
    build: Build, prefix: str, names: str, role: str, params: str = "", **fields: Any
) -> tuple[Api, ...]:
    """One row per name in `names`, alike but for the name."""
    return tuple(build(prefix + name, role, params, **fields) for name in names.split())
