"""From-imports that only the removed code used go with it."""

from __future__ import annotations

import re

import libcst as cst

from softmax_lint.diagnostic import Edit
from softmax_lint.edits import primitives as do
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import Binding, bindings
from softmax_lint.edits.shared import is_imported
from softmax_lint.edits.tree import Outcome, Refused, Text
from softmax_lint.edits.written import written

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
        if binding.name not in words or _count(texts, binding.name) - gone[binding.name] != 1:
            continue
        if is_imported(files, filename, binding.name):
            continue
        touched = (
            _touches(edit, binding.text, binding.tree.spans[binding.statement]) for edit in draft.edits
        )
        if not any(touched):
            outcome = _without(binding)
            if outcome is not None:
                draft.take(binding.text, outcome)


def _without(binding: Binding) -> Outcome | None:
    """The removal of a name from its from-import, where nothing else goes with it."""
    statement, alias = binding.statement, binding.alias
    if (
        alias is None
        or not isinstance(statement, cst.ImportFrom)
        or isinstance(statement.names, cst.ImportStar)
    ):
        return None
    try:
        if len(statement.names) == 1:
            outcome = do.drop_statement(binding.tree, statement)
        else:
            outcome = do.drop_name(binding.tree, statement, alias)
    except Refused:
        return None
    return None if outcome.loses_comment else outcome


def tidy(filename: str, old: bytes, new: bytes, project: Files) -> bytes:
    """The new bytes of a file without the names from imports that only the old ones read.

    For what several fixes removed together; each one alone had left a use. Other files of the `project` may
    read names here, too.
    """
    before = Files(lambda name: old).texts(filename)
    if any("__all__" in text.text for text in before) or filename.endswith("__init__.py"):
        return new
    while True:
        current = new
        after = Files(lambda name, data=current: data).texts(filename)  # type: ignore[misc]
        for binding in bindings(after):
            if not binding.name or _count(after, binding.name) != 1 or _count(before, binding.name) < 2:
                continue
            if is_imported(project, filename, binding.name):
                continue
            outcome = _without(binding)
            if outcome is not None:
                new = written(filename, new, [binding.text.edit(change) for change in outcome.changes])
                break
        else:
            return new


def _count(texts: tuple[Text, ...], name: str) -> int:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return sum(len(word.findall(text.text)) for text in texts)


def _touches(edit: Edit, text: Text, span: tuple[int, int]) -> bool:
    if (edit.place.filename, edit.place.cell) != (text.filename, text.cell):
        return False
    start, end = text.span(edit.place)
    return start <= span[1] + 1 and span[0] <= end
