"""Metrics of Keras's `compile`: which of them read probabilities, and whether they get raw scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from softmax_lint import pair
from softmax_lint.knowledge import find
from softmax_lint.knowledge.keras_metrics import METRIC_STRINGS, SHAPED_METRICS
from softmax_lint.knowledge.schema import LOSS, METRIC, Api
from softmax_lint.knowledge.strings import loss_path
from softmax_lint.linking import compiling, sinks
from softmax_lint.linking.values import (
    Argument,
    Arguments,
    Const,
    Name,
    Obj,
    Origin,
    Repeat,
    Seq,
    Tensor,
    Thing,
    Value,
    literal,
    unknown,
)
from softmax_lint.representation import BINARY, CATEGORICAL, SIGMOID_LOGITS, SOFTMAX_LOGITS

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine

# How a metric reads probabilities, whatever the activation was that is missing.
_COUNTING = frozenset({
    "Precision", "Recall", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives",
})  # fmt: skip
_SEARCHING = frozenset({
    "AUC", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
})  # fmt: skip
_SCORING = frozenset({"F1Score", "FBetaScore"})
_BINARY = frozenset({"BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU"})
_CATEGORICAL = frozenset({"CategoricalCrossentropy", "SparseCategoricalCrossentropy"})
_FUNCTIONS = {
    "binary_accuracy": "BinaryAccuracy",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}


def compiled(machine: Machine, given: Arguments, losses: Argument, outputs: Value, origin: Origin) -> None:
    """`model.compile(loss=…, metrics=…)`: every metric that reads probabilities meets its output."""
    listed = [given.get((), name) for name in ("metrics", "weighted_metrics")]
    if listed[0] is None and len(given.positional) > 2:
        listed[0] = given.positional[2]
    wanted = [argument for argument in listed if argument is not None]
    if not wanted:
        return
    outputs = machine.force(outputs)
    loss = machine.visible(machine.force(losses.value))
    if len(loss) != 1:
        return
    parts = compiling.outputs_of(machine, outputs)
    for argument in wanted:
        metrics = machine.visible(machine.force(argument.value))
        if len(metrics) != 1:
            continue
        if parts is None or len(parts) == 1:
            single = outputs if parts is None else parts[0]
            _all(machine, _only(machine, loss), single, metrics, argument.origin or origin, origin)
            continue
        for position, output in enumerate(parts):
            _all(
                machine,
                _part(machine, loss, position, output, len(parts)) or loss,
                output,
                _part(machine, metrics, position, output, len(parts)),
                argument.origin or origin,
                origin,
            )


def _only(machine: Machine, value: Value) -> Value:
    """The only entry of a list or dict, other values as they are."""
    items = machine.contents(value)
    if items is not None and len(items.items) == 1 and not isinstance(items.items[0], Repeat):
        inner: Value = items.items[0]
        return machine.force(inner)
    mapping = machine.mapping(value)
    if mapping is not None and len(mapping.entries) == 1:
        return machine.force(mapping.entries[0][1])
    return value


def _part(machine: Machine, value: Value, position: int, output: Value, count: int) -> Value | None:
    """What one of several outputs gets, by its position or name; None where that is not said."""
    items = machine.contents(value)
    if (
        items is not None
        and len(items.items) == count
        and not any(isinstance(i, Repeat) for i in items.items)
    ):
        inner: Value = items.items[position]
        return machine.force(inner)
    mapping = machine.mapping(value)
    if mapping is None or mapping.open:
        return None
    names = {case.thing.name for case in machine.force(output) if isinstance(case.thing, Tensor)}
    return next((machine.force(entry) for key, entry in mapping.entries if names == {key}), None)


def _all(
    machine: Machine, loss: Value, output: Value, metrics: Value | None, place: Origin, origin: Origin
) -> None:
    if metrics is None:
        return
    logits = _expected(machine, loss)
    for thing in _single(machine, metrics):
        found = _metric(machine, thing)
        if found is None:
            continue
        row, text, at = found
        expected = _reads(machine, thing, row)
        if expected is None or not _fits(machine, text, expected, logits, output):
            continue
        value = output
        if logits not in (SIGMOID_LOGITS, SOFTMAX_LOGITS):
            value = unknown("a loss that takes no raw scores")
        sinks.meet(machine, pair.METRIC, row, expected, at or place, origin, text, value)


def _expected(machine: Machine, loss: Value) -> str | None:
    """What the only loss expects."""
    if len(loss) != 1:
        return None
    thing = loss[0].thing
    row: Api | None = None
    given = Arguments()
    if isinstance(thing, Const) and isinstance(thing.value, str):
        row = find(loss_path(thing.value) or "")
    elif isinstance(thing, Name):
        row = find(thing.path)
    elif isinstance(thing, Obj) and machine.heap.records[thing.id].kind == "library":
        record = machine.heap.records[thing.id]
        row, given = record.of, record.extra
    if row is None or row.role != LOSS:
        return None
    return sinks.expectation(machine, row, given)[0]


def _single(machine: Machine, metrics: Value, depth: int = 0) -> Iterator[Thing]:
    """The metrics in lists and dicts; alternatives are left out."""
    metrics = machine.force(metrics)
    if len(metrics) != 1 or depth > 2:
        return
    items = machine.contents(metrics)
    mapping = machine.mapping(metrics) if items is None else None
    if items is None and mapping is None:
        yield metrics[0].thing
        return
    inner = (
        items.items if items is not None else tuple(entry for _, entry in mapping.entries) if mapping else ()
    )
    for item in inner:
        if not isinstance(item, (Repeat, Seq)):
            yield from _single(machine, item, depth + 1)


def _metric(machine: Machine, thing: Thing) -> tuple[Api, str, Origin | None] | None:
    """The row of a metric, its short name and its own place."""
    if isinstance(thing, Const) and isinstance(thing.value, str):
        if thing.value.lower() in SHAPED_METRICS:
            row = find("keras.metrics.BinaryAccuracy")
        else:
            row = find(METRIC_STRINGS.get(thing.value, ""))
        return (row, f"'{thing.value}'", thing.origin) if row is not None else None
    if not isinstance(thing, Obj) or machine.heap.records[thing.id].kind != "library":
        return None
    record = machine.heap.records[thing.id]
    row = record.of
    if row.role != METRIC or record.origin is None:
        return None
    text = row.name.rpartition(".")[2]
    for parameter in ("threshold", "thresholds"):
        given = record.extra.get(row.params, parameter)
        found = literal(machine.force(given.value)) if given is not None else None
        if found is not None and found.value is not None:
            text += f"({parameter}={found.value})"
    return row, text, record.origin


def _reads(machine: Machine, thing: Thing, row: Api) -> str | None:
    """BINARY or CATEGORICAL when the metric reads its input as such probabilities, None when it does not."""
    name = row.name.rpartition(".")[2]
    name = _FUNCTIONS.get(name, name)
    given = Arguments()
    if isinstance(thing, Obj):
        given = machine.heap.records[thing.id].extra
        if given.loose:
            return None
    if name in _CATEGORICAL or name == "BinaryCrossentropy" or name == "AUC":
        flag = given.get(row.params, "from_logits")
        if flag is not None and not _is(machine, flag, False):
            return None
        return CATEGORICAL if name in _CATEGORICAL else BINARY
    if name in _SEARCHING:
        return BINARY
    if name in _COUNTING and given.get(row.params, "top_k") is not None:
        return None
    if name not in _COUNTING | _SCORING | _BINARY:
        return None
    threshold = given.get(row.params, "thresholds" if name in _COUNTING else "threshold")
    if threshold is None or _is(machine, threshold, None):
        return None if name in _SCORING else BINARY
    found = literal(machine.visible(machine.force(threshold.value)))
    number = found.value if found is not None else None
    # Any other number may be the logit of a threshold.
    return BINARY if number == 0.5 else None


def _is(machine: Machine, argument: Argument, wanted: object) -> bool:
    found = literal(machine.visible(machine.force(argument.value)))
    return found is not None and found.value is wanted


def _fits(machine: Machine, text: str, expected: str, logits: str | None, output: Value) -> bool:
    """Whether the metric is one for such outputs at all."""
    name = text.partition("(")[0].strip("'").lower()
    if name in SHAPED_METRICS:
        # Which accuracy it is depends on the number of units; only that of one unit has a threshold.
        if logits == SOFTMAX_LOGITS:
            return False
        return all(isinstance(case.thing, Tensor) and case.thing.units == 1 for case in machine.force(output))
    if logits == SIGMOID_LOGITS:
        return expected == BINARY
    if logits == SOFTMAX_LOGITS:
        return expected == CATEGORICAL or name not in (
            "binaryaccuracy", "binary_accuracy", "binarycrossentropy", "binary_crossentropy", "bce", "binaryiou",
        )  # fmt: skip
    return True
