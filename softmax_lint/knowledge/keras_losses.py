"""Losses of Keras, with every string `keras.losses.get` accepts.

A focal loss is one whose name contains ``Focal`` or ``focal``. Parameters follow Keras 3; Keras 2 swaps the
tails of `SparseCategoricalCrossentropy` and of its function, which real code passes by keyword.
"""

from __future__ import annotations

from typing import Final

from softmax_lint.knowledge.schema import BASE, CLASS, FUNCTION, LOSS, Api, Flag
from softmax_lint.representation import ANY, BINARY, CATEGORICAL, SIGMOID_LOGITS, SOFTMAX_LOGITS

CALL: Final = ("y_true", "y_pred", "sample_weight")
_CATEGORICAL: Final = (Flag("from_logits", False, ((True, SOFTMAX_LOGITS), (False, CATEGORICAL))),)
_BINARY: Final = (Flag("from_logits", False, ((True, SIGMOID_LOGITS), (False, BINARY))),)
SWITCHED: Final = {CATEGORICAL: _CATEGORICAL, BINARY: _BINARY, ANY: ()}


def class_axis(params: tuple[str, ...], expects: str) -> tuple[str, int | None]:
    """The class axis of a cross-entropy: its `axis` parameter, else the last axis."""
    if expects == ANY:
        return "", None
    return ("axis" if "axis" in params else ""), -1


def _loss_class(name: str, params: str, expects: str = ANY, aliases: str = "", measured: bool = True) -> Api:
    names = tuple(params.split())
    axis, axis_default = class_axis(names, expects)
    return Api(
        f"keras.losses.{name}",
        CLASS,
        LOSS,
        "keras",
        names,
        CALL,
        "y_pred",
        expects=expects,
        target="y_true",
        flags=SWITCHED[expects],
        axis=axis,
        axis_default=axis_default,
        aliases=tuple(f"keras.losses.{alias}" for alias in aliases.split()),
        measured=measured,
    )


def _loss_function(
    name: str, params: str = "", expects: str = ANY, aliases: str = "", measured: bool = True
) -> Api:
    names = ("y_true", "y_pred", *params.split())
    axis, axis_default = class_axis(names, expects)
    return Api(
        f"keras.losses.{name}",
        FUNCTION,
        LOSS,
        "keras",
        names,
        (),
        "y_pred",
        expects=expects,
        target="y_true",
        flags=SWITCHED[expects],
        axis=axis,
        axis_default=axis_default,
        aliases=tuple(f"keras.losses.{alias}" for alias in aliases.split()),
        measured=measured,
    )


def _tensor_loss(name: str, params: str, expects: str, aliases: tuple[str, ...] = ()) -> Api:
    """A cross-entropy of `keras.ops` or `keras.backend`: (target, output, …)."""
    names = ("target", "output", *params.split())
    axis, axis_default = class_axis(names, expects)
    return Api(
        f"keras.{name}",
        FUNCTION,
        LOSS,
        "keras",
        names,
        (),
        "output",
        expects=expects,
        target="target",
        flags=SWITCHED[expects],
        axis=axis,
        axis_default=axis_default,
        aliases=aliases,
    )


_TAIL: Final = "reduction name dtype"
LOSSES: Final = (
    _loss_class("BinaryCrossentropy", f"from_logits label_smoothing axis {_TAIL}", BINARY),
    _loss_class(
        "BinaryFocalCrossentropy",
        f"apply_class_balancing alpha gamma from_logits label_smoothing axis {_TAIL}",
        BINARY,
    ),
    _loss_class("CategoricalCrossentropy", f"from_logits label_smoothing axis {_TAIL}", CATEGORICAL),
    _loss_class(
        "CategoricalFocalCrossentropy", f"alpha gamma from_logits label_smoothing axis {_TAIL}", CATEGORICAL
    ),
    _loss_class(
        "SparseCategoricalCrossentropy", "from_logits ignore_class reduction axis name dtype", CATEGORICAL
    ),
    _loss_class("CategoricalGeneralizedCrossEntropy", f"q {_TAIL}"),
    _loss_class("CategoricalHinge", _TAIL),
    _loss_class("Circle", f"gamma margin remove_diagonal {_TAIL}"),
    _loss_class("CosineSimilarity", f"axis {_TAIL}"),
    _loss_class("CTC", _TAIL),
    _loss_class("Dice", "reduction name axis dtype"),
    _loss_class("Hinge", _TAIL),
    _loss_class("Huber", f"delta {_TAIL}"),
    _loss_class("KLDivergence", _TAIL),
    _loss_class("LogCosh", _TAIL),
    _loss_class("MeanAbsoluteError", _TAIL),
    _loss_class("MeanAbsolutePercentageError", _TAIL),
    _loss_class("MeanSquaredError", _TAIL),
    _loss_class("MeanSquaredLogarithmicError", _TAIL),
    _loss_class("Poisson", _TAIL),
    _loss_class("SquaredHinge", _TAIL),
    _loss_class("Tversky", "alpha beta reduction name axis dtype"),
    _loss_function("binary_crossentropy", "from_logits label_smoothing axis", BINARY),
    _loss_function(
        "binary_focal_crossentropy",
        "apply_class_balancing alpha gamma from_logits label_smoothing axis",
        BINARY,
    ),
    _loss_function("categorical_crossentropy", "from_logits label_smoothing axis", CATEGORICAL),
    _loss_function(
        "categorical_focal_crossentropy", "alpha gamma from_logits label_smoothing axis", CATEGORICAL
    ),
    _loss_function("sparse_categorical_crossentropy", "from_logits ignore_class axis", CATEGORICAL),
    _loss_function("categorical_generalized_cross_entropy", "q"),
    _loss_function("categorical_hinge"),
    _loss_function("circle", "ref_labels ref_embeddings remove_diagonal gamma margin"),
    _loss_function("cosine_similarity", "axis", aliases="cosine cosine_proximity"),
    _loss_function("ctc"),
    _loss_function("dice", "axis"),
    _loss_function("hinge"),
    _loss_function("huber", "delta", aliases="huber_loss"),
    _loss_function("kl_divergence", aliases="kld KLD kullback_leibler_divergence"),
    _loss_function("log_cosh", aliases="logcosh"),
    _loss_function("mean_absolute_error", aliases="mae MAE"),
    _loss_function("mean_absolute_percentage_error", aliases="mape MAPE"),
    _loss_function("mean_squared_error", aliases="mse MSE"),
    _loss_function("mean_squared_logarithmic_error", aliases="msle MSLE"),
    _loss_function("poisson"),
    _loss_function("squared_hinge"),
    _loss_function("tversky", "alpha beta axis"),
    # A subclass defines call(y_true, y_pred); what it does is project code.
    Api(
        "keras.losses.Loss",
        CLASS,
        BASE,
        "keras",
        ("name", "reduction", "dtype"),
        CALL,
        "y_pred",
        target="y_true",
        call="call",
    ),
    *(
        _tensor_loss(f"{space}.{name}", f"from_logits{tail}", expects)
        for name, ops_tail, backend_tail, expects in (
            ("binary_crossentropy", "", "", BINARY),
            ("categorical_crossentropy", " axis", " axis", CATEGORICAL),
            ("sparse_categorical_crossentropy", " axis", " axis ignore_class", CATEGORICAL),
        )
        for space, tail in (("ops", ops_tail), ("backend", backend_tail))
    ),
    _tensor_loss(
        "backend.binary_focal_crossentropy", "apply_class_balancing alpha gamma from_logits", BINARY
    ),
    _tensor_loss("backend.categorical_focal_crossentropy", "alpha gamma from_logits axis", CATEGORICAL),
    Api(
        "keras.backend.ctc_batch_cost",
        FUNCTION,
        LOSS,
        "keras",
        ("y_true", "y_pred", "input_length", "label_length"),
        (),
        "y_pred",
        expects=ANY,
        target="y_true",
    ),
    Api(
        "keras.ops.ctc_loss",
        FUNCTION,
        LOSS,
        "keras",
        ("target", "output", "target_length", "output_length", "mask_index"),
        (),
        "output",
        expects=ANY,
        target="target",
    ),
)

_SHORT: Final = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
# In `compile` these two strings pick the binary, the categorical or the sparse cross-entropy from shapes.
SHAPED_LOSSES: Final = ("crossentropy", "ce")
# Accepted by Keras 2 or 1 only.
OLD_LOSS_STRINGS: Final = {
    "kullback_leibler_divergence": "keras.losses.kl_divergence",
    "logcosh": "keras.losses.log_cosh",
    "huber_loss": "keras.losses.huber",
    "cosine": "keras.losses.cosine_similarity",
    "cosine_proximity": "keras.losses.cosine_similarity",
}
# Names `keras.losses.get` does not know although they are rows.
_UNREGISTERED: Final = ("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy")
LOSS_STRINGS: Final[dict[str, str]] = {
    **{
        row.name.removeprefix("keras.losses."): row.name
        for row in LOSSES
        if row.name.startswith("keras.losses.") and row.role == LOSS and not row.name.endswith(_UNREGISTERED)
    },
    **{text: f"keras.losses.{name}" for text, name in _SHORT.items()},
    **{text.upper(): f"keras.losses.{name}" for text, name in _SHORT.items()},
    **OLD_LOSS_STRINGS,
}
