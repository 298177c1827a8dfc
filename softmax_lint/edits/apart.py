"""Logarithms of what other functions give: those give raw scores, and the logarithm applies the activation itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from softmax_lint import pair as meetings
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.names import bindings, dotted, ensure_module, ensure_name
from softmax_lint.edits.site import remove, subject
from softmax_lint.edits.tree import Change, Outcome, Refused, Text, Tree
from softmax_lint.judging import Joint
from softmax_lint.linking.values import AS_MADE
from softmax_lint.pair import Pair
from softmax_lint.representation import SIGMOID, SOFTMAX


def merge_apart(files: Files, draft: Draft, own: Sequence[Joint], joints: Sequence[Joint]) -> list[Joint]:
    """Draft the removal of the activations of some joints, and logarithms that apply them: the joints that
    change together. Raises `Refused` where anything but logarithms takes the same output."""
    sources = {joint.source for joint in own}
    sinks = {joint.sink for joint in own}
    group: list[Joint] = []
    while True:
        more = [
            joint
            for joint in joints
            if joint not in group
            and joint.row != "output"
            and (joint.source in sources or joint.sink in sinks)
        ]
        if not more:
            break
        for joint in more:
            if joint.pair is None or joint.pair.meeting != meetings.LOG or joint.code != own[0].code:
                raise Refused("the probabilities are used elsewhere, too")
            if joint.pair.guarded:
                raise Refused("the logarithm is guarded")
            sources.add(joint.source)
            sinks.add(joint.sink)
        group += more
    group = [_with_framework(files, joint) for joint in group]
    for joint in {joint.source: joint for joint in group}.values():
        remove(files, draft, joint)
    for joint in {joint.sink: joint for joint in group}.values():
        if {
            other.pair.produced for other in group if other.sink == joint.sink and other.pair is not None
        } != {_produced(joint)}:
            raise Refused("other outputs reach the logarithm, too")
        _apply(files, draft, joint)
    return group


def _with_framework(files: Files, joint: Joint) -> Joint:
    """Linking takes every logarithm for one of PyTorch: the imports say whose it is."""
    assert joint.pair is not None
    head = joint.pair.sink_text.partition(".")[0]
    paths = [each.path for each in bindings(files.texts(joint.sink.filename)) if head and each.name == head]
    path = next(iter(paths), head or "torch")
    framework = "torch" if path.partition(".")[0] == "torch" else "keras"
    return replace(joint, pair=replace(joint.pair, framework=framework))


def _produced(joint: Joint) -> str:
    assert joint.pair is not None
    return joint.pair.produced


def _apply(files: Files, draft: Draft, joint: Joint) -> None:
    """Draft ``log_softmax(x)`` for ``log(x)``."""
    pair = joint.pair
    assert pair is not None
    text, tree, log = files.find(joint.sink)
    if not isinstance(log, cst.Call) or len(log.args) > (not pair.sink_text.startswith(".")):
        raise Refused("the logarithm is no call of one tensor")
    argument = subject(log, pair.sink_text)
    name, last = logarithm(files, draft, text, tree, log, pair, joint.steps == AS_MADE)
    first, end = tree.whole(argument)
    start, stop = tree.spans[log]
    gone = text.text[start:first] + text.text[end:stop]
    changes = (Change(start, first, f"{name}("), Change(end, stop, f"{last})"))
    draft.take(text, Outcome(changes, "#" in gone))


def logarithm(
    files: Files, draft: Draft, text: Text, tree: Tree, log: cst.Call, pair: Pair, is_as_made: bool = True
) -> tuple[str, str]:
    """The function for the logarithm of an activation, where `log` took it, and what follows its tensor.

    Raises `Refused` where there is none, or the axis is not known to be the one that the activation saw.
    """
    last = ""
    if pair.produced == SOFTMAX:
        if pair.axis is None or not is_as_made:
            raise Refused("the axis of the softmax is not known")
        last = f", {'dim' if pair.framework == 'torch' else 'axis'}={pair.axis}"
    elif pair.produced != SIGMOID:
        raise Refused("the activation has no logarithm of its own here")
    if pair.framework == "torch":
        if pair.produced == SIGMOID:
            return ensure_name(files, draft, text, tree, log, ("torch",), "nn.functional.logsigmoid"), ""
        return f"{ensure_module(files, draft, text, tree, log, 'torch', 'torch')}.log_softmax", last
    spelled = dotted(log.func) or ""
    if spelled.endswith("ops.log"):
        leaf = "log_sigmoid" if pair.produced == SIGMOID else "log_softmax"
        return ensure_name(files, draft, text, tree, log, ("keras",), f"ops.{leaf}"), last
    module = ensure_module(files, draft, text, tree, log, "tensorflow", "tf")
    return f"{module}.{'math.log_sigmoid' if pair.produced == SIGMOID else 'nn.log_softmax'}", last
