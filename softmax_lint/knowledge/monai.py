"""MONAI: networks and losses for medical images.

Its losses carry the activation themselves when asked (``softmax=True``) or average two losses that disagree
about their input, so none of them makes a pair finding.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import LOSS, MODEL, Api
from softmax_lint.representation import ANY, SCORES

_ACT = "include_background to_onehot_y sigmoid softmax"
_LOSSES = (
    *(
        build_class(f"monai.losses.{name}", LOSS, _ACT, "input target", target="target", expects=ANY)
        for name in (
            "DiceLoss", "MaskedDiceLoss", "GeneralizedDiceLoss", "DiceCELoss", "DiceFocalLoss",
            "GeneralizedDiceFocalLoss", "TverskyLoss",
        )
    ),
    build_class("monai.losses.FocalLoss", LOSS,
        "include_background to_onehot_y gamma alpha weight reduction use_softmax",
                "input target", target="target", expects=ANY),
    build_class("monai.losses.GeneralizedWassersteinDiceLoss", LOSS, "dist_matrix", "input target",
        target="target",
                expects=ANY),
    build_class("monai.losses.HausdorffDTLoss", LOSS, "alpha include_background", "input target",
        target="target",
                expects=ANY),
    build_class("monai.losses.DeepSupervisionLoss", LOSS, "loss weight_mode weights", "input target",
        target="target",
                expects=ANY),
)  # fmt: skip

_IMAGE = "spatial_dims in_channels out_channels"
_NETS = (
    *(("out_channels", name, _IMAGE) for name in (
        "UNet", "AttentionUnet", "BasicUNet", "BasicUNetPlusPlus", "DynUNet", "VNet", "HighResNet",
        "DenseNet",
        "DenseNet121", "DenseNet169", "DenseNet201", "DenseNet264",
    )),
    ("out_channels", "UNETR", "in_channels out_channels img_size"),
    ("out_channels", "SwinUNETR", "in_channels out_channels patch_size"),
    ("out_channels", "FlexibleUNet", "in_channels out_channels backbone"),
    ("out_channels", "SegResNet", "spatial_dims init_filters in_channels out_channels"),
    ("num_classes", "EfficientNetBN", "model_name pretrained progress spatial_dims in_channels num_classes"),
    *(("num_classes", name, "pretrained progress * num_classes") for name in (
        "resnet10", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnet200",
    )),
)  # fmt: skip

# Names of the input where it is not `x`.
_SUBJECTS = {"UNETR": "x_in", "SwinUNETR": "x_in", "FlexibleUNet": "inputs", "EfficientNetBN": "inputs"}

ROWS: tuple[Api, ...] = (
    *_LOSSES,
    *(
        build_class(
            f"monai.networks.nets.{name}",
            MODEL,
            params,
            _SUBJECTS.get(name, "x"),
            produces=SCORES,
            units=units,
            measured=False,
        )
        for units, name, params in _NETS
    ),
)

PREFIXES: tuple[tuple[str, str], ...] = (
    *(
        (f"monai.networks.nets.{module}.", "monai.networks.nets.")
        for module in ("unet", "attentionunet", "basic_unet", "dynunet", "vnet", "densenet", "unetr",
            "swin_unetr",
                       "segresnet", "efficientnet", "resnet", "highresnet")
    ),
    *(
        (f"monai.losses.{module}.", "monai.losses.")
        for module in ("dice", "focal_loss", "tversky", "deform", "ds_loss", "hausdorff_loss")
    ),
)  # fmt: skip
