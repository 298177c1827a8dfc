"""Modules of the standard library: files of the project that have their names are seldom what an import means."""

from __future__ import annotations

import sys


def is_standard(module: str) -> bool:
    """Whether the absolute name of a module is one of the standard library.

    Python finds such a file of the project only for a script beside it, not from folders below. Scripts stand in
    packages, too.
    """
    return module.partition(".")[0] in sys.stdlib_module_names
