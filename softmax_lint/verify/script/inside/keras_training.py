"""Keras: the weights of every model, recorded or compared just before a step of training or evaluation."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside.recorder import Recorder


def install(keras: Any, recorder: Recorder) -> None:
    """Watch the functions that run one step, and models that are called outside of them."""
    known: dict[int, tuple[int, Any]] = {}

    def meet(model: Any, late: bool = False) -> None:
        with recorder.measuring():
            look(model, late)

    def look(model: Any, late: bool) -> None:
        weights = [each for each in model.weights if "float" in str(each.dtype)]
        values = [np.asarray(keras.ops.convert_to_numpy(each), np.float32) for each in weights]
        number = known.setdefault(id(model), (len(known), model))[0]
        others = recorder.weights(f"keras{number}", values, late)
        if others is not None:
            for weight, value in zip(weights, others, strict=True):
                weight.assign(value)

    backend = keras.backend.backend()
    module = sys.modules[f"keras.src.backend.{backend}.trainer"]
    trainer = next(
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and "make_train_function" in vars(value)
    )
    for maker, attribute in (
        ("make_train_function", "train_function"),
        ("make_test_function", "test_function"),
    ):
        setattr(trainer, maker, _making(getattr(trainer, maker), attribute, meet))
    if backend == "tensorflow":
        import tensorflow

        _watch_calls(keras, tensorflow, meet)


def _making(original: Callable[..., Any], attribute: str, meet: Callable[..., None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def make(this: Any, *args: Any, **keywords: Any) -> Any:
        made = original(this, *args, **keywords)
        function = getattr(this, attribute)
        if function is not None and not hasattr(function, "watched"):

            def step(*given: Any) -> Any:
                meet(this)
                return function(*given)

            step.watched = True  # type: ignore[attr-defined]
            setattr(this, attribute, step)
        return made

    return make


def _watch_calls(keras: Any, tensorflow: Any, meet: Callable[..., None]) -> None:
    """Models that eager code calls itself."""
    original = keras.Model.__call__

    @functools.wraps(original)
    def call(this: Any, *args: Any, **keywords: Any) -> Any:
        eager = tensorflow.executing_eagerly()
        built = this.built
        if built and eager:
            meet(this)
        result = original(this, *args, **keywords)
        if eager and not built and this.built:
            meet(this, True)  # its weights were made by this call
        return result

    keras.Model.__call__ = call
