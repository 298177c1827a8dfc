"""Where outputs may go beside the losses that were found: reasons why a fix that changes them is not safe.

The project is read as a closed world. Every name that may hold the model is followed through assignments,
arguments of project functions and returns; each use has to be one that cannot tell logits from probabilities
(or log-probabilities). Whatever is not understood counts as a doubt.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from softmax_lint.diagnostic import Edit, Place
from softmax_lint.edits.files import Files
from softmax_lint.edits.tree import Refused
from softmax_lint.judging import Joint

# What a model may be asked for without its outputs coming to light.
_QUIET = frozenset({
    "add", "build", "compile", "count_params", "cpu", "cuda", "double", "eval", "evaluate", "evaluate_generator",
    "fit", "fit_generator", "float", "get_weights", "load_state_dict", "load_weights", "modules",
    "named_parameters", "parameters", "save_weights", "set_weights", "state_dict", "stop_training", "summary",
    "test_on_batch", "to", "train", "train_on_batch", "trainable_variables", "trainable_weights", "training",
    "zero_grad", "optimizer", "history", "metrics_names", "trainable", "weights", "variables",
})  # fmt: skip
# Calls of a model's outputs in which only their order counts.
_PREDICTING = frozenset({"predict", "predict_on_batch", "predict_generator", "predict_step"})
_ORDER = frozenset({"argmax", "max", "topk", "argsort", "sort", "top_k"})
_SHAPE = frozenset({"size", "shape", "dim", "numel", "device", "dtype", "backward", "detach", "data", "cpu", "numpy"})
_AROUND = frozenset({"squeeze", "unsqueeze", "view", "reshape", "flatten", "float", "double", "contiguous"})
# Calls that take a model and do not run it for its outputs.
_TAKERS = frozenset({
    "print", "len", "type", "id", "summary", "isinstance", "DataParallel", "DistributedDataParallel", "Adam",
    "SGD", "count_parameters", "plot_model", "train_test_split",
})  # fmt: skip
_MARKS = re.compile(r"\b(?:onnx|torchscript|TFLiteConverter|saved_model|coremltools)\b|\bjit\.(?:trace|script)\b")


def doubts(
    files: Files, joints: Iterable[Joint], paths: Sequence[str], edits: Sequence[Edit]
) -> Iterator[str]:
    """Reasons to look at a fix that changes what the sources of these joints give."""
    group = list(joints)
    if any(joint.meeting_is_value for joint in group):
        return
    names = {place.filename for joint in group for place in _places(joint)}
    modules: dict[str, list[ast.Module]] = {}
    for filename in dict.fromkeys([*names, *(path for path in paths)]):
        try:
            modules[filename] = [_parse(text.text) for text in files.texts(filename)]
        except (Refused, SyntaxError, ValueError, RecursionError):
            if filename in names:
                yield f"`{filename.rpartition('/')[2]}` holds code that is not understood"
    tracked = _Tracker(modules, names)
    tracked.start(group)
    yield from tracked.doubts()


def _places(joint: Joint) -> list[Place]:
    found = [joint.sink, joint.application, joint.source, joint.built, joint.layer]
    return [place for place in found if place is not None]


def _parse(text: str) -> ast.Module:
    return ast.parse(text)
