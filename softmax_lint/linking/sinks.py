"""Where a tensor meets something that wants a representation: losses, logarithms, samplers, trainers.

A `Meeting` collects, for one sink place, every group of alternatives that reached it. Within a group the
alternatives are what may have happened to one tensor; each group is judged alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import CLASS, LOSS, Api
from softmax_lint.knowledge.strings import loss_path
from softmax_lint.linking.values import (
    NO_GUARDS,
    OBJECT,
    SHIFTED,
    Argument,
    Arguments,
    Bound,
    Class,
    Const,
    Func,
    Guards,
    Lazy,
    Name,
    Obj,
    Origin,
    Partial,
    Repeat,
    Seq,
    Tensor,
    Thing,
    Unknown,
    Value,
    compatible,
    join,
    just,
    literal,
    under,
    unknown,
)
from softmax_lint.representation import (
    ANY,
    BINARY,
    CATEGORICAL,
    LOG_PROBABILITIES,
    LOG_SOFTMAX,
    SCORES,
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
    groups: dict[Group, None] = field(default_factory=dict)
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
    if prediction is None and machine.exploring:
        return
    key = (kind, place, application, expected, row.name)
    meeting = machine.meetings.get(key)
    if meeting is None:
        meeting = machine.meetings[key] = Meeting(
            kind, expected, place, application, text, row.name, row.framework, row.measured, reason
        )
        meeting.setting = setting
        meeting.graph = machine.fitting
    meeting.graph = meeting.graph and machine.fitting
    if prediction is None:
        meeting.groups[(Unknown("no argument", None),)] = None
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
        meeting.groups[group] = None


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
    from softmax_lint.linking.library import called

    _apply(machine, row, expected, reason, origin, origin, called(path), prediction, target, given)
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
    """The prediction in the target slot, and data straight from a loader in the prediction slot."""
    if value is None or expected == ANY:
        return False
    data = machine.visible(machine.force(value))
    if not all(isinstance(c.thing, Unknown) and c.thing.reason == "an element" for c in data):
        return False
    other = machine.visible(machine.force(target))
    if other and all(isinstance(c.thing, Tensor) and not c.thing.detached for c in other):
        meet(machine, pair.SWAPPED, row, expected, place, application, text, other)
        return True
    return False


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


# Other sinks.


def logarithm(machine: Machine, tensor: Tensor, origin: Origin, text: str) -> None:
    row = Api("log", "function", "log", "torch")
    meet(machine, pair.LOG, row, "log", origin, origin, text, just(tensor))


def sampler(machine: Machine, row: Api, argument: Argument | None, origin: Origin | None, path: str) -> None:
    if argument is None or origin is None:
        return
    found = machine.force(argument.value)
    if all(isinstance(case.thing, Tensor) for case in found):
        from softmax_lint.linking.library import called

        meet(machine, pair.SAMPLER, row, row.expects or SOFTMAX_LOGITS, origin, origin, called(path), found)


# Keras: compile.


def compiled(
    machine: Machine, losses: Argument | None, outputs: Value, origin: Origin, eager: bool = False
) -> None:
    """`model.compile(loss=…)`: every output with its loss."""
    if losses is None:
        return
    fitting, machine.fitting = machine.fitting, not eager
    try:
        for case in machine.visible(machine.force(losses.value)):
            with machine.given(case.guards):
                _compiled(machine, case.thing, losses.origin or origin, outputs, origin)
    finally:
        machine.fitting = fitting


def _compiled(machine: Machine, thing: Thing, place: Origin, outputs: Value, origin: Origin) -> None:
    several = machine.contents(just(thing)) if isinstance(thing, (Seq, Obj)) else None
    named = machine.mapping(just(thing)) if isinstance(thing, Obj) else None
    if several is not None:
        parts = outputs_of(machine, outputs, len(several.items))
        for position, loss in enumerate(several.items):
            if isinstance(loss, Repeat):
                return
            output = parts[position] if parts is not None and position < len(parts) else None
            if output is None:
                output = outputs if len(several.items) == 1 else unknown("one of several outputs")
            _each(machine, loss, place, output, origin)
        return
    if named is not None:
        for key, loss in named.entries:
            _each(machine, loss, place, _output_named(machine, outputs, key, len(named.entries)), origin)
        return
    parts = outputs_of(machine, outputs)
    for output in [outputs] if parts is None else parts:
        one_loss(machine, thing, place, output, origin)


def _each(machine: Machine, loss: Value, place: Origin, output: Value, origin: Origin) -> None:
    for case in machine.visible(machine.force(loss)):
        at = case.thing.origin if isinstance(case.thing, Const) and case.thing.origin else place
        with machine.given(case.guards):
            one_loss(machine, case.thing, at, output, origin)


def outputs_of(machine: Machine, outputs: Value, count: int | None = None) -> list[Value] | None:
    """The outputs of a model with several, in order. Of alternatives those with `count` outputs are meant."""
    found: list[tuple[Guards, list[Value]]] = []
    for case in machine.visible(machine.force(outputs)):
        value = (case._replace(guards=NO_GUARDS),)
        mapping = machine.mapping(value)
        items = machine.contents(value)
        if mapping is not None and not mapping.open:
            found.append((case.guards, [part for _, part in mapping.entries]))
        elif items is not None and not any(isinstance(item, Repeat) for item in items.items):
            found.append((case.guards, list(items.items)))
        elif count in (None, 1) or not isinstance(case.thing, Tensor):
            return None
    if count is not None and len(found) > 1:
        found = [(guards, parts) for guards, parts in found if len(parts) == count]
    if len({len(parts) for _, parts in found}) != 1:
        return None
    positions = zip(*(parts for _, parts in found), strict=True)
    return [join(under(v, g) for (g, _), v in zip(found, values, strict=True)) for values in positions]


def _output_named(machine: Machine, outputs: Value, name: object, count: int) -> Value:
    outputs = machine.force(outputs)
    mapping = machine.mapping(outputs)
    if mapping is not None:
        for key, value in mapping.entries:
            if key == name:
                return value
    parts = outputs_of(machine, outputs)
    for part in parts if parts is not None else [outputs]:
        forced = machine.force(part)
        if any(isinstance(case.thing, Tensor) and case.thing.name == name for case in forced):
            return forced
    if count == 1 and (parts is None or len(parts) == 1):
        return outputs if parts is None else parts[0]
    return unknown(f"the output named {name!r} was not found")


def one_loss(
    machine: Machine,
    thing: Thing,
    place: Origin,
    output: Value,
    origin: Origin,
    prefix: Arguments | None = None,
) -> None:
    """One loss, as given to `compile` or a trainer, with one output."""
    given = prefix or Arguments()
    if isinstance(thing, Const):
        path = loss_path(thing.value) if isinstance(thing.value, str) else None
        row = find(path) if path is not None else None
        if row is None:
            return
        expected, reason = expectation(machine, row, Arguments())
        text = f"'{thing.value}'"
        meet(machine, pair.LOSS, row, expected, place, origin, text, output, reason, thing.origin)
    elif isinstance(thing, Name):
        row = find(thing.path)
        if row is not None and row.role == LOSS:
            expected, reason = expectation(machine, row, given)
            meet(
                machine,
                pair.LOSS,
                row,
                expected,
                place,
                origin,
                thing.path.rpartition(".")[2],
                output,
                reason,
            )
    elif isinstance(thing, Obj):
        record = machine.heap.records[thing.id]
        row = machine.library_row(thing)
        if record.kind == "library" and row is not None and row.role == LOSS:
            expected, reason = expectation(machine, row, record.extra)
            text = row.name.rpartition(".")[2]
            meet(machine, pair.LOSS, row, expected, record.origin or place, origin, text, output, reason)
        elif record.kind == "instance":
            _own_loss(machine, thing, output, row, origin)
    elif isinstance(thing, Partial):
        row = None
        inner = machine.force(thing.function)[0].thing
        if isinstance(inner, Name):
            row = find(inner.path)
        if row is not None and row.role == LOSS and row.form != CLASS:
            expected, reason = expectation(machine, row, thing.arguments)
            meet(
                machine, pair.LOSS, row, expected, place, origin, row.name.rpartition(".")[2], output, reason
            )
        else:
            _own_loss(machine, thing, output, None, origin)
    elif isinstance(thing, (Func, Bound)):
        _own_loss(machine, thing, output, None, origin)


def _own_loss(machine: Machine, thing: Thing, output: Value, row: Api | None, origin: Origin) -> None:
    """A loss the project wrote, with Keras's arguments (targets, predictions)."""
    target = Argument(unknown("targets", machine.fresh("targets")), None)
    prediction = Argument(output, None)
    torch = row is not None and row.framework == "torch"
    order = (prediction, target) if torch else (target, prediction)
    with machine.wanting_effects():
        machine.force(machine.call(just(thing), Arguments(order), origin))


# Trainers.


def trainer(machine: Machine, made: Obj, row: Api, given: Arguments, origin: Origin | None) -> None:
    """A trainer's constructor brings a model and a loss together (skorch, fastai)."""
    if origin is None or not row.model:
        return
    skorch = row.name.startswith("skorch.")
    model = given.get(row.params, row.model)
    loss = given.get(row.params, row.loss) if row.loss else None
    if model is None:
        return
    value = machine.force(model.value)
    if skorch:
        value = join([_instance(machine, case.thing, given, f"{row.model}__", origin) for case in value])
        machine.heap.write(made.id, f"{row.model}_", value)
    outputs = join([_model_output(machine, case.thing) for case in value])
    own = machine.heap.records[made.id].kind == "instance" and skorch
    if own and any(
        machine.lookup_method(made, name) for name in ("get_loss", "train_step_single", "train_step")
    ):
        _remember_criterion(machine, made, loss, given, origin)
        return
    if loss is None:
        if row.loss_default:
            default = find(row.loss_default)
            if default is not None and default.expects is not None:
                expected = ANY if skorch and default.expects == LOG_PROBABILITIES else default.expects
                meet(
                    machine,
                    pair.LOSS,
                    default,
                    expected,
                    origin,
                    origin,
                    default.name.rpartition(".")[2],
                    outputs,
                )
        return
    configured = Arguments(
        (), tuple((k[len(row.loss) + 2 :], a) for k, a in given.keywords if k.startswith(f"{row.loss}__"))
    )
    for case in machine.force(loss.value):
        thing = case.thing
        expects_log = False
        if isinstance(thing, Name):
            found = find(thing.path)
            expects_log = found is not None and found.expects == LOG_PROBABILITIES
            if skorch and expects_log and found is not None and "Classifier" in row.name:
                # skorch's classifiers take the logarithm themselves before NLLLoss.
                meet(
                    machine,
                    pair.LOSS,
                    found,
                    ANY,
                    loss.origin or origin,
                    origin,
                    thing.path.rpartition(".")[2],
                    outputs,
                )
                continue
        elif isinstance(thing, Class):
            thing = machine.force(machine.instantiate(thing, configured, origin))[0].thing
        if isinstance(thing, (Func, Bound, Partial)) or (
            isinstance(thing, Obj) and machine.heap.records[thing.id].kind == "instance"
        ):
            target = Argument(unknown("targets", machine.fresh("targets")), None)
            with machine.wanting_effects():
                machine.force(machine.call(just(thing), Arguments((Argument(outputs, None), target)), origin))
            continue
        one_loss(machine, thing, loss.origin or origin, outputs, origin, configured)


def _remember_criterion(
    machine: Machine, made: Obj, loss: Argument | None, given: Arguments, origin: Origin
) -> None:
    if loss is None:
        return
    parts = []
    for case in machine.force(loss.value):
        thing = case.thing
        found = find(thing.path) if isinstance(thing, Name) else None
        if found is not None and found.form == CLASS:
            parts.append(just(machine.make_library(found, Arguments(), loss.origin or origin)))
        else:
            parts.append(just(thing))
    machine.heap.write(made.id, "criterion_", join(parts))


def _instance(machine: Machine, thing: Thing, given: Arguments, prefix: str, origin: Origin) -> Value:
    if isinstance(thing, Class):
        own = tuple((k[len(prefix) :], a) for k, a in given.keywords if k.startswith(prefix))
        return machine.instantiate(thing, Arguments((), own), origin)
    return just(thing)


def _model_output(machine: Machine, thing: Thing) -> Value:
    if isinstance(thing, Obj):
        return machine.output(thing)
    if isinstance(thing, (Func, Bound)):
        return machine.call(just(thing), Arguments((Argument(unknown("data"), None),)), None)
    return unknown("a model that is not known")


def trainer_output(machine: Machine, thing: Obj, row: Api) -> Value:
    module = machine.heap.read(thing.id, f"{row.model}_")
    if module is None:
        return unknown("a trainer's output")
    return join([_model_output(machine, case.thing) for case in module])
