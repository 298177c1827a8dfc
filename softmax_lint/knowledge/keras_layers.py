"""Layers of Keras.

Parameters follow Keras 3; the keywords of every layer (`name`, `dtype`, …) are left out, as in its
signatures.
"""

from __future__ import annotations

from typing import Any, Final

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import (
    AFFINE,
    APPLY,
    BASE,
    JOIN,
    KEEP,
    MIX,
    OTHER,
    RECURRENT,
    Api,
    Flag,
)
from softmax_lint.representation import HIDDEN, SCORES


def _layer(name: str, role: str, params: str = "", call: str = "inputs", **fields: Any) -> Api:
    fields.setdefault("subject", call.split()[0] if call else "")
    aliases = tuple(f"keras.layers.{alias}" for alias in fields.pop("alias", "").split())
    return build_class(f"keras.layers.{name}", role, params, call, "keras", aliases=aliases, **fields)


def _affine(name: str, params: str, call: str = "inputs", units: str = "filters", **fields: Any) -> Api:
    return _layer(
        name,
        AFFINE,
        params,
        call,
        produces=SCORES,
        activation="activation",
        units=units if units in params.split() else "",
        **fields,
    )


def _weights(*names: str, activity: bool = True) -> str:
    """The initializer, regularizer and constraint parameters of the weights `names`."""
    kinds = [
        " ".join(f"{name}_{kind}" for name in names) for kind in ("initializer", "regularizer", "constraint")
    ]
    return f"{kinds[0]} {kinds[1]} {'activity_regularizer ' if activity else ''}{kinds[2]}"


_KERNEL: Final = _weights("kernel", "bias")
_SEPARABLE: Final = _weights("depthwise", "pointwise", "bias")
_PLACE: Final = "kernel_size strides padding"
_CONV: Final = f"filters {_PLACE} data_format dilation_rate groups activation use_bias {_KERNEL}"
_TRANSPOSE: Final = f"filters {_PLACE} output_padding data_format dilation_rate activation use_bias {_KERNEL}"
_LOCAL: Final = f"filters {_PLACE} data_format activation use_bias {_KERNEL} implementation"

AFFINE_LAYERS: Final = (
    _affine(
        "Dense",
        f"units activation use_bias {_KERNEL} lora_rank lora_alpha quantization_config",
        "inputs training",
        "units",
    ),
    *(_affine(f"Conv{n}D", _CONV, alias=f"Convolution{n}D") for n in (1, 2)),
    _affine("Conv3D", _CONV, alias="Convolution3D"),
    *(
        _affine(f"Conv{n}DTranspose", _TRANSPOSE, alias=f"Convolution{n}DTranspose Deconvolution{n}D")
        for n in (1, 2)
    ),
    _affine(
        "Conv3DTranspose",
        f"filters {_PLACE} data_format output_padding dilation_rate activation use_bias {_KERNEL}",
        alias="Convolution3DTranspose Deconvolution3D",
    ),
    *(
        _affine(
            f"SeparableConv{n}D",
            f"filters {_PLACE} data_format dilation_rate depth_multiplier activation use_bias {_SEPARABLE}",
            alias=f"SeparableConvolution{n}D",
        )
        for n in (1, 2)
    ),
    *(
        _affine(
            f"DepthwiseConv{n}D",
            f"{_PLACE} depth_multiplier data_format dilation_rate activation use_bias"
            f" {_weights('depthwise', 'bias')}",
        )
        for n in (1, 2)
    ),
    _affine(
        "EinsumDense",
        f"equation output_shape activation bias_axes {_weights('kernel', 'bias', activity=False)} lora_rank"
        " lora_alpha gptq_unpacked_column_size quantization_config",
        "inputs training",
    ),
    *(_affine(f"LocallyConnected{n}D", _LOCAL, measured=False) for n in (1, 2)),
    _affine("AtrousConvolution2D", "filters nb_row nb_col init activation", measured=False),
    _affine("TimeDistributedDense", "units init activation", units="units", measured=False),
    _layer("MaxoutDense", OTHER, "output_dim nb_feature", measured=False),
    _layer("Highway", OTHER, "init activation", measured=False),
)

_DIMENSIONS: Final = (1, 2, 3)
KEEP_LAYERS: Final = (
    _layer("Dropout", KEEP, "rate noise_shape seed", "inputs training"),
    _layer("AlphaDropout", KEEP, "rate noise_shape seed", "inputs training"),
    _layer("GaussianDropout", KEEP, "rate seed", "inputs training"),
    _layer("GaussianNoise", KEEP, "stddev seed", "inputs training"),
    _layer("SpatialDropout1D", KEEP, "rate seed name dtype", "inputs training"),
    *(
        _layer(f"SpatialDropout{n}D", KEEP, "rate data_format seed name dtype", "inputs training")
        for n in (2, 3)
    ),
    _layer("Flatten", KEEP, "data_format"),
    _layer("Reshape", KEEP, "target_shape"),
    _layer("Permute", KEEP, "dims"),
    _layer("RepeatVector", KEEP, "n"),
    _layer("Identity", KEEP),
    _layer("Masking", KEEP, "mask_value"),
    _layer("ActivityRegularization", KEEP, "l1 l2"),
    _layer("InputLayer", KEEP, "shape batch_size dtype sparse ragged batch_shape input_tensor optional name"),
    _layer("Cropping1D", KEEP, "cropping"),
    *(_layer(f"Cropping{n}D", KEEP, "cropping data_format") for n in (2, 3)),
)

_SCALES: Final = (
    "center scale beta_initializer gamma_initializer beta_regularizer gamma_regularizer beta_constraint"
    " gamma_constraint"
)
_POOL: Final = "pool_size strides padding data_format name"
MIX_LAYERS: Final = (
    _layer(
        "BatchNormalization",
        MIX,
        "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer"
        " moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint"
        " renorm renorm_clipping renorm_momentum synchronized",
        "inputs training mask",
    ),
    _layer("LayerNormalization", MIX, f"axis epsilon {_SCALES}"),
    _layer("GroupNormalization", MIX, f"groups axis epsilon {_SCALES}"),
    _layer("RMSNormalization", MIX, "axis epsilon", "x"),
    _layer("UnitNormalization", MIX, "axis"),
    _layer("Normalization", MIX, "axis mean variance invert"),
    _layer("Rescaling", MIX, "scale offset"),
    *(_layer(f"MaxPooling{n}D", MIX, _POOL, alias=f"MaxPool{n}D") for n in _DIMENSIONS),
    *(_layer(f"AveragePooling{n}D", MIX, _POOL, alias=f"AvgPool{n}D") for n in _DIMENSIONS),
    _layer("GlobalAveragePooling1D", MIX, "data_format keepdims", "inputs mask", alias="GlobalAvgPool1D"),
    *(
        _layer(f"GlobalAveragePooling{n}D", MIX, "data_format keepdims", alias=f"GlobalAvgPool{n}D")
        for n in (2, 3)
    ),
    *(
        _layer(f"GlobalMaxPooling{n}D", MIX, "data_format keepdims", alias=f"GlobalMaxPool{n}D")
        for n in _DIMENSIONS
    ),
    *(
        _layer(f"Adaptive{kind}Pooling{n}D", MIX, "output_size data_format")
        for kind in ("Average", "Max")
        for n in _DIMENSIONS
    ),
    _layer("UpSampling1D", MIX, "size"),
    _layer("UpSampling2D", MIX, "size data_format interpolation"),
    _layer("UpSampling3D", MIX, "size data_format"),
    _layer(
        "Resizing",
        MIX,
        "height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value"
        " antialias data_format",
        "data training",
    ),
    *(_layer(f"ZeroPadding{n}D", MIX, "padding data_format") for n in _DIMENSIONS),
    *(_layer(name, MIX) for name in ("Add", "Subtract", "Average", "Maximum", "Minimum", "Multiply")),
    *(
        build_function(f"keras.layers.{name}", MIX, "inputs", "keras", subject="inputs")
        for name in ("add", "subtract", "average", "maximum", "minimum", "multiply")
    ),
)

JOIN_LAYERS: Final = (
    _layer("Concatenate", JOIN, "axis", axis="axis", axis_default=-1),
    build_function(
        "keras.layers.concatenate",
        JOIN,
        "inputs axis",
        "keras",
        subject="inputs",
        axis="axis",
        axis_default=-1,
    ),
)

_RNN: Final = "return_sequences return_state go_backwards stateful unroll"
_GATES: Final = _weights("kernel", "recurrent", "bias")
_GATED: Final = "activation recurrent_activation use_bias"
_SEQUENCES: Final = "sequences initial_state mask training"
# A gated layer gives a gate times its activation: hidden for tanh and its like, and no probabilities for
# softmax or sigmoid (undecided).
_GATED_ACTIVATION: Final = Flag(
    "activation",
    "tanh",
    tuple((name, HIDDEN) for name in ("tanh", "relu", "elu", "selu", "gelu", "softsign")),
)


def _gated(name: str, params: str, **fields: Any) -> Api:
    return _layer(name, RECURRENT, params, _SEQUENCES, produces=HIDDEN, flags=(_GATED_ACTIVATION,), **fields)


_CONV_LSTM: Final = (
    f"filters {_PLACE} data_format dilation_rate {_GATED} kernel_initializer recurrent_initializer"
    " bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer"
    " activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout"
    " seed return_sequences return_state go_backwards stateful"
)
RECURRENT_LAYERS: Final = (
    _layer(
        "SimpleRNN",
        RECURRENT,
        f"units activation use_bias {_GATES} dropout recurrent_dropout {_RNN} seed",
        _SEQUENCES,
        produces=HIDDEN,
        units="units",
        activation="activation",
        activation_default="tanh",
    ),
    _gated(
        "GRU",
        f"units {_GATED} {_GATES} dropout recurrent_dropout seed {_RNN} reset_after use_cudnn",
        units="units",
    ),
    _gated(
        "LSTM",
        f"units {_GATED} {_GATES.replace('bias_initializer', 'bias_initializer unit_forget_bias')}"
        f" dropout recurrent_dropout seed {_RNN} use_cudnn",
        units="units",
    ),
    *(_gated(f"ConvLSTM{n}D", _CONV_LSTM, units="filters") for n in _DIMENSIONS),
    *(
        _layer(f"CuDNN{name}", RECURRENT, "units", _SEQUENCES, produces=HIDDEN, units="units", measured=False)
        for name in ("LSTM", "GRU")
    ),
    # The cell decides what comes out.
    _layer(
        "RNN",
        OTHER,
        "cell return_sequences return_state go_backwards stateful unroll zero_output_for_mask",
        _SEQUENCES,
    ),
    *(
        _layer(f"{name}Cell", OTHER, call="inputs states training", measured=False)
        for name in ("LSTM", "GRU", "SimpleRNN")
    ),
)

# APPLY: `subject` is a parameter of the constructor, the layer or function that calling the object calls.
APPLY_LAYERS: Final = (
    _layer("TimeDistributed", APPLY, "layer", "inputs training mask", subject="layer"),
    _layer("Bidirectional", APPLY, "layer merge_mode weights backward_layer", _SEQUENCES, subject="layer"),
    _layer("SpectralNormalization", APPLY, "layer power_iterations", "inputs training", subject="layer"),
    _layer("Wrapper", APPLY, "layer", "", subject="layer"),
    _layer(
        "Lambda", APPLY, "function output_shape mask arguments", "inputs mask training", subject="function"
    ),
    _layer("TorchModuleWrapper", APPLY, "module name output_shape", "", subject="module"),
)

_ATTENTION: Final = "mask training return_attention_scores use_causal_mask"
_AUGMENTS: Final = (
    "AugMix AutoContrast CenterCrop CutMix Equalization MixUp RandAugment RandomBrightness"
    " RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform"
    " RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective"
    " RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation"
    " RandomZoom Solarization"
)
_TEXTS: Final = (
    "CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup MelSpectrogram STFTSpectrogram"
    " StringLookup TextVectorization"
)
OTHER_LAYERS: Final = (
    _layer(
        "Embedding",
        OTHER,
        "input_dim output_dim embeddings_initializer embeddings_regularizer"
        " embeddings_constraint mask_zero weights lora_rank lora_alpha quantization_config",
    ),
    _layer("Attention", OTHER, "use_scale score_mode dropout seed", f"inputs {_ATTENTION}"),
    _layer("AdditiveAttention", OTHER, "use_scale dropout", f"inputs {_ATTENTION}"),
    _layer(
        "MultiHeadAttention",
        OTHER,
        "num_heads key_dim value_dim dropout use_bias output_shape attention_axes",
        "query value key",
        measured=False,
    ),
    _layer(
        "GroupQueryAttention",
        OTHER,
        "head_dim num_query_heads num_key_value_heads dropout use_bias",
        "query value key",
        measured=False,
    ),
    _layer("Dot", OTHER, "axes normalize"),
    build_function("keras.layers.dot", OTHER, "inputs axes", "keras", subject="inputs"),
    _layer(
        "TFSMLayer",
        OTHER,
        "filepath call_endpoint call_training_endpoint trainable name dtype",
        "inputs training",
    ),
    # Preprocessing of inputs and text; what comes out is data. Parameters are not listed.
    *(_layer(name, OTHER, call="data training", measured=False) for name in _AUGMENTS.split()),
    *(_layer(name, OTHER, measured=False) for name in _TEXTS.split()),
    build_function(
        "keras.Input",
        OTHER,
        "shape batch_size dtype sparse ragged batch_shape name tensor optional",
        "keras",
        aliases=("keras.layers.Input", "keras.KerasTensor"),
    ),
    # Keras 1: Merge([a, b], mode='concat') and merge(...).
    _layer("Merge", OTHER, "layers mode concat_axis", measured=False),
    build_function("keras.layers.merge", OTHER, "inputs mode concat_axis", "keras", measured=False),
)

LAYERS: Final = (
    *AFFINE_LAYERS,
    *KEEP_LAYERS,
    *MIX_LAYERS,
    *JOIN_LAYERS,
    *RECURRENT_LAYERS,
    *APPLY_LAYERS,
    *OTHER_LAYERS,
    build_class(
        "keras.layers.Layer",
        BASE,
        "* activity_regularizer trainable dtype autocast name",
        "",
        "keras",
        call="call",
        aliases=("keras.Layer",),
    ),
)
