"""segmentation_models_pytorch: models with an `activation` parameter, and losses."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import LOSS, MODEL, Api
from softmax_lint.representation import ANY, SCORES, SIGMOID_LOGITS, SOFTMAX_LOGITS

_ROOT = "segmentation_models_pytorch"

# Parameters between `encoder_weights` and `in_channels`; then come `classes` and `activation`.
_MODELS = (
    ("Unet", "encoder_depth encoder_weights decoder_use_norm decoder_channels decoder_attention_type "
             "decoder_interpolation"),
    ("UnetPlusPlus", ""), ("MAnet", ""), ("Linknet", ""), ("FPN", ""), ("PSPNet", ""), ("DeepLabV3", ""),
    ("DeepLabV3Plus", ""), ("PAN", ""), ("UPerNet", ""), ("Segformer", ""),
)  # fmt: skip


def _model(name: str, middle: str) -> Api:
    params = f"encoder_name {middle} in_channels classes activation" if middle else (
        "encoder_name * encoder_weights in_channels classes activation"
    )  # fmt: skip
    return build_class(
        f"{_ROOT}.{name}", MODEL, params, "x", produces=SCORES, units="classes", axis_default=1,
        activation="activation", head="segmentation_head",
    )  # fmt: skip


def _loss(name: str, expects: str, params: str, **fields: Any) -> Api:
    return build_class(
        f"{_ROOT}.losses.{name}", LOSS, params, "y_pred y_true", target="y_true", expects=expects, **fields
    )


ROWS: tuple[Api, ...] = (
    *(_model(name, middle) for name, middle in _MODELS),
    build_class(
        f"{_ROOT}.create_model", MODEL,
        "arch encoder_name encoder_weights in_channels classes * activation", "x",
        produces=SCORES, units="classes", axis_default=1, activation="activation",
    ),
    _loss("SoftCrossEntropyLoss", SOFTMAX_LOGITS, "reduction smooth_factor ignore_index dim", axis="dim",
        axis_default=1),
    _loss("SoftBCEWithLogitsLoss", SIGMOID_LOGITS, "weight ignore_index reduction smooth_factor pos_weight"),
    _loss("DiceLoss", ANY, "mode classes log_loss from_logits"),
    _loss("JaccardLoss", ANY, "mode classes log_loss from_logits"),
    _loss("TverskyLoss", ANY, "mode classes log_loss from_logits"),
    _loss("LovaszLoss", ANY, "mode per_image ignore_index from_logits"),
    _loss("FocalLoss", ANY, "mode alpha gamma ignore_index"),
    _loss("MCCLoss", ANY, "eps"),
)  # fmt: skip

_PACKAGES = (
    "unet", "unetplusplus", "manet", "linknet", "fpn", "pspnet", "deeplabv3", "pan", "upernet", "segformer",
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    *(
        (f"{_ROOT}.losses.{module}.", f"{_ROOT}.losses.")
        for module in ("soft_ce", "soft_bce", "dice", "jaccard", "tversky", "lovasz", "focal", "mcc")
    ),
    *(
        (f"{_ROOT}.{package}{module}.", f"{_ROOT}.")
        for package in ("", "decoders.")
        for module in _PACKAGES
    ),
    *(
        (f"{_ROOT}.{package}{module}.model.", f"{_ROOT}.")
        for package in ("", "decoders.")
        for module in _PACKAGES
    ),
)  # fmt: skip
