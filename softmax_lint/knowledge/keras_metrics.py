"""Metrics of Keras, with every string `keras.metrics.get` accepts."""

from __future__ import annotations

from typing import Final

from softmax_lint.knowledge.keras_losses import CALL, SWITCHED, class_axis
from softmax_lint.knowledge.schema import BASE, CLASS, FUNCTION, METRIC, OTHER, Api
from softmax_lint.representation import ANY, BINARY, CATEGORICAL


def _metric_class(name: str, params: str = "name dtype", expects: str = ANY) -> Api:
    """`expects` ANY: ranking only, or nothing a removed activation could be rewritten for."""
    names = tuple(params.split())
    flags = SWITCHED[expects] if "from_logits" in names else ()
    axis, axis_default = class_axis(names, expects)
    return Api(
        f"keras.metrics.{name}",
        CLASS,
        METRIC,
        "keras",
        names,
        CALL,
        "y_pred",
        expects=expects,
        target="y_true",
        flags=flags,
        axis=axis,
        axis_default=axis_default,
    )


def _metric_function(name: str, params: str = "", expects: str = ANY, aliases: str = "") -> Api:
    names = ("y_true", "y_pred", *params.split())
    flags = SWITCHED[expects] if "from_logits" in names else ()
    axis, axis_default = class_axis(names, expects)
    return Api(
        f"keras.metrics.{name}",
        FUNCTION,
        METRIC,
        "keras",
        names,
        (),
        "y_pred",
        expects=expects,
        target="y_true",
        flags=flags,
        axis=axis,
        axis_default=axis_default,
        aliases=tuple(f"keras.metrics.{alias}" for alias in aliases.split()),
    )


_THRESHOLDS: Final = "thresholds name dtype"
_SEARCH: Final = "num_thresholds class_id name dtype"
METRICS: Final = (
    # AUC(from_logits=True) applies a sigmoid, so it is a rewrite for sigmoid outputs only.
    _metric_class(
        "AUC",
        "num_thresholds curve summation_method name dtype thresholds multi_label num_labels label_weights"
        " from_logits",
        BINARY,
    ),
    _metric_class("BinaryAccuracy", "name dtype threshold", BINARY),
    _metric_class("BinaryCrossentropy", "name dtype from_logits label_smoothing", BINARY),
    _metric_class("BinaryIoU", "target_class_ids threshold name dtype", BINARY),
    _metric_class("CategoricalCrossentropy", "name dtype from_logits label_smoothing axis", CATEGORICAL),
    _metric_class("SparseCategoricalCrossentropy", "name dtype from_logits ignore_class axis", CATEGORICAL),
    _metric_class("F1Score", "average threshold name dtype", BINARY),
    _metric_class("FBetaScore", "average beta threshold name dtype", BINARY),
    *(
        _metric_class(f"{sign}{kind}", _THRESHOLDS, BINARY)
        for sign in ("True", "False")
        for kind in ("Positives", "Negatives")
    ),
    *(
        _metric_class(name, "thresholds top_k class_id name dtype", BINARY)
        for name in ("Precision", "Recall")
    ),
    _metric_class("PrecisionAtRecall", f"recall {_SEARCH}", BINARY),
    _metric_class("RecallAtPrecision", f"precision {_SEARCH}", BINARY),
    _metric_class("SensitivityAtSpecificity", f"specificity {_SEARCH}", BINARY),
    _metric_class("SpecificityAtSensitivity", f"sensitivity {_SEARCH}", BINARY),
    *(
        _metric_class(name)
        for name in (
            "Accuracy",
            "CategoricalAccuracy",
            "SparseCategoricalAccuracy",
            "CategoricalHinge",
            "Hinge",
            "KLDivergence",
            "LogCoshError",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredError",
            "MeanSquaredLogarithmicError",
            "Poisson",
            "RootMeanSquaredError",
            "SquaredHinge",
        )
    ),
    *(
        _metric_class(name, "name dtype axis")
        for name in (
            "ConcordanceCorrelation",
            "CosineSimilarity",
            "PearsonCorrelation",
        )
    ),
    _metric_class("TopKCategoricalAccuracy", "k name dtype"),
    _metric_class("SparseTopKCategoricalAccuracy", "k name dtype from_sorted_ids"),
    _metric_class(
        "IoU", "num_classes target_class_ids name dtype ignore_class sparse_y_true sparse_y_pred axis"
    ),
    _metric_class("MeanIoU", "num_classes name dtype ignore_class sparse_y_true sparse_y_pred axis"),
    _metric_class("OneHotIoU", "num_classes target_class_ids name dtype ignore_class sparse_y_pred axis"),
    _metric_class("OneHotMeanIoU", "num_classes name dtype ignore_class sparse_y_pred axis"),
    _metric_class("R2Score", "class_aggregation num_regressors name dtype"),
    _metric_function("binary_accuracy", "threshold", BINARY),
    _metric_function("binary_crossentropy", "from_logits label_smoothing axis", BINARY),
    _metric_function(
        "binary_focal_crossentropy",
        "apply_class_balancing alpha gamma from_logits label_smoothing axis",
        BINARY,
    ),
    _metric_function("categorical_crossentropy", "from_logits label_smoothing axis", CATEGORICAL),
    _metric_function(
        "categorical_focal_crossentropy", "alpha gamma from_logits label_smoothing axis", CATEGORICAL
    ),
    _metric_function("sparse_categorical_crossentropy", "from_logits ignore_class axis", CATEGORICAL),
    *(
        _metric_function(name)
        for name in (
            "categorical_accuracy",
            "sparse_categorical_accuracy",
            "categorical_hinge",
            "hinge",
            "poisson",
            "squared_hinge",
        )
    ),
    _metric_function("top_k_categorical_accuracy", "k"),
    _metric_function("sparse_top_k_categorical_accuracy", "k from_sorted_ids"),
    _metric_function("concordance_correlation", "axis"),
    _metric_function("pearson_correlation", "axis"),
    _metric_function("huber", "delta"),
    _metric_function("kl_divergence", aliases="kld KLD kullback_leibler_divergence"),
    _metric_function("log_cosh", aliases="logcosh"),
    _metric_function("mean_absolute_error", aliases="mae MAE"),
    _metric_function("mean_absolute_percentage_error", aliases="mape MAPE"),
    _metric_function("mean_squared_error", aliases="mse MSE"),
    _metric_function("mean_squared_logarithmic_error", aliases="msle MSLE"),
    # These average values they are given; they compare nothing.
    *(
        Api(f"keras.metrics.{name}", CLASS, OTHER, "keras", ("name", "dtype"), ("values", "sample_weight"))
        for name in ("Mean", "Sum")
    ),
    Api("keras.metrics.MeanMetricWrapper", CLASS, OTHER, "keras", ("fn", "name", "dtype"), CALL),
    Api("keras.metrics.Metric", CLASS, BASE, "keras", ("dtype", "name"), call="update_state"),
)

_SHORT: Final = {
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}
# In `compile` these (in any case) pick BinaryAccuracy, CategoricalAccuracy or SparseCategoricalAccuracy
# from shapes.
SHAPED_METRICS: Final = ("accuracy", "acc")


def _snake(name: str) -> str:
    """The registered string of a metric class as Keras spells it (``OneHotIoU`` → ``one_hot_io_u``)."""
    out = ""
    for i, c in enumerate(name):
        after_lower = i > 0 and (name[i - 1].islower() or name[i - 1].isdigit())
        before_lower = 0 < i < len(name) - 1 and name[i + 1].islower()
        out += ("_" if c.isupper() and i and (after_lower or before_lower) else "") + c.lower()
    return out


_METRIC_CLASSES: Final = tuple(
    row.name.removeprefix("keras.metrics.")
    for row in METRICS
    if row.form == CLASS and row.name not in ("keras.metrics.MeanMetricWrapper", "keras.metrics.Metric")
)
METRIC_STRINGS: Final[dict[str, str]] = {
    **{name: f"keras.metrics.{name}" for name in _METRIC_CLASSES},
    **{_snake(name): f"keras.metrics.{name}" for name in _METRIC_CLASSES},
    **{text: f"keras.metrics.{name}" for text, name in _SHORT.items() if text != "kld"},
    **{text.upper(): f"keras.metrics.{name}" for text, name in _SHORT.items() if text != "kld"},
    **{
        text: f"keras.metrics.{name}"
        for text, name in (  # Keras 2 only
            ("kld", "KLDivergence"),
            ("KLD", "KLDivergence"),
            ("kullback_leibler_divergence", "KLDivergence"),
            ("logcosh", "LogCoshError"),
            ("log_cosh", "LogCoshError"),
        )
    },
}
