"""JAX, flax, haiku, optax and distrax."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class, build_function, build_many, build_method
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    AFFINE,
    APPLY,
    BASE,
    CONSUMER,
    CONTAINER,
    JOIN,
    KEEP,
    LOG,
    LOSS,
    MIX,
    OTHER,
    RECURRENT,
    SAMPLER,
    Api,
)  # fmt: skip
from softmax_lint.representation import (
    ANY,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)  # fmt: skip


def _function(name: str, role: str, params: str, **fields: Any) -> Api:
    fields.setdefault("subject", params.split()[0])
    return build_function(name, role, params, "jax", **fields)


def _functions(prefix: str, names: str, role: str, params: str, **fields: Any) -> tuple[Api, ...]:
    fields.setdefault("subject", params.split()[0])
    return build_many(build_function, prefix, names, role, params, framework="jax", **fields)


def _class(name: str, role: str, params: str = "", called: str = "inputs", **fields: Any) -> Api:
    return build_class(name, role, params, called, "jax", **fields)


def _classes(
    prefix: str, names: str, role: str, params: str, called: str = "inputs", **fields: Any
) -> tuple[Api, ...]:
    return build_many(build_class, prefix, names, role, params, called=called, framework="jax", **fields)


# Losses. No loss of optax takes probabilities, and none has a flag.
_AT_TOP = [
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "safe_softmax_cross_entropy",
    "ctc_loss",
    "ctc_loss_with_forward_probs",
    "sigmoid_binary_cross_entropy",
    "sigmoid_focal_loss",
    "kl_divergence",
    "convex_kl_divergence",
    "generalized_kl_divergence",
    "hinge_loss",
    "squared_error",
    "l2_loss",
    "huber_loss",
    "log_cosh",
    "cosine_similarity",
    "cosine_distance",
    "ntxent",
]


def _loss(name: str, expects: str, params: str, **fields: Any) -> Api:
    names = params.split()
    aliases = (f"optax.{name}",) if name in _AT_TOP else ()
    fields.setdefault("target", names[1])
    return _function(f"optax.losses.{name}", LOSS, params, expects=expects, aliases=aliases, **fields)


_OVER_CLASSES: dict[str, Any] = {"axis": "axis", "axis_default": -1}
_PADDED = "logits logit_paddings labels label_paddings * blank_id log_epsilon"
_LOSSES = (
    _loss("softmax_cross_entropy", SOFTMAX_LOGITS, "logits labels axis where", **_OVER_CLASSES),
    _loss("softmax_cross_entropy_with_integer_labels", SOFTMAX_LOGITS, "logits labels axis where",
        **_OVER_CLASSES),
    _loss("safe_softmax_cross_entropy", SOFTMAX_LOGITS, "logits labels", axis_default=-1),
    _loss("poly_loss_cross_entropy", SOFTMAX_LOGITS, "logits labels * epsilon axis where", **_OVER_CLASSES),
    _loss("ranking_softmax_loss", SOFTMAX_LOGITS, "logits labels * where weights reduce_fn", axis_default=-1),
    _loss("ctc_loss", SOFTMAX_LOGITS, _PADDED, target="labels", axis_default=-1),
    _loss("ctc_loss_with_forward_probs", SOFTMAX_LOGITS, _PADDED, target="labels", axis_default=-1),
    _loss("sigmoid_binary_cross_entropy", SIGMOID_LOGITS, "logits labels"),
    _loss("sigmoid_focal_loss", SIGMOID_LOGITS, "logits labels * alpha gamma"),
    _loss("kl_divergence", LOG_PROBABILITIES, "log_predictions targets axis where", **_OVER_CLASSES),
    _loss("kl_divergence_with_log_targets", LOG_PROBABILITIES, "log_predictions log_targets axis where",
        **_OVER_CLASSES),
    _loss("convex_kl_divergence", LOG_PROBABILITIES, "log_predictions targets axis where", **_OVER_CLASSES),
    _loss("generalized_kl_divergence", LOG_PROBABILITIES, "log_predictions targets axis where",
        **_OVER_CLASSES),
    _loss("hinge_loss", ANY, "predictor_outputs targets"),
    _loss("perceptron_loss", ANY, "predictor_outputs targets"),
    _loss("sparsemax_loss", ANY, "logits labels"),
    _loss("multiclass_hinge_loss", ANY, "scores labels"),
    _loss("multiclass_perceptron_loss", ANY, "scores labels"),
    _loss("multiclass_sparsemax_loss", ANY, "scores labels"),
    _loss("squared_error", ANY, "predictions targets"),
    _loss("l2_loss", ANY, "predictions targets"),
    _loss("huber_loss", ANY, "predictions targets * delta"),
    _loss("log_cosh", ANY, "predictions targets"),
    _loss("cosine_similarity", ANY, "predictions targets * epsilon axis where"),
    _loss("cosine_distance", ANY, "predictions targets * epsilon axis where"),
    _loss("dice_loss", ANY, "predictions targets * class_weights smooth alpha beta apply_softmax"),
    _loss("binary_dice_loss", ANY, "predictions targets * smooth apply_sigmoid"),
    _loss("multiclass_generalized_dice_loss", ANY, "predictions targets * smooth apply_softmax"),
    _loss("triplet_margin_loss", ANY, "anchors positives negatives", target=""),
    _loss("ntxent", ANY, "embeddings labels temperature"),
)  # fmt: skip


# Activations: flax exports those of jax.nn under its own names.
def _activation(name: str, produces: str, params: str = "x", also: str = "", **fields: Any) -> Api:
    names = (name, *also.split())
    aliases = tuple(f"jax.nn.{other}" for other in names[1:]) + tuple(
        f"flax.{package}.{other}" for package in ("linen", "nnx") for other in names
    )
    return _function(f"jax.nn.{name}", ACTIVATION, params, produces=produces, aliases=aliases, **fields)


_BARE = {"produces": HIDDEN}  # in jax.nn, but not exported by flax
_ACTIVATIONS = (
    _activation("softmax", SOFTMAX, "x axis where", **_OVER_CLASSES),
    _activation("log_softmax", LOG_SOFTMAX, "x axis where", **_OVER_CLASSES),
    _activation("sigmoid", SIGMOID),
    _activation("log_sigmoid", LOG_SIGMOID),
    # Piecewise linear: a loss with logits could not undo them.
    _activation("hard_sigmoid", SIGMOID, measured=False),
    _function("jax.nn.sparse_sigmoid", ACTIVATION, "x", produces=SIGMOID, measured=False),
    # Without an axis these two are over all entries.
    _function("jax.scipy.special.softmax", ACTIVATION, "x * axis", produces=SOFTMAX, axis="axis"),
    _function("jax.scipy.special.log_softmax", ACTIVATION, "x * axis", produces=LOG_SOFTMAX, axis="axis"),
    _function("jax.scipy.special.expit", ACTIVATION, "x", produces=SIGMOID, aliases=("jax.lax.logistic",)),
    *(
        _activation(name, HIDDEN)
        for name in ("relu", "selu", "soft_sign", "softplus", "tanh", "hard_tanh", "relu6")
    ),
    _activation("silu", HIDDEN, also="swish"),
    _activation("hard_silu", HIDDEN, also="hard_swish"),
    _activation("gelu", HIDDEN, "x approximate"),
    _activation("elu", HIDDEN, "x alpha"),
    _activation("celu", HIDDEN, "x alpha"),
    _activation("leaky_relu", HIDDEN, "x negative_slope"),
    *_functions("jax.nn.", "mish squareplus sparse_plus", ACTIVATION, "x", **_BARE),
    *_functions("jax.", "numpy.tanh lax.tanh", ACTIVATION, "x", **_BARE),
    *_functions("jax.", "nn.logsumexp scipy.special.logsumexp", OTHER, "a"),
    *_functions("jax.nn.", "glu standardize one_hot", OTHER, "x"),
    *_functions("flax.linen.", "normalize one_hot glu", OTHER, "x"),
)

_LOGS = (
    _function("jax.numpy.log", LOG, "x"),
    _function("jax.lax.log", LOG, "x"),
)


# For a distribution the subject is a parameter of the constructor: there is no call.
def _distribution(name: str, params: str, **fields: Any) -> Api:
    return _class(f"distrax.{name}", SAMPLER, params, "", subject="logits", **fields)


_SAMPLERS = (
    _function("jax.random.categorical", SAMPLER, "key logits axis shape", subject="logits", **_OVER_CLASSES),
    _function("jax.random.bernoulli", CONSUMER, "key p shape", subject="p", detached=True),
    _function("jax.random.choice", CONSUMER, "key a shape replace p", subject="p", detached=True),
    _distribution("Categorical", "logits probs dtype", axis_default=-1, measured=False),
    _distribution("OneHotCategorical", "logits probs dtype", axis_default=-1, measured=False),
    _distribution("Bernoulli", "logits probs dtype", measured=False),
    _distribution("Multinomial", "total_count logits probs", axis_default=-1, measured=False),
)

# Channels are last everywhere.
_UNITS: dict[str, Any] = {"produces": SCORES, "units": "features", "axis_default": -1}
_OUT: dict[str, Any] = {"produces": SCORES, "units": "out_features", "axis_default": -1}
_CHANNELS: dict[str, Any] = {
    "produces": SCORES,
    "units": "output_channels",
    "axis_default": -1,
    "measured": False,
}
_CONV = "features kernel_size strides padding"
_HAIKU_CONV = "output_channels kernel_shape stride"
_LAYERS = (
    _class("flax.linen.Dense", AFFINE, "features use_bias dtype", **_UNITS),
    _class("flax.linen.DenseGeneral", AFFINE, "features axis batch_dims use_bias", **_UNITS),
    _class("flax.linen.Conv", AFFINE, f"{_CONV} input_dilation kernel_dilation", **_UNITS),
    _class("flax.linen.ConvLocal", AFFINE, f"{_CONV} input_dilation kernel_dilation", **_UNITS),
    _class("flax.linen.ConvTranspose", AFFINE, f"{_CONV} kernel_dilation use_bias", **_UNITS),
    _class("flax.linen.Einsum", OTHER, "shape einsum_str use_bias"),
    _class("flax.nnx.Linear", AFFINE, "in_features out_features * use_bias", **_OUT),
    _class("flax.nnx.LinearGeneral", AFFINE, "in_features out_features * axis", **_OUT),
    _class("flax.nnx.Conv", AFFINE, "in_features out_features kernel_size strides * padding", **_OUT),
    _class("flax.nnx.ConvTranspose", AFFINE, "in_features out_features kernel_size strides * padding",
        **_OUT),
    _class("flax.nnx.Einsum", OTHER, "einsum_str kernel_shape bias_shape"),
    _class(
        "haiku.Linear", AFFINE, "output_size with_bias w_init b_init name",
        produces=SCORES, units="output_size", axis_default=-1, measured=False,
    ),
    *_classes("haiku.", "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose", AFFINE, _HAIKU_CONV,
        **_CHANNELS),
    _class("haiku.Flatten", KEEP, "preserve_dims name"),
    _class("flax.linen.Dropout", KEEP, "rate broadcast_dims deterministic", "inputs deterministic rng"),
    _class("flax.nnx.Dropout", KEEP, "rate * broadcast_dims deterministic rng_collection rngs"),
    _function("haiku.dropout", KEEP, "rng rate x broadcast_dims", subject="x"),
    *_classes("flax.linen.", "BatchNorm LayerNorm GroupNorm RMSNorm InstanceNorm", MIX, "", "x"),
    *_classes("flax.nnx.", "BatchNorm LayerNorm GroupNorm RMSNorm InstanceNorm", MIX, "", "x"),
    *_classes("haiku.", "BatchNorm LayerNorm", MIX, "", "inputs"),
    *_functions("flax.linen.", "avg_pool max_pool", MIX, "inputs window_shape"),
    *_functions("flax.nnx.", "avg_pool max_pool", MIX, "inputs window_shape"),
    _class("flax.linen.Embed", OTHER, "num_embeddings features"),
    _class("flax.nnx.Embed", OTHER, "num_embeddings features"),
    _class("haiku.Embed", OTHER, "vocab_size embed_dim", "ids"),
    *_classes("flax.linen.", "LSTMCell OptimizedLSTMCell GRUCell", RECURRENT, "features", "carry inputs",
        subject="inputs"),
    *_classes("flax.nnx.", "LSTMCell OptimizedLSTMCell GRUCell", RECURRENT, "in_features hidden_features",
        "carry inputs",
              subject="inputs"),
    *_classes("flax.linen.", "MultiHeadDotProductAttention SelfAttention", OTHER, "num_heads", ""),
    _class("flax.nnx.MultiHeadAttention", OTHER, "num_heads", ""),
)  # fmt: skip

_OBJECTS = (
    _class("flax.linen.Module", BASE, "", "", call="__call__"),
    _class("flax.nnx.Module", BASE, "", "", call="__call__"),
    _class("haiku.Module", BASE, "name", "", call="__call__"),
    _class("flax.linen.Sequential", CONTAINER, "layers", ""),
    _class("flax.nnx.Sequential", CONTAINER, "", ""),
    _class("haiku.Sequential", CONTAINER, "layers", ""),
    *_functions("flax.linen.", "compact nowrap", KEEP, "fun"),
    *_functions("jax.", "jit checkpoint pmap", KEEP, "fun"),
    _function("flax.nnx.jit", KEEP, "fun"),
    # Calls of what these give run the function; grad gives what nothing here asks for.
    *_classes("jax.", "vmap grad value_and_grad", APPLY, "fun", "", subject="fun"),
    *_classes("flax.nnx.", "vmap grad value_and_grad", APPLY, "f", "", subject="f"),
    # Called on a module with its variables first: Module.apply(variables, *args).
    build_method("flax.linen.Module.apply", APPLY, "variables", "jax"),
    build_method("flax.linen.Module.init", OTHER, "rngs", "jax"),
    build_method("flax.linen.Module.bind", KEEP, "variables", "jax"),
)

_ARRAYS = (
    *_functions("jax.numpy.", "reshape squeeze expand_dims transpose ravel", KEEP, "a"),
    _function("jax.numpy.swapaxes", KEEP, "a axis1 axis2"),
    _function("jax.numpy.moveaxis", KEEP, "a source destination"),
    _function("jax.numpy.take", KEEP, "a indices axis"),
    _function("jax.numpy.take_along_axis", KEEP, "arr indices axis"),
    _function("jax.numpy.asarray", KEEP, "a dtype order"),
    _function("jax.numpy.array", KEEP, "object dtype"),
    _function("jax.numpy.split", KEEP, "ary indices_or_sections axis"),
    _function("jax.numpy.tile", KEEP, "A reps"),
    _function("jax.numpy.repeat", KEEP, "a repeats axis"),
    _function("jax.numpy.broadcast_to", KEEP, "array shape"),
    _function("jax.numpy.flip", KEEP, "m axis"),
    _function("jax.lax.stop_gradient", KEEP, "x", detached=True),
    *_functions("jax.", "device_get device_put", KEEP, "x"),
    *_functions("jax.numpy.", "mean sum nanmean", MIX, "a axis dtype"),
    _function("jax.numpy.clip", MIX, "arr min max"),
    _function("jax.numpy.concatenate", JOIN, "arrays axis dtype"),
    _function("jax.numpy.stack", JOIN, "arrays axis out dtype"),
    *_functions("jax.numpy.", "hstack vstack", JOIN, "tup dtype"),
    *_functions("jax.numpy.", "argmax argmin argsort", CONSUMER, "a axis", detached=True),
    _function("jax.numpy.round", CONSUMER, "a decimals", detached=True),
    *_functions("jax.numpy.", "max min sort", CONSUMER, "a axis"),
    *_functions("jax.numpy.", "greater greater_equal less less_equal equal", CONSUMER, "x y", detached=True),
    *_functions("jax.numpy.", "exp sqrt square log1p log2 log10 abs", OTHER, "x"),
    *build_many(
        build_function, "jax.numpy.",
        "where matmul dot einsum maximum minimum zeros ones zeros_like ones_like arange",
        OTHER, framework="jax",
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (
    *_LOSSES, *_ACTIVATIONS, *_LOGS, *_SAMPLERS, *_LAYERS, *_OBJECTS, *_ARRAYS,
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    ("optax._src.loss.", "optax."),
    ("optax.losses._classification.", "optax.losses."),
    ("optax.loss.", "optax."),
    ("flax.nn.", "flax.linen."),
    ("flax.linen.activation.", "flax.linen."),
    ("flax.linen.linear.", "flax.linen."),
    ("flax.linen.module.", "flax.linen."),
    ("flax.linen.combinators.", "flax.linen."),
    ("flax.linen.stochastic.", "flax.linen."),
    ("flax.linen.normalization.", "flax.linen."),
    ("flax.experimental.nnx.", "flax.nnx."),
    ("jax._src.nn.functions.", "jax.nn."),
    ("jax.experimental.stax.", "jax.nn."),
)
