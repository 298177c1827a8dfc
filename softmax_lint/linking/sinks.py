"""Where a tensor meets something that wants a representation: losses, logarithms, samplers, trainers.

A `Meeting` collects, for one sink place, every group of alternatives that reached it. Within a group the
alternatives are what may have happened to one tensor; each group is judged alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge.schema import Api
from softmax_lint.linking import spelling
from softmax_lint.linking.values import (
    OBJECT,
    SHIFTED,
    Argument,
    Arguments,
    Const,
    Definition,
    Lazy,
    Obj,
    Origin,
    Tensor,
    Thing,
    Unknown,
    Value,
    compatible,
    literal,
    unknown,
)
from softmax_lint.representation import (
    ANY,
    BINARY,
    CATEGORICAL,
    LOG_PROBABILITIES,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

Group = tuple[Thing, ...]


@dataclass(slots=True)
class Meeting:
    """One sink: `place` is what configures it, `application` where it is applied (a call, a compile)."""

    meeting: str
    expected: str | None  # None: `reason` says why it is not known
    place: Origin
    application: Origin
    text: str
    name: str  # qualified name of the row
    framework: str
    measured: bool
    reason: str = ""
    # What met it in each context, with the function that was run for itself then.
    groups: dict[Group, Definition | None] = field(default_factory=dict)
    setting: Origin | None = None  # the literal behind a name that configures the loss
    graph: bool = False  # only ever applied in the graph of Keras's `fit`


def meet(
    machine: Machine,
    kind: str,
    row: Api,
    expected: str | None,
    place: Origin,
    application: Origin,
    text: str,
    prediction: Value | None,
    reason: str = "",
    setting: Origin | None = None,
) -> None:
    """Record that a value meets a sink, in the present context."""
    machine.met += 1
    machine.most = max(machine.most, machine.patience)
    if prediction is None and machine.exploring:
        return
    key = (kind, place, application, expected, row.name)
    meeting = machine.meetings.get(key)
    if meeting is None:
        meeting = machine.meetings[key] = Meeting(
            kind, expected, place, application, text, row.name, row.framework, row.measured, reason
        )
        if kind not in (pair.AGAIN, pair.OUTPUT):
            machine.applied.add(application)
        meeting.setting = setting
        meeting.graph = machine.fitting
    meeting.graph = meeting.graph and machine.fitting
    if prediction is None:
        nothing = (Unknown("no argument", None),)
        meeting.groups[nothing] = None
        if machine.trace is not None:
            machine.trace.meets(key, nothing, False, machine.fitting)
        return
    cases = [
        case
        for case in machine.visible(machine.force(prediction))
        if not (isinstance(case.thing, Const) and case.thing.value is None)
    ]
    choices = {frozenset(g for g in case.guards if g[2] == OBJECT) for case in cases}
    choices = {c for c in choices if not any(c < other for other in choices)}
    # An alternative of the data flow that contradicts every choice of objects is judged with all others: only
    # where all mismatch is it a finding.
    groups = [
        [case for case in cases if compatible(case.guards, chosen)] for chosen in sorted(choices, key=repr)
    ]
    if any(all(case not in group for group in groups) for case in cases):
        groups.append(cases)
    for found in groups:
        group = tuple(
            dict.fromkeys(_halved(machine, row, _unnamed(expected, _plain(case.thing))) for case in found)
        )
        if machine.exploring and not all(
            isinstance(t, Tensor) and t.made == machine.exploring for t in group
        ):
            continue
        if group not in meeting.groups and any(isinstance(thing, Tensor) for thing in group):
            machine.go_on()
        meeting.groups[group] = meeting.groups.get(group, machine.lone) and machine.lone
        if machine.trace is not None:
            machine.trace.meets(key, group, machine.lone is not None, machine.fitting)


def known_logits(machine: Machine) -> bool:
    """Whether a loss on binary logits was met by raw scores: only these are missed where something reads them."""
    return any(
        isinstance(thing, Tensor) and thing.representation == SCORES
        for meeting in machine.meetings.values()
        if meeting.expected == SIGMOID_LOGITS
        for group in meeting.groups
        for thing in group
    )


def sources_read_in(machine: Machine, given: Collection[str]) -> list[tuple[str, str]]:
    """What makes outputs elsewhere which metrics and thresholds in the files at these paths read: pairs of the path
    and the name of a definition.
    """
    modules = machine.modules

    def path_of(origin: Origin) -> str:
        return modules.files[modules.units[origin[0]].file].path

    found = {
        (path_of(thing.source), modules.units[thing.source[0]].name)
        for meeting in machine.meetings.values()
        if meeting.meeting in (pair.METRIC, pair.CONSUMER) and path_of(meeting.place) in given
        for group in meeting.groups
        for thing in group
        if isinstance(thing, Tensor)
    }
    return sorted(each for each in found if each[0] not in given)


def forget_lone(machine: Machine) -> None:
    """Drop what was met with parameters nobody knew, in functions that turned out to be called by others."""
    for meeting in machine.meetings.values():
        left = {
            group: lone
            for group, lone in meeting.groups.items()
            if lone not in machine.called or not any(_is_parameter(thing) for thing in group)
        }
        meeting.groups = left or meeting.groups


def _is_parameter(thing: Thing) -> bool:
    return isinstance(thing, Unknown) and thing.reason.startswith("parameter `")


def _halved(machine: Machine, row: Api, thing: Thing) -> Thing:
    """BCELoss under autocast raises or works in 16 bits."""
    if machine.autocast and isinstance(thing, Tensor) and row.framework == "torch" and row.expects == BINARY:
        return thing._replace(half=True)
    return thing


def _unnamed(expected: str | None, thing: Thing) -> Thing:
    """Scores less something computed can be log-probabilities: `x - x.logsumexp(1, True)`."""
    if (
        expected == LOG_PROBABILITIES
        and isinstance(thing, Tensor)
        and thing.representation == SCORES
        and thing.steps == SHIFTED
    ):
        return Unknown("a difference of tensors")
    return thing


def _plain(thing: Thing) -> Thing:
    if isinstance(thing, Tensor):
        return thing if thing.representation else Unknown(thing.text or "data")
    if isinstance(thing, Unknown):
        return Unknown(thing.reason)
    return Unknown("not a tensor")


def expectation(machine: Machine, row: Api, given: Arguments) -> tuple[str | None, str]:
    """What the loss expects with these arguments, and why when that is not known."""
    expected = row.expects
    for flag in row.flags:
        argument = given.get(row.params, flag.name)
        if argument is None:
            if given.loose:
                return None, f"`{flag.name}` may be among starred arguments"
            setting: object = flag.default
        else:
            value = machine.visible(machine.force(argument.value))
            found = literal(value)
            if found is None:
                return None, f"`{flag.name}` is not a literal"
            setting = found.value
        for value_, meaning in flag.when:
            if value_ == setting and (isinstance(setting, bool) or not isinstance(value_, bool)):
                if meaning in (LOG_PROBABILITIES, CATEGORICAL) and flag.name == "log_target":
                    continue
                expected = meaning
    return expected, ""


# Losses.


def function(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin) -> Value:
    """A functional loss."""
    names = row.params
    prediction = given.get(names, row.subject or names[0])
    target = given.get(names, row.target) if row.target else None
    if (
        row.framework == "tensorflow"
        and prediction is None
        and not given.keywords
        and len(given.positional) >= 2
    ):
        prediction = given.positional[-1]
    if names[:2] == ("labels", "logits") and len(given.positional) >= 2 and not given.loose:
        target, prediction = _graph_order(machine, *given.positional[:2])
    expected, reason = expectation(machine, row, given)
    _apply(machine, row, expected, reason, origin, origin, spelling.called(path), prediction, target, given)
    return unknown(f"the result of `{path}`", machine.fresh("loss"))


def _graph_order(machine: Machine, first: Argument, second: Argument) -> tuple[Argument, Argument]:
    """Labels and logits of two positional arguments: before TensorFlow 1.0 the logits came first."""
    early, late = (machine.visible(machine.force(argument.value)) for argument in (first, second))
    made = all(isinstance(case.thing, Tensor) for case in early)
    given = all(
        isinstance(case.thing, Unknown) and case.thing.reason.strip("`").endswith(LABELS) for case in late
    )
    return (second, first) if made and given else (first, second)


# How values come about that can be labels and not scores.
LABELS = (".placeholder", ".ones_like", ".zeros_like", ".one_hot", ".ones", ".zeros")


def loss_object(
    machine: Machine, thing: Obj, row: Api, built: Arguments, given: Arguments, origin: Origin
) -> Value:
    """An instance of a loss class, called."""
    names = row.call_params or ("input", "target")
    prediction = given.get(names, row.subject or names[0])
    target = given.get(names, row.target) if row.target else None
    expected, reason = expectation(machine, row, built)
    place = machine.heap.records[thing.id].origin or origin
    _apply(
        machine, row, expected, reason, place, origin, row.name.rpartition(".")[2], prediction, target, built
    )
    return unknown(f"the result of `{row.name}`", machine.fresh("loss"))


def _apply(
    machine: Machine,
    row: Api,
    expected: str | None,
    reason: str,
    place: Origin,
    application: Origin,
    text: str,
    prediction: Argument | None,
    target: Argument | None,
    configured: Arguments,
) -> None:
    value = prediction.value if prediction is not None else None
    meet(machine, pair.LOSS, row, expected, place, application, text, value, reason)
    if target is None or expected is None:
        return
    if not _swapped(machine, row, expected, place, application, text, value, target.value):
        _targets(machine, row, place, application, text, target.value, configured)


def _targets(
    machine: Machine,
    row: Api,
    place: Origin,
    application: Origin,
    text: str,
    target: Value,
    configured: Arguments,
) -> None:
    """The representation of a soft target, where the loss says what it should be."""
    wanted = None
    if row.name.rpartition(".")[2].lower().replace("_", "") in ("kldiv", "kldivloss"):
        flag = configured.get(row.params, "log_target")
        setting = literal(flag.value) if flag is not None else None
        if flag is not None and setting is None:
            return
        wanted = LOG_PROBABILITIES if setting is not None and setting.value else CATEGORICAL
    elif row.expects == SOFTMAX_LOGITS and row.framework == "torch":
        wanted = CATEGORICAL
    if wanted is None:
        return
    found = machine.visible(machine.force(target)) if _at_hand(target) else ()
    if found and all(
        isinstance(c.thing, Tensor) and c.thing.representation in (SCORES, SOFTMAX, LOG_SOFTMAX)
        for c in found
    ):
        meet(machine, pair.TARGET, row, wanted, place, application, text, found)


def _at_hand(value: Value) -> bool:
    return not any(isinstance(case.thing, Lazy) for case in value)


def _swapped(
    machine: Machine,
    row: Api,
    expected: str,
    place: Origin,
    application: Origin,
    text: str,
    value: Value | None,
    target: Value,
) -> bool:
    """The prediction in the target slot, and data straight from a loader or categories in the prediction slot."""
    if value is None or expected == ANY:
        return False
    data = machine.visible(machine.force(value))
    if not all(isinstance(c.thing, Unknown) and _is_data(c.thing.reason) for c in data):
        return False
    other = machine.visible(machine.force(target))
    if other and all(isinstance(c.thing, Tensor) and not c.thing.detached for c in other):
        meet(machine, pair.SWAPPED, row, expected, place, application, text, other)
        return True
    return False


def _is_data(reason: str) -> bool:
    return reason == "an element" or reason.rstrip("`").endswith((".one_hot", ".to_categorical"))


def constructor(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin | None) -> None:
    """`nn.CrossEntropyLoss(output, target)`: the class called like the function."""
    if (
        row.framework != "torch"
        or origin is None
        or len(given.positional) != 2
        or given.keywords
        or given.loose
    ):
        return
    second = machine.force(given.positional[1].value)
    first = machine.force(given.positional[0].value)
    if any(isinstance(case.thing, Const) for case in (*first, *second)):
        return
    if not any(isinstance(case.thing, (Tensor, Unknown)) for case in first):
        return
    meet(machine, pair.CONSTRUCTOR, row, row.expects, origin, origin, path.rpartition(".")[2], first)
