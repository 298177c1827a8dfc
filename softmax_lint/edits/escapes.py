"""Where outputs may go beside the losses that were found: reasons why a fix that changes them is not safe.

The project is read as a closed world. Each use of a name that may hold the model or an output has to be one
that cannot tell logits from probabilities or log-probabilities; whatever is not understood is a doubt.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from softmax_lint.diagnostic import Place
from softmax_lint.edits.files import Files, stem_of
from softmax_lint.edits.flow import (
    CONTAINERS,
    FUNCTIONAL,
    MAKER,
    MODEL,
    OUTPUT,
    PREDICTING,
    SAME_MODEL,
    SAME_OUTPUT,
    Flow,
    Source,
    Use,
    keeps_rows,
    leaf_of,
)
from softmax_lint.edits.tree import Refused
from softmax_lint.judging import Joint

# What a model may be asked without its outputs coming to light.
_QUIET = SAME_MODEL | {
    "add", "append", "build", "compile", "count_params", "evaluate", "evaluate_generator", "fit",
    "fit_generator", "get_weights", "load_state_dict", "load_weights", "modules", "named_parameters",
    "parameters", "save_weights", "set_weights", "state_dict", "stop_training", "summary", "test_on_batch",
    "train_on_batch", "trainable_variables", "trainable_weights", "training", "zero_grad", "optimizer",
    "history", "metrics_names", "trainable", "weights", "variables", "children", "named_modules", "loss",
    "requires_grad_", "share_memory", "add_module", "init_weights", "reset_states",
}  # fmt: skip
# Keras metrics that look for the largest scores.
_METRICS_OF_ORDER = frozenset({
    "SparseCategoricalAccuracy", "CategoricalAccuracy", "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy",
})  # fmt: skip
_MOST_READERS = 1_500  # files; the syntax of so many takes two gigabytes
_MOST_KEPT = 4  # projects as seen from some files, of which the syntax is kept
# Questions to an output in which only the order of its entries counts, or its shape.
ORDER = frozenset({"argmax", "argsort"})
PAIRS = frozenset({"max", "topk", "sort"})  # values and indices
SHAPE = frozenset({"size", "shape", "dim", "ndim", "numel", "device", "dtype"})
# Functions that do nothing with a model but read its parameters or wrap it.
_TAKERS = frozenset({"print", "len", "type", "isinstance", "summary", "id", "plot_model"})


@dataclass(frozen=True, slots=True)
class Survey:
    """A project as seen from some sources: where their models and outputs may be, and the ids of the nodes
    in which the losses are applied that a fix knows."""

    flow: Flow
    allowed: frozenset[int]


def survey(files: Files, joints: Iterable[Joint], given: Iterable[Joint] = ()) -> Survey:
    """Look at all code that may see what the sources of these joints give. Of the joints in `given` only the
    file counts: calls there give such outputs back. Raises `Refused`."""
    group = [joint for joint in joints if joint.source is not None and joint.pair is not None]
    own = {place.filename for joint in group for place in _places(joint)}
    more = {joint.sink.filename for joint in given}
    is_keras = any(joint.pair is not None and joint.pair.framework == "keras" for joint in group)
    if is_keras:
        more |= set(_with_callbacks(files, own))
    names = tuple(dict.fromkeys((*_readers(files, own), *sorted(more))))
    if len(names) > _MOST_READERS:
        raise Refused(f"{len(names)} files may read what it gives")
    known = files.kept.pop(names, None)
    if not isinstance(known, Flow):
        known = _indexed(files, names, own)
    # The last of them are of use again: findings come file by file.
    while len(files.kept) >= _MOST_KEPT:
        del files.kept[next(iter(files.kept))]
    files.kept[names] = known
    flow = known.afresh()
    at = flow.nodes_at([joint.source for joint in group if joint.source is not None])
    for joint in group:
        node = at.get(joint.source) if joint.source is not None else None
        if node is None:
            raise Refused("the activation's surroundings are not understood")
        seed, kind = _seed(node, flow.visited[id(node)].around, joint)
        flow.seeds[id(seed)] = kind
    if is_keras:
        flow.seeds.update(dict.fromkeys(_models_of_callbacks(flow), MODEL))
    flow.run()
    places = [joint.application for joint in group]
    return Survey(flow, frozenset(map(id, flow.nodes_at(places).values())))


def _with_callbacks(files: Files, own: set[str]) -> Iterator[str]:
    """Files with callbacks that read their model, imported where the model is."""
    for other in files.paths:
        if (
            other not in own
            and any("Callback" in text and "self.model" in text for text in files.spelled(other))
            and any(files.imports(name, stem_of(other)) for name in own)
        ):
            yield other


def _models_of_callbacks(flow: Flow) -> Iterator[int]:
    """Where callbacks read the model that they are trained with: it may be any, the one in question too."""
    for node, around, _, _, _ in flow.visited.values():
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "model"
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            and isinstance(node.ctx, ast.Load)
        ):
            owner = next((each for each in around if isinstance(each, ast.ClassDef)), None)
            if owner is not None and any(leaf_of(base).endswith("Callback") for base in owner.bases):
                yield id(node)


def _indexed(files: Files, names: Iterable[str], own: set[str]) -> Flow:
    """The syntax of files; of the `own` ones each has to parse. Raises `Refused`."""
    sources: list[Source] = []
    for filename in names:
        try:
            sources.append(_parse(files, filename))
        except (Refused, SyntaxError, ValueError, RecursionError, MemoryError):
            if filename in own:
                raise Refused("code around it does not parse") from None
    flow = Flow(sources)
    flow.prepare()
    return flow


def doubts(seen: Survey, *, of_models: bool = False) -> Iterator[str]:
    """Reasons to look at a fix that changes what the sources of a survey give; only `of_models` that leave sight,
    where outputs were seen to."""
    if any(_saves_models(node) for node, _, _, _, _ in seen.flow.visited.values()):
        yield "a checkpoint saves the model"
    for use in seen.flow.uses():
        reason = doubt(use, seen) if use.kind != OUTPUT or not of_models else None
        if reason is not None:
            yield reason


def doubt(use: Use, seen: Survey) -> str | None:
    """Why a use may tell logits from what the activation gave; None where it cannot."""
    return _doubt(use, seen.allowed, seen.flow)


def _readers(files: Files, own: set[str]) -> list[str]:
    """These files, and those that may import from them."""
    found = dict.fromkeys(sorted(own))
    pending = [name for name in found if name.endswith(".py")]
    while pending:
        name = pending.pop()
        stem = stem_of(name)
        for other in files.touching:
            if other not in found and files.imports(other, stem):
                found[other] = None
                pending += [other] if other.endswith(".py") else []
    return list(found)


def _places(joint: Joint) -> list[Place]:
    found = [joint.sink, joint.application, joint.source, joint.built, joint.layer]
    return [place for place in found if place is not None]


def _parse(files: Files, filename: str) -> Source:
    trees = []
    for text in files.texts(filename):
        trees.append((text.cell, ast.parse(text.text), text.text.split("\n")))
    return Source(filename, trees)


def _seed(node: ast.expr, around: Sequence[ast.AST], joint: Joint) -> tuple[ast.expr, str]:
    """The expression that a joint's activation decides on, and what it is."""
    assert joint.pair is not None
    outer = around[0] if not isinstance(around[0], ast.keyword) else around[1]
    text = joint.pair.source_text
    is_layer = isinstance(node, ast.Call) and leaf_of(node.func) in (text, "Activation", "Lambda")
    # What a call has by default makes a layer or a whole model, as a layer of its own does.
    is_default = isinstance(node, ast.Call) and text[:1] in ("'", '"')
    if (is_layer or is_default) and joint.pair.produced not in ("scores", "hidden"):
        return node, MODEL
    if isinstance(node, ast.Call) and not (
        isinstance(around[0], ast.keyword) and around[0].arg == "activation"
    ):
        return node, OUTPUT
    if isinstance(outer, ast.Call):
        return outer, MODEL
    return node, MODEL


def _doubt(use: Use, allowed: Set[int], flow: Flow) -> str | None:
    parent = use.around[0]
    node: ast.AST = use.node
    if use.kind == MAKER:
        return _doubt_of_maker(use, parent, flow)
    # Through tuples and conditional expressions to what takes them.
    for parent in use.around:
        if not isinstance(parent, (ast.Tuple, ast.List, ast.IfExp, ast.keyword, ast.Dict)):
            break
        node = parent
    if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.Return, ast.NamedExpr)):
        if isinstance(parent, ast.Return) and use.kind == OUTPUT and not _leads_on(use, flow):
            return "the output is returned to code that is not known"
        if isinstance(parent, ast.Assign) and not all(_is_name(target) for target in parent.targets):
            return f"`{leaf_of(use.node) or use.kind}` is put into something that is not followed"
        return None
    if isinstance(parent, ast.Call) and parent.func is use.node:
        return None
    if use.kind == MODEL:
        return _doubt_of_model(use, node, parent, flow)
    return _doubt_of_output(use, node, parent, allowed, flow)


def _doubt_of_maker(use: Use, parent: ast.AST, flow: Flow) -> str | None:
    name = leaf_of(use.node)
    if isinstance(parent, ast.Call) and parent.func is use.node:
        return None
    if isinstance(parent, (ast.ClassDef, ast.Attribute, ast.Assign, ast.arg, ast.FunctionDef)):
        return None
    if isinstance(parent, ast.Call) and leaf_of(parent.func) in ("super", "isinstance"):
        return None
    return f"`{name}` is passed on"


def _doubt_of_model(use: Use, node: ast.AST, parent: ast.AST, flow: Flow) -> str | None:
    name = leaf_of(use.node) or "model"
    if isinstance(parent, ast.Attribute):
        if (
            parent.attr in _QUIET | PREDICTING
            or parent.attr in flow.globals
            or parent.attr in flow.attributes
            or parent.attr in flow.functions
        ):
            return None
        return f"`{name}.{parent.attr}` may show the output"
    if isinstance(parent, ast.Call):
        leaf = leaf_of(parent.func)
        if leaf in _TAKERS | CONTAINERS | _ADDERS or parent.func is node or is_followed(leaf, flow):
            return None
        return f"`{name}` is passed to `{leaf or 'a call'}`"
    if isinstance(parent, ast.Expr):
        return None
    if isinstance(parent, (ast.Subscript, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.If, ast.For)):
        return None if not isinstance(parent, (ast.Subscript, ast.For)) else f"`{name}` is taken apart"
    return f"`{name}` is used in a way that is not understood"


def _saves_models(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or leaf_of(node.func) != "ModelCheckpoint":
        return False
    weights = [each.value for each in node.keywords if each.arg == "save_weights_only"]
    return not any(isinstance(each, ast.Constant) and each.value is True for each in weights)


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(_is_name(part) for part in target.elts)
    return isinstance(target, (ast.Name, ast.Attribute))


def is_followed(leaf: str, flow: Flow) -> bool:
    """Whether arguments of a call can be followed into functions of the project."""
    functions = flow.functions.get(leaf, ())
    return bool(functions) and all(
        function.args.vararg is None and function.args.kwarg is None for function, _ in functions
    )


_ADDERS = frozenset({"add", "append", "add_module", "Model", "Functional", "super"})


def _doubt_of_output(use: Use, node: ast.AST, parent: ast.AST, allowed: Set[int], flow: Flow) -> str | None:
    row = use.node.lineno
    if id(parent) in allowed:
        return None
    if isinstance(parent, ast.Attribute):
        call = use.around[1] if len(use.around) > 1 else None
        if parent.attr in SAME_OUTPUT | SHAPE | ORDER or id(call) in allowed:
            return None
        if parent.attr in PAIRS and isinstance(call, ast.Call) and takes_indices(use.around[2:], call):
            return None
        return f"`.{parent.attr}` of the output in row {row}"
    if isinstance(parent, ast.Call):
        leaf = leaf_of(parent.func)
        if leaf in ORDER or leaf in FUNCTIONAL or is_followed(leaf, flow) or keeps_rows(parent):
            return None
        if (leaf in PAIRS and takes_indices(use.around[1:], parent)) or _is_metric_of_order(parent, flow):
            return None
        if isinstance(parent.func, ast.Call):
            leaf = leaf_of(parent.func.func)
        return f"the output is passed to `{leaf or 'a call'}` in row {row}"
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return None
    return f"the output is used in row {row}"


def _is_metric_of_order(call: ast.Call, flow: Flow) -> bool:
    """Whether a call updates a metric to which only the order of scores counts."""
    metric = call.func
    if isinstance(metric, ast.Attribute) and metric.attr == "update_state":
        metric = metric.value
    name = leaf_of(metric)
    made = flow.assigned.get(name, ())
    return (
        bool(made)
        and all(isinstance(each, ast.Call) and leaf_of(each.func) in _METRICS_OF_ORDER for each in made)
        and not any(name in bound for bound in flow.parameters.values())
    )


def takes_indices(around: Sequence[ast.AST], call: ast.Call) -> bool:
    """Whether of the values and indices that a call gives only the indices are used."""
    parent = around[0] if around else None
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.slice, ast.Constant) and parent.slice.value == 1
    if isinstance(parent, ast.Attribute):
        return parent.attr == "indices"
    if isinstance(parent, ast.Assign) and parent.value is call and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Tuple) and len(target.elts) == 2:
            first = target.elts[0]
            return isinstance(first, ast.Name) and first.id.startswith("_")
    return False


def _leads_on(use: Use, flow: Flow) -> bool:
    """Whether the function that returns an output is one whose calls are followed."""
    for position, each in enumerate(use.around):
        if isinstance(each, ast.Lambda):
            return False
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            owner = use.around[position + 1] if position + 1 < len(use.around) else None
            name = owner.name if isinstance(owner, ast.ClassDef) and each.name in PREDICTING else each.name
            return name in flow.globals
    return True
