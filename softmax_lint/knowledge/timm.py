"""timm: models by name, and losses. `create_model` resets the last layer by `num_classes`."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import LOSS, MODEL, Api
from softmax_lint.representation import SCORES, SIGMOID_LOGITS, SOFTMAX_LOGITS


def _loss(name: str, expects: str, params: str, called: str = "x target", **fields: Any) -> Api:
    fields.setdefault("target", called.split()[1])
    return build_class(f"timm.loss.{name}", LOSS, params, called, expects=expects, **fields)


_LOSSES = (
    _loss("LabelSmoothingCrossEntropy", SOFTMAX_LOGITS, "smoothing", axis_default=-1),
    _loss("SoftTargetCrossEntropy", SOFTMAX_LOGITS, "", axis_default=-1),
    _loss("JsdCrossEntropy", SOFTMAX_LOGITS, "num_splits alpha smoothing", "output target", axis_default=1),
    _loss("BinaryCrossEntropy", SIGMOID_LOGITS, "smoothing target_threshold weight reduction"),
    _loss("AsymmetricLossMultiLabel", SIGMOID_LOGITS, "gamma_neg gamma_pos clip eps", "x y", measured=False),
    _loss(
        "AsymmetricLossSingleLabel",
        SOFTMAX_LOGITS,
        "gamma_pos gamma_neg eps",
        "inputs target",
        measured=False,
    ),
)

_MODELS = (
    build_class(
        "timm.create_model", MODEL, "model_name pretrained * num_classes", "x",
        produces=SCORES, units="num_classes", axis_default=-1, measured=False,
        aliases=("timm.models.create_model",),
    ),
    *(
        build_class(
            f"timm.models.{name}", MODEL, "pretrained * num_classes", "x",
            produces=SCORES, head=head, units="num_classes", axis_default=-1, measured=False,
        )
        for head, names in (
            ("fc", "resnet18 resnet34 resnet50 resnet101 resnext50_32x4d inception_v4 xception"),
            ("classifier", "efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 "
                           "tf_efficientnet_b0 mobilenetv3_large_100 densenet121"),
            ("head", "vit_tiny_patch16_224 vit_small_patch16_224 vit_base_patch16_224 vit_base_patch32_224 "
                     "vit_large_patch16_224 deit_tiny_patch16_224 deit_small_patch16_224 "
                     "deit_base_patch16_224"),
            ("head.fc", "convnext_tiny convnext_small convnext_base swin_tiny_patch4_window7_224 "
                        "swin_base_patch4_window7_224"),
        )
        for name in names.split()
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (*_LOSSES, *_MODELS)

PREFIXES: tuple[tuple[str, str], ...] = (
    *(
        (f"timm.models.{module}.", "timm.models.")
        for module in (
            "resnet", "efficientnet", "vision_transformer", "convnext", "swin_transformer", "deit",
            "densenet",
            "mobilenetv3", "inception_v4", "xception", "factory", "_factory",
        )
    ),
    *((f"timm.loss.{module}.", "timm.loss.") for module in ("cross_entropy", "binary_cross_entropy", "jsd",
                                                             "asymmetric_loss")),
)  # fmt: skip
