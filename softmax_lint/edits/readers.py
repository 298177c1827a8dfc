"""Readers of outputs that need what an activation gave: it is put around outputs where it went from a model.

Linking says which calls give such an output back, and nothing else. From each the syntax is followed to
what reads it: losses and questions about the order of entries stay as they are. Where every reader outside
of those sees one call, the activation goes around the call, else around each reader's operand.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from softmax_lint.diagnostic import Place
from softmax_lint.edits import primitives as do
from softmax_lint.edits.apart import logarithm
from softmax_lint.edits.applied import EXPONENTIAL, apply_around
from softmax_lint.edits.escapes import Survey
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.flow import OUTPUT, SAME_OUTPUT, leaf_of, place_of
from softmax_lint.edits.given import Given, given_back
from softmax_lint.edits.holding import Holding
from softmax_lint.edits.reading import (
    CHANGED,
    FLOWS,
    GRAPH,
    INNER,
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
from softmax_lint.representation import SIGMOID

WRAPPED = "what reads the output gets the activation"
_DEEPEST = 4  # names for one output


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
    in_logarithms: bool = False,
) -> int:
    """Draft activations for the readers of what the sources of a group give: how many were put somewhere.

    `as_exponential`: the outputs become logarithms of what they were. `in_logarithms`: what takes a logarithm
    of the counter-probability applies the activation itself. A reader that cannot be helped is a
    doubt of the draft. Raises `Refused` where a reader would get something else.
    """
    changed = {(joint.source, joint.built) for joint in group if joint.pair is not None}
    # An activation that is changed where it was made is another one for whoever makes it elsewhere.
    sources = {source for source, _ in changed if source is not None and _is_edited(draft, source)}
    framework = next((joint.pair.framework for joint in group if joint.pair is not None), "")
    alone, mixed = given_back(
        seen, lambda joint: joint.source in sources or (joint.source, joint.built) in changed, joints
    )
    for given in (*alone.values(), *mixed):
        if isinstance(given.node, ast.Call):
            seen.flow.seeds.setdefault(id(given.node), OUTPUT)
    seen.flow.run()
    reading = _Readers(seen, alone, mixed, framework)
    count = 0
    wanted = reading.wanted()
    if reading.missed:
        draft.doubt("something reads the output that is not followed")
    for given, node in wanted:
        joint = given.joint
        assert joint.pair is not None
        made = Draft()
        complement = reading.complement(given, node) if in_logarithms else None
        if complement is not None and _mirror(files, made, seen, complement, node, framework, joint):
            draft.join(made)
            continue
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
        draft.doubt(WRAPPED)
        count += 1
    return count


def _is_edited(draft: Draft, place: Place) -> bool:
    """Whether a draft changes something at a place."""
    start, end = (place.row, place.column), (place.end_row, place.end_column)
    return any(
        (edit.place.filename, edit.place.cell) == (place.filename, place.cell)
        and (edit.place.row, edit.place.column) <= end
        and start <= (edit.place.end_row, edit.place.end_column)
        for edit in draft.edits
    )


def _mirror(
    files: Files, draft: Draft, seen: Survey, log: ast.expr, node: ast.expr, framework: str, joint: Joint
) -> bool:
    """Draft ``log_sigmoid(-x)`` for ``log(1 - x)``, where x was a probability."""
    assert joint.pair is not None
    try:
        text, tree, call = files.find(place_of(seen.flow, log))
        operand = files.find(place_of(seen.flow, node))[2]
        assert isinstance(call, cst.Call)
        pair = replace(joint.pair, framework=framework)
        name, _ = logarithm(files, draft, text, tree, call, pair)
        draft.take(text, do.replace_literal(tree, call, f"{name}(-{tree.code(operand)})"))
    except Refused:
        return False
    return True


class _Readers:
    """The readers of some outputs."""

    def __init__(
        self, seen: Survey, given: Mapping[int, Given], mixed: Sequence[Given], framework: str
    ) -> None:
        self.framework = framework
        self.given = given
        self.mixed = mixed
        self.readings = Readings(seen, {mark: each.produced for mark, each in given.items()})
        self.holding = Holding(seen.flow)
        self.visited = self.holding.visited
        self.missed = False

    def wanted(self) -> list[tuple[Given, ast.expr]]:
        """Where activations have to stand: the output that decides how, and the expression."""
        found: dict[int, tuple[Given, ast.expr]] = {}
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
            if INNER in reach.kinds:
                raise Refused("a layer takes the output")
            self.missed |= self._is_read_as_attribute(given)
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
                is_inside = given.is_source and LOSS not in reach.kinds and self._is_collected(node)
                held = None if is_inside else self._held(node, given)
                if held is not None:
                    found.setdefault(id(node), (held, node))
                else:
                    self.missed = True
        for given in self.mixed:
            reach = self._reach(given)
            self.missed |= bool(reach.needs) or not reach.kinds.isdisjoint({CHANGED, GRAPH})
        return list(found.values())

    def complement(self, given: Given, node: ast.expr) -> ast.expr | None:
        """The logarithm of one minus an expression around it, where that is a tensor that was a probability."""
        outer, log = self.visited[id(node)].around[:2]
        if (
            given.produced == SIGMOID
            and not given.joint.array
            and isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
            and isinstance(outer, ast.BinOp)
            and isinstance(outer.op, ast.Sub)
            and outer.right is node
            and isinstance(outer.left, ast.Constant)
            and outer.left.value == 1
            and isinstance(log, ast.Call)
            and leaf_of(log.func) == "log"
            and log.args == [outer]
            and not log.keywords
        ):
            return log
        return None

    def _is_judged(self, given: Given) -> bool:
        return given.joint.pair is not None and given.joint.pair.sink_text != STEP

    def _reach(self, given: Given) -> _Reach:
        reach = _Reach(given.joint.array)
        if isinstance(given.node, ast.Name):
            # One of several that a call gives: the call cannot be wrapped.
            reading = Reading(given.node, NAMED, given.node.id)
            reach.kinds.add(LOST)
        else:
            reading = self.readings.read(given.node)
            if reading.kind == CHANGED:
                raise Refused("entries are assigned to the output where it is read")
        self._follow(reading, reach, given.node, 0)
        return reach

    def _is_read_as_attribute(self, given: Given) -> bool:
        """Whether an object keeps the output, and something reads it there that linking did not see."""
        parent = self.visited[id(given.node)].around[0]
        targets = parent.targets if isinstance(parent, ast.Assign) else []
        kept = {each.attr for each in targets if isinstance(each, ast.Attribute)}
        return bool(kept) and any(
            isinstance(node, ast.Attribute)
            and node.attr in kept
            and isinstance(node.ctx, ast.Load)
            and id(node) not in self.given
            and self.readings.read(node).kind == NEED
            for node, _, _, _, _ in self.readings.seen.flow.visited.values()
        )

    def _is_whole(self, given: Given, reach: _Reach) -> bool:
        """Whether the activation can go around the call itself."""
        return not reach.kinds & {LOSS, FLOWS, LOST, GRAPH} and not given.is_source and given.keeps_axes

    def _is_derived(self, given: Given, known: set[int]) -> bool:
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
        for store in self.holding.stores(node):
            for each in self.visited[id(store)].around:
                if (
                    isinstance(each, (ast.For, ast.AsyncFor, ast.comprehension))
                    and any(inner is store for inner in ast.walk(each.target))
                    and any(id(inner) in known for inner in ast.walk(each.iter))
                ):
                    return True
        return False

    def _is_symbolic(self, given: Given) -> bool:
        """Whether it is a step of a functional model, on which functions on tensors fail."""
        node = given.node
        is_made_there = isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
        return self.framework != "torch" and is_made_there and given.is_source

    def _is_collected(self, node: ast.expr) -> bool:
        parent = self.visited[id(node)].around[0]
        if isinstance(parent, (ast.List, ast.Dict)):
            return True
        return isinstance(parent, ast.Call) and leaf_of(parent.func) in ("append", "extend", "insert", "add")

    def _part_of(self, value: ast.expr, depth: int) -> Given | None:
        """The output that a slice of a name is made of."""
        if (
            depth >= _DEEPEST
            or not isinstance(value, ast.Subscript)
            or not isinstance(value.slice, ast.Slice)
            or not isinstance(value.value, ast.Name)
        ):
            return None
        return self._bound(value.value, depth + 1)

    def _bound(self, name: ast.Name, depth: int = 0) -> Given | None:
        """The output that a name always holds, one of them where it is bound several times."""
        found: Given | None = None
        if self.holding.may_be_given(name):
            return None
        for store in self.holding.reaching(name):
            parent = self.visited[id(store)].around[0]
            one = self.given.get(id(store))
            if one is not None and isinstance(parent, (ast.Tuple, ast.List)):
                if found is not None and not found.is_like(one):
                    return None
                found = one if found is None or one.joint.steps > found.joint.steps else found
                continue
            if not isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) or parent.value is None:
                return None
            value: ast.expr = parent.value
            if isinstance(value, ast.Name) and value.id == name.id:
                continue
            given = self.given.get(id(value)) or self._part_of(value, depth)
            if given is None or (found is not None and not found.is_like(given)):
                return None
            if found is None or given.joint.steps > found.joint.steps:
                found = given
        return found

    def _held(self, node: ast.expr, given: Given) -> Given | None:
        """How to put the activation around one reader's operand, None where that is not sure."""
        held: Given | None
        if isinstance(node, ast.Name):
            held = self._bound(node)
        else:
            held = self.given.get(id(node))
            if held is not None and held.is_source:
                return None
        return held if held is not None and held.keeps_axes else None

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
            mark = id(self.holding.statement(node)[0])
            if mark not in reach.assigned:
                reach.assigned.add(mark)
                for load in self.holding.reached(node, reading.target):
                    self._follow(self.readings.read(load), reach, load, depth + 1)
