"""Looking up knowledge rows by the dotted name a program uses.

A package of rows is imported when a name with one of its roots is asked for the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Final, NamedTuple

from softmax_lint.knowledge.schema import Api

# Root of a dotted name -> the modules of this package that may know it, in order of precedence.
REGISTRY: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("torch", ("torch",)),
    ("copy", ("torch",)),
    ("Tensor", ("torch", "tensorflow")),
    ("Module", ("torch",)),
    ("torchvision", ("torchvision",)),
    ("timm", ("timm",)),
    ("lightning", ("lightning",)),
    ("pytorch_lightning", ("lightning",)),
    ("lightning_fabric", ("lightning",)),
    ("torchmetrics", ("torchmetrics",)),
    ("monai", ("monai",)),
    ("segmentation_models_pytorch", ("segmentation_models",)),
    ("skorch", ("skorch",)),
    ("transformers", ("transformers",)),
    ("pytorch_transformers", ("transformers",)),
    ("pytorch_pretrained_bert", ("transformers",)),
    ("fastai", ("fastai",)),
    ("accelerate", ("lightning",)),
    ("apex", ("launchers",)),
    ("ignite", ("loops",)),
    ("catalyst", ("loops",)),
    ("deepspeed", ("launchers",)),
    ("ray", ("launchers",)),
    ("torch_xla", ("launchers",)),
    ("encoding", ("launchers",)),
    ("kornia", ("kornia",)),
    ("torch_geometric", ("graphs",)),
    ("dgl", ("graphs",)),
    ("jax", ("jax",)),
    ("flax", ("jax",)),
    ("optax", ("jax",)),
    ("haiku", ("jax",)),
    ("distrax", ("jax",)),
    ("numpy", ("numpy",)),
    ("keras", ("keras",)),
    ("tf_keras", ("keras", "tensorflow")),
    ("keras_core", ("keras",)),
    ("keras_applications", ("keras",)),
    ("tensorflow_core", ("tensorflow", "keras")),
    ("tf_slim", ("tensorflow",)),
    ("tensorflow_addons", ("keras_addons",)),
    ("segmentation_models", ("keras_addons",)),
    ("keras_hub", ("keras_addons",)),
    ("keras_cv", ("keras_addons",)),
    ("keras_nlp", ("keras_addons",)),
    ("keras_contrib", ("keras_addons",)),
    ("Model", ("keras",)),
    ("Layer", ("keras",)),
    ("tensorflow", ("tensorflow", "keras")),
    ("tensorflow_probability", ("tensorflow",)),
)

_ROOTS: Final = dict(REGISTRY)

# Names that everybody gives to one module.
CONVENTIONS: Final[dict[str, str]] = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "tf": "tensorflow",
    "keras": "keras",
    "layers": "keras.layers",
    "K": "keras.backend",
    "np": "numpy",
    "jax": "jax",
    "jnp": "jax.numpy",
    "optax": "optax",
}

MAX_REWRITES: Final = 8  # of prefixes, for one name
_NO_ROWS: Final[Mapping[str, Api]] = {}


class _Shelf(NamedTuple):
    """What one module of rows offers: rows by name and alias, prefixes with the longest first."""

    rows: dict[str, Api]
    prefixes: tuple[tuple[str, str], ...]


@cache
def _shelf(module: str) -> _Shelf:
    content = import_module(f"{__name__}.{module}")
    rows: dict[str, Api] = {}
    for row in content.ROWS:
        rows[row.name] = row
        for alias in row.aliases:
            rows[alias] = row
    return _Shelf(rows, tuple(sorted(content.PREFIXES, key=lambda pair: -len(pair[0]))))


def shelves(root: str) -> tuple[_Shelf, ...]:
    """The rows that may hold names with this root, in order of precedence; empty for an unknown root."""
    return tuple(_shelf(module) for module in _ROOTS.get(root, ()))


# Rows that the running project declares, by name and alias. A context variable, so that they end with the run
# and no other thread sees them.
_own: ContextVar[Mapping[str, Api]] = ContextVar("own rows", default=_NO_ROWS)


@contextmanager
def extended(own_rows: Iterable[Api]) -> Iterator[None]:
    """While it lasts, `find` knows `own_rows` too, before all others."""
    token = _own.set({name: row for row in own_rows for name in (row.name, *row.aliases)} or _NO_ROWS)
    try:
        yield
    finally:
        _own.reset(token)


def has_own() -> bool:
    """Whether the running project declares rows at all."""
    return bool(_own.get())


def find_own(path: str) -> Api | None:
    """The row that the running project declares for a dotted name, or None."""
    return _own.get().get(path)


def find(path: str) -> Api | None:
    """The row for a dotted name as resolved from imports (``torch.nn.modules.loss.NLLLoss``,
    ``Tensor.softmax``).

    A row of the running project wins, then an exact name or alias; else the longest prefix that a package
    declares is rewritten, and so on. None when nobody knows the name.
    """
    own = _own.get()
    if own is not _NO_ROWS and path in own:
        return own[path]
    return _find(path)


@cache
def _find(path: str) -> Api | None:
    for _ in range(MAX_REWRITES):
        candidates = shelves(path.partition(".")[0])
        for shelf in candidates:
            row = shelf.rows.get(path)
            if row is not None:
                return row
        rewritten = _rewrite(path, candidates)
        if rewritten is None or rewritten == path:
            return None
        path = rewritten
    return None


def _rewrite(path: str, candidates: tuple[_Shelf, ...]) -> str | None:
    longest: tuple[str, str] | None = None
    for shelf in candidates:
        for pair in shelf.prefixes:
            if path.startswith(pair[0]):
                if longest is None or len(pair[0]) > len(longest[0]):
                    longest = pair
                break
    return None if longest is None else longest[1] + path[len(longest[0]) :]


def convention(name: str) -> str | None:
    """The module that a name conventionally stands for when nothing binds it: ``nn`` is ``torch.nn``."""
    return CONVENTIONS.get(name)


def rows() -> Iterator[Api]:
    """All rows of all packages, each once."""
    modules = dict.fromkeys(module for _, modules in REGISTRY for module in modules)
    for module in modules:
        yield from dict.fromkeys(_shelf(module).rows.values())
