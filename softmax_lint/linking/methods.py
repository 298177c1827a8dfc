"""Methods of lists, dicts, tensors, modules, models and containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    BASE,
    CONSUMER,
    CONTAINER,
    FUNCTIONAL,
    KEEP,
    LOG,
    LOSS,
    MIX,
    MODEL,
    TRAINER,
    Api,
)
from softmax_lint.linking import (
    activations,
    callbacks,
    collections,
    compiling,
    consumers,
    library,
    metrics,
    options,
    packing,
    tensors,
    trainers,
)
from softmax_lint.linking.heap import ITEMS
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Case,
    Const,
    Obj,
    Origin,
    Repeat,
    Seq,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    just,
    literal,
    unknown,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

MODEL_METHODS = frozenset(
    [
        "compile",
        "fit",
        "evaluate",
        "predict",
        "summary",
        "add",
        "pop",
        "build",
        "get_layer",
        "save",
        "save_weights",
        "load_weights",
        "__call__",
        "call",
        "forward",
        "append",
        "extend",
        "insert",
        "add_module",
        "register_module",
        "apply",
        "parameters",
        "named_parameters",
        "named_modules",
        "children",
        "modules",
        "named_children",
        "eval",
        "train",
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "zero_grad",
        "state_dict",
        "load_state_dict",
        "requires_grad_",
        "compute_loss",
        "compiled_loss",
        "stateless_call",
        "compute_output_spec",
        "items",
        "keys",
        "values",
        "get",
        "train_on_batch",
        "test_on_batch",
        "train_step",
        "test_step",
        "log",
        "log_dict",
        "share_memory",
        "get_submodule",
        "module",
    ]
)
SAME = frozenset(
    [
        "to",
        "cuda",
        "cpu",
        "eval",
        "train",
        "float",
        "half",
        "double",
        "bfloat16",
        "requires_grad_",
        "share_memory",
        "xpu",
        "type",
        "apply",
        "build",
        "load_weights",
        "load_state_dict",
        "compile_",
        "cpu_",
        "set_default",
        "summary_",
        "copy",
        "clone",
    ]
)


def known(row: Api, name: str) -> bool:
    return (
        name in MODEL_METHODS or find(f"Module.{name}") is not None or find(f"{row.name}.{name}") is not None
    )


def passes(name: str) -> bool:
    """Whether a method of this name only passes its receiver on."""
    row = find(f"Tensor.{name}")
    return row is not None and row.role in (KEEP, MIX)


def attribute(machine: Machine, thing: Obj, row: Api, name: str) -> Value | None:
    """Attributes that library objects derive from the rest of their state."""
    if (
        name in ("output", "outputs")
        and row.framework == "keras"
        and row.role in (FUNCTIONAL, CONTAINER, MODEL)
    ):
        return machine.output(thing)
    if name == "layers" and row.role == CONTAINER:
        items = machine.heap.read(thing.id, ITEMS)
        if items is not None:
            return just(Obj(collections.view(machine, thing)))
    if name == "module" and row.framework == "torch":
        return just(thing)  # a wrapper stands for what it holds: nothing else has this attribute
    if name == "model" and row.role == TRAINER and not row.name.startswith("skorch."):
        built = machine.heap.records[thing.id].extra
        found = built.get(row.params, row.model) if isinstance(built, Arguments) else None
        return found.value if found is not None else None
    if row.role == BASE and name == "model" and isinstance(machine.heap.records[thing.id].extra, Arguments):
        return None
    return None


def on_tensor(
    machine: Machine, thing: Thing, name: str, given: Arguments, origin: Origin | None
) -> Value | None:
    """A method of a tensor, or of something unknown that must be one; None when no row knows the method."""
    row = find(f"Tensor.{name}")
    if row is None:
        return None
    at = origin or (0, 0)
    value = just(thing)
    if isinstance(thing, Seq):
        return None
    if row.role == ACTIVATION:
        if isinstance(thing, Unknown) and thing.reason.startswith("`") and "is not known" in thing.reason:
            # A method of a library object that no row describes may be anything.
            return None
        axis, implicit = activations.axis(row, given)
        receiver = value if isinstance(thing, Tensor) else None
        return tensors.activate(machine, receiver, row, at, f".{name}()", axis=axis, implicit_axis=implicit)
    if isinstance(thing, Unknown):
        if row.role == KEEP and tensors.flat_rank(row, name, given, None) is not None:
            return tensors.keep(machine, value, row, layer=False, given=given)
        if row.role in (KEEP, MIX) and name not in ("item", "tolist", "type", "data"):
            return just(
                Unknown(
                    thing.reason,
                    machine.key("method", thing.key, name)
                    if thing.key is not None
                    else machine.fresh("method"),
                )
            )
        return None
    if row.role == KEEP:
        return tensors.keep(machine, value, row, layer=False, given=given)
    if row.role == MIX:
        if name in ("add", "sub", "add_", "sub_") and given.positional:
            return tensors.arithmetic(machine, "+", value, given.positional[0].value)
        if name in ("mul", "div", "mul_", "div_") and given.positional:
            return tensors.arithmetic(
                machine, "*" if "mul" in name else "/", value, given.positional[0].value
            )
        return tensors.mix(machine, value, row)
    if row.role == LOG:
        return library.logarithm(machine, value, at, f".{name}()")
    if row.role == CONSUMER:
        consumers.called(machine, row, value, given, at)
        return unknown(f"`.{name}()`", machine.fresh("consumed"))
    return unknown(f"`.{name}()` of a tensor", machine.fresh("method"))


def compile_unknown(machine: Machine, thing: Unknown, given: Arguments, origin: Origin | None) -> None:
    """`compile` of a model nobody knows: its losses are listed, undecided."""
    losses = given.get((), "loss")
    if losses is not None and origin is not None and given.get((), "loss_fn") is None:
        compiling.compiled(machine, losses, just(thing), origin)


def call(machine: Machine, receiver: Thing, name: str, given: Arguments, origin: Origin | None) -> Value:
    """A library method on a receiver."""
    if isinstance(receiver, Super):
        return _super(machine, receiver, name, given, origin)
    if isinstance(receiver, Obj):
        record = machine.heap.records[receiver.id]
        if record.kind == options.PARSER:
            return options.parser_method(machine, receiver, name, given)
        if record.kind == "list" or (record.kind == "dict"):
            result = collections.collection(machine, receiver, name, given, origin)
            return unknown(f"`.{name}()`", machine.fresh("method")) if result is None else result
        row = machine.library_row(receiver)
        if row is not None:
            return _object_method(machine, receiver, row, name, given, origin)
    if isinstance(receiver, Const):
        return _constant(machine, receiver, name, given)
    if isinstance(receiver, Tensor):
        result = on_tensor(machine, receiver, name, given, origin)
        if result is not None:
            return result
    return unknown(f"`.{name}()`", machine.fresh("method"))


def _constant(machine: Machine, receiver: Const, name: str, given: Arguments) -> Value:
    values = [literal(argument.value) for argument in given.positional]
    if isinstance(receiver.value, str) and name in (
        "lower",
        "upper",
        "strip",
        "startswith",
        "endswith",
        "replace",
        "format",
        "split",
    ):
        if all(value is not None for value in values) and not given.keywords and not given.loose:
            try:
                result = getattr(receiver.value, name)(
                    *(value.value for value in values if value is not None)
                )
            except Exception:
                return unknown(f"`.{name}()`", machine.fresh("method"))
            if isinstance(result, list):
                return just(machine.make_list(Seq(tuple(just(Const(part)) for part in result)), None))
            return just(Const(result, receiver.origin))
        if (
            name == "format"
            and receiver.value.endswith("{}")
            and receiver.value.count("{") == len(given.positional) == 1
        ):
            made = options.pieced(machine, [just(Const(receiver.value[:-2])), given.positional[0].value])
            if made is not None:
                return made
    return unknown(f"`.{name}()`", machine.fresh("method"))


def _super(machine: Machine, receiver: Super, name: str, given: Arguments, origin: Origin | None) -> Value:
    """`super().name(…)` where only a library class can have the method."""
    thing = receiver.receiver
    if not isinstance(thing, Obj):
        return unknown(f"`super().{name}`", machine.fresh("super"))
    row = machine.library_row(thing)
    if name == "__init__":
        if row is not None and row.role != BASE:
            library.initialise(machine, thing, row, given)
        return just(Const(None))
    if row is None:
        return unknown(f"`super().{name}`", machine.fresh("super"))
    if name in ("forward", "__call__", "call") and row.role != BASE:
        return library.call_object(machine, thing, row, given, origin)
    return _object_method(machine, thing, row, name, given, origin)


def _object_method(
    machine: Machine, thing: Obj, row: Api, name: str, given: Arguments, origin: Origin | None
) -> Value:
    method = find(f"{row.name}.{name}")
    if method is not None and method.role == TRAINER and method.framework == "torch":
        trainers.trainer(machine, thing, method, given, origin)
        return unknown(f"`.{name}()`", machine.fresh("method"))
    if method is not None and name in ("prepare", "setup") and given.positional:
        return packing.given_back(given.positional)
    if method is not None and method.role == KEEP and method.subject:
        argument = given.get(method.params, method.subject)
        if argument is not None:
            return argument.value
    if name == "apply" and row.framework == "keras" and origin is not None:
        return machine.call_object(thing, given, origin)
    if name in SAME:
        return just(thing)
    method = find(f"Module.{name}")
    if method is not None and method.role == KEEP:
        return just(thing)
    if name == "compile" and row.framework == "keras":
        losses = given.get(("optimizer", "loss"), "loss")
        machine.heap.write(thing.id, "*compiled", losses.value if losses is not None else just(Const(None)))
        steps = machine.lookup_method(thing, "train_step")
        if steps is None and losses is not None and origin is not None:
            eager = given.get((), "run_eagerly") is not None
            outputs = machine.output(thing)
            compiling.compiled(machine, losses, outputs, origin, eager)
            metrics.compiled(machine, given, losses, outputs, origin)
        return just(Const(None))
    if name in ("compute_loss", "compiled_loss") and row.framework == "keras" and origin is not None:
        return _compiled_loss(machine, thing, name, given, origin)
    if name in ("forward", "__call__", "call"):
        inner = machine.lookup_method(thing, row.call or "forward") if name == "__call__" else None
        if inner is not None:
            return machine.call(inner, given, origin)
        if row.role == BASE:
            return unknown("a base class without `forward`", machine.fresh("call"))
        return (
            machine.call_object(thing, given, origin)
            if name != "__call__"
            else library.call_object(machine, thing, row, given, origin)
        )
    if name == "stateless_call" and len(given.positional) >= 3:
        output = machine.call_object(thing, given._replace(positional=given.positional[2:]), origin)
        return just(Seq((output, unknown("state", machine.fresh("state")))))
    if name in callbacks.TRAINING and row.framework == "keras":
        callbacks.introduce(machine, thing, given)
    if name in ("predict", "predict_on_batch", "predict_generator") and row.framework == "keras":
        output = machine.call_object(thing, Arguments(given.positional[:1]), origin)
        return machine.mapped(output, lambda value: _as_arrays(machine, value))
    if row.role == CONTAINER:
        result = collections.container(machine, thing, row, name, given, origin)
        if result is not None:
            return result
    if name in ("add_module", "register_module") and len(given.positional) >= 2:
        label = literal(given.positional[0].value)
        if label is not None and isinstance(label.value, str):
            machine.heap.write(thing.id, label.value, given.positional[1].value)
        return just(Const(None))
    if row.role == LOSS and name == "__call__":
        return machine.call_object(thing, given, origin)
    if name in ("children", "modules", "named_children", "named_modules", "get_layer", "get_submodule"):
        return unknown(f"`.{name}()`", machine.fresh("layers"))
    return unknown(f"`.{name}()`", machine.fresh("method"))


def _as_arrays(machine: Machine, value: Value) -> Value:
    """What a model gives as arrays of NumPy, each of several outputs too."""
    cases = []
    for case in value:
        thing = case.thing
        listed = machine.contents((case,))
        if isinstance(thing, Tensor):
            thing = thing._replace(detached=True, plain=False, array=True)
        elif listed is not None and not any(isinstance(item, Repeat) for item in listed.items):
            parts = [machine.mapped(item, lambda part: _as_arrays(machine, part)) for item in listed.items]
            thing = Seq(tuple(parts))
        cases.append(Case(thing, case.guards))
    return tuple(cases)


def _compiled_loss(machine: Machine, thing: Obj, name: str, given: Arguments, origin: Origin) -> Value:
    """`self.compute_loss(x, y, y_pred)`, `self.compiled_loss(y, y_pred)` inside an overridden train_step."""
    losses = machine.heap.read(thing.id, "*compiled")
    names = ("x", "y", "y_pred") if name == "compute_loss" else ("y_true", "y_pred")
    prediction = given.get(names, "y_pred")
    if losses is not None and prediction is not None:
        compiling.compiled(machine, Argument(losses, None), prediction.value, origin)
    return unknown(f"the result of `{name}`", machine.fresh("loss"))
