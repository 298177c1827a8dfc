"""From-imports that only the removed code used go with it."""

from __future__ import annotations

import re

import libcst as cst

from softmax_lint.diagnostic import Edit
from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import bindings
from softmax_lint.edits.tree import Refused, Text
from softmax_lint.splitting import blank_hidden

_WORD = re.compile(r"[A-Za-z_]\w*")


def drop_unused(files: Files, draft: Draft) -> None:
    """Add to a draft the removal of names from imports that nothing reads after its edits."""
    for filename in dict.fromkeys(edit.place.filename for edit in draft.edits):
        gone: dict[str, int] = {}
        for edit in draft.edits:
            if edit.place.filename == filename:
                for word in _WORD.findall(_old(files, edit)):
                    gone[word] = gone.get(word, 0) + 1
                for word in _WORD.findall(edit.content):
                    gone[word] = gone.get(word, 0) - 1
        if any(count > 0 for count in gone.values()):
            _drop_in(files, draft, filename, {word for word, count in gone.items() if count > 0}, gone)


def _old(files: Files, edit: Edit) -> str:
    text = files.text(edit.place)
    start, end = text.span(edit.place)
    return text.text[start:end]


def _drop_in(files: Files, draft: Draft, filename: str, words: set[str], gone: dict[str, int]) -> None:
    texts = files.texts(filename)
    if any("__all__" in text.text for text in texts) or filename.endswith("__init__.py"):
        return
    for binding in bindings(texts):
        alias, statement = binding.alias, binding.statement
        if binding.name not in words or alias is None or not isinstance(statement, cst.ImportFrom):
            continue
        if _count(texts, binding.name) - gone[binding.name] != 1:
            continue
        names = statement.names
        assert not isinstance(names, cst.ImportStar)
        touched = [
            edit for edit in draft.edits if _touches(edit, binding.text, binding.tree.spans[statement])
        ]
        if touched:
            continue
        try:
            if len(names) == 1:
                outcome = do.drop_statement(binding.tree, statement)
            else:
                outcome = do.drop_name(binding.tree, statement, alias)
        except Refused:
            continue
        if not outcome.loses_comment:
            draft.take(binding.text, outcome)


def _count(texts: tuple[Text, ...], name: str) -> int:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return sum(len(word.findall(text.text)) for text in texts)


def _touches(edit: Edit, text: Text, span: tuple[int, int]) -> bool:
    if (edit.place.filename, edit.place.cell) != (text.filename, text.cell):
        return False
    start, end = text.span(edit.place)
    return start <= span[1] + 1 and span[0] <= end


__all__ = ["blank_hidden", "drop_unused"]
