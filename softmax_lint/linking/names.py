"""Names: what they mean in a scope, and what assignments bind."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from softmax_lint import code
from softmax_lint.knowledge import convention
from softmax_lint.linking import builtins, consumers, tensors
from softmax_lint.linking.evaluate import evaluate
from softmax_lint.linking.path import Frame
from softmax_lint.linking.values import (
    NO_GUARDS,
    Arguments,
    Case,
    Const,
    Name,
    Pending,
    Repeat,
    Seq,
    Tensor,
    Unknown,
    Value,
    join,
    just,
    literal,
    under,
    unknown,
)
from softmax_lint.representation import SCORES

if TYPE_CHECKING:
    from softmax_lint.linking.machine import Machine


def load(machine: Machine, frame: Frame, name: str) -> Value:
    env: int | None = frame.env
    records = machine.heap.records
    while env is not None:
        record = records[env]
        value = record.slots.get(name)
        if value is not None:
            thing = value[0].thing
            if thing.__class__ is Pending:
                value = machine.settle(env, name, thing)
            return value if len(value) == 1 else machine.visible(value)
        env = record.extra if record.kind == "class" else record.of
    return machine.global_name(frame.module, name)


def global_name(machine: Machine, module: int, name: str) -> Value:
    """What a name means that no scope binds."""
    value = machine.modules.starred(machine, module, name)
    if value is not None:
        return value
    if name in builtins.NAMES:
        return _builtin(name)
    path = convention(name)
    if path is not None and not machine.modules.binds(machine, module, name):
        machine.assumed[module, name] = path
        return just(Name(path))
    return unknown(f"nothing binds `{name}`", machine.key("global", module, name))


@cache
def _builtin(name: str) -> Value:
    return just(Name(f"builtins.{name}"))


def settle(machine: Machine, env: int, name: str, pending: Pending) -> Value:
    """Run the definition that the slot stands for, and read it again."""
    machine.heap.records[env].slots[name] = unknown(
        f"`{name}` is being defined", machine.key("pending", pending.unit)
    )
    machine.modules.define(machine, pending.unit)
    return machine.heap.read(env, name) or unknown(f"`{name}` could not be defined")


def _around(machine: Machine, env: int) -> int | None:
    """The scope around this one."""
    record = machine.heap.records[env]
    outer: int | None = record.of if record.kind in ("env", "module") else record.extra
    return outer


def store(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    env: int | None = frame.env
    if frame.shared and name in frame.shared:
        env = _around(machine, frame.env)
        while env is not None:
            record = machine.heap.records[env]
            if record.kind == "module" or (record.kind == "env" and name in record.slots):
                break
            env = _around(machine, env)
    at = frame.env if env is None else env
    before = machine.heap.records[at].slots.get(name)
    if before is not None:
        thing = before[0].thing
        if thing.__class__ is Pending and thing.unit != frame.unit:
            machine.settle(at, name, thing)  # a branch may join what the name was with what it becomes
    machine.heap.write(at, name, value)


def bind(machine: Machine, frame: Frame, target: code.Expr, value: Value) -> None:
    tag = target[0]
    if tag == code.NAME:
        machine.store(frame, target[2], value)
    elif tag == code.ATTR:
        machine.set_attribute(evaluate(machine, frame, target[2]), target[3], value)
    elif tag == code.ITEM:
        owner = evaluate(machine, frame, target[2])
        if target[2][0] in (code.NAME, code.ATTR):
            filled = tensors.filled(machine, owner, value) or _floored(machine, target, owner, value)
            if filled is not None:
                machine.bind(frame, target[2], filled)
                return
        machine.set_item(owner, evaluate(machine, frame, target[3]), value)
    elif tag == code.SEQ:
        _unpack(machine, frame, target[3], value)
    elif tag == code.SPLAT:
        machine.bind(frame, target[2], value)


def _floored(machine: Machine, target: code.Expr, owner: Value, value: Value) -> Value | None:
    """Probabilities after `p[p < 0.001] = 0.001`: kept away from 0, as by a clamp."""
    mask = target[3]
    of_itself = mask[0] == code.COMPARE and any(
        side[0] == code.NAME == target[2][0] and side[2] == target[2][2] for side in mask[3:5]
    )
    number = literal(value)
    if not of_itself or number is None or not isinstance(number.value, float) or number.value <= 0:
        return None
    owner = machine.force(owner)
    if not all(isinstance(case.thing, (Tensor, Unknown)) for case in owner):
        return None
    return tuple(
        case._replace(thing=case.thing._replace(guarded=True, plain=False))
        if isinstance(case.thing, Tensor) and case.thing.representation != SCORES
        else case
        for case in owner
    )


def _unpack(machine: Machine, frame: Frame, targets: tuple[code.Expr, ...], value: Value) -> None:
    star = next((i for i, t in enumerate(targets) if t[0] == code.SPLAT), None)
    for position, target in enumerate(targets):
        if star is None:
            part = _part(machine, value, position, len(targets))
            if machine.watching and target[0] == code.NAME:
                consumers.given_back(machine, part, (), Arguments(), (frame.unit, target[1]))
        elif position == star:
            rest = machine.contents(machine.force(value))
            after = len(targets) - star - 1
            part = unknown("a starred target", machine.fresh("starred"))
            if rest is not None and not any(isinstance(i, Repeat) for i in rest.items):
                part = just(machine.make_list(Seq(rest.items[star : len(rest.items) - after]), None))
        else:
            index = position if position < star else position - len(targets)
            part = machine.item(value, just(Const(index)))
        machine.bind(frame, target, part)


def _part(machine: Machine, value: Value, position: int, count: int) -> Value:
    def part(value: Value) -> Value:
        parts = []
        for case in value:
            if isinstance(case.thing, Const) and case.thing.value is None:
                continue
            items = machine.elements((case,))
            if items is not None and not any(isinstance(i, Repeat) for i in items):
                if len(items) == count:
                    parts.append(under(items[position], case.guards))
                continue
            if isinstance(case.thing, Tensor):
                parts.append((Case(tensors.entry_of(case.thing), case.guards),))
                continue
            parts.append(
                under(machine.item((case._replace(guards=NO_GUARDS),), just(Const(position))), case.guards)
            )
        return join(parts)

    return machine.mapped(value, part)
