"""Follow a model and its outputs through the names of a project, by its syntax alone.

Names are over-approximated: a name is what any assignment makes of it; classes and functions are known by
their last part wherever they stand, and so are attributes, those of `self` in the classes that may share them.
Local names count from the assignment on that made them an output.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from softmax_lint.diagnostic import Place
from softmax_lint.edits.families import Families

# What an expression can be: calling a maker gives a model, calling a model gives an output.
MAKER, MODEL, OUTPUT = "maker", "model", "output"
_CALLED = {MAKER: MODEL, MODEL: OUTPUT}

CONTAINERS = frozenset({
    "Sequential", "OrderedDict", "ModuleList", "TimeDistributed", "DataParallel", "DistributedDataParallel",
})  # fmt: skip
FUNCTIONAL = frozenset({"Model", "Functional"})
# Methods of a model that give the model, and those that give outputs.
SAME_MODEL = frozenset({"to", "cuda", "cpu", "eval", "train", "float", "double", "half", "apply", "module"})
PREDICTING = frozenset({"predict", "predict_on_batch", "predict_generator", "forward", "call", "__call__"})
SAME_OUTPUT = frozenset({
    "squeeze", "unsqueeze", "view", "reshape", "flatten", "contiguous", "cpu", "cuda", "detach", "data", "to",
    "numpy", "clone", "float", "double", "view_as",
})  # fmt: skip
# Functions that keep outputs what they are, alone or side by side.
JOINING = frozenset({
    "concatenate", "concat", "cat", "vstack", "stack", "squeeze", "array", "asarray", "as_tensor",
})  # fmt: skip
_ADDING = frozenset({"add", "append", "add_module", "register_module"})
_METHODS = frozenset({"forward", "call", "__call__"})

Scope = tuple[str, str]  # file, dotted path of the function ("" for the module)
_Corners = tuple[str, int | None, int, int, int, int]  # file, cell, first row and column, last ones
_Row = tuple[int, int]  # cell, row in it
Function = ast.FunctionDef | ast.AsyncFunctionDef
_STEPS = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return, ast.ClassDef, ast.Call)


@dataclass(slots=True)
class Source:
    """The syntax of a file: one tree for a script, one for each cell of a notebook."""

    filename: str
    trees: Sequence[tuple[int | None, ast.Module, Sequence[str]]]


class Visit(NamedTuple):
    """A node with those around it from the inside out, and where it stands."""

    node: ast.AST
    around: tuple[ast.AST, ...]
    scope: Scope
    filename: str
    cell: int | None


@dataclass(slots=True)
class Use:
    """An expression that may be a model or output, with the nodes around it from the inside out."""

    node: ast.expr
    kind: str
    around: Sequence[ast.AST]
    filename: str
    cell: int | None


@dataclass(slots=True)
class Flow:
    """What is known of names. `run` fills it, `uses` reads it."""

    sources: Sequence[Source]
    seeds: dict[int, str] = field(default_factory=dict)  # id of a node to its kind
    locals: dict[tuple[Scope, str], tuple[str, _Row]] = field(default_factory=dict)  # kind, from which row
    globals: dict[str, str] = field(default_factory=dict)  # classes and functions
    attributes: dict[str, dict[str | None, str]] = field(default_factory=dict)  # by family, None: of anything
    families: Families = field(default_factory=lambda: Families(()))
    functions: dict[str, list[tuple[Function, bool]]] = field(default_factory=dict)
    assigned: dict[str, list[ast.expr]] = field(
        default_factory=dict
    )  # to names and attributes, in plain statements
    bound: dict[Scope, set[str]] = field(default_factory=dict)
    parameters: dict[Scope, frozenset[str]] = field(default_factory=dict)
    changed: bool = False
    scopes: dict[int, Scope] = field(default_factory=dict)  # of the inside of functions, by id
    steps: list[tuple[ast.AST, tuple[ast.AST, ...], Scope]] = field(default_factory=list)
    read: list[tuple[set[str], set[int]]] = field(
        default_factory=list
    )  # what the steps read, once it is needed
    visited: dict[int, Visit] = field(default_factory=dict)  # by id; what Python shares, as contexts, once
    standing: dict[_Corners, ast.expr] = field(default_factory=dict)  # once it is needed
    final: dict[int, str | None] | None = None  # kinds by id of the node, once nothing changes any more

    def prepare(self) -> None:
        """Index every node once."""
        for source in self.sources:
            for cell, tree, _ in source.trees:
                self._index(tree, (), (source.filename, ""), source.filename, cell)
        self.families = Families(visit.node for visit in self.visited.values())

    def afresh(self) -> Flow:
        """The same code, of which nothing is known yet."""
        return replace(self, seeds={}, locals={}, globals={}, attributes={}, changed=False, final=None)

    def _index(
        self, node: ast.AST, around: tuple[ast.AST, ...], scope: Scope, filename: str, cell: int | None
    ) -> None:
        self.visited[id(node)] = Visit(node, around, scope, filename, cell)
        if isinstance(node, _STEPS):
            self.steps.append((node, around, scope))
        inner = scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            in_class = bool(around) and isinstance(around[0], ast.ClassDef)
            self.functions.setdefault(node.name, []).append((node, in_class))
            if in_class and node.name == "__init__":
                owner = around[0]
                assert isinstance(owner, ast.ClassDef)
                self.functions.setdefault(owner.name, []).append((node, True))
            inner = (filename, f"{scope[1]}.{node.name}@{node.lineno}:{cell}")
            self.scopes[id(node)] = inner
            arguments = node.args
            self.parameters[inner] = frozenset(
                each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
            )
            self.bound.setdefault(inner, set()).update(self.parameters[inner])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.bound.setdefault(scope, set()).add(node.id)
        elif isinstance(node, ast.Assign):
            for name in {leaf_of(target) for target in node.targets} - {""}:
                self.assigned.setdefault(name, []).append(node.value)
        for child in ast.iter_child_nodes(node):
            self._index(child, (node, *around), inner, filename, cell)

    def home(self, scope: Scope, name: str) -> Scope:
        """The scope that binds a name, seen from another."""
        while scope[1] and name not in self.bound.get(scope, ()):
            scope = (scope[0], scope[1].rpartition(".")[0])
        return scope

    def kind(self, node: ast.AST, scope: Scope) -> str | None:
        """What an expression is."""
        if self.final is None:
            return self._kind(node, scope)
        if id(node) not in self.final:
            self.final[id(node)] = self._kind(node, scope)
        return self.final[id(node)]

    def _kind(self, node: ast.AST, scope: Scope) -> str | None:
        seed = self.seeds.get(id(node))
        if seed is not None:
            return seed
        if isinstance(node, ast.Name):
            known = self.locals.get((self.home(scope, node.id), node.id))
            if known is not None:
                return known[0] if known[0] != OUTPUT or self._row(node, node.lineno) >= known[1] else None
            return self.globals.get(node.id) if node.id[:1] != "_" else None
        if isinstance(node, ast.Attribute):
            value = self.kind(node.value, scope)
            if value == MODEL and node.attr in SAME_MODEL | PREDICTING:
                return MODEL
            if value == OUTPUT:
                return OUTPUT if node.attr in SAME_OUTPUT else None
            return self._attribute(node) if value is None else None
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.Subscript):
            value = self.kind(node.value, scope)
            return value if value in (OUTPUT, MODEL) else None
        if isinstance(node, (ast.Tuple, ast.List)):
            kinds = [self.kind(item, scope) for item in node.elts]
            return next((kind for kind in kinds if kind is not None), None)
        if isinstance(node, ast.Dict):
            kinds = [self.kind(item, scope) for item in node.values]
            return next((kind for kind in kinds if kind is not None), None)
        if isinstance(node, ast.Starred):
            return self.kind(node.value, scope)
        if isinstance(node, ast.IfExp):
            return self.kind(node.body, scope) or self.kind(node.orelse, scope)
        return None

    def _attribute(self, node: ast.Attribute) -> str | None:
        """What an attribute was made of an object that may be this one."""
        if node.attr in self.globals:
            return self.globals[node.attr]
        kinds = self.attributes.get(node.attr)
        if kinds is None:
            return None
        family = self._family(node)
        if family is None or None in kinds:
            return kinds.get(None) or next(iter(kinds.values()))
        return kinds.get(family)

    def _family(self, node: ast.Attribute) -> str | None:
        return self.families.of(node, self.visited[id(node)].around)

    def _call(self, node: ast.Call, scope: Scope) -> str | None:
        function = self.kind(node.func, scope)
        leaf = leaf_of(node.func)
        if isinstance(node.func, ast.Attribute):
            value = self.kind(node.func.value, scope)
            if value == MODEL and leaf in SAME_MODEL:
                return MODEL
            if value == OUTPUT:
                return OUTPUT if leaf in SAME_OUTPUT else None
        if function is not None:
            return _CALLED.get(function)
        kinds = {self.kind(item, scope) for item in (*node.args, *(k.value for k in node.keywords))}
        if leaf in CONTAINERS and MODEL in kinds:
            return MODEL
        if leaf in FUNCTIONAL and OUTPUT in kinds:
            return MODEL
        return OUTPUT if OUTPUT in kinds and keeps_rows(node) else None

    # Propagation.

    def run(self) -> None:
        """To a fixpoint: what the seeds make of names, and of those that came since the last time."""
        self.final = None
        # A step takes part only when it reads a seed or a name of which something is known.
        if not self.read:
            self.read += [_read_by(node) for node, _, _ in self.steps]
        for _ in range(20):
            self.changed = False
            known = {name for _, name in self.locals} | self.globals.keys() | self.attributes.keys()
            for (names, ids), (node, around, scope) in zip(self.read, self.steps, strict=True):
                if not names.isdisjoint(known) or not ids.isdisjoint(self.seeds):
                    self._step(node, around, scope)
            if not self.changed:
                break
        self.final = {}

    def _row(self, node: ast.AST, row: int) -> _Row:
        """A row of the script or cell that a node stands in: cells run from the first to the last."""
        return self.visited[id(node)].cell or 0, row

    def _step(self, node: ast.AST, around: Sequence[ast.AST], scope: Scope) -> None:
        if isinstance(node, ast.Assign):
            kind = self.kind(node.value, scope)
            if kind is not None:
                for target in node.targets:
                    self._bind(target, kind, around, scope, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            kind = self.kind(node.value, scope)
            if kind is not None:
                self._bind(node.target, kind, around, scope, node.value)
        elif isinstance(node, ast.Return) and node.value is not None:
            kind = self.kind(node.value, scope)
            if kind is not None:
                self._return(kind, around)
        elif isinstance(node, ast.ClassDef):
            if any(self.globals.get(leaf_of(base)) == MAKER for base in node.bases):
                self._set(node.name, MAKER)
        elif isinstance(node, ast.Call):
            self._pass(node, scope)

    def _bind(
        self, target: ast.expr, kind: str, around: Sequence[ast.AST], scope: Scope, value: ast.expr
    ) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            parts: Sequence[ast.expr] = target.elts
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else None
            for position, part in enumerate(parts):
                own: str | None = kind
                if values is not None and len(values) == len(parts):
                    own = self.kind(values[position], scope)
                if own is not None:
                    self._bind(part, own, around, scope, value)
        elif isinstance(target, ast.Name):
            home = self.home(scope, target.id)
            # From the next line on: the value of this statement may read what the name was before.
            row = self._row(value, (value.end_lineno or value.lineno) + 1)
            known = self.locals.get((home, target.id))
            if known is None or (known[0] == OUTPUT and row < known[1]):
                self.locals[home, target.id] = (kind, row)
                self.changed = True
        elif isinstance(target, ast.Attribute):
            kinds = self.attributes.setdefault(target.attr, {})
            family = self._family(target)
            if family not in kinds:
                kinds[family] = kind
                self.changed = True

    def _set(self, name: str, kind: str) -> None:
        if name not in self.globals:
            self.globals[name] = kind
            self.changed = True

    def _return(self, kind: str, around: Sequence[ast.AST]) -> None:
        for position, each in enumerate(around):
            if not isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            owner = around[position + 1] if position + 1 < len(around) else None
            if isinstance(owner, ast.ClassDef) and each.name in _METHODS and kind == OUTPUT:
                self._set(owner.name, MAKER)
            elif kind in (MODEL, OUTPUT):
                self._set(each.name, MAKER if kind == MODEL else MODEL)
            return

    def _pass(self, node: ast.Call, scope: Scope) -> None:
        leaf = leaf_of(node.func)
        if leaf in _ADDING and isinstance(node.func, ast.Attribute):
            if any(self.kind(argument, scope) == MODEL for argument in node.args):
                self._bind(node.func.value, MODEL, (), scope, node)
            return
        for function, is_method in self.functions.get(leaf, ()):
            parameters = [*function.args.posonlyargs, *function.args.args]
            if is_method:
                parameters = parameters[1:]
            inner = self.scopes[id(function)]
            for position, argument in enumerate(node.args):
                kind = self.kind(argument, scope)
                if kind is not None and position < len(parameters):
                    self._parameter(inner, parameters[position].arg, kind)
            names = {each.arg for each in (*parameters, *function.args.kwonlyargs)}
            for keyword in node.keywords:
                kind = self.kind(keyword.value, scope)
                if kind is not None and keyword.arg in names:
                    self._parameter(inner, keyword.arg, kind)

    def _parameter(self, scope: Scope, name: str | None, kind: str) -> None:
        if name is not None and (scope, name) not in self.locals:
            self.locals[scope, name] = (kind, (0, 0))
            self.changed = True

    # Reading.

    def nodes_at(self, places: Iterable[Place]) -> Mapping[Place, ast.expr]:
        """The expressions at places."""
        if not self.standing:
            for source in self.sources:
                for cell, tree, lines in source.trees:
                    for node in ast.walk(tree):
                        if isinstance(node, ast.expr):
                            corners = (source.filename, cell, *_span(node, lines))
                            self.standing.setdefault(corners, node)
        wanted = {
            place: (place.filename, place.cell, place.row, place.column, place.end_row, place.end_column)
            for place in places
        }
        return {
            place: self.standing[corners] for place, corners in wanted.items() if corners in self.standing
        }

    def uses(self) -> Iterator[Use]:
        """Every expression that may be a model or an output, or make one."""
        for node, around, scope, filename, cell in self.visited.values():
            if isinstance(node, ast.expr) and not isinstance(
                getattr(node, "ctx", None), (ast.Store, ast.Del)
            ):
                kind = self.kind(node, scope)
                if kind is not None:
                    yield Use(node, kind, around, filename, cell)


def _read_by(node: ast.AST) -> tuple[set[str], set[int]]:
    """The names that a step reads, and the ids of all expressions in what it reads."""
    parts: Sequence[ast.AST | None] = ()
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Return)):
        parts = (node.value,)
    elif isinstance(node, ast.ClassDef):
        parts = node.bases
    elif isinstance(node, ast.Call):
        parts = (*node.args, *(keyword.value for keyword in node.keywords))
    names: set[str] = set()
    ids: set[int] = set()
    for part in parts:
        for each in ast.walk(part) if part is not None else ():
            ids.add(id(each))
            if isinstance(each, ast.Name):
                names.add(each.id)
            elif isinstance(each, ast.Attribute):
                names.add(each.attr)
    return names, ids


def keeps_rows(call: ast.Call) -> bool:
    """Whether a call gives the rows of its arguments as they are, in one array: joined along the first axis."""
    if leaf_of(call.func) not in JOINING:
        return False
    numbers = [*call.args[1:], *(each.value for each in call.keywords if each.arg in ("axis", "dim"))]
    return all(isinstance(each, ast.Constant) and each.value in (0, None) for each in numbers)


def leaf_of(node: ast.AST) -> str:
    """The last part of a dotted name, "" for any other expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def place_of(flow: Flow, node: ast.expr) -> Place:
    """Where an expression stands."""
    _, _, _, filename, cell = flow.visited[id(node)]
    for source in flow.sources:
        for other, _, lines in source.trees:
            if source.filename == filename and other == cell:
                return Place(filename, cell, *_span(node, lines))
    raise AssertionError(filename)


def _span(node: ast.expr, lines: Sequence[str]) -> tuple[int, int, int, int]:
    """Where an expression starts and ends; columns are code points, from 1."""
    end_row, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return (
        node.lineno,
        _column(lines, node.lineno, node.col_offset),
        end_row,
        _column(lines, end_row, end),
    )


def _column(lines: Sequence[str], row: int, offset: int) -> int:
    line = lines[row - 1] if row <= len(lines) else ""
    if line.isascii():
        return offset + 1
    return len(line.encode()[:offset].decode(errors="replace")) + 1
