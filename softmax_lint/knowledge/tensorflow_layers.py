"""Layers of TensorFlow 1: tf.layers, tf.contrib.layers, slim and tf.contrib.losses.

`tf.layers` and `slim` run today on `tf_keras` and `tf_slim`, which is how they are measured; names that only
`tf.contrib` had stand for the same functions.
"""

from __future__ import annotations

from typing import Any, Final

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import ACTIVATION, AFFINE, KEEP, LOSS, MIX, OTHER, RECURRENT, Api
from softmax_lint.representation import ANY, BINARY, HIDDEN, SCORES, SIGMOID_LOGITS, SOFTMAX, SOFTMAX_LOGITS


def _both(name: str, class_name: str, role: str, params: str, **fields: Any) -> tuple[Api, Api]:
    """A function of tf.layers and the class it runs: the function takes `inputs` first."""
    return (
        build_function(
            f"tensorflow.layers.{name}", role, f"inputs {params}", "tensorflow", subject="inputs", **fields
        ),
        build_class(
            f"tensorflow.layers.{class_name}",
            role,
            params,
            "inputs",
            "tensorflow",
            subject="inputs",
            **fields,
        ),
    )


_SCORES: Final[dict[str, Any]] = {"produces": SCORES, "activation": "activation"}
_PLACE: Final = "kernel_size strides padding data_format"
_LAYERS: Final = (
    ("dense", "Dense", AFFINE, "units activation use_bias", {**_SCORES, "units": "units"}),
    *(
        (
            f"conv{n}d",
            f"Conv{n}D",
            AFFINE,
            f"filters {_PLACE} dilation_rate activation use_bias",
            {**_SCORES, "units": "filters"},
        )
        for n in (1, 2, 3)
    ),
    *(
        (
            f"conv{n}d_transpose",
            f"Conv{n}DTranspose",
            AFFINE,
            f"filters {_PLACE} activation use_bias",
            {**_SCORES, "units": "filters"},
        )
        for n in (2, 3)
    ),
    *(
        (
            f"separable_conv{n}d",
            f"SeparableConv{n}D",
            AFFINE,
            f"filters {_PLACE} dilation_rate depth_multiplier activation use_bias",
            {**_SCORES, "units": "filters"},
        )
        for n in (1, 2)
    ),
    ("dropout", "Dropout", KEEP, "rate noise_shape seed", {}),
    ("batch_normalization", "BatchNormalization", MIX, "axis momentum epsilon center scale", {}),
    *(
        (
            f"{kind}_pooling{n}d",
            f"{kind.title()}Pooling{n}D",
            MIX,
            "pool_size strides padding data_format name",
            {},
        )
        for kind in ("max", "average")
        for n in (1, 2, 3)
    ),
)
TF_LAYERS: Final = (
    *(
        row
        for name, class_name, role, params, fields in _LAYERS
        for row in _both(name, class_name, role, params, **fields)
    ),
    build_function(
        "tensorflow.layers.flatten", KEEP, "inputs name data_format", "tensorflow", subject="inputs"
    ),
    build_class("tensorflow.layers.Flatten", KEEP, "data_format", "inputs", "tensorflow", subject="inputs"),
)


def _slim(name: str, role: str, params: str, aliases: str = "", **fields: Any) -> Api:
    names = tuple(f"tensorflow.contrib.layers.{alias}" for alias in aliases.split())
    fields.setdefault("subject", params.split()[0])
    return build_function(
        f"tensorflow.contrib.layers.{name}", role, params, "tensorflow", aliases=names, **fields
    )


_RELU: Final[dict[str, Any]] = {
    "produces": SCORES,
    "units": "num_outputs",
    "activation": "activation_fn",
    "activation_default": "relu",
}
_CONV: Final = "inputs num_outputs kernel_size stride padding data_format"
_POOL: Final = "inputs kernel_size stride padding data_format"
SLIM_LAYERS: Final = (
    # Their default activation is relu; logits need activation_fn=None.
    _slim(
        "fully_connected", AFFINE, "inputs num_outputs activation_fn normalizer_fn normalizer_params", **_RELU
    ),
    _slim("relu", AFFINE, "inputs num_outputs * activation_fn", **_RELU),
    _slim("linear", AFFINE, "inputs num_outputs * activation_fn", **{**_RELU, "activation_default": None}),
    _slim(
        "conv2d", AFFINE, f"{_CONV} rate activation_fn normalizer_fn", "convolution2d convolution", **_RELU
    ),
    _slim("conv1d", AFFINE, f"{_CONV} rate activation_fn normalizer_fn", "convolution1d", **_RELU),
    _slim("conv3d", AFFINE, f"{_CONV} rate activation_fn normalizer_fn", "convolution3d", **_RELU),
    _slim(
        "conv2d_transpose", AFFINE, f"{_CONV} activation_fn normalizer_fn", "convolution2d_transpose", **_RELU
    ),
    _slim(
        "separable_conv2d",
        AFFINE,
        "inputs num_outputs kernel_size depth_multiplier stride padding data_format rate"
        " activation_fn normalizer_fn",
        "separable_convolution2d",
        **_RELU,
    ),
    _slim("softmax", ACTIVATION, "logits scope", produces=SOFTMAX, axis_default=-1),
    _slim("flatten", KEEP, "inputs outputs_collections scope"),
    _slim("dropout", KEEP, "inputs keep_prob noise_shape is_training"),
    _slim("max_pool2d", MIX, _POOL),
    _slim("avg_pool2d", MIX, _POOL),
    # May end in an activation_fn.
    _slim("batch_norm", OTHER, "inputs decay center scale epsilon activation_fn"),
    _slim("layer_norm", OTHER, "inputs center scale activation_fn"),
    _slim("one_hot_encoding", OTHER, "labels num_classes on_value off_value"),
)


def _old_loss(name: str, params: str, expects: str) -> Api:
    """A loss of tf.contrib.losses and slim.losses: predictions come first."""
    subject, target = params.split()[:2]
    return build_function(
        f"tensorflow.contrib.losses.{name}",
        LOSS,
        params,
        "tensorflow",
        subject=subject,
        target=target,
        expects=expects,
        axis_default=-1 if expects == SOFTMAX_LOGITS else None,
    )


SLIM_LOSSES: Final = (
    _old_loss("softmax_cross_entropy", "logits onehot_labels weights label_smoothing scope", SOFTMAX_LOGITS),
    _old_loss("sparse_softmax_cross_entropy", "logits labels weights scope", SOFTMAX_LOGITS),
    _old_loss(
        "sigmoid_cross_entropy", "logits multi_class_labels weights label_smoothing scope", SIGMOID_LOGITS
    ),
    _old_loss("log_loss", "predictions labels weights epsilon scope", BINARY),
    _old_loss("mean_squared_error", "predictions labels weights scope", ANY),
    _old_loss("absolute_difference", "predictions labels weights scope", ANY),
    _old_loss("hinge_loss", "logits labels scope", ANY),
)

_CELLS: Final = [
    "BasicLSTMCell",
    "LSTMCell",
    "GRUCell",
    "BasicRNNCell",
    "RNNCell",
    "MultiRNNCell",
    "DropoutWrapper",
]
RNN: Final = (
    *(
        build_function(
            f"tensorflow.nn.{name}",
            RECURRENT,
            params,
            "tensorflow",
            subject="inputs",
            produces=HIDDEN,
            measured=False,
        )
        for name, params in (
            ("dynamic_rnn", "cell inputs sequence_length initial_state"),
            ("static_rnn", "cell inputs initial_state dtype"),
            ("bidirectional_dynamic_rnn", "cell_fw cell_bw inputs sequence_length"),
            ("static_bidirectional_rnn", "cell_fw cell_bw inputs"),
        )
    ),
    *(
        build_class(
            f"tensorflow.nn.rnn_cell.{name}", OTHER, "num_units", "inputs state", "tensorflow", measured=False
        )
        for name in _CELLS
    ),
)

LAYERS: Final = (*TF_LAYERS, *SLIM_LAYERS, *SLIM_LOSSES, *RNN)
LAYER_PREFIXES: Final = (
    ("tensorflow.layers.experimental.", "tensorflow.layers."),
    ("tensorflow.python.layers.layers.", "tensorflow.layers."),
    ("tensorflow.python.layers.core.", "tensorflow.layers."),
    ("tensorflow.python.layers.convolutional.", "tensorflow.layers."),
    ("tensorflow.contrib.slim.losses.", "tensorflow.contrib.losses."),
    ("tensorflow.contrib.slim.layers.", "tensorflow.contrib.layers."),
    ("tensorflow.contrib.slim.", "tensorflow.contrib.layers."),
    ("tensorflow.contrib.layers.python.layers.", "tensorflow.contrib.layers."),
    ("tensorflow.contrib.layers.python.layers.layers.", "tensorflow.contrib.layers."),
    ("tensorflow.contrib.rnn.", "tensorflow.nn.rnn_cell."),
    ("tensorflow.contrib.rnn.static_rnn", "tensorflow.nn.static_rnn"),
    ("tensorflow.contrib.rnn.static_bidirectional_rnn", "tensorflow.nn.static_bidirectional_rnn"),
    ("tf_slim.losses.", "tensorflow.contrib.losses."),
    ("tf_slim.layers.", "tensorflow.contrib.layers."),
    ("tf_slim.", "tensorflow.contrib.layers."),
)
