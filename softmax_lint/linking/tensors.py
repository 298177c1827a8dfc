"""What steps on tensors do to a representation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softmax_lint.knowledge.schema import ACTIVATION, Api
from softmax_lint.linking import consumers, sampling
from softmax_lint.linking.values import (
    AS_MADE,
    CHANGED,
    MOVED,
    PICKED,
    SHIFTED,
    Arguments,
    Case,
    Const,
    Method,
    Origin,
    Repeat,
    Slice,
    Tensor,
    Unknown,
    Value,
    blank,
    compatible,
    integer,
    join,
    just,
    literal,
    under,
    unknown,
)
from softmax_lint.representation import (
    HIDDEN,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SOFTMAX,
)

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def each(machine: Machine, value: Value, function: object, reason: str) -> Value:
    """`function` of every tensor case; other cases become unknown with their own reason."""
    parts = []
    for case in machine.visible(value):
        if isinstance(case.thing, Tensor):
            parts.append(under(function(case.thing), case.guards))  # type: ignore[operator]
        elif isinstance(case.thing, Unknown):
            parts.append((Case(Unknown(case.thing.reason, machine.fresh("step")), case.guards),))
        elif isinstance(case.thing, Const) and case.thing.value is None:
            continue
        else:
            parts.append((Case(Unknown(reason, machine.fresh("step")), case.guards),))
    return join(parts)


# Steps that change no axis; every other KEEP step may move or join axes.
SAME_SHAPE = frozenset(
    [
        "to",
        "float",
        "double",
        "half",
        "bfloat16",
        "cuda",
        "cpu",
        "xpu",
        "contiguous",
        "clone",
        "type",
        "type_as",
        "detach",
        "detach_",
        "requires_grad_",
        "data",
        "positive",
        "cast",
        "identity",
        "stop_gradient",
        "numpy",
        "dropout",
        "alpha_dropout",
        "feature_dropout",
        "dropout2d",
    ]
)


# Steps from tensors to NumPy and Python, and back.
_LEAVING = frozenset({"numpy", "tolist", "item", "convert_to_numpy"})
_ENTERING = frozenset({"from_numpy", "as_tensor", "convert_to_tensor"})


def keep(
    machine: Machine,
    value: Value,
    row: Api,
    layer: bool,
    given: Arguments | None = None,
    built: Arguments | None = None,
) -> Value:
    """A step that passes on what it gets. Keras layers keep the logits within reach, other steps do not."""
    last = row.name.rpartition(".")[2]
    rank = flat_rank(row, last, given, built)
    same = last in SAME_SHAPE or (
        layer and last.endswith(("Dropout", "Identity", "Masking", "ActivityRegularization"))
    )

    def kept(value: Value) -> Value:
        cases = []
        for case in value:
            thing = case.thing
            if isinstance(thing, Tensor):
                # An activation's axis is one of the tensor's before this step.
                counted = thing.axis is not None or thing.implicit_axis
                thing = thing._replace(
                    plain=thing.plain
                    and layer
                    and row.framework == "keras"
                    and last not in ("Reshape", "Flatten"),
                    detached=thing.detached or row.detached,
                    rank=thing.rank if same else None if counted else rank,
                    units=thing.units if same else None,
                    steps=thing.steps if same else max(thing.steps, MOVED),
                    array=(thing.array or last in _LEAVING or row.name.startswith("numpy."))
                    and last not in _ENTERING,
                )
            elif rank is not None and isinstance(thing, Unknown):
                thing = Tensor("", (0, 0), thing.reason, rank=rank)
            cases.append(Case(thing, case.guards))
        return tuple(cases)

    return machine.mapped(value, kept)


def flat_rank(row: Api, last: str, given: Arguments | None, built: Arguments | None) -> int | None:
    """The rank that a flattening step proves."""
    if row.name in ("torch.nn.Flatten", "keras.layers.Flatten"):
        return 2 if built is not None and not built.positional and not built.keywords else None
    if given is None:
        return None
    if last == "flatten":
        start = given.get(row.params, "start_dim")
        return (
            2
            if start is not None and integer(start.value) == 1 and given.get(row.params, "end_dim") is None
            else None
        )
    if row.name in ("Tensor.view", "Tensor.reshape") and not given.loose and not given.keywords:
        sizes = given.positional
        if len(sizes) >= 2 or (len(sizes) == 1 and integer(sizes[0].value) is not None):
            return len(sizes)
    return None


def out_of_reach(value: Value) -> Value:
    """The value behind a step that makes tensors of its own: Keras has no way back to the logits."""
    return tuple(
        case._replace(thing=case.thing._replace(plain=False)) if isinstance(case.thing, Tensor) else case
        for case in value
    )


def mix(machine: Machine, value: Value, row: Api) -> Value:
    """A step that mixes entries: raw scores stay raw scores, and what is pooled keeps its bounds."""
    last = row.name.rpartition(".")[2]
    bounds = last in ("clamp", "clip", "clamp_", "clip_", "clip_by_value", "maximum", "clamp_min")
    pools = "pool" in last.lower()

    def mixed(value: Value) -> Value:
        def step(tensor: Tensor) -> Value:
            if bounds and tensor.representation != SCORES:
                return just(tensor._replace(guarded=True, plain=False))
            if not bounds and (
                tensor.representation == SCORES or (pools and tensor.representation == HIDDEN)
            ):
                tensor = tensor._replace(steps=max(tensor.steps, CHANGED))
                normal = last.endswith(("Normalization", "BatchNorm1d", "LayerNorm"))
                return just(tensor if normal else tensor._replace(rank=None, units=None))
            return unknown(f"`{row.name}` of a tensor", machine.fresh("mix"))

        return each(machine, value, step, f"`{row.name}`")

    return machine.mapped(value, mixed)


def activate(
    machine: Machine, value: Value | None, row: Api, origin: Origin, text: str, **more: object
) -> Value:
    """The tensor that an activation gives; `value` is looked at only when it is at hand."""
    assert row.role == ACTIVATION and row.produces is not None
    twice = False
    if row.produces in (SOFTMAX, SIGMOID) and value is not None:
        axis, built = more.get("axis"), more.get("built")
        twice = consumers.again(
            machine,
            value,
            row,
            axis if isinstance(axis, int) else None,
            origin,
            text,
            built if isinstance(built, tuple) else None,
        )
    units = rank = layer = None
    name = ""
    if value is not None and len(value) == 1 and isinstance(value[0].thing, Tensor):
        before = value[0].thing
        units, rank, layer, name = before.units, before.rank, before.layer, before.name
    return just(
        Tensor(
            row.produces,
            origin,
            text,
            units=units,
            rank=rank,
            layer=layer,
            name=name,
            activation=row.name.rpartition(".")[2] if row.produces == HIDDEN else "",
            keras=row.framework == "keras",
            graph=row.framework == "tensorflow",
            measured=row.measured,
            made=machine.exploring,
            twice=twice,
        )._replace(**more)  # type: ignore[arg-type]
    )


LOGARITHMS = {SOFTMAX: LOG_SOFTMAX, SIGMOID: LOG_SIGMOID}


def arithmetic(machine: Machine, sign: str, left: Value, right: Value | None) -> Value:
    """Arithmetic on tensors. Raw scores stay raw scores under addition and under scaling by a number."""

    def compute(left: Value, right: Value | None) -> Value:
        tensor = _tensor(left)
        other = _tensor(right) if right is not None else None
        number = literal(right) if right is not None else None
        if tensor is None and other is not None:
            tensor, number = other, literal(left)
            other = None
            flipped = True
        else:
            flipped = False
        if tensor is None:
            return unknown(_reason(left, right), machine.fresh("arithmetic"))
        less = sign == "-" and number is None and right is not None
        tensor = tensor._replace(plain=False, steps=SHIFTED if less else max(tensor.steps, CHANGED))
        if number is None and right is not None and (other is None or other.units != tensor.units):
            tensor = tensor._replace(units=None, rank=None)  # the other side may broadcast it
        if tensor.representation == SCORES:
            if sign in ("+", "-", "u-", "u+"):
                if number is not None or right is None:
                    return just(tensor)
                if other is None or other.representation in (SCORES, HIDDEN):
                    same = tensor.units == other.units if other is not None else tensor.units != 1
                    return just(tensor if same else tensor._replace(units=None))  # broadcasting
            elif (sign in ("*", "/") and not flipped and (number is not None or _setting(right))) or (
                sign == "*" and number is not None
            ):
                return just(tensor)
        elif (
            sign == "+"
            and number is not None
            and isinstance(number.value, float)
            and abs(number.value) <= 1e-3
        ):
            return just(tensor._replace(guarded=True))
        elif sign in ("*", "/") and tensor.representation in LOGARITHMS.values():
            return unknown(
                "arithmetic on a tensor", machine.key(sampling.SCALED, tensor.source, machine.fresh("scale"))
            )
        return unknown("arithmetic on a tensor", machine.fresh("arithmetic"))

    if sign == "%" or left is None:
        return unknown("arithmetic", machine.fresh("arithmetic"))

    def each_case(left: Value, right: Value | None) -> Value:
        parts = []
        for a in machine.visible(left):
            for b in machine.visible(right) if right is not None else (Case(None),):
                if compatible(a.guards, b.guards):
                    other = None if right is None else just(b.thing)
                    parts.append(under(compute(just(a.thing), other), a.guards | b.guards))
        return join(parts)

    return machine.mapped(
        left,
        lambda a: each_case(a, right) if right is None else machine.mapped(right, lambda b: each_case(a, b)),
    )


def _tensor(value: Value) -> Tensor | None:
    return value[0].thing if len(value) == 1 and isinstance(value[0].thing, Tensor) else None


def _setting(value: Value | None) -> bool:
    """Something that was handed in or configured, as a temperature is: not computed from tensors at hand."""
    return (
        value is not None
        and isinstance(value[0].thing, Unknown)
        and value[0].thing.reason.startswith(("parameter `", "attribute `", "the command-line option"))
    )


def _reason(*values: Value | None) -> str:
    for value in values:
        if value is not None and len(value) == 1 and isinstance(value[0].thing, Unknown):
            return value[0].thing.reason
    return "arithmetic"


def entry_of(tensor: Tensor) -> Tensor:
    """Entries of the first axis."""
    steps = PICKED if tensor.steps == AS_MADE else max(tensor.steps, MOVED)
    return tensor._replace(plain=False, rank=None, units=None, steps=steps)


def item(machine: Machine, tensor: Tensor, index: Value) -> Value:
    """A part of a tensor. Picking one entry of the class axis gives numbers that no longer sum to 1."""
    found = literal(index)
    parts = machine.contents(index)
    moved = tensor._replace(plain=False, rank=None, units=None, steps=max(tensor.steps, MOVED))
    kept = just(entry_of(tensor) if parts is None else moved)
    if tensor.representation in (SCORES, HIDDEN, SIGMOID, LOG_SIGMOID):
        return kept
    if parts is not None:
        last = parts.items[-1] if parts.items else None
        if len(parts.items) > 1 and last is not None and not isinstance(last, Repeat):
            picked = literal(last)
            if picked is None or not isinstance(picked.value, Slice):
                if integer(last) is not None:
                    return unknown("one entry of the class axis", machine.fresh("picked"))
                if picked is None:
                    return kept
        return kept
    if found is not None and isinstance(found.value, str):
        return unknown("an item of a tensor", machine.fresh("item"))
    return kept


def filled(machine: Machine, owner: Value, value: Value) -> Value | None:
    """The tensor after `owner[…] = value`; None when nothing is to be said about it."""
    if len(owner) != 1 or not (blank(owner) or isinstance(owner[0].thing, Tensor)):
        return None
    value = machine.force(value)
    if len(value) != 1 or not isinstance(value[0].thing, Tensor):
        return None
    part, whole = value[0].thing, owner[0].thing
    if isinstance(whole, Tensor) and whole.representation != part.representation:
        return unknown("parts of different representations", machine.fresh("filled"))
    return (
        None
        if isinstance(whole, Tensor)
        else just(part._replace(plain=False, rank=None, units=None, steps=max(part.steps, MOVED)))
    )


def attribute(machine: Machine, tensor: Tensor, name: str) -> Value:
    if name in ("data", "T", "mT", "H", "real"):
        moved = name in ("T", "mT", "H")
        return just(
            tensor._replace(
                plain=False,
                detached=tensor.detached or name == "data",
                units=None if moved else tensor.units,
                rank=None if moved else tensor.rank,
                steps=max(tensor.steps, MOVED) if moved else tensor.steps,
            )
        )
    return just(Method(tensor, name))


def concatenate(machine: Machine, items: list[object] | None, row: Api) -> Value:
    """cat, stack, Concatenate: tensors of one representation keep it."""
    if not items:
        return unknown(f"`{row.name}` of items that are not known", machine.fresh("join"))
    values: list[Value] = []
    for part in items:
        values.extend(part.values if isinstance(part, Repeat) else (part,))  # type: ignore[arg-type]
    if any(case.thing.__class__.__name__ == "Lazy" for value in values for case in value):
        return machine.delay(lambda: concatenate(machine, [machine.force(value) for value in values], row))
    first: Tensor | None = None
    for value in values:
        for case in value:
            if not isinstance(case.thing, Tensor):
                reason = case.thing.reason if isinstance(case.thing, Unknown) else f"`{row.name}`"
                return unknown(reason, machine.fresh("join"))
            if first is None:
                first = case.thing
            elif case.thing.representation != first.representation:
                return unknown(f"`{row.name}` of different representations", machine.fresh("join"))
    if first is None:
        return unknown(f"`{row.name}`", machine.fresh("join"))
    return just(first._replace(plain=False, units=None, rank=None, steps=max(first.steps, MOVED)))
