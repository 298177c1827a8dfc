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
from softmax_lint.linking import builtins, consumers, sinks, tensors, trainers
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Case,
    Class,
    Const,
    Func,
    Map,
    Name,
    Obj,
    Origin,
    Partial,
    Repeat,
    Seq,
    Tensor,
    Unknown,
    Value,
    integer,
    join,
    just,
    literal,
    merge,
    under,
    unknown,
)
from softmax_lint.representation import HIDDEN, SCORES

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

CONSTRUCTORS = (".from_pretrained", ".from_config", ".from_preset")


def short(path: str) -> str:
    """The last part of a dotted name, for messages."""
    return path.rpartition(".")[2]


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


def construct(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin | None) -> Value:
    if row.role == LOSS:
        sinks.constructor(machine, row, path, given, origin)
    if row.role == KEEP and row.subject and row.subject in row.params:
        argument = subject(row, given)
        return argument.value if argument is not None else unknown(f"`{path}`", machine.fresh("keep"))
    made = machine.make_library(row, given, origin, path)
    initialise(machine, made, row, given)
    if row.role == SAMPLER:
        sinks.sampler(machine, row, subject(row, given), origin, path)
    elif row.role == TRAINER:
        trainers.trainer(machine, made, row, given, origin)
    return just(made)


def initialise(machine: Machine, made: Obj, row: Api, given: Arguments) -> None:
    """What the constructor of a library class leaves on the object, also on an instance of a derived class."""
    record = machine.heap.records[made.id]
    if record.kind == "instance" and row.role in (CONTAINER, FUNCTIONAL, LOSS, TRAINER):
        record.extra = given
    if row.role == CONTAINER:
        items = _contained(machine, row, given)
        machine.heap.write(made.id, ITEMS, items)
        machine.contained.update(_members(items))
    elif row.role == FUNCTIONAL:
        outputs = given.get(row.params, "outputs") or given.get((), "output")
        if outputs is not None:
            machine.heap.write(made.id, "*outputs", outputs.value)
    elif row.role == TRAINER and record.kind == "instance":
        trainers.trainer(machine, made, row, given, record.origin)


def _contained(machine: Machine, row: Api, given: Arguments) -> Value:
    """The items of a container from its constructor's arguments."""
    values = [argument.value for argument in given.positional]
    if row.name in ("torch.nn.Sequential",) and len(values) != 1:
        return just(Seq(tuple(values))) if not given.loose else _loose(machine, values)
    if not values:
        named = given.get((), "layers") or given.get((), "modules")
        if named is None:
            return just(Map(())) if row.name.endswith("Dict") else just(Seq(()))
        values = [named.value]
    if given.loose:
        return _loose(machine, values)
    first = machine.force(values[0])
    if len(first) == 1 and isinstance(first[0].thing, Obj):
        record = machine.heap.records[first[0].thing.id]
        inner = record.slots.get(ITEMS)
        if inner is not None and record.kind in ("list", "dict"):
            if row.name == "torch.nn.Sequential" and record.kind == "dict":
                mapping = machine.mapping(first)
                if mapping is None or mapping.open:
                    return _last_known(mapping)
                return just(Seq(tuple(value for _, value in mapping.entries)))
            return inner
    if len(first) == 1 and isinstance(first[0].thing, Seq):
        if row.name != "torch.nn.Sequential":
            return first
        return just(Seq((first,)))
    if row.name == "torch.nn.Sequential" and not isinstance(first[0].thing, Unknown):
        return just(Seq((first,)))
    return unknown("items that are not known", machine.fresh("items"))


def _members(items: Value) -> set[int]:
    found: set[int] = set()
    for case in items:
        values = case.thing.items if isinstance(case.thing, Seq) else ()
        if isinstance(case.thing, Map):
            values = tuple(value for _, value in case.thing.entries)
        for value in values:
            for part in value.values if isinstance(value, Repeat) else (value,):
                found.update(c.thing.id for c in part if isinstance(c.thing, Obj))
    return found


def _last_known(mapping: Map | None) -> Value:
    """A dict with entries under unknown keys, in order: the entries that are known by their place."""
    if mapping is None:
        return unknown("items that are not known")
    items: list[Any] = []
    for key, value in mapping.entries:
        items.append(Repeat((value,)) if isinstance(key, tuple) and key and key[0] == "?" else value)
    return just(Seq(tuple(items)))


def _loose(machine: Machine, values: list[Value]) -> Value:
    """Arguments with a starred list of unknown length: what stands behind it is still last."""
    items: list[Any] = []
    for value in values:
        if len(value) == 1 and isinstance(value[0].thing, Seq):
            items.extend(value[0].thing.items)
        else:
            items.append(value)
    if any(isinstance(item, Repeat) for item in items):
        return just(Seq(tuple(items)))
    return unknown("starred items", machine.fresh("items"))


# Functions.


def apply_function(machine: Machine, row: Api, path: str, given: Arguments, origin: Origin | None) -> Value:
    at = origin or (0, 0)
    argument = subject(row, given)
    value = argument.value if argument is not None else None
    role = row.role
    if role == LOSS:
        return sinks.function(machine, row, path, given, at)
    if role == AFFINE:
        return affine(machine, row, given, at, value, path)
    if role == ACTIVATION:
        axis, implicit = _axis(row, given)
        return tensors.activate(machine, value, row, at, called(path), axis=axis, implicit_axis=implicit)
    if role == SAMPLER:
        sinks.sampler(machine, row, argument, origin, path)
        produced = row.produces
        if produced is not None:
            axis, implicit = _axis(row, given)
            return just(Tensor(produced, at, called(path), axis=axis, implicit_axis=implicit))
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
        if row.framework == "keras" and machine.elements(value) is not None:
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


def called(path: str) -> str:
    """How messages name a called function: `F.softmax`, `torch.softmax`, `tf.nn.softmax`."""
    for long, brief in (("torch.nn.functional.", "F."), ("tensorflow.", "tf.")):
        if path.startswith(long):
            return brief + path[len(long) :]
    return path


def _axis(row: Api, given: Arguments, names: tuple[str, ...] | None = None) -> tuple[int | None, bool]:
    """The axis of an activation, and whether it was left to the framework."""
    if not row.axis:
        return row.axis_default, False
    argument = given.get(names or row.params, row.axis)
    if argument is None and row.axis in ("dim", "axis"):
        argument = given.get((), "axis" if row.axis == "dim" else "dim")
    if argument is None:
        return row.axis_default, row.axis_default is None and not given.loose
    found = literal(argument.value)
    if found is not None and found.value is None:
        return row.axis_default, row.axis_default is None
    return integer(argument.value), False


def logarithm(machine: Machine, value: Value, origin: Origin, text: str) -> Value:
    """log: of probabilities it gives log-probabilities, and is a sink of its own."""

    def step(tensor: Tensor) -> Value:
        produced = tensors.LOGARITHMS.get(tensor.representation)
        if produced is None:
            return unknown("a logarithm", machine.fresh("log"))
        if not tensor.detached and not machine.quiet:
            sinks.logarithm(machine, tensor, origin, called(text))
        return just(
            tensor._replace(
                representation=produced, plain=False, built=tensor.source, source=origin, text=called(text)
            )
        )

    return tensors.each(machine, machine.force(value), step, "a logarithm")


def affine(
    machine: Machine, row: Api, given: Arguments, origin: Origin, value: Value | None, path: str
) -> Value:
    """Raw scores, then the activation that the layer was given."""
    units = given.get(row.params, row.units) if row.units else None
    name = given.get((), "name")
    label = literal(name.value) if name is not None else None
    scores = Tensor(
        SCORES,
        origin,
        short(path),
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
        argument = Argument(just(Const(row.activation_default)), None)
    return activated(machine, argument, scores, row.framework, origin)


def _rank(value: Value | None) -> int | None:
    """The rank of a tensor that is at hand."""
    tensor = value[0].thing if value is not None and len(value) == 1 else None
    return tensor.rank if isinstance(tensor, Tensor) else None


def activated(machine: Machine, argument: Argument, tensor: Tensor, framework: str, layer: Origin) -> Value:
    """The tensor after the activation that an argument names: a string, function, layer or None."""
    parts = []
    for case in machine.force(argument.value):
        thing = case.thing
        at = argument.origin or layer
        path = None
        if isinstance(thing, Const):
            if thing.value is None:
                parts.append(under(just(tensor), case.guards))
                continue
            if isinstance(thing.value, str):
                path = activation_path(thing.value, framework)
        elif isinstance(thing, Name):
            path = thing.path
        elif isinstance(thing, (Func, Bound, Obj, Class, Partial)):
            made = machine.call(
                machine.call((case,), Arguments(), at) if isinstance(thing, Class) else (case,),
                Arguments((Argument(just(tensor), None),)),
                at,
            )
            parts.append(under(made, case.guards))
            continue
        row = find(path) if path is not None else None
        if row is not None and row.role == KEEP:
            parts.append(under(just(tensor), case.guards))
        elif row is not None and row.role == ACTIVATION and row.produces is not None:
            text = f"'{thing.value}'" if isinstance(thing, Const) else called(thing.path)
            built = thing.origin if isinstance(thing, Const) and thing.origin != argument.origin else None
            made = tensors.activate(
                machine,
                just(tensor),
                row,
                at,
                text,
                axis=row.axis_default if row.axis_default is not None else -1,
                built=built,
                layer=layer,
                half=tensor.half,
                keras=framework == "keras"
                and (
                    isinstance(thing, Const)
                    or thing.path.partition(".")[0] != "tensorflow"
                    or ".keras." in thing.path
                ),
            )
            parts.append(under(made, case.guards))
        elif row is not None and row.form == CLASS and isinstance(thing, Name):
            made = machine.call(
                machine.call((case,), Arguments(), at), Arguments((Argument(just(tensor), None),)), at
            )
            parts.append(under(made, case.guards))
        else:
            parts.append(
                under(unknown("an activation that is not known", machine.fresh("activation")), case.guards)
            )
    return join(parts)


def recurrent(machine: Machine, row: Api, origin: Origin) -> Value:
    hidden = Tensor(HIDDEN, origin, short(row.name), activation="tanh", layer=origin, measured=row.measured)
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
        axis, implicit = _axis(row, built)
        return tensors.activate(
            machine, value, row, at, short(row.name), axis=axis, implicit_axis=implicit,
            built=made_at if at != made_at else None, half=_half(machine, row, built),
            **({"name": _label(built)} if _label(built) else {}),
        )  # fmt: skip
    if role == NAMED_ACTIVATION:
        return _named_activation(machine, row, built, value, at, made_at)
    if role == CONTAINER:
        return run_container(machine, thing, value)
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
        return model_output(machine, thing, row, built, value)
    if role == APPLY:
        inner = subject(row, built)
        if inner is None:
            return unknown(f"`{row.name}`", machine.fresh("apply"))
        return machine.mapped(machine.call(inner.value, given, at), tensors.out_of_reach)
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
        if machine.elements(value) is not None:
            return _mixed(machine, value, row)
        return tensors.mix(machine, value, row)
    if role == JOIN:
        return tensors.concatenate(machine, machine.elements(value), row)
    return unknown(f"`{row.name}`", machine.fresh("call"))


def _mixed(machine: Machine, value: Value, row: Api) -> Value:
    """Add and the like over a list of tensors: raw scores when all are."""
    items = machine.elements(value) or []
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
    result = activated(machine, argument._replace(origin=at), placeholder, row.framework, at)
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


def run_container(machine: Machine, thing: Obj, value: Value | None) -> Value:
    """A Sequential: each item on what the one before gave."""
    items = machine.heap.read(thing.id, ITEMS)
    if items is None:
        return unknown("a container whose items are not known", machine.fresh("container"))
    start = value if value is not None else unknown("data", machine.key("data"))
    parts = []
    for case in machine.visible(items):
        with machine.given(case.guards):
            if isinstance(case.thing, Seq):
                result = _chain(machine, case.thing.items, start)
            elif isinstance(case.thing, Map):
                result = unknown("a call of a dict of layers", machine.fresh("container"))
            else:
                reason = case.thing.reason if isinstance(case.thing, Unknown) else "items that are not known"
                result = unknown(reason, machine.fresh("container"))
        parts.append(under(result, case.guards))
    return join(parts)


def _chain(machine: Machine, items: tuple[Any, ...], value: Value) -> Value:
    for item in items:
        machine.spend()
        if isinstance(item, Repeat):
            before = value
            for again in item.values:
                value = machine.call(again, Arguments((Argument(value, None),)), None)
            yes, no = machine.choice("repeated")
            value = merge(yes, no, value, before, machine.heap.kind_of)
            continue
        value = machine.call(item, Arguments((Argument(value, None),)), None)
    return value


def model_output(machine: Machine, thing: Obj, row: Api, built: Arguments, value: Value | None) -> Value:
    """A library model: its replaced head, else what the row says."""
    slots = machine.heap.records[thing.id].slots
    heads = [row.head] if row.head else []
    if row.framework == "torch":
        heads += [name for name in ("fc", "classifier", "head", "heads", "last_linear") if name not in heads]
    for head in heads:
        replaced = slots.get(head)
        if replaced is None and "." in head and head.split(".")[0] in slots:
            replaced = slots[head.split(".")[0]]
        if replaced is not None and not isinstance(replaced[0].thing, Unknown):
            return machine.call(
                replaced, Arguments((Argument(unknown("features", machine.fresh("features")), None),)), None
            )
    if any("." in name and not name.startswith("*") for name in slots):
        return unknown("a library model with changed layers", machine.fresh("model"))
    for flag in row.flags:
        argument = built.get(row.params, flag.name)
        found = literal(argument.value) if argument is not None else None
        if argument is not None and found is None:
            return unknown(f"`{flag.name}` is not a literal", machine.fresh("model"))
        setting = flag.default if found is None else found.value
        for literal_value, meaning in flag.when:
            if literal_value == setting and meaning != SCORES:
                return unknown(f"the {meaning} of a library model", machine.fresh("model"))
    if row.produces != SCORES:
        return unknown(f"`{row.name}`", machine.fresh("model"))
    at = machine.heap.records[thing.id].origin or (0, 0)
    units = built.get(row.params, row.units) if row.units else None
    scores = Tensor(
        SCORES, at, short(row.name), units=integer(units.value) if units is not None else None, layer=at,
        keras=row.framework == "keras", measured=row.measured, made=machine.exploring,
    )  # fmt: skip
    result: Value = just(scores)
    if row.activation:
        argument = built.get(row.params, row.activation)
        if argument is None:
            argument = Argument(just(Const(row.activation_default)), at)
        result = activated(machine, argument, scores, row.framework, at)
    if row.name.startswith("transformers."):
        made = machine.heap.allocate("output", origin=at)
        machine.heap.records[made].slots["logits"] = result
        return just(Obj(made))
    return result
