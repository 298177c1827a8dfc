"""softmax-lint: a type checker for output spaces in Keras and PyTorch code.

>>> import softmax_lint
>>> softmax_lint.check_source("import torch").diagnostics
()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softmax_lint.api import (
        ConfigError,
        Diagnostic,
        Edit,
        Failure,
        Fix,
        Place,
        Related,
        Result,
        Verdict,
        check_paths,
        check_source,
    )

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "Diagnostic",
    "Edit",
    "Failure",
    "Fix",
    "Place",
    "Related",
    "Result",
    "Verdict",
    "check_paths",
    "check_source",
]

if not TYPE_CHECKING:  # who checks types must not believe that there is every name

    def __getattr__(name: str) -> Any:
        # Importing the package alone stays cheap: the command line does it too.
        if name in __all__:
            from softmax_lint import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
