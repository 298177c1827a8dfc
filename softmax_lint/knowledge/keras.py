"""Knowledge of Keras: keras 3, tf.keras, tf_keras, and the module paths of Keras 2 and 1.

Canonical names are those of Keras 3 (``keras.layers.Dense``); `PREFIXES` rewrite every other root to them.
"""

from __future__ import annotations

from typing import Final

from softmax_lint.knowledge.keras_activations import ACTIVATION_STRINGS, ACTIVATIONS, TENSOR_FUNCTIONS
from softmax_lint.knowledge.keras_layers import LAYERS
from softmax_lint.knowledge.keras_losses import (
    LOSS_STRINGS,
    LOSSES,
    SHAPED_LOSSES,
)
from softmax_lint.knowledge.keras_metrics import METRIC_STRINGS, METRICS, SHAPED_METRICS
from softmax_lint.knowledge.keras_models import APPLICATION_PREFIXES, APPLICATIONS, MODELS
from softmax_lint.knowledge.schema import Api

__all__ = [
    "ACTIVATION_STRINGS",
    "LOSS_STRINGS",
    "METRIC_STRINGS",
    "PREFIXES",
    "ROWS",
    "SHAPED_LOSSES",
    "SHAPED_METRICS",
]

ROWS: Final[tuple[Api, ...]] = (
    *ACTIVATIONS,
    *TENSOR_FUNCTIONS,
    *LAYERS,
    *LOSSES,
    *METRICS,
    *MODELS,
    *APPLICATIONS,
)

_ROOTS: Final = (
    "tensorflow.keras.",
    "tensorflow.compat.v1.keras.",
    "tensorflow.compat.v2.keras.",
    "tensorflow.python.keras.",
    "tensorflow.contrib.keras.",
    "tensorflow.contrib.keras.python.keras.",
    "tensorflow.contrib.keras.api.keras.",
    "tensorflow._api.v2.v2.keras.",
    "tensorflow._api.v2.keras.",
    "tensorflow._api.v1.keras.",
    "tensorflow.keras.api.",
    "tensorflow.keras.api._v2.keras.",
    "tensorflow.python.keras.api._v2.keras.",
    "tensorflow_core.keras.",
    "tensorflow_core.python.keras.",
    "tf_keras.",
    "tf_keras.src.",
    "tf_keras.api._v2.keras.",
    "keras.api.",
    "keras.api._v2.keras.",
    "keras.src.",
    "keras._tf_keras.keras.",
    "keras_core.",
)
_LAYER_MODULES: Final = (
    "activation",
    "activations",
    "activation.activation",
    "activation.relu",
    "activation.leaky_relu",
    "activation.elu",
    "activation.prelu",
    "activation.softmax",
    "advanced_activations",
    "attention",
    "convolutional",
    "convolutional_recurrent",
    "core",
    "core.dense",
    "core.activation",
    "core.embedding",
    "core.lambda_layer",
    "embeddings",
    "experimental",
    "experimental.preprocessing",
    "merge",
    "merging",
    "local",
    "noise",
    "normalization",
    "normalization.batch_normalization",
    "normalization.batch_normalization_v1",
    "normalization.layer_normalization",
    "normalization_v2",
    "pooling",
    "preprocessing",
    "recurrent",
    "recurrent_v2",
    "regularization",
    "regularization.dropout",
    "reshaping",
    "reshaping.flatten",
    "rnn",
    "wrappers",
    "cudnn_recurrent",
    "dense_attention",
    "layer",
    "legacy",
)
PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    *((root, "keras.") for root in _ROOTS),
    *((f"keras.layers.{module}.", "keras.layers.") for module in _LAYER_MODULES),
    *APPLICATION_PREFIXES,
    ("keras_applications.", "keras.applications."),
    ("keras.legacy.layers.", "keras.layers."),
    ("keras.models.", "keras."),
    ("keras.models.sequential.", "keras."),
    ("keras.models.model.", "keras."),
    ("keras.models.functional.", "keras."),
    ("keras.engine.", "keras."),
    ("keras.engine.training.", "keras."),
    ("keras.engine.topology.", "keras.layers."),
    ("keras.engine.base_layer.", "keras.layers."),
    ("keras.engine.input_layer.", "keras.layers."),
    ("keras.engine.sequential.", "keras."),
    ("keras.engine.functional.", "keras."),
    ("keras.objectives.", "keras.losses."),
    ("keras.losses.losses.", "keras.losses."),
    ("keras.metrics.metrics.", "keras.metrics."),
    ("keras.activations.activations.", "keras.activations."),
    ("keras.ops.nn.", "keras.ops."),
    ("keras.ops.numpy.", "keras.ops."),
    ("keras.ops.core.", "keras.ops."),
    ("keras.ops.math.", "keras.ops."),
    ("keras.backend.tensorflow_backend.", "keras.backend."),
    ("keras.backend.backend.", "keras.backend."),
    ("tensorflow.python.keras.backend.", "keras.backend."),
)
