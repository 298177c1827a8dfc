"""What calls of library names do, by the role of their knowledge row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    AFFINE,
    APPLY,
    BASE,
    CLASS,
    CONSUMER,
    CONTAINER,
    FUNCTIONAL,
    JOIN,
    KEEP,
    LOG,
    LOSS,
    MIX,
    MODEL,
    NAMED_ACTIVATION,
    RECURRENT,
    SAMPLER,
    TRAINER,
    Api,
)
from softmax_lint.knowledge.strings import activation_path
from softmax_lint.linking import (
    activations,
    builtins,
    consumers,
    containers,
    doubts,
    sampling,
    sinks,
    spelling,
    tensors,
    trainers,
)
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Case,
    Const,
    Name,
    Obj,
    Origin,
    Repeat,
    Seq,
    Tensor,
    Unknown,
    Value,
    integer,
    join,
    just,
    literal,
    under,
    unknown,
)
from softmax_lint.representation import HIDDEN, SCORES

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

CONSTRUCTORS = (".from_pretrained", ".from_config", ".from_preset")


def subject(row: Api, given: Arguments, call: bool = False) -> Argument | None:
    """The argument with the tensor, prediction or object."""
    names = row.call_params if call else row.params
    if not row.subject:
        first = names[0] if names and names[0] != "*" else ""
        found = given.get(names, first) if first else None
        return found or (given.positional[0] if given.positional else None)
    return given.get(names, row.subject)


def call_name(machine: Machine, path: str, given: Arguments, origin: Origin | None) -> Value:
    """A call of a library name: a function gives its result, a class an object."""
    result = builtins.call(machine, path, given, origin)
    if result is not None:
        return result
    row = find(path)
    if row is None:
        return _unlisted(machine, path, given, origin)
    if row.form == CLASS:
        return construct(machine, row, path, given, origin)
    return apply_function(machine, row, path, given, origin)


def _unlisted(machine: Machine, path: str, given: Arguments, origin: Origin | None) -> Value:
    for suffix in CONSTRUCTORS:
        if path.endswith(suffix):
            row = find(path[: -len(suffix)])
            if row is not None and row.role == MODEL:
                return just(machine.make_library(row, given, origin, path))
    if path.endswith(".__init__") and given.positional:
        # The old way to call a base's constructor: nn.Module.__init__(self).
        receiver = given.positional[0].value
        row = find(path[: -len(".__init__")])
        if row is not None and row.role != BASE and isinstance(receiver[0].thing, Obj):
            initialise(machine, receiver[0].thing, row, given._replace(positional=given.positional[1:]))
        return just(Const(None))
    return unknown(f"`{path}` is not known", machine.fresh("call"))


def _wraps(row: Api) -> bool:
    """Whether the row is a class whose objects stand for one that their constructor is given."""
    return row.role == KEEP and bool(row.subject) and row.subject in row.params


def construct(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin | None) -> Value:
    if row.role == LOSS:
        sinks.constructor(machine, row, path, given, origin)
    if _wraps(row):
        argument = subject(row, given)
        return argument.value if argument is not None else unknown(f"`{path}`", machine.fresh("keep"))
    made = machine.make_library(row, given, origin, path)
    initialise(machine, made, row, given)
    if row.role == SAMPLER:
        sampling.sampler(machine, row, subject(row, given), origin, path)
    elif row.role == TRAINER:
        trainers.trainer(machine, made, row, given, origin)
    return just(made)


def initialise(machine: Machine, made: Obj, row: Api, given: Arguments) -> None:
    """What the constructor of a library class leaves on the object, also on an instance of a derived class."""
    record = machine.heap.records[made.id]
    if record.kind == "instance" and row.role in (CONTAINER, FUNCTIONAL, LOSS, TRAINER):
        record.extra = given
    if record.kind == "instance" and _wraps(row):
        wrapped = subject(row, given)
        if wrapped is not None:
            machine.heap.write(made.id, row.subject, wrapped.value)
    if row.role == CONTAINER:
        items = containers.contained(machine, row, given)
        machine.heap.write(made.id, ITEMS, items)
        machine.contained.update(containers.members(items))
    elif row.role == FUNCTIONAL:
        outputs = given.get(row.params, "outputs") or given.get((), "output")
        if outputs is not None:
            machine.heap.write(made.id, "*outputs", outputs.value)
    elif row.role == TRAINER and record.kind == "instance":
        trainers.trainer(machine, made, row, given, record.origin)


# Functions.


def apply_function(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin | None) -> Value:
    at = origin or (0, 0)
    argument = subject(row, given)
    value = argument.value if argument is not None else None
    role = row.role
    if role == LOSS:
        return sinks.function(machine, row, path, given, at)
    if role == AFFINE:
        if not row.activation and doubts.of_arguments(given):
            return unknown(f"`{path}` of arguments", machine.fresh("product"))
        return affine(machine, row, given, at, value, path)
    if role == ACTIVATION:
        axis, implicit = activations.axis(row, given)
        return tensors.activate(
            machine, value, row, at, spelling.called(path), axis=axis, implicit_axis=implicit
        )
    if role == SAMPLER:
        sampling.sampler(machine, row, argument, origin, path)
        produced = row.produces
        if produced is None and argument is not None:
            sampling.drawn(machine, argument.value)
        if produced is not None:
            axis, implicit = activations.axis(row, given)
            return just(Tensor(produced, at, spelling.called(path), axis=axis, implicit_axis=implicit))
        return unknown(f"`{path}`", machine.fresh("sample"))
    if value is None:
        return unknown(f"`{path}` without its argument", machine.fresh("call"))
    if role == NAMED_ACTIVATION:
        return machine.mapped(value, lambda v: tuple(_looked_up(case, row.framework) for case in v))
    if role == CONSUMER:
        consumers.called(machine, row, value, given, at)
        return unknown(f"`{path}`", machine.fresh("consumed"))
    if role == KEEP:
        return tensors.keep(machine, value, row, layer=False, given=given)
    if role == MIX:
        if row.framework == "keras" and _several(machine, value) is not None:
            return unknown(f"`{path}`", machine.fresh("mix"))
        if row.name in ("tensorflow.add", "tensorflow.nn.bias_add", "torch.add"):
            return tensors.arithmetic(
                machine, "+", value, given.positional[1].value if len(given.positional) > 1 else None
            )
        return tensors.mix(machine, value, row)
    if role == JOIN:
        items = machine.elements(value)
        return tensors.concatenate(machine, items, row)
    if role == LOG:
        return logarithm(machine, value, at, path)
    if role == APPLY:
        rest = given._replace(positional=given.positional[1:])
        return machine.call(value, rest, origin)
    if role == MODEL:
        return just(machine.make_library(row, given, origin, path))
    if role == RECURRENT:
        return recurrent(machine, row, at)
    if role == TRAINER:
        made = machine.make_library(row, given, origin, path)
        trainers.trainer(machine, made, row, given, origin)
        return just(made)
    return unknown(f"`{path}`", machine.fresh("call"))


def _looked_up(case: Case, framework: str) -> Case:
    """`activations.get(…)`: the function that a string stands for, other things as they are."""
    thing = case.thing
    if isinstance(thing, Const):
        text = "linear" if thing.value is None else thing.value
        path = activation_path(text, framework) if isinstance(text, str) else None
        thing = Name(path) if path is not None else Unknown("an activation that is not known")
    return case._replace(thing=thing)


def logarithm(machine: Machine, value: Value, origin: Origin, text: str) -> Value:
    """log: of probabilities it gives log-probabilities, and is a sink of its own."""

    def step(tensor: Tensor) -> Value:
        produced = tensors.LOGARITHMS.get(tensor.representation)
        if produced is None:
            return unknown("a logarithm", machine.fresh("log"))
        if not tensor.detached and not machine.quiet:
            sampling.logarithm(machine, tensor, origin, spelling.called(text))
        return just(
            tensor._replace(
                representation=produced,
                plain=False,
                built=tensor.source,
                source=origin,
                text=spelling.called(text),
            )
        )

    return tensors.each(machine, machine.force(value), step, "a logarithm")


def affine(
    machine: Machine, row: Api, given: Arguments, origin: Origin, value: Value | None, path: str
) -> Value:
    """Raw scores, then the activation that the layer was given."""
    if machine.watching and value is not None:
        consumers.entered(machine, value, origin)
    units = given.get(row.params, row.units) if row.units else None
    name = given.get((), "name")
    label = literal(name.value) if name is not None else None
    scores = Tensor(
        SCORES,
        origin,
        spelling.short(path),
        units=integer(units.value) if units is not None else None,
        layer=origin,
        rank=_rank(value)
        if row.name.rpartition(".")[2] in ("Linear", "LazyLinear", "Dense", "linear")
        else None,
        name=label.value if label is not None and isinstance(label.value, str) else "",
        keras=row.framework == "keras",
        half=_half(machine, row, given),
        measured=row.measured,
        made=machine.exploring,
    )
    if not row.activation:
        return just(scores)
    argument = given.get(row.params, row.activation)
    if argument is None:
        if given.loose:
            return unknown("starred arguments of a layer", machine.fresh("layer"))
        if row.activation_default is None:
            return just(scores)
        if row.name.startswith("tensorflow.contrib.") and doubts.scoped(machine, origin):
            return unknown("an `arg_scope` may set the activation", machine.fresh("layer"))
        argument = Argument(just(Const(row.activation_default)), None)
    return activations.activated(machine, argument, scores, row.framework, origin)


def _rank(value: Value | None) -> int | None:
    """The rank of a tensor that is at hand."""
    tensor = value[0].thing if value is not None and len(value) == 1 else None
    return tensor.rank if isinstance(tensor, Tensor) else None


def recurrent(machine: Machine, row: Api, origin: Origin) -> Value:
    hidden = Tensor(
        HIDDEN, origin, spelling.short(row.name), activation="tanh", layer=origin, measured=row.measured
    )
    if row.framework == "torch" and not row.name.endswith("Cell"):
        return just(Seq((just(hidden), unknown("a recurrent state", machine.fresh("state")))))
    if row.framework == "torch" and row.name.endswith("LSTMCell"):
        return just(Seq((just(hidden), unknown("a recurrent state", machine.fresh("state")))))
    return just(hidden)


# Objects.


def call_object(machine: Machine, thing: Obj, row: Api, given: Arguments, origin: Origin | None) -> Value:
    """Calling an instance of a library class (or of a class derived from one)."""
    record = machine.heap.records[thing.id]
    built: Arguments = record.extra if isinstance(record.extra, Arguments) else Arguments()
    made_at = record.origin or (0, 0)
    at = origin or made_at
    argument = (
        subject(row, given, call=True)
        if not (row.subject and row.subject in row.params and row.subject not in row.call_params)
        else (given.positional[0] if given.positional else None)
    )
    value = argument.value if argument is not None else None
    role = row.role
    if thing.id in machine.contained:
        at = made_at
    if role == LOSS:
        return sinks.loss_object(machine, thing, row, built, given, origin or made_at)
    if role == AFFINE:
        return affine(machine, row, built, made_at, value, row.name)
    if role == ACTIVATION:
        axis, implicit = activations.axis(row, built)
        return tensors.activate(
            machine, value, row, at, spelling.short(row.name), axis=axis, implicit_axis=implicit,
            built=made_at if at != made_at else None, half=_half(machine, row, built),
            **({"name": _label(built)} if _label(built) else {}),
        )  # fmt: skip
    if role == NAMED_ACTIVATION:
        return _named_activation(machine, row, built, value, at, made_at)
    if role == CONTAINER:
        return containers.run_container(machine, thing, value)
    if role == FUNCTIONAL:
        outputs = machine.heap.read(thing.id, "*outputs")
        if outputs is None:
            return unknown("a model without outputs", machine.fresh("model"))
        listed = machine.contents(outputs)
        if listed is not None and len(listed.items) == 1 and not isinstance(listed.items[0], Repeat):
            single: Value = listed.items[0]  # a list of one output is that output
            return single
        return outputs
    if role == MODEL:
        return containers.model_output(machine, thing, row, built, value)
    if role == APPLY:
        inner = subject(row, built)
        if inner is None:
            return unknown(f"`{row.name}`", machine.fresh("apply"))
        return machine.mapped(machine.call(inner.value, given, at), tensors.out_of_reach)
    if _wraps(row):
        held = machine.heap.read(thing.id, row.subject)
        return (
            unknown(f"`{row.name}`", machine.fresh("keep")) if held is None else machine.call(held, given, at)
        )
    if role == RECURRENT:
        returns = built.get((), "return_state")
        if returns is not None:
            return unknown("a recurrent state", machine.fresh("state"))
        return recurrent(machine, row, made_at)
    if role == TRAINER:
        return trainers.trainer_output(machine, thing, row)
    if value is None:
        return unknown(f"`{row.name}`", machine.fresh("call"))
    if role == KEEP:
        return tensors.keep(machine, value, row, layer=True, built=built)
    if role == MIX:
        several = _several(machine, value)
        return tensors.mix(machine, value, row) if several is None else _mixed(machine, several, row)
    if role == JOIN:
        return tensors.concatenate(machine, machine.elements(value), row)
    return unknown(f"`{row.name}`", machine.fresh("call"))


def _several(machine: Machine, value: Value) -> list[Any] | None:
    """The tensors of a list of them; None for a tensor, although it can be iterated."""
    value = machine.force(value)
    return None if value and isinstance(value[0].thing, Tensor) else machine.elements(value)


def _mixed(machine: Machine, items: list[Any], row: Api) -> Value:
    """Add and the like over a list of tensors: raw scores when all are."""
    found = [machine.force(item) for item in items if not isinstance(item, Repeat)]
    tensors_ = [v[0].thing for v in found if len(v) == 1 and isinstance(v[0].thing, Tensor)]
    scores = len(tensors_) == len(items) and all(t.representation == SCORES for t in tensors_)
    if tensors_ and scores and row.name.endswith(("Add", "Subtract", "Average")):
        return just(tensors_[0]._replace(plain=False))
    return unknown(f"`{row.name}`", machine.fresh("mix"))


def _half(machine: Machine, row: Api, built: Arguments) -> bool:
    """Whether a Keras layer computes in 16 bits."""
    if row.framework != "keras":
        return False
    found = built.get((), "dtype")
    named = literal(found.value) if found is not None else None
    if named is None:
        return machine.policies.get(machine.root, False)
    return named.value in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def _label(built: Arguments) -> str:
    found = built.get((), "name")
    named = literal(found.value) if found is not None else None
    return named.value if named is not None and isinstance(named.value, str) else ""


def _named_activation(
    machine: Machine, row: Api, built: Arguments, value: Value | None, at: Origin, made_at: Origin
) -> Value:
    argument = built.get(row.params, row.activation or "activation")
    if argument is None:
        return unknown(f"`{row.name}` without an activation", machine.fresh("activation"))
    tensor = (
        value[0].thing
        if value is not None and len(value) == 1 and isinstance(value[0].thing, Tensor)
        else None
    )
    placeholder = (tensor or Tensor("", at, ""))._replace(half=_half(machine, row, built))
    result = activations.activated(machine, argument._replace(origin=at), placeholder, row.framework, at)
    parts = []
    label = _label(built)
    for case in result:
        thing = case.thing
        if isinstance(thing, Tensor):
            if not thing.representation or thing == placeholder:
                parts.append(under(value if value is not None else unknown("data"), case.guards))
                continue
            thing = thing._replace(built=made_at if at != made_at else thing.built, name=label or thing.name)
            if tensor is None:
                thing = thing._replace(layer=None)
        parts.append((Case(thing, case.guards),))
    return join(parts)
