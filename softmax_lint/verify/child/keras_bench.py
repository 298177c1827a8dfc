"""Programs written for Keras: those that call `fit`, and those with a loop of their own (TensorFlow)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from softmax_lint.verify.child.bench import AfterEpoch, Bench, Weights, accuracy, train_by_loop

Differentiate = Callable[[Any, Any, bool], tuple[float, list[float]]]
_POLICIES = {"float32": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def load(text: str, name: str, predicts: str, compiled: bool, seed: int, dtype: str) -> Bench:
    """Execute the program and make a bench of it; a call of `fit` in it is put off until `train`."""
    import keras
    import numpy

    keras.backend.clear_session()
    keras.mixed_precision.set_global_policy(_POLICIES[dtype])
    keras.utils.set_random_seed(seed)
    space: dict[str, Any] = {"__name__": "__main__" if compiled else "program", "__file__": name}
    fits: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
    with _own_digits(), _held_back(fits):
        exec(compile(text, name, "exec"), space)
    model = space["model"]
    differentiate = _differentiator(model, space, compiled)

    def weights() -> Weights:
        return [numpy.array(each, copy=True) for each in model.get_weights()]

    def outputs(images: Any) -> Any:
        return numpy.asarray(keras.ops.convert_to_numpy(model(images, training=False)), dtype="float32")

    def train(epochs: int, after: AfterEpoch) -> list[float]:
        if not compiled:
            return train_by_loop(space, epochs, after)
        losses: list[float] = []

        def note(epoch: int, logs: dict[str, float]) -> None:
            losses.append(float(logs["loss"]))
            after(epoch)

        _, given, options = fits[0]
        follow = keras.callbacks.LambdaCallback(on_epoch_end=note)
        callbacks = [*(options.get("callbacks") or ()), follow]
        model.fit(*given, **{**options, "epochs": epochs, "verbose": 0, "callbacks": callbacks})
        return losses

    def seen(images: Any, labels: Any) -> dict[str, float]:
        if compiled:
            found = model.evaluate(images, labels, batch_size=250, verbose=0, return_dict=True)
            return {key: float(value) for key, value in found.items() if key != "loss"}
        return accuracy(predict(images), labels)

    def predict(images: Any) -> Any:
        return numpy.asarray(space[predicts](images))

    def loss_of(images: Any, labels: Any) -> float:
        return differentiate(images, labels, False)[0]

    def probe(logits: Sequence[float], label: int) -> tuple[float, list[float]]:
        for variable in model.trainable_variables:
            variable.assign(numpy.zeros(variable.shape, "float32"))
        model.trainable_variables[-1].assign(numpy.asarray(logits, dtype="float32"))
        shape = tuple(model.input_shape[1:])
        return differentiate(numpy.zeros((1, *shape), "float32"), numpy.asarray([label]), True)

    return Bench(weights, model.set_weights, outputs, train, seen, predict, loss_of, probe, space)


@contextmanager
def _own_digits() -> Iterator[None]:
    """`mnist.load_data()` gives the digits of ``mnist.npz`` in the working folder, as it would those of its cache."""
    import keras
    import numpy

    def load_data(path: str = "mnist.npz") -> Any:
        with numpy.load("mnist.npz") as file:
            return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])

    modules: list[Any] = [keras.datasets.mnist]
    modules += [module for name, module in sys.modules.items() if name.endswith("keras.datasets.mnist")]
    if "tensorflow" in sys.modules:
        modules.append(sys.modules["tensorflow"].keras.datasets.mnist)
    real = [module.load_data for module in modules]
    for module in modules:
        module.load_data = load_data
    try:
        yield
    finally:
        for module, function in zip(reversed(modules), reversed(real), strict=True):
            module.load_data = function


@contextmanager
def _held_back(fits: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> Iterator[None]:
    """While the program runs, `fit` only notes its arguments and the rest of the training is left out."""
    import keras

    real = keras.Model.fit, keras.Model.evaluate

    def fit(model: Any, *given: Any, **options: Any) -> Any:
        fits.append((model, given, options))
        return keras.callbacks.History()

    keras.Model.fit = fit
    keras.Model.evaluate = lambda model, *given, **options: None
    try:
        yield
    finally:
        keras.Model.fit, keras.Model.evaluate = real


def _differentiator(model: Any, space: dict[str, Any], compiled: bool) -> Differentiate:
    """A function from images and labels, and whether this is training, to the loss and its gradient with respect to
    the last layer's bias, computed in the way that `fit`, or the program's loop, does."""
    import keras

    backend = keras.backend.backend()
    bias = model.trainable_variables[-1]

    def loss_of(images: Any, labels: Any, training: bool) -> Any:
        if not compiled:
            return space["loss_of"](images, labels)
        return model.compute_loss(x=images, y=labels, y_pred=model(images, training=training))

    if backend == "tensorflow":
        import tensorflow as tf

        def step(images: Any, labels: Any, training: bool) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of(images, labels, training)
            return loss, tape.gradient(loss, bias.value)

        run = tf.function(step)

        def on_tensorflow(images: Any, labels: Any, training: bool) -> tuple[float, list[float]]:
            loss, gradient = run(tf.constant(images), tf.constant(labels), training)
            return float(loss), [float(each) for each in gradient.numpy()]

        return on_tensorflow
    if backend == "torch":

        def on_torch(images: Any, labels: Any, training: bool) -> tuple[float, list[float]]:
            model.zero_grad()
            loss = loss_of(keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(labels), training)
            loss.backward()
            return float(loss.detach()), bias.value.grad.double().tolist()

        return on_torch
    if backend == "jax":
        import jax

        def pure(trainable: Any, fixed: Any, images: Any, labels: Any, training: bool) -> Any:
            output, _ = model.stateless_call(trainable, fixed, images, training=training)
            loss, _ = model.stateless_compute_loss(
                trainable,
                fixed,
                [v.value for v in model.metrics_variables],
                x=images,
                y=labels,
                y_pred=output,
            )
            return loss

        step_of = jax.jit(jax.value_and_grad(pure), static_argnums=4)

        def on_jax(images: Any, labels: Any, training: bool) -> tuple[float, list[float]]:
            trainable = [v.value for v in model.trainable_variables]
            fixed = [v.value for v in model.non_trainable_variables]
            loss, gradients = step_of(trainable, fixed, *map(jax.numpy.asarray, (images, labels)), training)
            return float(loss), [float(each) for each in gradients[-1]]

        return on_jax
    raise ValueError(f"Keras runs on {backend}, which is not known here")
