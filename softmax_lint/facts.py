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
_OVER, _UNDER = rb"[<>]=?\s*0?\.\d", rb"\.\d+\s*[<>]"
# What a Keras model is trained with is told to this method; others have one of the same name.
_COMPILE = b".compile("
_OTHERS_COMPILE = (b"re", b"regex", b"torch")
_LONGEST_CALL = 2_000

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
    if any(token in lowered for token in _READS) or re.search(_OVER, lowered):
        return True
    for found in re.finditer(_UNDER, lowered):
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
        if _word_before(lowered, at) not in _OTHERS_COMPILE:
            given = _given(lowered, start)
            yield b"," in given or b"loss" in given or b"*" in given
        at = lowered.find(_COMPILE, start)


def _word_before(text: bytes, at: int) -> bytes:
    start = at
    while start and (text[start - 1 : start].isalnum() or text[start - 1] == ord("_")):
        start -= 1
    return text[start:at]


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
    size = len(data)
    at = data.find(b"import")
    while at >= 0:
        end = at + 6
        start = data.rfind(b"\n", 0, at) + 1
        head = data[start:at].strip()
        after = data[end : end + 1]
        if head[:4] == b"from" and after in _SPACES_OR_BRACKET:
            module = head[4:].replace(b" ", b"").replace(b"\t", b"")
            if head[4:5] in _SPACES_OR_DOT and _is_module(head[4:].strip()):
                end, listed = _listed(data, end, size)
                for name, bound in _aliases(listed):
                    yield module.decode("utf-8", "replace"), name, bound
        elif not head and after in _SPACES:
            end, listed = _listed(data, end, size)
            for name, bound in _aliases(listed):
                yield name, "", bound.partition(".")[0]
        at = data.find(b"import", end)


_SPACES = (b" ", b"\t", b"\\")
_SPACES_OR_BRACKET = (*_SPACES, b"(", b"*")
_SPACES_OR_DOT = (b" ", b"\t", b".")


def _is_module(spelled: bytes) -> bool:
    """``a.b``, ``..a``, ``. a``: one word behind dots."""
    return bool(spelled) and len(spelled.lstrip(b". \t").split()) <= 1 and b"#" not in spelled


def _listed(data: bytes, start: int, size: int) -> tuple[int, bytes]:
    """(end, what stands behind ``import``), without comments and joined lines."""
    if data[start : start + 20].lstrip()[:1] == b"(":
        end = data.find(b")", start)
        end = size if end < 0 else end
        listed = data[data.index(b"(", start) + 1 : end]
    else:
        end = data.find(b"\n", start)
        while end > 0 and data[end - 1 : end] == b"\\":
            end = data.find(b"\n", end + 1)
        end = size if end < 0 else end
        listed = data[start:end]
        if b"\\" in listed:
            listed = listed.replace(b"\\\n", b" ")
    if b"#" in listed:
        listed = b"\n".join(line.partition(b"#")[0] for line in listed.split(b"\n"))
    return end, listed


def _aliases(listed: bytes) -> Iterable[tuple[str, str]]:
    for item in listed.decode("utf-8", "replace").partition(";")[0].split(","):
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
