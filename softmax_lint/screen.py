"""Which files have to be run: those that spell a sink, and those that import such a file, transitively."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

# A sink has to be spelled somewhere; lower case, searched in the lower-cased text of a file.
TOKENS = (
    "ross_entropy",
    "rossentropy",
    "nll_loss",
    "nllloss",
    "bce",
    "kl_div",
    "kldiv",
    "log_loss",
    ".compile(",
    "softmarginloss",
    "soft_margin_loss",
    "focal",
    "neuralnet",
    "softmax",
    "sigmoid",
    "learner(",
    "compute_loss",
    "categorical(",
    "bernoulli(",
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^#\n]*)|import[ \t]+([^#\n]*))", re.M)
_NAME = re.compile(r"\w+")


def spells_sink(text: str) -> bool:
    lowered = text.lower()
    return any(token in lowered for token in TOKENS)


def imported(text: str) -> frozenset[str]:
    """All words of the file's import statements: a superset of the last parts of what it imports."""
    words: set[str] = set()
    for match in _IMPORT.finditer(text):
        words.update(_NAME.findall(" ".join(part for part in match.groups() if part)))
    return frozenset(words)


def module_name(path: str) -> str:
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    return os.path.basename(folder) if stem == "__init__" else stem


def candidates(texts: Mapping[str, str], more: Sequence[str] = ()) -> Sequence[str]:
    """The paths to run, in the order of `texts` (path to text). `more` are tokens of sinks besides ours, in
    lower case.
    """
    chosen = {path for path, text in texts.items() if spells_sink(text)}
    if more:
        chosen |= {path for path, text in texts.items() if any(token in text.lower() for token in more)}
    importers: dict[str, list[str]] = {}
    for path, text in texts.items():
        for word in imported(text):
            importers.setdefault(word, []).append(path)
    pending = list(chosen)
    while pending:
        path = pending.pop()
        for other in importers.get(module_name(path), ()):
            if other not in chosen:
                chosen.add(other)
                pending.append(other)
    return [path for path in texts if path in chosen]
