"""From findings to fixes: which ends change together, and whether that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from softmax_lint import pair as meetings
from softmax_lint.diagnostic import Diagnostic, Edit, Fix, Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.escapes import doubts
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.imports import drop_unused
from softmax_lint.edits.metrics import carry_along
from softmax_lint.edits.names import sibling
from softmax_lint.edits.site import remove, subject
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
    SCORES,
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
    if code in _EXACT and not draft.doubts:
        for reason in doubts(files, joints, paths, edits):
            draft.doubt(reason)
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
    while True:
        group = [joint for joint in joints if joint.source in sources or joint.sink in sinks]
        more = {joint.source for joint in group if joint.source is not None} - sources
        other = {joint.sink for joint in group if joint.source in sources} - sinks
        if not more and not other:
            break
        sources |= more
        sinks |= other
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
        assert joint.pair is not None and joint.source is not None
        for other in joints:
            if other.source == joint.source and other.expected != LOG_PROBABILITIES:
                raise Refused("another loss takes the probabilities")
        _log_of(files, draft, joint)
    return _finish(files, draft, own, paths, code, "use log-softmax")


_LOGS = {"softmax": "log_softmax", "Softmax": "LogSoftmax", "sigmoid": "logsigmoid", "Sigmoid": "LogSigmoid"}


def _log_of(files: Files, draft: Draft, joint: Joint) -> None:
    """The activation of a joint becomes its logarithm, where it is called or built."""
    pair = joint.pair
    assert pair is not None
    if pair.framework != "torch":
        raise Refused("only PyTorch has this loss")
    is_call = True
    text, tree, node = files.find(pair.source)
    name = pair.source_text.rpartition(".")[2].removesuffix("()")
    if joint.built is not None and joint.built != pair.source:
        text, tree, node = files.find(joint.built)
        is_call = False
    if not isinstance(node, cst.Call) or name not in _LOGS:
        raise Refused("the activation is no call")
    if is_call and pair.source_text.startswith(".") and isinstance(node.func, cst.Attribute):
        if name == "sigmoid":
            raise Refused("tensors have no method for the logarithm of the sigmoid")
        draft.take(text, do.replace_callee(tree, node.func, f"{tree.code(node.func.value)}.log_softmax"))
        return
    spelled = tree.code(node.func).rpartition(".")[2]
    if spelled != name:
        raise Refused("the activation has another name here")
    other = _LOGS[name]
    callee = _functional(files, draft, text, tree, node, other)
    draft.take(text, do.replace_callee(tree, node.func, callee))


def _functional(files: Files, draft: Draft, text: object, tree: object, node: cst.Call, name: str) -> str:
    from softmax_lint.edits.names import ensure_name
    from softmax_lint.edits.tree import Text, Tree

    assert isinstance(text, Text) and isinstance(tree, Tree)
    own = tree.code(node.func)
    if name == "logsigmoid" and own in ("torch.sigmoid", "torch.special.expit"):
        return ensure_name(files, draft, text, tree, node, ("torch",), "nn.functional.logsigmoid")
    return sibling(files, draft, text, tree, node.func, name)


def _merge_log(
    files: Files, joints: Sequence[Joint], own: list[Joint], paths: Sequence[str], code: str
) -> Fix:
    """SML006, SML106: ``log(softmax(x))`` becomes ``log_softmax(x)``."""
    draft = Draft()
    for joint in own:
        pair = joint.pair
        assert pair is not None and joint.source is not None
        text, tree, log = files.find(joint.sink)
        if any(other.source == joint.source and other.sink != joint.sink for other in joints):
            raise Refused("the probabilities are used elsewhere, too")
        if not isinstance(log, cst.Call):
            raise Refused("the logarithm is no call")
        argument = subject(log, pair.sink_text)
        if pair.guarded:
            raise Refused("the logarithm is guarded")
        if tree.find(text.span(joint.source)) is not argument if _same(text, joint.source) else True:
            where, inside, node = files.find(joint.source)
            _only_read(files, where, inside, node, argument)
        if pair.framework in ("tensorflow", "keras") or pair.source_text.startswith("tf."):
            where, inside, node = files.find(joint.source)
            if not isinstance(node, cst.Call):
                raise Refused("the activation is no call")
            name = inside.code(node.func)
            other = {"softmax": "log_softmax", "sigmoid": "log_sigmoid"}.get(name.rpartition(".")[2])
            if other is None or not name.startswith(("tf.nn.", "tf.math.")) or other == "log_sigmoid":
                raise Refused("the activation has no logarithm of its own here")
            draft.take(where, do.replace_callee(inside, node.func, f"{name.rpartition('.')[0]}.{other}"))
        else:
            _log_of(files, draft, joint)
        draft.take(text, do.unwrap(tree, log, argument))
    word = "log-softmax" if code == "SML006" else "log-sigmoid"
    return _finish(files, draft, own, paths, code, f"compute {word} in one step")


def _same(text: object, place: Place) -> bool:
    from softmax_lint.edits.tree import Text

    return isinstance(text, Text) and (text.filename, text.cell) == (place.filename, place.cell)


def _only_read(files: Files, text: object, tree: object, node: cst.BaseExpression, read: object) -> None:
    """Two steps: the name that holds the probabilities must be read by the logarithm alone."""
    from softmax_lint.edits.tree import Text, Tree

    assert isinstance(text, Text) and isinstance(tree, Tree)
    parent = tree.parent(node)
    if not isinstance(parent, cst.Assign) or len(parent.targets) != 1 or not isinstance(read, cst.Name):
        raise Refused("the probabilities reach the logarithm over other steps")
    target = parent.targets[0].target
    if not isinstance(target, cst.Name) or target.value != read.value:
        raise Refused("the probabilities reach the logarithm over other steps")
    if files.count(text.filename, target.value) != 2:
        raise Refused("the probabilities are used elsewhere, too")


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

__all__ = ["SCORES", "Edit", "Planned", "plan"]
