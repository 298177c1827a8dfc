"""Readers of outputs that need what an activation gave: it is put around outputs where it went from a model.

Linking says which calls give such an output back, and nothing else. From each the syntax is followed to
what reads it: losses and questions about the order of entries stay as they are. Where every reader outside
of those sees one call, the activation goes around the call, else around each reader's operand.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from softmax_lint.diagnostic import Place
from softmax_lint.edits.applied import EXPONENTIAL, apply_around
from softmax_lint.edits.escapes import Survey
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.flow import SAME_OUTPUT, Scope, leaf_of, nodes_at, place_of
from softmax_lint.edits.reading import (
    CHANGED,
    FLOWS,
    GRAPH,
    LOSS,
    LOST,
    NAMED,
    NEED,
    STORED,
    Reading,
    Readings,
)
from softmax_lint.edits.tree import Refused
from softmax_lint.edits.written import overlap
from softmax_lint.judging import Joint
from softmax_lint.linking.consumers import STEP
from softmax_lint.linking.values import AS_MADE, PICKED
from softmax_lint.representation import LOG_SIGMOID, SIGMOID

_ELEMENTWISE = frozenset({SIGMOID, LOG_SIGMOID})
_DEEPEST = 4  # names for one output


@dataclass(frozen=True, slots=True)
class _Given:
    """What linking saw a call give back: one representation of the sources in question, always."""

    node: ast.expr
    joint: Joint

    @property
    def produced(self) -> str:
        assert self.joint.pair is not None
        return self.joint.pair.produced


@dataclass(slots=True)
class _Reach:
    """All that reads one output, by way of names too."""

    is_array: bool
    needs: list[ast.expr] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)  # statements that were followed


def wrap_readers(
    files: Files,
    draft: Draft,
    seen: Survey,
    group: Sequence[Joint],
    joints: Sequence[Joint],
    *,
    as_exponential: bool = False,
) -> int:
    """Draft activations for the readers of what the sources of a group give: how many were put somewhere.

    `as_exponential`: the outputs become logarithms of what they were. A reader that cannot be helped is a
    doubt of the draft.
    """
    sources = {joint.source for joint in group if joint.pair is not None}
    framework = next((joint.pair.framework for joint in group if joint.pair is not None), "")
    reading = _Readers(seen, _given_back(seen, sources, joints), framework)
    count = 0
    wanted = reading.wanted()
    if reading.missed:
        draft.doubt("something reads the output that is not followed")
    for given, node in wanted:
        joint = given.joint
        assert joint.pair is not None
        made = Draft()
        try:
            text, tree, found = files.find(place_of(seen.flow, node))
            apply_around(
                files,
                made,
                text,
                tree,
                found,
                EXPONENTIAL if as_exponential else given.produced,
                framework,
                axis=joint.pair.axis,
                implicit=joint.pair.implicit_axis,
                array=joint.array,
            )
        except Refused as refusal:
            draft.doubt(f"what reads the output would need the activation: {refusal}")
            continue
        new = [edit for edit in made.edits if edit not in draft.edits]
        if overlap([*draft.edits, *new]):
            draft.doubt("what reads the output stands where the activation does")
            continue
        draft.join(made)
        draft.doubt("what reads the output gets the activation")
        count += 1
    return count


def _given_back(seen: Survey, sources: set[Place | None], joints: Sequence[Joint]) -> dict[int, _Given]:
    """The calls that give nothing but outputs of the sources, all alike, by the ids of their nodes."""
    places: dict[Place, list[Joint]] = {}
    for joint in joints:
        if joint.row == "output":
            places.setdefault(joint.sink, []).append(joint)
    found: dict[int, _Given] = {}
    nodes = nodes_at(seen.flow.sources, places)
    # Names that get the parts of a tuple as it is spelled: what counts are the parts.
    spelled = {
        id(name)
        for each, _, _, _, _ in seen.flow.visited
        if isinstance(each, ast.Assign) and isinstance(each.value, (ast.Tuple, ast.List))
        for target in each.targets
        for name in ast.walk(target)
    }
    for place, several in places.items():
        node = nodes.get(place)
        if (
            node is None
            or id(node) in spelled
            or any(each.source not in sources or each.pair is None for each in several)
        ):
            continue
        alike = {
            (each.pair.produced, each.pair.axis, each.pair.implicit_axis, each.array)
            for each in several
            if each.pair is not None
        }
        if len(alike) == 1:
            found[id(node)] = _Given(node, max(several, key=lambda each: each.steps))
    return found


class _Readers:
    """The readers of some outputs."""

    def __init__(self, seen: Survey, given: Mapping[int, _Given], framework: str) -> None:
        self.seen = seen
        self.framework = framework
        self.given = given
        flow = seen.flow
        self.readings = Readings(seen, {mark: each.produced for mark, each in given.items()})
        self.around, self.scopes = self.readings.around, self.readings.scopes
        self.cells = {id(node): cell or 0 for node, _, _, _, cell in flow.visited}
        self.loads: dict[tuple[Scope, str], list[ast.Name]] = {}
        self.stores: dict[tuple[Scope, str], list[ast.Name]] = {}
        for node, _, scope, _, _ in flow.visited:
            if isinstance(node, ast.Name):
                table = self.loads if isinstance(node.ctx, ast.Load) else self.stores
                table.setdefault((flow.home(scope, node.id), node.id), []).append(node)
        self.missed = False

    def wanted(self) -> list[tuple[_Given, ast.expr]]:
        """Where activations have to stand: the output that decides how, and the expression."""
        found: dict[int, tuple[_Given, ast.expr]] = {}
        reached = [(given, self._reach(given)) for given in self.given.values() if self._is_judged(given)]
        known = {id(given.node) for given, reach in reached if reach.needs}
        known |= {id(each) for _, reach in reached for each in reach.needs}
        reached = [(given, reach) for given, reach in reached if not self._is_derived(given, known)]
        whole = {id(given.node) for given, reach in reached if self._is_whole(given, reach)}
        # What reads one output or another gets the activation itself, unless every one of them has it.
        while True:
            partly = {
                id(each) for given, reach in reached if id(given.node) not in whole for each in reach.needs
            }
            mixed = {
                id(given.node)
                for given, reach in reached
                if id(given.node) in whole and any(id(each) in partly for each in reach.needs)
            }
            if not mixed:
                break
            whole -= mixed
        for given, reach in reached:
            if not reach.needs and CHANGED not in reach.kinds:
                continue
            if GRAPH in reach.kinds or (reach.needs and self._is_symbolic(given)):
                self.missed = True
                continue
            if id(given.node) in whole:
                found.setdefault(id(given.node), (given, given.node))
                continue
            if CHANGED in reach.kinds:
                self.missed = True
                continue
            for node in reach.needs:
                # What a model collects inside comes out of it later on: that is no reader.
                is_inside = self._is_source(given) and LOSS not in reach.kinds and self._is_collected(node)
                held = None if is_inside else self._held(node, given)
                if held is not None:
                    found.setdefault(id(node), (held, node))
                else:
                    self.missed = True
        return list(found.values())

    def _is_judged(self, given: _Given) -> bool:
        return given.joint.pair is not None and given.joint.pair.sink_text != STEP

    def _reach(self, given: _Given) -> _Reach:
        reach = _Reach(given.joint.array)
        if isinstance(given.node, ast.Name):
            # One of several that a call gives: the call cannot be wrapped.
            reading = Reading(given.node, NAMED, given.node.id)
            reach.kinds.add(LOST)
        else:
            reading = self.readings.read(given.node)
        self._follow(reading, reach, given.node, 0)
        return reach

    def _is_whole(self, given: _Given, reach: _Reach) -> bool:
        """Whether the activation can go around the call itself."""
        return (
            not reach.kinds & {LOSS, FLOWS, LOST, GRAPH}
            and not self._is_source(given)
            and self._keeps_axes(given)
        )

    def _is_derived(self, given: _Given, known: set[int]) -> bool:
        """Whether it is made of what a loop runs over, which is `known` to need the activation itself."""
        node = given.node
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr not in SAME_OUTPUT:
                    return False
                node = node.func
            elif isinstance(node, (ast.Attribute, ast.Subscript)):
                node = node.value
            else:
                return False
        home = self.seen.flow.home(self.scopes[id(node)], node.id)
        for store in self.stores.get((home, node.id), ()):
            for each in self.around[id(store)]:
                if (
                    isinstance(each, (ast.For, ast.AsyncFor, ast.comprehension))
                    and any(inner is store for inner in ast.walk(each.target))
                    and any(id(inner) in known for inner in ast.walk(each.iter))
                ):
                    return True
        return False

    def _is_symbolic(self, given: _Given) -> bool:
        """Whether it is a step of a functional model, on which functions on tensors fail."""
        node = given.node
        is_made_there = isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
        return self.framework != "torch" and is_made_there and self._is_source(given)

    def _is_collected(self, node: ast.expr) -> bool:
        parent = self.around[id(node)][0]
        if isinstance(parent, (ast.List, ast.Dict)):
            return True
        return isinstance(parent, ast.Call) and leaf_of(parent.func) in ("append", "extend", "insert", "add")

    def _is_source(self, given: _Given) -> bool:
        """Whether the call is the activation itself, or the layer with it: its text is what a fix changes."""
        joint = given.joint
        ends = [place for place in (joint.source, joint.built, joint.layer) if place is not None]
        place = joint.sink
        return any(
            (end.filename, end.cell) == (place.filename, place.cell)
            and (place.row, place.column) <= (end.row, end.column)
            and (end.end_row, end.end_column) <= (place.end_row, place.end_column)
            for end in ends
        )

    def _keeps_axes(self, given: _Given) -> bool:
        return given.produced in _ELEMENTWISE or given.joint.steps == AS_MADE or self._is_picked(given)

    def _is_picked(self, given: _Given) -> bool:
        pair = given.joint.pair
        return given.joint.steps == PICKED and pair is not None and pair.axis is not None and pair.axis < 0

    def _part_of(self, value: ast.expr, depth: int) -> _Given | None:
        """The output that a slice of a name is made of."""
        if (
            depth >= _DEEPEST
            or not isinstance(value, ast.Subscript)
            or not isinstance(value.slice, ast.Slice)
            or not isinstance(value.value, ast.Name)
        ):
            return None
        return self._bound(value.value, depth + 1)

    def _bound(self, name: ast.Name, depth: int = 0) -> _Given | None:
        """The output that a name always holds, one of them where it is bound several times."""
        home = self.seen.flow.home(self.scopes[id(name)], name.id)
        found: _Given | None = None
        for store in self.stores.get((home, name.id), ()):
            if self._comes_later(store, name):
                continue
            parent = self.around[id(store)][0]
            one = self.given.get(id(store))
            if one is not None and isinstance(parent, (ast.Tuple, ast.List)):
                if found is not None and not _alike(found, one):
                    return None
                found = one if found is None or one.joint.steps > found.joint.steps else found
                continue
            if not isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) or parent.value is None:
                return None
            value: ast.expr = parent.value
            if isinstance(value, ast.Name) and value.id == name.id:
                continue
            given = self.given.get(id(value)) or self._part_of(value, depth)
            if given is None or (found is not None and not _alike(found, given)):
                return None
            if found is None or given.joint.steps > found.joint.steps:
                found = given
        return found

    def _comes_later(self, store: ast.Name, load: ast.Name) -> bool:
        """Whether a name is assigned only when it has been read."""
        loops = [
            each for each in self.around[id(store)] if isinstance(each, (ast.For, ast.AsyncFor, ast.While))
        ]
        return (
            self.scopes[id(store)] == self.scopes[id(load)]
            and self._order(self._statement(store)[0]) > self._order(self._statement(load)[0])
            and not any(each in loops for each in self.around[id(load)])
        )

    def _held(self, node: ast.expr, given: _Given) -> _Given | None:
        """How to put the activation around one reader's operand, None where that is not sure."""
        held: _Given | None
        if isinstance(node, ast.Name):
            held = self._bound(node)
        else:
            held = self.given.get(id(node))
            if held is not None and self._is_source(held):
                return None
        return held if held is not None and self._keeps_axes(held) else None

    def _reached(self, node: ast.expr, home: Scope, name: str) -> list[ast.Name]:
        """Where a name is read that an output was assigned to, up to where the same block assigns it again."""
        loads = self.loads.get((home, name), [])
        statement, _ = self._statement(node)
        loops = [
            each for each in self.around[id(node)] if isinstance(each, (ast.For, ast.AsyncFor, ast.While))
        ]
        start, end = self._order(statement), None
        around: list[ast.AST] = []  # loops that end before the name is assigned again
        for store in self.stores.get((home, name), ()):
            other, its_owner = self._statement(store)
            if not isinstance(other, ast.Assign) or self._order(other) <= start:
                continue
            if any(_next_to(inner, other, owner, its_owner) for inner, owner in self._outwards(node)):
                order = self._order(other)
                if end is None or order < end:
                    end = order
                    around = [each for each in loops if each not in self.around[id(other)]]
        here = self.scopes[id(node)]
        if end is None and loops:
            # The next time round what stands before it reads it.
            return loads
        return [
            load
            for load in loads
            if self.scopes[id(load)] != here
            or start < self._order(self._statement(load)[0]) <= (end or (sys.maxsize, 0, 0))
            or any(each in around for each in self.around[id(load)])
        ]

    def _outwards(self, node: ast.AST) -> Iterator[tuple[ast.stmt, ast.AST]]:
        """The statements around a node up to its function, each with what it stands in."""
        around = self.around[id(node)]
        for inner, owner in pairwise(around):
            if isinstance(inner, ast.stmt):
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    return
                yield inner, owner

    def _statement(self, node: ast.AST) -> tuple[ast.stmt, ast.AST]:
        """The smallest statement around a node, and what that stands in."""
        around = self.around[id(node)]
        at = next(index for index, each in enumerate(around) if isinstance(each, ast.stmt))
        statement = around[at]
        assert isinstance(statement, ast.stmt)
        return statement, around[at + 1]

    def _order(self, node: ast.stmt) -> tuple[int, int, int]:
        return self.cells[id(node)], node.lineno, node.col_offset

    def _follow(self, reading: Reading, reach: _Reach, node: ast.expr, depth: int) -> None:
        if reading.kind == NEED or (reading.kind == STORED and reach.is_array):
            reach.needs.append(node)
        elif reading.kind == STORED:
            # A loss may take it from there.
            reach.kinds.add(LOST)
        elif reading.kind != NAMED:
            reach.kinds.add(reading.kind)
        elif depth >= _DEEPEST:
            reach.kinds.add(LOST)
        else:
            home = self.seen.flow.home(self.scopes[id(node)], reading.target)
            mark = id(self._statement(node)[0])
            if mark not in reach.assigned:
                reach.assigned.add(mark)
                for load in self._reached(node, home, reading.target):
                    self._follow(self.readings.read(load), reach, load, depth + 1)


def _next_to(left: ast.AST, right: ast.AST, left_owner: ast.AST, right_owner: ast.AST) -> bool:
    """Whether two statements stand in one block; cells of a notebook are one."""
    if isinstance(left_owner, ast.Module) and isinstance(right_owner, ast.Module):
        return True
    blocks = (getattr(left_owner, name, ()) for name in ("body", "orelse", "finalbody"))
    return left_owner is right_owner and any(left in block and right in block for block in blocks)


def _alike(left: _Given, right: _Given) -> bool:
    one, other = left.joint.pair, right.joint.pair
    assert one is not None and other is not None
    return (one.produced, one.axis, one.implicit_axis, left.joint.array) == (
        other.produced, other.axis, other.implicit_axis, right.joint.array,
    )  # fmt: skip
