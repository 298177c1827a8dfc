"""Calls that give outputs back: what linking saw of them, and how an activation could go around them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from softmax_lint.diagnostic import Place
from softmax_lint.edits.escapes import Survey
from softmax_lint.judging import Joint
from softmax_lint.linking.values import AS_MADE, PICKED
from softmax_lint.representation import LOG_SIGMOID, SIGMOID

_ELEMENTWISE = frozenset({SIGMOID, LOG_SIGMOID})


@dataclass(frozen=True, slots=True)
class Given:
    """What linking saw a call give back: one representation of the sources in question, always."""

    node: ast.expr
    joint: Joint

    @property
    def produced(self) -> str:
        assert self.joint.pair is not None
        return self.joint.pair.produced

    @property
    def is_source(self) -> bool:
        """Whether the call is the activation itself, or the layer with it: its text is what a fix changes."""
        joint = self.joint
        ends = [place for place in (joint.source, joint.built, joint.layer) if place is not None]
        place = joint.sink
        return any(
            (end.filename, end.cell) == (place.filename, place.cell)
            and (place.row, place.column) <= (end.row, end.column)
            and (end.end_row, end.end_column) <= (place.end_row, place.end_column)
            for end in ends
        )

    @property
    def keeps_axes(self) -> bool:
        """Whether the axes are still those that the activation saw, as far as it matters."""
        pair = self.joint.pair
        is_picked = (
            self.joint.steps == PICKED and pair is not None and pair.axis is not None and pair.axis < 0
        )
        return self.produced in _ELEMENTWISE or self.joint.steps == AS_MADE or is_picked

    def is_like(self, other: Given) -> bool:
        """Whether the same activation gives both."""
        return _kind(self.joint) == _kind(other.joint)


def given_back(
    seen: Survey, is_own: Callable[[Joint], bool], joints: Sequence[Joint]
) -> tuple[dict[int, Given], list[Given]]:
    """The calls that give nothing but own outputs, all alike, by the ids of their nodes; and those that give
    others, too."""
    places: dict[Place, list[Joint]] = {}
    for joint in joints:
        if joint.row == "output":
            places.setdefault(joint.sink, []).append(joint)
    alone: dict[int, Given] = {}
    mixed: list[Given] = []
    nodes = seen.flow.nodes_at(places)
    # Names that get the parts of a tuple as it is spelled: what counts are the parts.
    spelled = {
        id(name)
        for each, _, _, _, _ in seen.flow.visited.values()
        if isinstance(each, ast.Assign) and isinstance(each.value, (ast.Tuple, ast.List))
        for target in each.targets
        for name in ast.walk(target)
    }
    for place, several in places.items():
        node = nodes.get(place)
        own = [each for each in several if each.pair is not None and is_own(each)]
        is_target = isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load)
        if node is None or id(node) in spelled or is_target or not own:
            continue
        given = Given(node, max(own, key=lambda each: each.steps))
        if len(own) == len(several) and len({_kind(each) for each in own}) == 1:
            alone[id(node)] = given
        else:
            mixed.append(given)
    return alone, mixed


def _kind(joint: Joint) -> tuple[str, int | None, bool, bool]:
    assert joint.pair is not None
    return joint.pair.produced, joint.pair.axis, joint.pair.implicit_axis, joint.array
