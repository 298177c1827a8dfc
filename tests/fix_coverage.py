"""Which lines of `softmax_lint.edits` gave edits while something ran."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import softmax_lint.edits
from softmax_lint.edits.files import Draft
from softmax_lint.edits.tree import Outcome, Text

FOLDER = Path(softmax_lint.edits.__file__).parent


class Recorder:
    """Notes where in `softmax_lint.edits` drafts were given edits: module, function and line."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    @contextmanager
    def recording(self) -> Iterator[None]:
        real = Draft.take

        def take(draft: Draft, text: Text, outcome: Outcome) -> None:
            frame = sys._getframe(1)
            self.seen.add((Path(frame.f_code.co_filename).stem, f"{frame.f_code.co_name}:{frame.f_lineno}"))
            real(draft, text, outcome)

        setattr(Draft, "take", take)  # noqa: B010
        try:
            yield
        finally:
            setattr(Draft, "take", real)  # noqa: B010


def edit_sites(module: str) -> Iterator[tuple[str, str]]:
    """All lines of a module of `softmax_lint.edits` that give edits to a draft."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "draft.take":
                    yield module, f"{function.name}:{node.lineno}"
