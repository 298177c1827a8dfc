"""Readers of outputs that need what an activation gave: it is put around outputs where it went from a model.

Linking says which calls give such an output back, and nothing else. From each the syntax is followed to
what reads it: losses and questions about the order of entries stay as they are. Where every reader outside
of those sees one call, the activation goes around the call, else around each reader's operand.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from softmax_lint.diagnostic import Place
from softmax_lint.edits.applied import EXPONENTIAL, apply_around
from softmax_lint.edits.escapes import ORDER, PAIRS, SHAPE, Survey, doubt, is_followed, takes_indices
from softmax_lint.edits.files import Draft, Files
from softmax_lint.edits.flow import FUNCTIONAL, SAME_OUTPUT, Scope, leaf_of, nodes_at, place_of
from softmax_lint.edits.tree import Refused
from softmax_lint.edits.written import overlap
from softmax_lint.judging import Joint
from softmax_lint.linking.consumers import STEP
from softmax_lint.linking.values import AS_MADE, PICKED
from softmax_lint.representation import LOG_SIGMOID, LOG_SOFTMAX, SIGMOID, SOFTMAX

# What becomes of an output.
LOSS, NEUTRAL, NEED = "loss", "neutral", "need"
NAMED, FLOWS, LOST = "named", "flows", "lost"  # a name, what a function returns, something not followed
GRAPH = "graph"  # a layer of a functional model is put on it
_QUESTIONS = frozenset({"len", "type", "isinstance", "id", "shape", "size", "zeros_like", "ones_like"})
_SAME = {
    SOFTMAX: frozenset({"softmax", "Softmax"}),
    SIGMOID: frozenset({"sigmoid", "expit", "Sigmoid"}),
    LOG_SOFTMAX: frozenset({"exp"}),
}
# Metrics whose `update_state` only ranks the classes.
_RANKING = frozenset({
    "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy", "MulticlassAccuracy",
    "SparseTopKCategoricalAccuracy",
})  # fmt: skip
_ELEMENTWISE = frozenset({SIGMOID, LOG_SIGMOID})
_SAME_AXES = frozenset({"detach", "cpu", "cuda", "to", "float", "double", "clone", "contiguous", "data"})
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """An expression, what becomes of it, and the node that decides that."""

    node: ast.expr
    kind: str
    target: str = ""


@dataclass(slots=True)
class _Reach:
    """All that reads one output, by way of names too."""

    needs: list[ast.expr] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    names: set[tuple[Scope, str]] = field(default_factory=set)


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
    reading = _Readers(seen, _given_back(seen, sources, joints))
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
    for place, several in places.items():
        node = nodes.get(place)
        if node is None or any(each.source not in sources or each.pair is None for each in several):
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

    def __init__(self, seen: Survey, given: Mapping[int, _Given]) -> None:
        self.seen = seen
        self.given = given
        flow = seen.flow
        self.around = {id(node): around for node, around, _, _, _ in flow.visited}
        self.scopes = {id(node): scope for node, _, scope, _, _ in flow.visited}
        self.loads: dict[tuple[Scope, str], list[ast.Name]] = {}
        self.stores: dict[tuple[Scope, str], list[ast.Name]] = {}
        for node, _, scope, _, _ in flow.visited:
            if isinstance(node, ast.Name):
                table = self.loads if isinstance(node.ctx, ast.Load) else self.stores
                table.setdefault((flow.home(scope, node.id), node.id), []).append(node)
        self.losses = self._functions_with(seen.allowed)
        self.missed = False
        # Functions that can tell.
        self.telling = {self.scopes[id(use.node)] for use in flow.uses() if doubt(use, seen) is not None}
        self.ranking = {
            leaf_of(target)
            for node, _, _, _, _ in flow.visited
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and leaf_of(node.value.func) in _RANKING
            for target in node.targets
        }

    def _functions_with(self, nodes: frozenset[int]) -> set[str]:
        """The names of functions in which one of the nodes stands, and of those that call them."""
        names: set[str] = set()
        calls: dict[str, set[str]] = {}
        for node, around, _, _, _ in self.seen.flow.visited:
            if not isinstance(node, ast.Call):
                continue
            owners = {
                each.name for each in around if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
            if id(node) in nodes:
                names |= owners
            calls.setdefault(leaf_of(node.func), set()).update(owners)
        pending = list(names)
        while pending:
            for caller in calls.get(pending.pop(), set()) - names:
                names.add(caller)
                pending.append(caller)
        return names

    def wanted(self) -> list[tuple[_Given, ast.expr]]:
        """Where activations have to stand: the output that decides how, and the expression."""
        found: dict[int, tuple[_Given, ast.expr]] = {}
        for given in self.given.values():
            if given.joint.pair is not None and given.joint.pair.sink_text == STEP:
                continue
            reach = _Reach()
            self._follow(self._read(given.node), reach, given.node, 0)
            if not reach.needs:
                continue
            if reach.kinds & {GRAPH}:
                self.missed = True
                continue
            is_whole = not reach.kinds & {LOSS, FLOWS, LOST} and not self._is_source(given)
            if is_whole and self._keeps_axes(given):
                found.setdefault(id(given.node), (given, given.node))
                continue
            for node in reach.needs:
                held = self._held(node, given)
                if held is not None:
                    found.setdefault(id(node), (held, node))
                else:
                    self.missed = True
        return list(found.values())

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

    def _bound(self, name: ast.Name) -> _Given | None:
        """The output that a name always holds, one of them where it is bound several times."""
        home = self.seen.flow.home(self.scopes[id(name)], name.id)
        found: _Given | None = None
        for store in self.stores.get((home, name.id), ()):
            parent = self.around[id(store)][0]
            if not isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) or parent.value is None:
                return None
            value: ast.expr = parent.value
            if isinstance(value, ast.Name) and value.id == name.id:
                continue
            given = self.given.get(id(value))
            if given is None or (found is not None and not _alike(found, given)):
                return None
            if found is None or given.joint.steps > found.joint.steps:
                found = given
        return found

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

    # From an expression to what reads it.

    def _read(self, node: ast.expr) -> _Reading:
        around = self.around[id(node)]
        current: ast.AST = node
        position = 0
        while position < len(around):
            parent = around[position]
            if isinstance(parent, ast.Attribute):
                call = around[position + 1] if position + 1 < len(around) else None
                is_method = isinstance(call, ast.Call) and call.func is parent
                if is_method and (parent.attr in SAME_OUTPUT or id(call) in self.given):
                    assert call is not None
                    current, position = call, position + 2
                    continue
                if not is_method and parent.attr in SAME_OUTPUT:
                    current, position = parent, position + 1
                    continue
                return _Reading(node, self._of_attribute(parent, around[position + 1 :], call))
            if isinstance(parent, ast.Subscript) and parent.value is current:
                current, position = parent, position + 1
                continue
            if isinstance(parent, (ast.Await, ast.Starred)):
                current, position = parent, position + 1
                continue
            call = parent
            step = position
            if isinstance(parent, ast.keyword):
                step += 1
                call = around[step]
            if isinstance(call, ast.Call) and id(call) in self.given and call.func is not current:
                current, position = call, step + 1
                continue
            break
        return self._decide(node, current, around[position:])

    def _of_attribute(self, parent: ast.Attribute, around: Sequence[ast.AST], call: ast.AST | None) -> str:
        if parent.attr in SHAPE | ORDER:
            return NEUTRAL
        if parent.attr in PAIRS and isinstance(call, ast.Call) and takes_indices(around[1:], call):
            return NEUTRAL
        if parent.attr in ("softmax", "sigmoid"):
            return NEUTRAL
        return NEED

    def _decide(self, node: ast.expr, current: ast.AST, around: Sequence[ast.AST]) -> _Reading:
        inner = current
        position = 0
        while position < len(around) and isinstance(
            around[position], (ast.Tuple, ast.List, ast.IfExp, ast.keyword, ast.Dict)
        ):
            inner = around[position]
            position += 1
        if position == len(around):
            return _Reading(node, LOST)
        parent = around[position]
        for each in around:
            if isinstance(each, ast.stmt):
                break
            if id(each) in self.seen.allowed:
                return _Reading(node, LOSS)
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            name = _target_of(parent, current, around[:position])
            if name is not None:
                return _Reading(node, NAMED, name)
            # A list or dict that is filled keeps what it gets; a tuple may be taken apart.
            is_kept = any(isinstance(each, (ast.List, ast.Dict)) for each in around[:position])
            return _Reading(node, NEED if is_kept else LOST)
        if isinstance(parent, (ast.Return, ast.Lambda)):
            return _Reading(node, FLOWS)
        if isinstance(parent, (ast.Yield, ast.YieldFrom)):
            return _Reading(node, LOST)
        if isinstance(parent, ast.Expr):
            return _Reading(node, NEED if self._is_shown(parent, around[position + 1 :]) else NEUTRAL)
        if isinstance(parent, ast.Call):
            return _Reading(node, self._of_call(parent, inner, around[position + 1 :]))
        if isinstance(parent, ast.Compare) and all(isinstance(op, (ast.Is, ast.IsNot)) for op in parent.ops):
            return _Reading(node, NEUTRAL)
        return _Reading(node, NEED)

    def _is_shown(self, statement: ast.Expr, around: Sequence[ast.AST]) -> bool:
        """Whether a notebook shows the value of a statement."""
        module = around[0] if around else None
        cells = (
            tree for source in self.seen.flow.sources for cell, tree, _ in source.trees if cell is not None
        )
        return (
            isinstance(module, ast.Module)
            and module.body[-1] is statement
            and any(tree is module for tree in cells)
        )

    def _of_call(self, call: ast.Call, inner: ast.AST, around: Sequence[ast.AST]) -> str:
        leaf = leaf_of(call.func)
        if call.func is inner or leaf in ORDER | _QUESTIONS:
            return NEUTRAL
        if leaf in PAIRS and takes_indices(around, call):
            return NEUTRAL
        if any(leaf in _SAME.get(given.produced, ()) for given in self.given.values()):
            return NEUTRAL
        if leaf in FUNCTIONAL or isinstance(call.func, ast.Call):
            return GRAPH
        if leaf in self.losses:
            return LOSS
        owner = leaf_of(call.func.value) if isinstance(call.func, ast.Attribute) else leaf
        if owner in self.ranking or leaf in self.ranking:
            return NEUTRAL
        if is_followed(leaf, self.seen.flow) and not self._can_tell(leaf):
            return NEUTRAL
        return NEED

    def _can_tell(self, name: str) -> bool:
        """Whether a function of this name does something with an output that logits would change."""
        flow = self.seen.flow
        inner = [flow.scopes[id(function)] for function, _ in flow.functions[name]]
        return any(
            scope[0] == own[0] and scope[1].startswith(own[1]) for own in inner for scope in self.telling
        )

    def _follow(self, reading: _Reading, reach: _Reach, node: ast.expr, depth: int) -> None:
        if reading.kind == NEED:
            reach.needs.append(node)
        elif reading.kind != NAMED:
            reach.kinds.add(reading.kind)
        elif depth >= _DEEPEST:
            reach.kinds.add(LOST)
        else:
            home = self.seen.flow.home(self.scopes[id(node)], reading.target)
            if (home, reading.target) not in reach.names:
                reach.names.add((home, reading.target))
                for load in self.loads.get((home, reading.target), ()):
                    self._follow(self._read(load), reach, load, depth + 1)


def _target_of(
    statement: ast.Assign | ast.AnnAssign | ast.NamedExpr, value: ast.AST, around: Sequence[ast.AST]
) -> str | None:
    """The name that a value is assigned to, alone or beside others, and whichever way a condition goes."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if len(targets) != 1:
        return None
    target = targets[0]
    for each in around:
        if isinstance(each, ast.Tuple) and each is statement.value and isinstance(target, ast.Tuple):
            if len(each.elts) != len(target.elts) or value not in each.elts:
                return None
            target = target.elts[each.elts.index(value)]
        elif not isinstance(each, ast.IfExp):
            return None
        value = each
    return target.id if isinstance(target, ast.Name) else None


def _alike(left: _Given, right: _Given) -> bool:
    one, other = left.joint.pair, right.joint.pair
    assert one is not None and other is not None
    return (one.produced, one.axis, one.implicit_axis, left.joint.array) == (
        other.produced, other.axis, other.implicit_axis, right.joint.array,
    )  # fmt: skip
