"""kornia: losses for images."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import LOSS, Api
from softmax_lint.representation import ANY, SIGMOID_LOGITS, SOFTMAX_LOGITS

# Class, its parameters, function, what it takes, class axis.
_LOSSES = (
    ("FocalLoss", "alpha gamma reduction", "focal_loss", SOFTMAX_LOGITS, 1),
    (
        "BinaryFocalLossWithLogits",
        "alpha gamma reduction",
        "binary_focal_loss_with_logits",
        SIGMOID_LOGITS,
        None,
    ),
    ("DiceLoss", "average eps", "dice_loss", ANY, 1),
    ("TverskyLoss", "alpha beta eps", "tversky_loss", ANY, 1),
    ("LovaszSoftmaxLoss", "weight", "lovasz_softmax_loss", ANY, 1),
    ("LovaszHingeLoss", "", "lovasz_hinge_loss", ANY, None),
)

ROWS: tuple[Api, ...] = (
    *(
        build_class(
            f"kornia.losses.{name}",
            LOSS,
            params,
            "pred target",
            target="target",
            expects=expects,
            axis_default=axis,
        )
        for name, params, _, expects, axis in _LOSSES
    ),
    *(
        build_function(
            f"kornia.losses.{name}",
            LOSS,
            f"pred target {params}",
            target="target",
            expects=expects,
            axis_default=axis,
        )
        for _, params, name, expects, axis in _LOSSES
    ),
    build_function(
        "kornia.losses.kl_div_loss_2d", LOSS, "pred target reduction", target="target", expects=ANY
    ),
    build_function(
        "kornia.losses.js_div_loss_2d", LOSS, "pred target reduction", target="target", expects=ANY
    ),
)

PREFIXES: tuple[tuple[str, str], ...] = (
    ("kornia.losses.focal.", "kornia.losses."),
    ("kornia.losses.dice.", "kornia.losses."),
    ("kornia.losses.tversky.", "kornia.losses."),
)
