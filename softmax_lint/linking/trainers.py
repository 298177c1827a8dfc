"""Trainers that are handed a model and a loss: skorch, fastai, transformers and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge import find
from softmax_lint.knowledge.schema import CLASS, Api
from softmax_lint.linking import compiling, sinks
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Bound,
    Class,
    Func,
    Name,
    Obj,
    Origin,
    Partial,
    Thing,
    Value,
    join,
    just,
    unknown,
)
from softmax_lint.representation import (
    ANY,
    LOG_PROBABILITIES,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


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
                sinks.meet(
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
                sinks.meet(
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
        compiling.one_loss(machine, thing, loss.origin or origin, outputs, origin, configured)


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
