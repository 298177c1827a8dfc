"""Activations of Keras and the tensor functions of `keras.ops` and `keras.backend`."""

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
    MIX,
    NAMED_ACTIVATION,
    OTHER,
    SAMPLER,
    Api,
)
from softmax_lint.representation import HIDDEN, LOG_SIGMOID, LOG_SOFTMAX, SCORES, SIGMOID, SOFTMAX


def _function(name: str, role: str, params: str = "x", **fields: Any) -> Api:
    fields.setdefault("subject", params.split()[0] if params else "")
    return build_function(f"keras.{name}", role, params, "keras", **fields)


def _activation(name: str, produces: str, params: str = "x", **fields: Any) -> Api:
    axis: dict[str, Any] = {"axis": "axis", "axis_default": -1} if "axis" in params.split() else {}
    return _function(name, ACTIVATION, params, produces=produces, **axis, **fields)


def _layer(name: str, role: str, params: str = "", call: str = "inputs", **fields: Any) -> Api:
    fields.setdefault("subject", call.split()[0])
    return build_class(f"keras.layers.{name}", role, params, call, "keras", **fields)


# Held by `keras.activations` and by `keras.ops` alike: (name, parameters).
_HIDDEN: Final = (
    ("celu", "x alpha"),
    ("elu", "x alpha"),
    ("gelu", "x approximate"),
    ("hard_shrink", "x threshold"),
    ("hard_silu", "x"),
    ("hard_tanh", "x"),
    ("leaky_relu", "x negative_slope"),
    ("relu6", "x"),
    ("selu", "x"),
    ("silu", "x"),
    ("soft_shrink", "x threshold"),
    ("softplus", "x"),
    ("softsign", "x"),
    ("sparse_plus", "x"),
    ("squareplus", "x b"),
    ("tanh", "x"),
    ("tanh_shrink", "x"),
    ("threshold", "x threshold default_value"),
)
_SPELLINGS: Final = {"silu": "swish", "hard_silu": "hard_swish"}

ACTIVATIONS: Final = (
    *(
        row
        for space in ("activations", "ops")
        for row in (
            _activation(f"{space}.softmax", SOFTMAX, "x axis"),
            _activation(f"{space}.log_softmax", LOG_SOFTMAX, "x axis"),
            _activation(f"{space}.sigmoid", SIGMOID),
            _activation(f"{space}.log_sigmoid", LOG_SIGMOID),
            # Probabilities, but with exact zeros and ones: a loss with logits is no rewrite of these.
            _activation(f"{space}.sparsemax", SOFTMAX, "x axis", measured=False),
            _activation(f"{space}.hard_sigmoid", SIGMOID, measured=False),
            _activation(f"{space}.sparse_sigmoid", SIGMOID, measured=False),
            *(
                _activation(
                    f"{space}.{name}",
                    HIDDEN,
                    params,
                    aliases=(f"keras.{space}.{_SPELLINGS[name]}",) if name in _SPELLINGS else (),
                )
                for name, params in _HIDDEN
            ),
            _function(f"{space}.glu", OTHER, "x axis"),
        )
    ),
    _activation("activations.relu", HIDDEN, "x negative_slope max_value threshold"),
    _activation("ops.relu", HIDDEN),
    _activation("activations.mish", HIDDEN),
    _activation("activations.exponential", HIDDEN),
    _function("activations.linear", KEEP),
    _function(
        "activations.get",
        NAMED_ACTIVATION,
        "identifier",
        activation="identifier",
        aliases=("keras.layers.activations.get",),  # `from keras.layers import activations`, in Keras 2
    ),
    _activation("backend.softmax", SOFTMAX, "x axis"),
    _activation("backend.sigmoid", SIGMOID),
    _activation("backend.hard_sigmoid", SIGMOID, measured=False),
    _activation("backend.relu", HIDDEN, "x alpha max_value threshold"),
    _activation("backend.elu", HIDDEN, "x alpha"),
    *(_activation(f"backend.{name}", HIDDEN) for name in ("softplus", "softsign", "tanh")),
    _layer("Activation", NAMED_ACTIVATION, "activation", activation="activation"),
    _layer("Softmax", ACTIVATION, "axis", "inputs mask", produces=SOFTMAX, axis="axis", axis_default=-1),
    _layer("ReLU", ACTIVATION, "max_value negative_slope threshold", produces=HIDDEN),
    _layer("LeakyReLU", ACTIVATION, "negative_slope", produces=HIDDEN),
    _layer("ELU", ACTIVATION, "alpha", produces=HIDDEN),
    _layer(
        "PReLU",
        ACTIVATION,
        "alpha_initializer alpha_regularizer alpha_constraint shared_axes",
        produces=HIDDEN,
    ),
    _layer("ThresholdedReLU", ACTIVATION, "theta", produces=HIDDEN, measured=False),
)

# Names of functions that only select, move or retype values.
_KEEP_OPS: Final = (
    ("reshape", "x newshape"),
    ("squeeze", "x axis"),
    ("expand_dims", "x axis"),
    ("transpose", "x axes"),
    ("ravel", "x"),
    ("swapaxes", "x axis1 axis2"),
    ("moveaxis", "x source destination"),
    ("flip", "x axis"),
    ("copy", "x"),
    ("cast", "x dtype"),
    ("take", "x indices axis"),
    ("slice", "inputs start_indices shape"),
    ("repeat", "x repeats axis"),
    ("tile", "x repeats"),
    ("split", "x indices_or_sections axis"),
    ("convert_to_tensor", "x dtype sparse ragged"),
)
_KEEP_BACKEND: Final = (
    ("reshape", "x shape"),
    ("squeeze", "x axis"),
    ("expand_dims", "x axis"),
    ("transpose", "x"),
    ("permute_dimensions", "x pattern"),
    ("flatten", "x"),
    ("batch_flatten", "x"),
    ("reverse", "x axes"),
    ("cast", "x dtype"),
    ("cast_to_floatx", "x"),
    ("gather", "reference indices"),
    ("repeat", "x n"),
    ("repeat_elements", "x rep axis"),
    ("tile", "x n"),
    ("dropout", "x level noise_shape seed"),
)
_MIX_OPS: Final = (
    ("mean", "x axis keepdims"),
    ("sum", "x axis keepdims"),
    ("max", "x axis keepdims initial"),
    ("min", "x axis keepdims initial"),
    ("add", "x1 x2"),
    ("subtract", "x1 x2"),
    ("multiply", "x1 x2"),
    ("divide", "x1 x2"),
    ("maximum", "x1 x2"),
    ("minimum", "x1 x2"),
    ("clip", "x x_min x_max"),
    ("average_pool", "inputs pool_size strides padding data_format"),
    ("max_pool", "inputs pool_size strides padding data_format"),
    ("batch_normalization", "x mean variance axis offset scale epsilon"),
    ("layer_normalization", "x gamma beta axis epsilon"),
)
_MIX_BACKEND: Final = (
    ("mean", "x axis keepdims"),
    ("sum", "x axis keepdims"),
    ("max", "x axis keepdims"),
    ("min", "x axis keepdims"),
    ("maximum", "x y"),
    ("minimum", "x y"),
    ("clip", "x min_value max_value"),
    ("bias_add", "x bias data_format"),
    ("batch_normalization", "x mean var beta gamma axis epsilon"),
    ("pool2d", "x pool_size strides padding data_format pool_mode"),
    ("resize_images", "x height_factor width_factor data_format interpolation"),
)
_COMPARISONS: Final = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
_CONV: Final = "kernel strides padding data_format dilation_rate"

TENSOR_FUNCTIONS: Final = (
    *(_function(f"ops.{name}", KEEP, params) for name, params in _KEEP_OPS),
    *(_function(f"backend.{name}", KEEP, params) for name, params in _KEEP_BACKEND),
    *(_function(f"ops.{name}", MIX, params) for name, params in _MIX_OPS),
    *(_function(f"backend.{name}", MIX, params) for name, params in _MIX_BACKEND),
    _function("ops.stop_gradient", KEEP, "variable", detached=True),
    _function("ops.convert_to_numpy", KEEP, detached=True),
    _function("backend.stop_gradient", KEEP, "variables", detached=True),
    _function("backend.get_value", KEEP, detached=True),
    _function("backend.eval", KEEP, detached=True),
    _function("backend.identity", KEEP, "x name", measured=False),
    _function("ops.concatenate", JOIN, "xs axis"),
    _function("ops.stack", JOIN, "x axis"),
    _function("backend.concatenate", JOIN, "tensors axis"),
    _function("backend.stack", JOIN, "x axis"),
    _function("ops.log", LOG),
    _function("backend.log", LOG),
    # A product with weights gives raw scores.
    _function("ops.matmul", AFFINE, "x1 x2", produces=SCORES),
    _function("ops.dot", AFFINE, "x1 x2", produces=SCORES),
    _function("ops.conv", AFFINE, f"inputs {_CONV}", produces=SCORES),
    _function("backend.dot", AFFINE, "x y", produces=SCORES),
    _function("backend.conv1d", AFFINE, f"x {_CONV}", produces=SCORES),
    _function("backend.conv2d", AFFINE, f"x {_CONV}", produces=SCORES),
    _function("ops.argmax", CONSUMER, "x axis keepdims", detached=True),
    _function("ops.argmin", CONSUMER, "x axis keepdims", detached=True),
    _function("ops.argsort", CONSUMER, "x axis", detached=True),
    _function("ops.top_k", CONSUMER, "x k sorted"),
    _function("ops.round", CONSUMER, "x decimals", detached=True),
    _function("backend.argmax", CONSUMER, "x axis", detached=True),
    _function("backend.argmin", CONSUMER, "x axis", detached=True),
    _function("backend.round", CONSUMER, "x", detached=True),
    _function("backend.in_top_k", CONSUMER, "predictions targets k", detached=True),
    *(_function(f"ops.{name}", CONSUMER, "x1 x2", detached=True) for name in _COMPARISONS),
    *(_function(f"backend.{name}", CONSUMER, "x y", detached=True) for name in _COMPARISONS),
    _function("random.categorical", SAMPLER, "logits num_samples dtype seed"),
    _function("random.dropout", KEEP, "inputs rate noise_shape seed"),
    _function("ops.map", APPLY, "f xs"),
    _function("ops.vectorized_map", APPLY, "function elements"),
    # The value of these depends on a condition or on the reader's intent.
    _function("ops.where", OTHER, "condition x1 x2"),
    _function("ops.one_hot", OTHER, "x num_classes axis dtype sparse"),
    _function("ops.einsum", OTHER, "subscripts"),
    *(
        _function(f"{space}.{name}", OTHER)
        for space in ("ops", "backend")
        for name in ("exp", "square", "abs", "sqrt")
    ),
    _function("ops.logsumexp", OTHER, "x axis keepdims"),
    _function("backend.one_hot", OTHER, "indices num_classes"),
    _function("backend.switch", OTHER, "condition then_expression else_expression"),
    _function("backend.in_train_phase", OTHER, "x alt training", measured=False),
    _function("backend.batch_dot", OTHER, "x y axes"),
    _function("backend.function", OTHER, "inputs outputs updates name", measured=False),
)

# Every string `keras.activations.get` accepts, and Keras 2's.
ACTIVATION_STRINGS: Final[dict[str, str]] = {
    **{
        row.name.removeprefix("keras.activations."): row.name
        for row in (*ACTIVATIONS,)
        if row.name.startswith("keras.activations.") and row.name != "keras.activations.get"
    },
    "swish": "keras.activations.silu",
    "hard_swish": "keras.activations.hard_silu",
}
