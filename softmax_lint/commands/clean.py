"""``softmax-lint clean``: remove what earlier runs kept."""

from __future__ import annotations

import os

from softmax_lint.cache import Cache, default_folder
from softmax_lint.commands.analysis import load_names
from softmax_lint.commands.terminal import complain
from softmax_lint.config import load
from softmax_lint.reporters.names import counted


def run(folder: str | None) -> int:
    """Empty the cache in `folder`, else in the configured one, else in the platform's. Raises ConfigError."""
    settings = load(["."], {"cache-dir": folder}, load_names())
    chosen = os.path.abspath(settings.cache_dir or default_folder())
    complain(f"removed {counted(Cache(chosen).clean(), 'kept answer')} from {chosen}", "auto", "note")
    return 0
