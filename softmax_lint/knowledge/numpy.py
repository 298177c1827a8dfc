"""NumPy: it reads what models give. No gradient flows through it, so its logarithm is no finding."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_function, build_many
from softmax_lint.knowledge.schema import CONSUMER, KEEP, OTHER, Api

ROWS: tuple[Api, ...] = (
    *build_many(build_function, "numpy.", "argmax argmin argsort", CONSUMER, "a axis", detached=True),
    *build_many(build_function, "numpy.", "round around", CONSUMER, "a decimals", detached=True),
    *build_many(build_function, "numpy.", "asarray ascontiguousarray", KEEP, "a dtype", detached=True),
    build_function("numpy.array", KEEP, "object dtype", detached=True),
    *build_many(build_function, "numpy.", "squeeze ravel", KEEP, "a", detached=True),
    build_function("numpy.reshape", KEEP, "a", detached=True),
    build_function("numpy.expand_dims", KEEP, "a axis", detached=True),
    *build_many(
        build_function, "numpy.",
        "log exp clip mean sum max min sqrt where concatenate stack vstack hstack zeros ones arange "
        "random.choice",
        OTHER,
    ),
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = ()
