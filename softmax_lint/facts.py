"""What a file says on its own that screening has to know: tokens of sinks, and its imports.

Everything is searched in bytes, before a file is decoded: most files are not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# A loss or a trainer has to be spelled somewhere; lower case, searched in the lower-cased text of a file. The
# tokens stand behind a part that all of them hold: where it is missing, none of them is searched.
LOSSES: dict[str, tuple[str, ...]] = {
    "entropy": ("rossentropy", "ross_entropy"),
    "loss": (
        "nll_loss", "nllloss", "log_loss", "celoss", "ctc_loss", "ctcloss", "softmarginloss",
        "soft_margin_loss", "asymmetricloss", "focalloss", "focal_loss", "compute_loss",
    ),
    "bce": ("bce",),
    "kl": ("kl_div", "kldiv"),
    "cce_": ("cce_dice", "cce_jaccard"),
    "focal": ("focalcross", "focal_cross", "focal_dice", "focal_jaccard"),
    "neuralnet": ("neuralnet",),
    "learner(": ("learner(",),
    "supervised": ("supervisedrunner", "create_supervised"),
}  # fmt: skip
# Losses that take anything, samplers, and what meets its like or a logarithm: what there is to say about
# these is said where they are spelled.
OTHERS: dict[str, tuple[str, ...]] = {
    "loss": ("loss(", "mse_loss", "l1_loss"),
    "huber": ("huber",),
    "tversky": ("tversky",),
    "hinge": ("hinge",),
    "triplet": ("triplet",),
    "mean_": ("mean_squared", "mean_absolute"),
    "softmax": ("softmax",),
    "sigmoid": ("sigmoid",),
    "categorical(": ("categorical(",),
    "bernoulli(": ("bernoulli(",),
}
# Logarithms of what another file makes.
LOGARITHMS: dict[str, tuple[str, ...]] = {
    ".log(": (
        "torch.log(", "tf.log(", "math.log(", "k.log(", "ops.log(", "jnp.log(", ".log()", "backend.log(",
    ),
}  # fmt: skip
# Losses on binary logits, and what may read such logits in other files than the loss.
_LOGITS = (b"withlogits", b"with_logits", b"from_logits")
_FRAMEWORKS = (b"torch", b"keras", b"tensorflow", b"lightning")
_READS = (b".round(", b".gt(", b".ge(", b".lt(", b".le(")
_OVER = re.compile(rb"[<>]=?\s*0?\.\d")
_UNDER = re.compile(rb"\.\d+\s*[<>]")
# What a Keras model is trained with is told to this method; others have one of the same name.
_COMPILE = b".compile("
_OTHER_COMPILE = re.compile(rb"(?<!\w)(?:re|regex|torch)\Z")
_LONGEST_CALL = 2_000

_FROM = re.compile(
    rb"[ \t]*from[ \t]+(\.*)[ \t]*([^\s()#;]*?)[ \t]*(?<![^\s.])import\b[ \t]*(\([^)]*|(?:[^\n\\]|\\\n)*)"
)
_IMPORT = re.compile(rb"[ \t]*import[ \t]+((?:[^\n\\]|\\\n)*)")
_COMMENT = re.compile(rb"#[^\n]*")

# (module with its leading dots, name or "", bound name)
Import = tuple[str, str, str]
Groups = tuple[tuple[bytes, tuple[bytes, ...]], ...]


class Facts(NamedTuple):
    """Whether a file spells a sink, a loss, the logarithm of what may come from elsewhere, a loss on logits, a
    threshold for what a model gives, or a suppression that is meant for this linter; and all its imports,
    wherever they stand.
    """

    sink: bool
    loss: bool
    logarithm: bool
    logits: bool
    reads: bool
    silences: bool
    imports: tuple[Import, ...]


def _encoded(groups: dict[str, tuple[str, ...]]) -> Groups:
    return tuple((stem.encode(), tuple(t.encode() for t in tokens)) for stem, tokens in groups.items())


_LOSSES, _OTHERS, _LOGARITHMS = _encoded(LOSSES), _encoded(OTHERS), _encoded(LOGARITHMS)


def state(data: bytes, more: Sequence[bytes] = ()) -> Facts:
    """The facts of a file's Python, in UTF-8. `more` are tokens of sinks besides ours, in lower case."""
    lowered = data.lower()
    loss = holds_loss(lowered) or any(token in lowered for token in more)
    silences = b"softmax-lint:" in data or (b"noqa" in lowered and b"sml" in lowered)
    return Facts(
        loss or _holds(lowered, _OTHERS),
        loss,
        _holds(lowered, _LOGARITHMS),
        any(token in lowered for token in _LOGITS),
        any(name in lowered for name in _FRAMEWORKS) and _compares(lowered),
        silences,
        tuple(dict.fromkeys(imports_of(data))),
    )


def holds_sink(lowered: bytes) -> bool:
    """Whether lower-cased Python may hold a sink."""
    return holds_loss(lowered) or _holds(lowered, _OTHERS)


def holds_loss(lowered: bytes) -> bool:
    """Whether lower-cased Python may hold a loss, or something that trains with one."""
    return _holds(lowered, _LOSSES) or (_COMPILE in lowered and any(_compilations(lowered)))


def _holds(lowered: bytes, groups: Groups) -> bool:
    return any(stem in lowered and any(token in lowered for token in tokens) for stem, tokens in groups)


def _compares(lowered: bytes) -> bool:
    """Whether anything is rounded, or compared with a number below 1."""
    if any(token in lowered for token in _READS) or _OVER.search(lowered):
        return True
    for found in _UNDER.finditer(lowered):
        before = lowered[max(0, found.start() - 2) : found.start()]
        before = before.removesuffix(b"0")[-1:]
        if not (before.isalnum() or before in (b"_", b".")):
            return True
    return False


def _compilations(lowered: bytes) -> Iterator[bool]:
    """For each call of a `compile` whether it may tell a model its loss: that takes two arguments, `loss=`,
    or a mapping.
    """
    at = lowered.find(_COMPILE)
    while at >= 0:
        start = at + len(_COMPILE)
        if not _OTHER_COMPILE.search(lowered, max(0, at - 8), at):
            given = _given(lowered, start)
            yield b"," in given or b"loss" in given or b"*" in given
        at = lowered.find(_COMPILE, start)


def _given(text: bytes, start: int) -> bytes:
    """The arguments of a call, from behind its parenthesis on; anything where it does not end."""
    depth, end = 1, start
    while depth and end < len(text) and end - start < _LONGEST_CALL:
        depth += (text[end] in b"([{") - (text[end] in b")]}")
        end += 1
    return text[start:end] if not depth else b"*"


def imports_of(data: bytes) -> Iterator[Import]:
    """All imports of a file, also those in text that only looks like one."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    at = data.find(b"import")
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        head = data[start:at].lstrip()
        end = at + 6
        if not head:
            match = _IMPORT.match(data, start)
            if match:
                end = match.end()
                for name, bound in _aliases(_COMMENT.sub(b"", match[1])):
                    yield name, "", bound.partition(".")[0]
        elif head.startswith(b"from"):
            match = _FROM.match(data, start)
            if match:
                end = match.end()
                module = (match[1] + match[2]).decode("utf-8", "replace")
                for name, bound in _aliases(_COMMENT.sub(b"", match[3].lstrip(b"("))):
                    yield module, name, bound
        at = data.find(b"import", end)


def _aliases(listed: bytes) -> Iterable[tuple[str, str]]:
    text = listed.decode("utf-8", "replace")
    for item in text.replace("\\\n", " ").split(";")[0].split(","):
        words = item.split()
        if words:
            yield words[0], words[-1]


def words_of(imports: Iterable[Import]) -> frozenset[str]:
    """All words of imports: a superset of the last parts of what is imported."""
    words: set[str] = set()
    for module, name, _ in imports:
        words.update(module.split("."))
        words.add(name)
    words.discard("")
    return frozenset(words)
