"""torch: logarithms of probabilities, at the places that are watched."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside import exact
from softmax_lint.verify.script.inside.recorder import EVALUATE, TRAIN, Evaluation, Recorder
from softmax_lint.verify.script.inside.sites import Sites
from softmax_lint.verify.script.inside.torch_losses import rows_of, slope

_NAMES = ("log", "log_softmax", "logsigmoid")


class _State(threading.local):
    """Whether the thread is inside a logarithm: one calls another."""

    busy = False


_STATE = _State()


def install(torch: Any, recorder: Recorder, sites: Sites) -> None:
    """Wrap the functions and methods that give logarithms of probabilities."""
    for holder in (torch, torch.Tensor, torch.nn.functional, torch.special):
        for name in _NAMES:
            original = getattr(holder, name, None)
            if original is not None:
                setattr(holder, name, _wrap(torch, name, original, recorder, sites))


def _wrap(
    torch: Any, name: str, original: Callable[..., Any], recorder: Recorder, sites: Sites
) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*args: Any, **keywords: Any) -> Any:
        spot = None if _STATE.busy else sites.logarithm(name)
        if spot is None:
            return original(*args, **keywords)
        _STATE.busy = True
        try:
            value = original(*args, **keywords)
        finally:
            _STATE.busy = False
        if not isinstance(value, torch.Tensor):
            return value
        phase = TRAIN if value.requires_grad and torch.is_grad_enabled() else EVALUATE
        recorder.due(spot.number, phase)
        if recorder.wants(spot.number, phase):
            sigmoid = spot.family == "sigmoid"
            axis = None if sigmoid else keywords.get("dim", -1)
            with recorder.measuring(), torch.no_grad():
                measured = slope(torch, value, value) if phase == TRAIN else None
                predictions = rows_of(value, axis)
                ones = np.ones_like(predictions)
                recorder.take(
                    Evaluation(
                        name,
                        exact.LOG_SIGMOID if sigmoid else exact.LOG_PROBABILITIES,
                        predictions,
                        ones,
                        0 * ones if sigmoid else None,
                        -float(value.double().sum()),
                        None if measured is None else -rows_of(measured, axis),
                        phase,
                        str(value.dtype).removeprefix("torch."),
                    ),
                    spot.number,
                    (spot.file, spot.row),
                )
        return value

    return wrapped
