"""What a file says on its own that screening has to know: tokens of sinks, and its imports.

Everything is searched in bytes, before a file is decoded: most files are not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# Most of what follows stands for a search through every byte of a project, a few of which cost as much as reading
# it. So what is common to many tokens is searched first, and the rest where it was found.
#
# A loss or a trainer has to be spelled somewhere. In lower case, as all that follows: what stands before "loss",
_BEFORE_LOSS = (
    b"nll_", b"nll", b"log_", b"ce", b"ctc_", b"ctc", b"softmargin", b"soft_margin_", b"asymmetric", b"focal",
    b"focal_", b"compute_", b"cce_dice_", b"cce_jaccard_", b"focal_dice_", b"focal_jaccard_", b"withlogits",
)  # fmt: skip
# before "entropy",
_BEFORE_ENTROPY = (b"ross", b"ross_")
# what names a loss in a file that says "loss", be it in the name of a module,
_IN_LOSSES = (b"bce", b"kldiv")
# and what says nothing of the kind.
_TRAINERS = (b"kl_div", b"neuralnet", b"learner(")
_SUPERVISED = (b"supervisedrunner", b"create_supervised")
# Losses that take anything, in files that say "loss"; calls of what is named so are losses of some kind.
_VAGUE = (b"huber", b"tversky", b"hinge", b"triplet", b"mean_squared", b"mean_absolute")
# Samplers, and what meets its like or a logarithm: what there is to say about these is said where they are spelled.
_OTHERS = (b"softmax", b"sigmoid", b"categorical(", b"bernoulli(")
# Logarithms of what another file makes.
_LOGARITHMS = (b"torch", b"tf", b"math", b"k", b"ops", b"jnp", b"backend")
# Losses on binary logits, and what may read such logits in other files than the loss.
_LOGITS = (b"with", b"with_", b"from_")
_FRAMEWORKS = (b"torch", b"keras", b"tensorflow", b"lightning")
_NUMBERS_OR_READS = re.compile(rb"\.(?:\d+|(round|[gl][et])\()")
_SIGN_BEHIND = re.compile(rb"\s*[<>]")
# What a Keras model is trained with is told to this method; others have one of the same name.
_COMPILE = b".compile("
_OTHERS_COMPILE = (b"re", b"regex", b"torch")
_LONGEST_CALL = 2_000

# (module with its leading dots, name or "", bound name)
Import = tuple[str, str, str]


class Facts(NamedTuple):
    """Whether a file spells a sink, a loss, a loss on logits, or a suppression that is meant for this linter;
    where it spells no sink, whether it takes the logarithm of what may come from elsewhere; and all its imports,
    wherever they stand.
    """

    sink: bool
    loss: bool
    logarithm: bool
    logits: bool
    silences: bool
    imports: tuple[Import, ...]


def state(data: bytes, more: Sequence[bytes] = ()) -> Facts:
    """The facts of a file's Python, in UTF-8. `more` are tokens of sinks besides ours, in lower case."""
    lowered = data.lower()
    loss = holds_loss(lowered) or any(token in lowered for token in more)
    sink = loss or _holds_other(lowered)
    silences = b"sml" in lowered and b"noqa" in lowered
    return Facts(
        sink,
        loss,
        not sink and _follows(lowered, b".log(", _LOGARITHMS, b")"),
        sink and _follows(lowered, b"logits", _LOGITS),
        silences or (sink and b"softmax-lint:" in data),
        tuple(dict.fromkeys(imports_of(data))),
    )


def holds_sink(lowered: bytes) -> bool:
    """Whether lower-cased Python may hold a sink."""
    return holds_loss(lowered) or _holds_other(lowered)


def holds_loss(lowered: bytes) -> bool:
    """Whether lower-cased Python may hold a loss, or something that trains with one."""
    return (
        _follows(lowered, b"entropy", _BEFORE_ENTROPY)
        or _follows(lowered, b"loss", _BEFORE_LOSS)
        or any(token in lowered for token in _TRAINERS)
        or (b"supervised" in lowered and any(token in lowered for token in _SUPERVISED))
        or (_COMPILE in lowered and any(_compilations(lowered)))
        or (b"loss" in lowered and any(token in lowered for token in _IN_LOSSES))
    )


def _holds_other(lowered: bytes) -> bool:
    if any(token in lowered for token in _OTHERS):
        return True
    return b"loss" in lowered and (b"loss(" in lowered or any(token in lowered for token in _VAGUE))


def reads_logits(data: bytes) -> bool:
    """Whether a file may hold a threshold for what a model gives."""
    lowered = data.lower()
    return any(name in lowered for name in _FRAMEWORKS) and _compares(lowered)


def _follows(text: bytes, stem: bytes, before: tuple[bytes, ...], after: bytes | None = None) -> bool:
    """Whether one of these stands before `stem` somewhere, or `after` behind it."""
    at = text.find(stem)
    while at >= 0:
        end = at + len(stem)
        if text.endswith(before, 0, at) or (after is not None and text.startswith(after, end)):
            return True
        at = text.find(stem, end)
    return False


def _compares(lowered: bytes) -> bool:
    """Whether anything is rounded, or compared with a number below 1."""
    for found in _NUMBERS_OR_READS.finditer(lowered):
        start, end = found.span()
        if found.lastindex or _is_over(lowered, start):
            return True
        if _SIGN_BEHIND.match(lowered, end):
            before = lowered[max(0, start - 2) : start].removesuffix(b"0")[-1:]
            if not (before.isalnum() or before in (b"_", b".")):
                return True
    return False


def _is_over(lowered: bytes, point: int) -> bool:
    """Whether the number with this decimal point stands behind a sign of comparison."""
    at = point - lowered.startswith(b"0", point - 1) if point else 0
    while at and lowered[at - 1 : at].isspace():
        at -= 1
    if at > 1 and lowered.startswith(b"=", at - 1):
        at -= 1
    return at > 0 and lowered.startswith((b"<", b">"), at - 1)


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
