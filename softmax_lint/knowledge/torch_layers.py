"""Layers of PyTorch: what gives raw scores, what keeps a value, what mixes values, what joins them."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class, build_function, build_many
from softmax_lint.knowledge.schema import AFFINE, KEEP, MIX, OTHER, RECURRENT, Api
from softmax_lint.representation import HIDDEN, SCORES


def _affine(name: str, params: str, call: str = "input", **fields: Any) -> Api:
    return build_class(f"torch.nn.{name}", AFFINE, params, call, produces=SCORES, **fields)


def _function(name: str, role: str, params: str, **fields: Any) -> Api:
    return build_function(f"torch.nn.functional.{name}", role, params, **fields)


# `axis_default` is the axis that has the units, counted from the end since inputs may lack the batch axis.
_CONV = "out_channels kernel_size stride padding dilation groups bias padding_mode device dtype"
_TRANSPOSED = (
    "out_channels kernel_size stride padding output_padding groups bias dilation padding_mode device dtype"
)
_AFFINE = (
    _affine("Linear", "in_features out_features bias device dtype", units="out_features", axis_default=-1),
    _affine("LazyLinear", "out_features bias device dtype", units="out_features", axis_default=-1),
    _affine(
        "modules.linear.NonDynamicallyQuantizableLinear", "in_features out_features bias device dtype",
        units="out_features", axis_default=-1,
    ),
    _affine(
        "Bilinear", "in1_features in2_features out_features bias device dtype", "input1 input2",
        units="out_features", axis_default=-1,
    ),
    *(
        row
        for rank in (1, 2, 3)
        for row in (
            _affine(f"Conv{rank}d", f"in_channels {_CONV}", units="out_channels", axis_default=-rank - 1),
            _affine(f"LazyConv{rank}d", _CONV, units="out_channels", axis_default=-rank - 1),
            _affine(
                f"ConvTranspose{rank}d", f"in_channels {_TRANSPOSED}", "input output_size",
                units="out_channels", axis_default=-rank - 1,
            ),
            _affine(
                f"LazyConvTranspose{rank}d", _TRANSPOSED, "input output_size",
                units="out_channels", axis_default=-rank - 1,
            ),
            _function(
                f"conv{rank}d", AFFINE, "input weight bias stride padding dilation groups",
                produces=SCORES, axis_default=-rank - 1, aliases=(f"torch.conv{rank}d",),
            ),
            _function(
                f"conv_transpose{rank}d", AFFINE,
                "input weight bias stride padding output_padding groups dilation",
                produces=SCORES, axis_default=-rank - 1, aliases=(f"torch.conv_transpose{rank}d",),
            ),
        )
    ),
    _function("linear", AFFINE, "input weight bias", produces=SCORES, axis_default=-1),
    _function(
        "bilinear", AFFINE, "input1 input2 weight bias", produces=SCORES, axis_default=-1,
        aliases=("torch.bilinear",)
    ),
)  # fmt: skip

_KEEP = (
    build_class("torch.nn.Identity", KEEP),
    build_class("torch.nn.Flatten", KEEP, "start_dim end_dim"),
    build_class("torch.nn.Unflatten", KEEP, "dim unflattened_size"),
    build_class("torch.nn.PixelShuffle", KEEP, "upscale_factor"),
    build_class("torch.nn.PixelUnshuffle", KEEP, "downscale_factor"),
    build_class("torch.nn.ChannelShuffle", KEEP, "groups"),
    _function("pixel_shuffle", KEEP, "input upscale_factor", aliases=("torch.pixel_shuffle",)),
    _function("pixel_unshuffle", KEEP, "input downscale_factor", aliases=("torch.pixel_unshuffle",)),
    _function("channel_shuffle", KEEP, "input groups", aliases=("torch.channel_shuffle",)),
    # Dropout changes values while training, but what they mean is what they meant.
    *build_many(
        build_class, "torch.nn.", "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout",
        KEEP, "p inplace",
    ),
    *build_many(
        build_function, "torch.nn.functional.",
        "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout", KEEP,
        "input p training inplace",
    ),
    *build_many(
        build_function, "torch.",
        "dropout dropout_ alpha_dropout alpha_dropout_ feature_dropout feature_dropout_ "
        "feature_alpha_dropout "
        "feature_alpha_dropout_", KEEP, "input p train",
    ),
)  # fmt: skip

_NORM = "eps momentum affine track_running_stats"
_NORMALISATION = (
    *build_many(
        build_class, "torch.nn.",
        "BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d",
        MIX, f"num_features {_NORM} device dtype * bias", units="num_features",
    ),
    *build_many(
        build_class, "torch.nn.",
        "LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
        "LazyInstanceNorm3d",
        MIX, f"{_NORM} device dtype * bias",
    ),
    build_class(
        "torch.nn.SyncBatchNorm", MIX, f"num_features {_NORM} process_group device dtype * bias",
        units="num_features"
    ),
    build_class("torch.nn.LayerNorm", MIX, "normalized_shape eps elementwise_affine bias device dtype"),
    build_class("torch.nn.RMSNorm", MIX, "normalized_shape eps elementwise_affine device dtype", "x"),
    build_class("torch.nn.GroupNorm", MIX, "num_groups num_channels eps affine device dtype * bias"),
    build_class("torch.nn.LocalResponseNorm", MIX, "size alpha beta k"),
    build_class("torch.nn.CrossMapLRN2d", MIX, "size alpha beta k"),
    _function("batch_norm", MIX, "input running_mean running_var weight bias training momentum eps"),
    _function(
        "instance_norm", MIX, "input running_mean running_var weight bias use_input_stats momentum eps"
    ),
    _function("layer_norm", MIX, "input normalized_shape weight bias eps"),
    _function("rms_norm", MIX, "input normalized_shape weight eps"),
    _function("group_norm", MIX, "input num_groups weight bias eps"),
    _function("local_response_norm", MIX, "input size alpha beta k"),
)  # fmt: skip

_MAX_POOL = "kernel_size stride padding dilation"
_AVG_POOL = "kernel_size stride padding ceil_mode count_include_pad"
_POOLING = (
    *build_many(
        build_class, "torch.nn.", "MaxPool1d MaxPool2d MaxPool3d", MIX,
        f"{_MAX_POOL} return_indices ceil_mode"
    ),
    build_class("torch.nn.AvgPool1d", MIX, _AVG_POOL),
    *build_many(build_class, "torch.nn.", "AvgPool2d AvgPool3d", MIX, f"{_AVG_POOL} divisor_override"),
    *build_many(build_class, "torch.nn.", "LPPool1d LPPool2d LPPool3d", MIX,
        "norm_type kernel_size stride ceil_mode"),
    *build_many(
        build_class, "torch.nn.", "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d", MIX, "output_size"
    ),
    *build_many(
        build_class, "torch.nn.", "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d",
        MIX, "output_size return_indices",
    ),
    *build_many(
        build_class, "torch.nn.", "FractionalMaxPool2d FractionalMaxPool3d", MIX,
        "kernel_size output_size output_ratio return_indices _random_samples",
    ),
    *build_many(
        build_class, "torch.nn.", "MaxUnpool1d MaxUnpool2d MaxUnpool3d", MIX, "kernel_size stride padding",
        called="input indices output_size",
    ),
    *build_many(
        build_function, "torch.nn.functional.", "max_pool1d max_pool2d max_pool3d", MIX,
        f"input {_MAX_POOL} ceil_mode return_indices",
    ),
    *build_many(
        build_function, "torch.", "max_pool1d max_pool2d max_pool3d", MIX, f"input {_MAX_POOL} ceil_mode"
    ),
    _function("avg_pool1d", MIX, f"input {_AVG_POOL}", aliases=("torch.avg_pool1d",)),
    *build_many(
        build_function, "torch.nn.functional.", "avg_pool2d avg_pool3d", MIX,
        f"input {_AVG_POOL} divisor_override"
    ),
    *build_many(
        build_function, "torch.nn.functional.", "lp_pool1d lp_pool2d lp_pool3d", MIX,
        "input norm_type kernel_size stride ceil_mode",
    ),
    *build_many(
        build_function, "torch.nn.functional.", "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d",
        MIX, "input output_size",
    ),
    *build_many(
        build_function, "torch.nn.functional.", "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
        MIX, "input output_size return_indices",
    ),
    *build_many(
        build_function, "torch.nn.functional.", "max_unpool1d max_unpool2d max_unpool3d",
        MIX, "input indices kernel_size stride padding output_size",
    ),
)  # fmt: skip

_RESIZE = "size scale_factor mode align_corners recompute_scale_factor"
_RESAMPLING = (
    build_class("torch.nn.Upsample", MIX, _RESIZE),
    build_class("torch.nn.UpsamplingBilinear2d", MIX, "size scale_factor"),
    build_class("torch.nn.UpsamplingNearest2d", MIX, "size scale_factor"),
    _function("interpolate", MIX, f"input {_RESIZE} antialias"),
    _function("upsample", MIX, "input size scale_factor mode align_corners"),
    _function("upsample_bilinear", MIX, "input size scale_factor"),
    _function("upsample_nearest", MIX, "input size scale_factor"),
    _function("grid_sample", MIX, "input grid mode padding_mode align_corners"),
    _function("pad", MIX, "input pad mode value"),
    *build_many(build_class, "torch.nn.", "ConstantPad1d ConstantPad2d ConstantPad3d", MIX, "padding value"),
    *build_many(
        build_class, "torch.nn.",
        "ZeroPad1d ZeroPad2d ZeroPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d "
        "ReplicationPad1d ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d",
        MIX, "padding",
    ),
)  # fmt: skip

_STACKED = "num_layers bias batch_first dropout bidirectional"
_RECURRENT = (
    build_class(
        "torch.nn.RNN", RECURRENT,
        "input_size hidden_size num_layers nonlinearity bias batch_first dropout bidirectional device dtype",
        "input hx", produces=HIDDEN, units="hidden_size",
    ),
    build_class(
        "torch.nn.GRU", RECURRENT, f"input_size hidden_size {_STACKED} device dtype", "input hx",
        produces=HIDDEN, units="hidden_size",
    ),
    build_class(
        "torch.nn.LSTM", RECURRENT, f"input_size hidden_size {_STACKED} proj_size device dtype", "input hx",
        produces=HIDDEN, units="hidden_size",
    ),
    build_class(
        "torch.nn.RNNCell", RECURRENT, "input_size hidden_size bias nonlinearity device dtype", "input hx",
        produces=HIDDEN, units="hidden_size",
    ),
    *build_many(
        build_class, "torch.nn.", "GRUCell LSTMCell", RECURRENT, "input_size hidden_size bias device dtype",
        called="input hx", produces=HIDDEN, units="hidden_size",
    ),
)  # fmt: skip

# Their outputs are vectors inside a network: no activation, no scores of classes.
_OTHER = (
    build_class(
        "torch.nn.Embedding", OTHER,
        "num_embeddings embedding_dim padding_idx max_norm norm_type scale_grad_by_freq sparse",
    ),
    build_class(
        "torch.nn.EmbeddingBag", OTHER,
        "num_embeddings embedding_dim max_norm norm_type scale_grad_by_freq mode sparse",
    ),
    build_class("torch.nn.MultiheadAttention", OTHER, "embed_dim num_heads", "query key value"),
    build_class("torch.nn.Transformer", OTHER, "d_model nhead num_encoder_layers num_decoder_layers",
        "src tgt"),
    build_class("torch.nn.TransformerEncoder", OTHER, "encoder_layer num_layers norm", "src mask"),
    build_class("torch.nn.TransformerDecoder", OTHER, "decoder_layer num_layers norm", "tgt memory"),
    build_class("torch.nn.TransformerEncoderLayer", OTHER, "d_model nhead dim_feedforward dropout",
        "src src_mask"),
    build_class("torch.nn.TransformerDecoderLayer", OTHER, "d_model nhead dim_feedforward dropout",
        "tgt memory"),
    build_class("torch.nn.CosineSimilarity", OTHER, "dim eps", "x1 x2"),
    build_class("torch.nn.PairwiseDistance", OTHER, "p eps keepdim", "x1 x2"),
    build_class("torch.nn.Fold", OTHER, "output_size kernel_size dilation padding stride"),
    build_class("torch.nn.Unfold", OTHER, "kernel_size dilation padding stride"),
    *build_many(
        build_function, "torch.nn.functional.",
        "embedding embedding_bag one_hot normalize cosine_similarity pairwise_distance fold unfold "
        "affine_grid "
        "scaled_dot_product_attention multi_head_attention_forward", OTHER,
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (
    *_AFFINE, *_KEEP, *_NORMALISATION, *_POOLING, *_RESAMPLING, *_RECURRENT, *_OTHER,
)  # fmt: skip
