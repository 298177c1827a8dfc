"""Which files have to be run: those that spell a sink, and those that may bring a model to one elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from softmax_lint.wiring import Outline, wire

# A loss or a trainer has to be spelled somewhere; lower case, searched in the lower-cased text of a file.
LOSSES = (
    "rossentropy", "ross_entropy", "nll_loss", "nllloss", "bce", "kl_div", "kldiv", "log_loss", "celoss",
    "ctc_loss", "ctcloss", "softmarginloss", "soft_margin_loss", "asymmetricloss", "cce_dice", "cce_jaccard",
    "focalloss", "focal_loss", "focalcross", "focal_cross", "focal_dice", "focal_jaccard", "neuralnet",
    "learner(", "compute_loss", "supervisedrunner", "create_supervised",
)  # fmt: skip
# What a Keras model is trained with is told to this method; others have one of the same name.
_COMPILE = ".compile("
_OTHER_COMPILE = re.compile(r"(?<!\w)(?:re|regex|torch)\.compile\(")
# Losses that take anything, samplers, and what meets its like or a logarithm: what there is to say about
# these is said where they are spelled.
OTHERS = (
    "loss(", "mse_loss", "l1_loss", "huber", "tversky", "hinge", "triplet", "mean_squared", "mean_absolute",
    "softmax", "sigmoid", "categorical(", "bernoulli(",
)  # fmt: skip
# Logarithms of what another file makes.
_LOGARITHMS = (
    "torch.log(", "tf.log(", "math.log(", "k.log(", "ops.log(", "jnp.log(", ".log()", "backend.log(",
)  # fmt: skip
# Losses on binary logits, and what may read such logits in other files than the loss.
_LOGITS = ("withlogits", "with_logits", "from_logits")
_FRAMEWORKS = ("torch", "keras", "tensorflow", "lightning")
_READS = re.compile(r"[<>]=?\s*0?\.\d|(?<![\w.])0?\.\d+\s*[<>]|\.round\(|\.(?:gt|ge|lt|le)\(")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*|[^#\n]*)|import[ \t]+([^#\n]*))", re.M
)
_NAME = re.compile(r"\w+")


def spells_sink(text: str) -> bool:
    """Whether a text may hold a sink."""
    lowered = text.lower()
    return spells_loss(lowered) or any(token in lowered for token in OTHERS)


def spells_loss(lowered: str) -> bool:
    """Whether a lower-cased text may hold a loss, or something that trains with one."""
    return any(token in lowered for token in LOSSES) or (
        _COMPILE in lowered and lowered.count(_COMPILE) > len(_OTHER_COMPILE.findall(lowered))
    )


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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file: whether it spells a sink, a loss, the logarithm of what may come from elsewhere, a loss on
    logits, or a threshold for what a model gives."""

    key: object
    sink: bool
    loss: bool
    logarithm: bool
    logits: bool
    reads: bool
    words: frozenset[str]
    outline: Outline


class Index:
    """What screening knows of files, kept up to date file by file."""

    def __init__(self, more: Sequence[str] = ()) -> None:
        """`more` are tokens of sinks besides ours, in lower case."""
        self.more = tuple(more)
        self._known: dict[str, _Entry] = {}
        self._importers: dict[str, dict[str, None]] = {}  # word of an import -> files
        self._named: dict[str, dict[str, None]] = {}  # name of a module -> files

    def put(self, path: str, key: object, text: Callable[[], str]) -> None:
        """A file; `text` is asked for when the file is new or `key` is another object than before."""
        known = self._known.get(path)
        if known is not None:
            if known.key is key:
                return
            self.drop(path)
        content = text()
        lowered = content.lower()
        loss = self._spells_loss(lowered)
        words = imported(content)
        self._known[path] = _Entry(
            key,
            loss or any(token in lowered for token in OTHERS),
            loss,
            any(token in lowered for token in _LOGARITHMS),
            any(token in lowered for token in _LOGITS),
            any(name in lowered for name in _FRAMEWORKS) and _READS.search(content) is not None,
            words,
            Outline(path, content, lambda text: self._spells_loss(text.lower())),
        )
        self._named.setdefault(module_name(path), {})[path] = None
        for word in words:
            self._importers.setdefault(word, {})[path] = None

    def _spells_loss(self, lowered: str) -> bool:
        return spells_loss(lowered) or any(token in lowered for token in self.more)

    def drop(self, path: str) -> None:
        """Forget a file that is known."""
        words = self._known.pop(path).words
        del self._named[module_name(path)][path]
        for word in words:
            del self._importers[word][path]

    def keep(self, paths: Collection[str]) -> None:
        """Forget all files but `paths`."""
        if len(self._known) > len(paths):
            kept = frozenset(paths)
            for path in [path for path in self._known if path not in kept]:
                self.drop(path)

    def candidates(self) -> frozenset[str]:
        """The files to run: those that spell a sink, and those that may bring a model to one elsewhere."""
        chosen = {path for path, entry in self._known.items() if entry.sink}
        chosen |= {path for path in self._up(chosen) if self._known[path].logarithm}
        if self.has_logits():
            chosen |= {path for path, entry in self._known.items() if entry.reads}
        outlines = {path: entry.outline for path, entry in self._known.items()}
        return frozenset(chosen | wire(outlines, [p for p, entry in self._known.items() if entry.loss]))

    def has_logits(self) -> bool:
        """Whether a loss may be one on logits."""
        return any(entry.logits for entry in self._known.values())

    def reach(self, given: Iterable[str]) -> frozenset[str]:
        """All files that may matter to what is found in `given`: what imports them, and what that imports."""
        chosen = self._up([path for path in given if path in self._known])
        pending = list(chosen)
        while pending:
            for word in self._known[pending.pop()].words:
                for other in self._named.get(word, ()):
                    if other not in chosen:
                        chosen.add(other)
                        pending.append(other)
        return frozenset(chosen)

    def _up(self, start: Iterable[str]) -> set[str]:
        chosen = set(start)
        pending = list(chosen)
        while pending:
            for other in self._importers.get(module_name(pending.pop()), ()):
                if other not in chosen:
                    chosen.add(other)
                    pending.append(other)
        return chosen
