"""From findings to fixes: which ends change together, and whether that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from softmax_lint import pair as meetings
from softmax_lint.diagnostic import Diagnostic, Fix
from softmax_lint.edits import primitives as do
from softmax_lint.edits.apart import merge_apart
from softmax_lint.edits.escapes import doubts, survey
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.imports import drop_unused
from softmax_lint.edits.logarithms import Apart, merge, use_logarithm
from softmax_lint.edits.metrics import Output, carry_along, rewrite
from softmax_lint.edits.readers import WRAPPED, wrap_readers
from softmax_lint.edits.site import remove
from softmax_lint.edits.switches import to_logits, to_probabilities
from softmax_lint.edits.thresholds import mend_reader, remove_second
from softmax_lint.edits.tree import Refused
from softmax_lint.edits.written import overlap
from softmax_lint.judging import Joint
from softmax_lint.representation import (
    ANY,
    BINARY,
    CATEGORICAL,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)

# Both variants are the same function in exact arithmetic.
_EXACT = frozenset({"SML001", "SML004", "SML006", "SML101", "SML106"})
# Meetings in which a probability counts as what it is.
_TAKING = frozenset({meetings.LOSS, meetings.LOG, meetings.TARGET, meetings.SAMPLER})
_WORDS = {
    SOFTMAX: "softmax",
    LOG_SOFTMAX: "log-softmax",
    SIGMOID: "sigmoid",
    LOG_SIGMOID: "log-sigmoid",
}
_CHANGES = "a number changes"
# What makes a fix unsafe and needs no word more: the finding or the fix says it.
_SAID = frozenset({_CHANGES, WRAPPED})

# With `from_logits=True` these losses would apply an activation that is none of what went.
_OTHERS = frozenset(
    {(produced, expected) for produced in (SOFTMAX, LOG_SOFTMAX) for expected in (BINARY, SIGMOID_LOGITS)}
    | {
        (produced, expected)
        for produced in (SIGMOID, LOG_SIGMOID)
        for expected in (CATEGORICAL, LOG_PROBABILITIES, SOFTMAX_LOGITS)
    }
)


@dataclass(frozen=True, slots=True)
class Planned:
    """The fixes of a finding, the first of which is the default, and why others were refused."""

    fixes: tuple[Fix, ...]
    refusals: tuple[str, ...] = ()


Planner = Callable[[Files, Sequence[Joint], "list[Joint]", str], Fix]


def plan(
    files: Files,
    diagnostic: Diagnostic,
    joints: Sequence[Joint],
    *,
    alternatives: bool = True,
) -> Planned:
    """The fixes of one finding, or the first one only where no `alternatives` are asked for. `joints` is all
    that met."""
    if diagnostic.fixes:
        return Planned(diagnostic.fixes)
    if diagnostic.code not in _PLANNERS:
        return Planned(())
    own = [joint for joint in joints if _is_of(joint, diagnostic)]
    if not own:
        return Planned((), ("the ends of the finding are not known",))
    fixes: list[Fix] = []
    refusals: list[str] = []
    for make in _PLANNERS[diagnostic.code]:
        if fixes and not alternatives:
            break
        try:
            fixes.append(make(files, joints, own, diagnostic.code))
        except Refused as refusal:
            refusals.append(str(refusal))
        except (RecursionError, MemoryError):  # the parser's word for it, too
            refusals.append("code around it is nested too deeply")
    return Planned(tuple(fixes), tuple(refusals))


def _is_of(joint: Joint, diagnostic: Diagnostic) -> bool:
    if joint.code != diagnostic.code or joint.source is None:
        return False
    places = set(diagnostic.places)
    return {joint.source, joint.sink} <= places


def _finish(
    files: Files,
    draft: Draft,
    joints: Iterable[Joint],
    code: str,
    message: str,
    *,
    is_local: bool = False,
) -> Fix:
    """The fix that a draft is. `is_local`: outside of the edits every value stays as it was."""
    if not draft.edits:
        raise Refused("nothing to change")
    drop_unused(files, draft)
    edits = tuple(sorted(draft.edits, key=lambda edit: edit.place))
    if overlap(edits):
        raise Refused("the edits overlap")
    # What is said of readers is not all there may be to say.
    if code in _EXACT and not is_local and draft.doubts.keys() <= {WRAPPED}:
        try:
            for reason in doubts(survey(files, joints, draft.given), of_models=bool(draft.doubts)):
                draft.doubt(reason)
                break
        except Refused as refusal:
            draft.doubt(str(refusal))
    is_safe = code in _EXACT and not draft.doubts
    if not is_safe:
        message = "; ".join([message, *(reason for reason in draft.doubts if reason not in _SAID)][:2])
    return Fix("safe" if is_safe else "unsafe", message, edits)


# Both ends to logits.


def _to_logits(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    draft = Draft()
    group = _component(joints, own, draft)
    removed: dict[str, None] = {}
    for joint in group:
        assert joint.pair is not None
        if (joint.pair.produced, joint.expected) in _OTHERS:
            word = _WORDS[joint.pair.produced]
            raise Refused(f"`{joint.pair.sink_text}` takes the same {word}: on raw scores it is another loss")
        if joint.pair.produced in _WORDS:
            remove(files, draft, joint)
            removed[_WORDS[joint.pair.produced]] = None
        elif joint.pair.produced == HIDDEN:
            raise Refused("the output is a hidden activation")
    if any(joint.code is not None and joint.code not in _EXACT for joint in group):
        draft.doubt(_CHANGES)
    before = len(draft.edits)
    sinks = list({(joint.sink, joint.setting): joint for joint in group}.values())
    for joint in sinks:
        to_logits(files, draft, joint)
    switched = len(draft.edits) > before
    if removed:
        compiles = {joint.application: joint for joint in group if _was_probabilities(joint)}
        applications = {joint.application for joint in group}
        foreign = frozenset(
            joint.sink for joint in joints if _is_metric(joint) and joint.application not in applications
        )
        for joint in compiles.values():
            carry_along(files, draft, joint, foreign)
    parts = [f"remove the {' and the '.join(removed)}"] if removed else []
    if switched:
        parts.append(_switching(sinks))
    message = " and ".join(parts)
    if removed and _wrap(files, draft, group, joints):
        message += ", and apply it where outputs are read"
    return _finish(files, draft, group, code, message)


def _wrap(
    files: Files,
    draft: Draft,
    group: Sequence[Joint],
    joints: Sequence[Joint],
    as_exponential: bool = False,
    in_logarithms: bool = False,
) -> int:
    sources = {joint.source for joint in group}
    draft.given = tuple(joint for joint in joints if joint.row == "output" and joint.source in sources)
    try:
        seen = survey(files, group, draft.given)
    except Refused as refusal:
        draft.doubt(str(refusal))
        return 0
    return wrap_readers(
        files, draft, seen, group, joints, as_exponential=as_exponential, in_logarithms=in_logarithms
    )


def _is_metric(joint: Joint) -> bool:
    return joint.row.startswith("keras.metrics.") and joint.sink != joint.application


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


def _drop_flag(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
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
    fix = _finish(files, draft, own, code, message)
    return Fix(
        "safe" if recovered and not torch and not draft.doubts else fix.applicability, message, fix.edits
    )


# Logarithms.


def _to_log(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    """SML005: the softmax becomes a log-softmax."""
    draft = Draft()
    for joint in {joint.source: joint for joint in own}.values():
        assert joint.pair is not None
        if any(
            other.source == joint.source and other.expected != LOG_PROBABILITIES
            for other in joints
            if other.pair is not None and other.pair.meeting in _TAKING
        ):
            raise Refused("another loss takes the probabilities")
        if joint.pair.framework != "torch":
            raise Refused("the loss is none of PyTorch")
        alike = {each.source for each in joints if each.code == code and each.built == joint.built}
        use_logarithm(files, draft, joint, len(alike))
    message = "use log-softmax"
    if _wrap(files, draft, own, joints, as_exponential=True):
        message += ", and its exponential where outputs are read"
    return _finish(files, draft, own, code, message)


def _merge_log(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    """SML006, SML106: ``log(softmax(x))`` becomes ``log_softmax(x)``."""
    draft = Draft()
    message = f"compute {'log-softmax' if code == 'SML006' else 'log-sigmoid'} in one step"
    try:
        for joint in own:
            merge(files, draft, joint, joints)
    except Apart:
        draft = Draft()
        group = merge_apart(files, draft, own, joints)
        if _wrap(files, draft, group, joints, in_logarithms=True):
            message += ", and the activation where outputs are read"
        return _finish(files, draft, group, code, message)
    return _finish(files, draft, own, code, message, is_local=True)


# Others.


def _instantiate(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    draft = Draft()
    text, tree, node = files.find(own[0].sink)
    if not isinstance(node, cst.Call):
        raise Refused("the loss is no call")
    outcome = do.wrap(tree, node.func, "", "()")
    draft.take(text, outcome)
    return _finish(files, draft, own, code, f"call an instance of `{tree.code(node.func)}`")


def _only_remove(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    draft = Draft()
    for joint in own:
        assert joint.pair is not None
        if any(
            other.source == joint.source and other.sink != joint.sink and other.row != "output"
            for other in joints
        ):
            raise Refused("the probabilities are used elsewhere, too")
        remove(files, draft, joint)
    return _finish(files, draft, own, code, "remove the softmax")


def _mend_metric(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    """SML301: the metric reads logits."""
    draft = Draft()
    for joint in {joint.sink: joint for joint in own}.values():
        assert joint.pair is not None
        if any(other.sink == joint.sink and _is_metric(other) and other.code != code for other in joints):
            raise Refused("another model has the same metric")
        losses = [
            other.expected
            for other in joints
            if other.source == joint.source
            and other.application == joint.application
            and not _is_metric(other)
        ]
        rewrite(files, draft, joint.sink, Output(SIGMOID_LOGITS in losses, joint.pair.units))
    return _finish(files, draft, own, code, "let the metric take raw scores")


def _mend_reader(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    """SML302: what is compared or rounded gets its sigmoid."""
    draft = Draft()
    for joint in {joint.sink: joint for joint in own}.values():
        mend_reader(files, draft, joint, joints)
    return _finish(files, draft, own, code, "read probabilities")


def _remove_second(files: Files, joints: Sequence[Joint], own: list[Joint], code: str) -> Fix:
    """SML303: the softmax of the softmax goes, or the sigmoid of the sigmoid."""
    draft = Draft()
    for joint in {joint.sink: joint for joint in own}.values():
        remove_second(files, draft, joint, joints)
    (produced,) = {joint.pair.produced for joint in own if joint.pair is not None}
    return _finish(files, draft, own, code, f"remove the second {_WORDS[produced]}")


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
    "SML301": (_mend_metric,),
    "SML302": (_mend_reader,),
    "SML303": (_remove_second,),
    "SML304": (_only_remove,),
    "SML401": (_instantiate,),
}
