"""Knowledge of TensorFlow below Keras: tf.nn, tf.math, tf.random, and TF 1's tf.losses and tf.metrics.

The root is ``tensorflow``; `PREFIXES` rewrite ``tf.compat.v1`` and ``tf.math`` to it, and the TF 2 aliases of
Keras (``tf.losses``, ``tf.metrics``) to ``keras``, where a TF 1 row does not come first. Positions are TF
2's; TF 0.x took (logits, labels) in the cross-entropies.
"""

from __future__ import annotations

from typing import Any, Final

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    AFFINE,
    APPLY,
    CONSUMER,
    JOIN,
    KEEP,
    LOG,
    LOSS,
    METRIC,
    MIX,
    OTHER,
    SAMPLER,
    Api,
)
from softmax_lint.knowledge.tensorflow_layers import LAYER_PREFIXES, LAYERS
from softmax_lint.representation import (
    ANY,
    BINARY,
    HIDDEN,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)


def _function(name: str, role: str, params: str = "x name", **fields: Any) -> Api:
    fields.setdefault("subject", params.split()[0])
    aliases = tuple(f"tensorflow.{alias}" for alias in fields.pop("alias", "").split())
    return build_function(f"tensorflow.{name}", role, params, "tensorflow", aliases=aliases, **fields)


def _activation(name: str, produces: str, params: str = "features name", **fields: Any) -> Api:
    return _function(f"nn.{name}", ACTIVATION, params, produces=produces, **fields)


def _loss(name: str, params: str, subject: str, expects: str, **fields: Any) -> Api:
    fields.setdefault("target", "labels")
    return _function(name, LOSS, params, subject=subject, expects=expects, **fields)


_LAST: Final[dict[str, Any]] = {"axis": "axis", "axis_default": -1}
ACTIVATIONS: Final = (
    _activation("softmax", SOFTMAX, "logits axis name", alias="softmax", **_LAST),
    _activation("log_softmax", LOG_SOFTMAX, "logits axis name", alias="log_softmax", **_LAST),
    _activation("sigmoid", SIGMOID, "x name", alias="sigmoid"),
    _function("math.log_sigmoid", ACTIVATION, produces=LOG_SIGMOID, alias="log_sigmoid nn.log_sigmoid"),
    *(_activation(name, HIDDEN) for name in ("elu", "relu", "relu6", "selu")),
    *(_activation(name, HIDDEN, alias=name) for name in ("softplus", "softsign")),
    _activation("tanh", HIDDEN, "x name", alias="tanh"),
    _activation("leaky_relu", HIDDEN, "features alpha name"),
    _activation("gelu", HIDDEN, "features approximate name"),
    _activation("silu", HIDDEN, "features beta", alias="nn.swish"),
    _activation("crelu", HIDDEN, "features axis name"),
    _function("math.log", LOG, alias="log"),
)

_V1: Final = "weights scope loss_collection reduction"
LOSSES: Final = (
    _loss(
        "nn.softmax_cross_entropy_with_logits",
        "labels logits axis name",
        "logits",
        SOFTMAX_LOGITS,
        alias="nn.softmax_cross_entropy_with_logits_v2",
        **_LAST,
    ),
    _loss(
        "nn.sparse_softmax_cross_entropy_with_logits",
        "labels logits name",
        "logits",
        SOFTMAX_LOGITS,
        axis_default=-1,
    ),
    _loss("nn.sigmoid_cross_entropy_with_logits", "labels logits name", "logits", SIGMOID_LOGITS),
    _loss("nn.weighted_cross_entropy_with_logits", "labels logits pos_weight name", "logits", SIGMOID_LOGITS),
    # TF 1; the Keras names of tf.losses in TF 2 are CamelCase or do not collide with these.
    _loss(
        "losses.softmax_cross_entropy",
        "onehot_labels logits weights label_smoothing scope loss_collection reduction",
        "logits",
        SOFTMAX_LOGITS,
        target="onehot_labels",
        axis_default=-1,
    ),
    _loss(
        "losses.sparse_softmax_cross_entropy",
        f"labels logits {_V1}",
        "logits",
        SOFTMAX_LOGITS,
        axis_default=-1,
    ),
    _loss(
        "losses.sigmoid_cross_entropy",
        "multi_class_labels logits weights label_smoothing scope loss_collection reduction",
        "logits",
        SIGMOID_LOGITS,
        target="multi_class_labels",
    ),
    _loss(
        "losses.log_loss",
        "labels predictions weights epsilon scope loss_collection reduction",
        "predictions",
        BINARY,
    ),
    *(
        _loss(f"losses.{name}", f"labels predictions {_V1}", "predictions", ANY)
        for name in ("absolute_difference", "mean_squared_error")
    ),
    _loss(
        "losses.huber_loss",
        "labels predictions weights delta scope loss_collection reduction",
        "predictions",
        ANY,
    ),
    _loss(
        "losses.cosine_distance",
        "labels predictions axis weights scope loss_collection reduction dim",
        "predictions",
        ANY,
    ),
    _loss(
        "losses.mean_pairwise_squared_error",
        "labels predictions weights scope loss_collection",
        "predictions",
        ANY,
    ),
    _loss("losses.hinge_loss", f"labels logits {_V1}", "logits", ANY),
    _function("losses.compute_weighted_loss", OTHER, f"losses {_V1}"),
    _function("losses.add_loss", OTHER, "loss loss_collection"),
    _function("losses.get_total_loss", OTHER, "add_regularization_losses name scope"),
    # These take hidden inputs and the last layer's weights, not its output.
    *(
        _loss(
            f"nn.{name}",
            "weights biases labels inputs num_sampled num_classes num_true sampled_values"
            f" remove_accidental_hits {tail}",
            "inputs",
            ANY,
        )
        for name, tail in (("nce_loss", "name"), ("sampled_softmax_loss", "seed name"))
    ),
    _loss(
        "nn.ctc_loss",
        "labels logits label_length logit_length logits_time_major unique blank_index name",
        "logits",
        ANY,
    ),
    _loss(
        "nn.log_poisson_loss", "targets log_input compute_full_loss name", "log_input", ANY, target="targets"
    ),
    _function("nn.l2_loss", OTHER, "t name"),
)

_METRIC_TAIL: Final = "weights metrics_collections updates_collections name"
METRICS: Final = (
    *(
        _function(
            f"metrics.{name}",
            METRIC,
            f"labels predictions {_METRIC_TAIL}",
            subject="predictions",
            target="labels",
            expects=ANY,
        )
        for name in (
            "accuracy",
            *(f"{sign}_{kind}" for sign in ("false", "true") for kind in ("negatives", "positives")),
            *("precision", "recall", "mean_squared_error", "root_mean_squared_error", "mean_absolute_error"),
        )
    ),
    _function(
        "metrics.auc",
        METRIC,
        "labels predictions weights num_thresholds metrics_collections updates_collections curve name"
        " summation_method thresholds",
        subject="predictions",
        target="labels",
        expects=BINARY,
    ),
    _function("metrics.mean", OTHER, "values weights metrics_collections updates_collections name"),
)

_REDUCE: Final = "input_tensor axis keepdims name"
_BINARY: Final = "x y name"
SHAPES: Final = (
    *(
        _function(name, KEEP, params)
        for name, params in (
            ("reshape", "tensor shape name"),
            ("squeeze", "input axis name"),
            ("expand_dims", "input axis name"),
            ("transpose", "a perm conjugate name"),
            ("cast", "x dtype name"),
            ("gather", "params indices validate_indices axis batch_dims name"),
            ("gather_nd", "params indices batch_dims name"),
            ("boolean_mask", "tensor mask axis name"),
            ("slice", "input_ begin size name"),
            ("strided_slice", "input_ begin end strides"),
            ("tile", "input multiples name"),
            ("repeat", "input repeats axis name"),
            ("reverse", "tensor axis name"),
            ("ensure_shape", "x shape name"),
            ("convert_to_tensor", "value dtype dtype_hint name"),
            ("unstack", "value num axis name"),
            ("split", "value num_or_size_splits axis num name"),
            ("to_float", "x name"),
            ("to_double", "x name"),
        )
    ),
    _function("identity", KEEP, "input name"),
    _function("debugging.check_numerics", KEEP, "tensor message name", alias="check_numerics"),
    _function("nn.dropout", KEEP, "x rate noise_shape seed name"),
    _function("stop_gradient", KEEP, "input name", detached=True),
    _function("concat", JOIN, "values axis name"),
    _function("stack", JOIN, "values axis name", alias="pack"),
    *(_function(f"reduce_{name}", MIX, _REDUCE) for name in ("mean", "sum", "max", "min")),
    *(
        _function(name, MIX, _BINARY)
        for name in ("add", "subtract", "multiply", "divide", "truediv", "maximum", "minimum", "div")
    ),
    _function("add_n", MIX, "inputs name", alias="accumulate_n"),
    _function("clip_by_value", MIX, "t clip_value_min clip_value_max name"),
    _function("pad", MIX, "tensor paddings mode constant_values name"),
    _function("nn.bias_add", MIX, "value bias data_format name"),
    _function("nn.max_pool", MIX, "input ksize strides padding data_format name", alias="nn.max_pool2d"),
    _function("nn.avg_pool", MIX, "input ksize strides padding data_format name", alias="nn.avg_pool2d"),
    _function("nn.batch_normalization", MIX, "x mean variance offset scale variance_epsilon name"),
    _function("nn.l2_normalize", MIX, "x axis epsilon name dim", alias="l2_normalize"),
    _function("image.resize", MIX, "images size method preserve_aspect_ratio antialias name"),
    # The last layer of TF 1 code is matmul(x, W) + b: a product with weights gives raw scores.
    _function(
        "matmul",
        AFFINE,
        "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse",
        produces=SCORES,
        alias="linalg.matmul",
    ),
    _function("linalg.matvec", AFFINE, "a b transpose_a", produces=SCORES),
    _function("tensordot", AFFINE, "a b axes name", produces=SCORES, alias="linalg.tensordot"),
    _function("nn.xw_plus_b", AFFINE, "x weights biases name", produces=SCORES),
    *(
        _function(
            f"nn.conv{n}d",
            AFFINE,
            f"input filters {stride} padding data_format dilations name",
            produces=SCORES,
        )
        for n, stride in ((1, "stride"), (2, "strides"), (3, "strides"))
    ),
    _function(
        "nn.conv2d_transpose",
        AFFINE,
        "input filters output_shape strides padding data_format dilations name",
        produces=SCORES,
    ),
    _function(
        "nn.convolution", AFFINE, "input filters strides padding data_format dilations name", produces=SCORES
    ),
)

READERS: Final = (
    *(
        _function(name, CONSUMER, "input axis output_type name", detached=True)
        for name in ("argmax", "argmin")
    ),
    _function("argsort", CONSUMER, "values axis direction stable name", detached=True),
    _function("round", CONSUMER, "x name", detached=True),
    *(
        _function(name, CONSUMER, _BINARY, detached=True)
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    ),
    _function("nn.top_k", CONSUMER, "input k sorted index_type name", alias="math.top_k"),
    # TF 1 has (predictions, targets, k), TF 2 (targets, predictions, k).
    _function(
        "nn.in_top_k",
        CONSUMER,
        "targets predictions k name",
        subject="predictions",
        detached=True,
        alias="math.in_top_k",
    ),
    _function("random.categorical", SAMPLER, "logits num_samples dtype seed name"),
    _function("random.stateless_categorical", SAMPLER, "logits num_samples seed dtype name"),
    _function(
        "random.multinomial", SAMPLER, "logits num_samples seed name output_dtype", alias="multinomial"
    ),
)


def _distribution(name: str, params: str, subject: str = "logits") -> Api:
    """A distribution that takes raw scores as `logits`; built with `probs` it meets nothing."""
    return build_class(
        f"tensorflow_probability.distributions.{name}",
        SAMPLER,
        params,
        "",
        "tensorflow",
        subject=subject,
        measured=False,
    )


_CHECKS: Final = "dtype validate_args allow_nan_stats name"
DISTRIBUTIONS: Final = (
    build_class(
        "tensorflow.distributions.Categorical",
        SAMPLER,
        f"logits probs {_CHECKS}",
        "",
        "tensorflow",
        subject="logits",
    ),
    build_class(
        "tensorflow.distributions.Bernoulli",
        SAMPLER,
        f"logits probs {_CHECKS}",
        "",
        "tensorflow",
        subject="logits",
    ),
    _distribution("Categorical", f"logits probs {_CHECKS}"),
    _distribution("OneHotCategorical", f"logits probs {_CHECKS}"),
    _distribution("Bernoulli", f"logits probs {_CHECKS}"),
    _distribution("RelaxedOneHotCategorical", "temperature logits probs validate_args allow_nan_stats name"),
    _distribution("RelaxedBernoulli", "temperature logits probs validate_args allow_nan_stats name"),
    _distribution("Multinomial", "total_count logits probs validate_args allow_nan_stats name"),
)

OBJECTS: Final = (
    _function("function", KEEP, "func input_signature autograph jit_compile reduce_retracing"),
    _function("recompute_grad", KEEP, "f"),
    _function("autograph.to_graph", KEEP, "entity recursive experimental_optional_features"),
    _function("make_template", KEEP, "name_ func_", subject="func_"),
    *(_function(name, APPLY, "fn elems") for name in ("map_fn", "vectorized_map")),
    *(_function(name, OTHER, "func inp Tout") for name in ("py_function", "numpy_function")),
    _function("custom_gradient", OTHER, "f"),
    _function("where", OTHER, "condition x y name"),
    _function("einsum", OTHER, "equation", alias="linalg.einsum"),
    _function("one_hot", OTHER, "indices depth on_value off_value axis dtype name"),
    _function("constant", OTHER, "value dtype shape name"),
    _function("placeholder", OTHER, "dtype shape name"),
    _function("Variable", OTHER, "initial_value trainable"),
    _function("nn.embedding_lookup", OTHER, "params ids max_norm name"),
    *(_function(name, OTHER) for name in ("exp", "square", "sqrt", "abs")),
    *(_function(name, OTHER, "input dtype") for name in ("zeros_like", "ones_like")),
    *(_function(name, OTHER, "shape dtype name") for name in ("zeros", "ones")),
    _function("reduce_logsumexp", OTHER, _REDUCE),
    _function("sparse.softmax", OTHER, "sp_input name"),
)

ROWS: Final[tuple[Api, ...]] = (
    *ACTIVATIONS,
    *LOSSES,
    *METRICS,
    *SHAPES,
    *READERS,
    *DISTRIBUTIONS,
    *OBJECTS,
    *LAYERS,
)

PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("tensorflow.compat.v1.", "tensorflow."),
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.compat.v1.compat.v1.", "tensorflow."),
    ("tensorflow._api.v2.v2.", "tensorflow."),
    ("tensorflow._api.v2.", "tensorflow."),
    ("tensorflow._api.v1.", "tensorflow."),
    ("tensorflow_core.", "tensorflow."),
    ("tensorflow.math.", "tensorflow."),
    ("tensorflow.losses.", "keras.losses."),
    ("tensorflow.metrics.", "keras.metrics."),
    ("tensorflow.python.ops.nn.", "tensorflow.nn."),
    ("tensorflow.python.ops.nn_ops.", "tensorflow.nn."),
    ("tensorflow.python.ops.nn_impl.", "tensorflow.nn."),
    ("tensorflow.python.ops.math_ops.", "tensorflow."),
    ("tensorflow.python.ops.array_ops.", "tensorflow."),
    ("tensorflow.python.ops.clip_ops.", "tensorflow."),
    ("tensorflow.python.ops.losses.losses_impl.", "tensorflow.losses."),
    ("tensorflow.python.ops.losses.losses.", "tensorflow.losses."),
    ("tensorflow.random.experimental.", "tensorflow.random."),
    ("tensorflow_probability.python.distributions.", "tensorflow_probability.distributions."),
    ("tensorflow_probability.substrates.jax.distributions.", "tensorflow_probability.distributions."),
    ("tensorflow.contrib.distributions.", "tensorflow_probability.distributions."),
    *LAYER_PREFIXES,
)
