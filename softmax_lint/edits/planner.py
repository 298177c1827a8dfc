"""From findings to fixes: which ends change together, and whether that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from softmax_lint import pair as meetings
from softmax_lint.diagnostic import Diagnostic, Fix
from softmax_lint.edits import primitives as do
from softmax_lint.edits.escapes import doubts
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.imports import drop_unused
from softmax_lint.edits.logarithms import merge, use_logarithm
from softmax_lint.edits.metrics import carry_along
from softmax_lint.edits.site import remove
from softmax_lint.edits.switches import to_logits, to_probabilities
from softmax_lint.edits.tree import Refused
from softmax_lint.edits.written import overlap
from softmax_lint.judging import Joint
from softmax_lint.representation import (
    ANY,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SIGMOID,
    SOFTMAX,
)

# Both variants are the same function in exact arithmetic.
_EXACT = frozenset({"SML001", "SML004", "SML006", "SML101", "SML106"})
_WORDS = {
    SOFTMAX: "softmax",
    LOG_SOFTMAX: "log-softmax",
    SIGMOID: "sigmoid",
    LOG_SIGMOID: "log-sigmoid",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """The fixes of a finding, the first of which is the default, and why others were refused."""

    fixes: tuple[Fix, ...]
    refusals: tuple[str, ...] = ()


Planner = Callable[[Files, Sequence[Joint], "list[Joint]", Sequence[str], str], Fix]


def plan(files: Files, diagnostic: Diagnostic, joints: Sequence[Joint], paths: Sequence[str]) -> Planned:
    """The fixes of one finding. `joints` is all that met, `paths` the files where outputs may be used."""
    if diagnostic.fixes:
        return Planned(diagnostic.fixes)
    own = [joint for joint in joints if _is_of(joint, diagnostic)]
    if not own:
        return Planned((), ("the ends of the finding are not known",))
    fixes: list[Fix] = []
    refusals: list[str] = []
    for make in _PLANNERS.get(diagnostic.code, ()):
        try:
            fixes.append(make(files, joints, own, paths, diagnostic.code))
        except Refused as refusal:
            refusals.append(str(refusal))
    return Planned(tuple(fixes), tuple(refusals))


def _is_of(joint: Joint, diagnostic: Diagnostic) -> bool:
    if joint.code != diagnostic.code or joint.source is None:
        return False
    places = {diagnostic.place, *(related.place for related in diagnostic.related)}
    return {joint.source, joint.sink} <= places


def _finish(
    files: Files, draft: Draft, joints: Iterable[Joint], paths: Sequence[str], code: str, message: str
) -> Fix:
    if not draft.edits:
        raise Refused("nothing to change")
    drop_unused(files, draft)
    edits = tuple(sorted(draft.edits, key=lambda edit: edit.place))
    if overlap(edits):
        raise Refused("the edits overlap")
    # Merging a logarithm with what it is taken of leaves every value as it was.
    if code in _EXACT - {"SML006", "SML106"} and not draft.doubts:
        for reason in doubts(files, joints, paths):
            draft.doubt(reason)
            break
    is_safe = code in _EXACT and not draft.doubts
    return Fix("safe" if is_safe else "unsafe", message, edits)


# Both ends to logits.


def _to_logits(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    draft = Draft()
    group = _component(joints, own, draft)
    removed: dict[str, None] = {}
    for joint in group:
        assert joint.pair is not None
        if joint.pair.produced in _WORDS:
            remove(files, draft, joint)
            removed[_WORDS[joint.pair.produced]] = None
        elif joint.pair.produced == HIDDEN:
            raise Refused("the output is a hidden activation")
    if any(joint.code is not None and joint.code not in _EXACT for joint in group):
        draft.doubt("a number changes")
    before = len(draft.edits)
    sinks = list({(joint.sink, joint.setting): joint for joint in group}.values())
    for joint in sinks:
        to_logits(files, draft, joint)
    switched = len(draft.edits) > before
    if removed:
        compiles = {joint.application: joint for joint in group if _was_probabilities(joint)}
        for joint in compiles.values():
            carry_along(files, draft, joint)
    parts = [f"remove the {' and the '.join(removed)}"] if removed else []
    if switched:
        parts.append(_switching(sinks))
    return _finish(files, draft, group, paths, code, " and ".join(parts))


def _was_probabilities(joint: Joint) -> bool:
    return joint.pair is not None and joint.pair.produced in _WORDS


def _switching(sinks: Sequence[Joint]) -> str:
    frameworks = {joint.pair.framework for joint in sinks if joint.pair is not None}
    return "use the loss on raw scores" if frameworks == {"torch"} else "set `from_logits=True`"


def _component(joints: Sequence[Joint], own: Sequence[Joint], draft: Draft) -> list[Joint]:
    """All joints that have to change with these: same source or same sink, and so on."""
    sources = {joint.source for joint in own}
    sinks = {joint.sink for joint in own}
    losses = [joint for joint in joints if joint.pair is None or joint.pair.meeting == meetings.LOSS]
    while True:
        group = [joint for joint in losses if joint.source in sources or joint.sink in sinks]
        more = {joint.source for joint in group if joint.source is not None} - sources
        other = {joint.sink for joint in group if joint.source in sources} - sinks
        if not more and not other:
            break
        sources |= more
        sinks |= other
    group += [joint for joint in joints if joint not in group and joint.source in sources]
    known = []
    for joint in group:
        if joint.pair is None:
            if joint.sink in sinks and joint.expected is not None:
                draft.doubt("an output that is not known meets the loss, too")
            continue
        if joint.pair.meeting == meetings.LOSS:
            if joint.source in sources and joint.expected == ANY and joint.pair.produced in _WORDS:
                raise Refused(f"`{joint.pair.sink_text}` takes the same output as it is")
            known.append(joint)
        elif joint.pair.meeting == meetings.LOG and joint.source in sources:
            raise Refused("a logarithm takes the same output")
        elif joint.pair.meeting == meetings.TARGET and joint.source in sources:
            raise Refused("the same output is a target")
    return known


def _drop_flag(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    """The other way: the loss takes what the activation gives."""
    draft = Draft()
    for joint in {joint.sink: joint for joint in own}.values():
        assert joint.pair is not None
        if joint.pair.framework == "torch" and joint.pair.produced not in (LOG_SOFTMAX, SIGMOID):
            raise Refused(f"no loss takes what `{joint.pair.source_text}` gives")
        to_probabilities(files, draft, joint)
    torch = own[0].pair is not None and own[0].pair.framework == "torch"
    message = "use the loss without its own activation" if torch else "drop `from_logits=True`"
    recovered = all(joint.pair is not None and joint.pair.recovered for joint in own)
    fix = _finish(files, draft, own, paths, code, message)
    return Fix(
        "safe" if recovered and not torch and not draft.doubts else fix.applicability, message, fix.edits
    )


# Logarithms.


def _to_log(files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str) -> Fix:
    """SML005: the softmax becomes a log-softmax."""
    draft = Draft()
    for joint in {joint.source: joint for joint in own}.values():
        assert joint.pair is not None
        if any(other.source == joint.source and other.expected != LOG_PROBABILITIES for other in joints):
            raise Refused("another loss takes the probabilities")
        if joint.pair.framework != "torch":
            raise Refused("the loss is none of PyTorch")
        use_logarithm(files, draft, joint)
    return _finish(files, draft, own, paths, code, "use log-softmax")


def _merge_log(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    """SML006, SML106: ``log(softmax(x))`` becomes ``log_softmax(x)``."""
    draft = Draft()
    for joint in own:
        merge(files, draft, joint, joints)
    word = "log-softmax" if code == "SML006" else "log-sigmoid"
    return _finish(files, draft, own, paths, code, f"compute {word} in one step")


# Others.


def _instantiate(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    draft = Draft()
    text, tree, node = files.find(own[0].sink)
    if not isinstance(node, cst.Call):
        raise Refused("the loss is no call")
    outcome = do.wrap(tree, node.func, "", "()")
    draft.take(text, outcome)
    return _finish(files, draft, own, paths, code, f"call an instance of `{tree.code(node.func)}`")


def _only_remove(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    draft = Draft()
    for joint in own:
        assert joint.pair is not None
        if any(other.source == joint.source and other.sink != joint.sink for other in joints):
            raise Refused("the probabilities are used elsewhere, too")
        remove(files, draft, joint)
    return _finish(files, draft, own, paths, code, "remove the softmax")


_PLANNERS: dict[str, tuple[Planner, ...]] = {
    "SML001": (_to_logits,),
    "SML002": (_to_logits, _drop_flag),
    "SML003": (_to_logits,),
    "SML004": (_to_logits, _drop_flag),
    "SML005": (_to_log, _to_logits),
    "SML006": (_merge_log,),
    "SML101": (_to_logits,),
    "SML102": (_to_logits, _drop_flag),
    "SML103": (_to_logits,),
    "SML106": (_merge_log,),
    "SML303": (_only_remove,),
    "SML304": (_only_remove,),
    "SML401": (_instantiate,),
}
