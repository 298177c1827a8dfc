"""Packages around Keras: tensorflow_addons, segmentation_models, keras_hub, keras_cv, keras_contrib.

Nothing here is measured: these rows carry values along and silence.
"""

from __future__ import annotations

from typing import Final

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import (
    ACTIVATION,
    APPLY,
    LOSS,
    METRIC,
    MIX,
    MODEL,
    OTHER,
    Api,
    Flag,
)
from softmax_lint.representation import ANY, BINARY, CATEGORICAL, HIDDEN, SCORES, SIGMOID_LOGITS, SOFTMAX

_CALL: Final = "y_true y_pred sample_weight"


def _loss(name: str, params: str, expects: str = ANY, flags: tuple[Flag, ...] = ()) -> Api:
    return build_class(
        name,
        LOSS,
        params,
        _CALL,
        "keras",
        subject="y_pred",
        target="y_true",
        expects=expects,
        flags=flags,
        measured=False,
    )


def _loss_function(name: str, params: str, expects: str = ANY, flags: tuple[Flag, ...] = ()) -> Api:
    target, subject = params.split()[:2]
    return build_function(
        name,
        LOSS,
        params,
        "keras",
        subject=subject,
        target=target,
        expects=expects,
        flags=flags,
        measured=False,
    )


_BINARY: Final = (Flag("from_logits", False, ((True, SIGMOID_LOGITS), (False, BINARY))),)
_TAIL: Final = "reduction name"
ADDONS: Final = (
    _loss(
        "tensorflow_addons.losses.SigmoidFocalCrossEntropy",
        f"from_logits alpha gamma {_TAIL}",
        BINARY,
        _BINARY,
    ),
    _loss_function(
        "tensorflow_addons.losses.sigmoid_focal_crossentropy",
        "y_true y_pred alpha gamma from_logits",
        BINARY,
        _BINARY,
    ),
    *(
        _loss(f"tensorflow_addons.losses.{name}", "")
        for name in (
            "ContrastiveLoss",
            "GIoULoss",
            "LiftedStructLoss",
            "NpairsLoss",
            "NpairsMultilabelLoss",
            "PinballLoss",
            "SparsemaxLoss",
            "TripletHardLoss",
            "TripletSemiHardLoss",
            "WeightedKappaLoss",
        )
    ),
    *(
        _loss_function(f"tensorflow_addons.losses.{name}", "y_true y_pred")
        for name in (
            "contrastive_loss",
            "npairs_loss",
            "pinball_loss",
            "sparsemax_loss",
            "triplet_hard_loss",
            "triplet_semihard_loss",
        )
    ),
    *(
        build_class(
            f"tensorflow_addons.metrics.{name}",
            METRIC,
            params,
            _CALL,
            "keras",
            subject="y_pred",
            target="y_true",
            expects=expects,
            measured=False,
        )
        for name, params, expects in (
            ("F1Score", "num_classes average threshold name dtype", BINARY),
            ("FBetaScore", "num_classes average beta threshold name dtype", BINARY),
            ("CohenKappa", "num_classes name weightage sparse_labels regression dtype", ANY),
            ("HammingLoss", "mode name threshold dtype", BINARY),
            ("MatthewsCorrelationCoefficient", "num_classes name dtype", ANY),
            ("MultiLabelConfusionMatrix", "num_classes name dtype", ANY),
        )
    ),
    *(
        build_function(
            f"tensorflow_addons.activations.{name}",
            ACTIVATION,
            "x",
            "keras",
            subject="x",
            produces=HIDDEN,
            measured=False,
        )
        for name in ("gelu", "hardshrink", "lisht", "mish", "rrelu", "snake", "softshrink", "tanhshrink")
    ),
    build_function(
        "tensorflow_addons.activations.sparsemax",
        ACTIVATION,
        "logits axis",
        "keras",
        subject="logits",
        produces=SOFTMAX,
        axis="axis",
        axis_default=-1,
        measured=False,
    ),
    build_class(
        "tensorflow_addons.layers.WeightNormalization",
        APPLY,
        "layer data_init",
        "inputs",
        "keras",
        subject="layer",
        measured=False,
    ),
    build_class(
        "tensorflow_addons.layers.SpectralNormalization",
        APPLY,
        "layer power_iterations",
        "inputs training",
        "keras",
        subject="layer",
        measured=False,
    ),
    *(
        build_class(
            f"tensorflow_addons.layers.{name}",
            MIX,
            params,
            "inputs",
            "keras",
            subject="inputs",
            measured=False,
        )
        for name, params in (
            ("GroupNormalization", "groups axis"),
            ("InstanceNormalization", ""),
            ("AdaptiveAveragePooling2D", "output_size"),
            ("AdaptiveMaxPooling2D", "output_size"),
        )
    ),
    build_class(
        "tensorflow_addons.layers.GELU",
        ACTIVATION,
        "approximate",
        "inputs",
        "keras",
        subject="inputs",
        produces=HIDDEN,
        measured=False,
    ),
    build_class(
        "tensorflow_addons.layers.CRF", OTHER, "units", "inputs", "keras", subject="inputs", measured=False
    ),
)

_BACKBONE: Final = "backbone_name input_shape classes activation"
_HEAD: Final = "weights encoder_weights encoder_freeze encoder_features"


def _segmentation(name: str, activation_default: str, tail: str) -> Api:
    return build_class(
        f"segmentation_models.{name}",
        MODEL,
        f"{_BACKBONE} {tail}",
        "inputs",
        "keras",
        subject="inputs",
        produces=SCORES,
        units="classes",
        activation="activation",
        activation_default=activation_default,
        measured=False,
    )


_SEGMENTATION_LOSSES: Final = {
    "binary_crossentropy": BINARY,
    "categorical_crossentropy": CATEGORICAL,
    "binary_focal_loss": BINARY,
    "categorical_focal_loss": CATEGORICAL,
    "jaccard_loss": ANY,
    "dice_loss": ANY,
    "bce_dice_loss": BINARY,
    "bce_jaccard_loss": BINARY,
    "cce_dice_loss": CATEGORICAL,
    "cce_jaccard_loss": CATEGORICAL,
    "binary_focal_dice_loss": BINARY,
    "binary_focal_jaccard_loss": BINARY,
    "categorical_focal_dice_loss": CATEGORICAL,
    "categorical_focal_jaccard_loss": CATEGORICAL,
}
_COMMON: Final = "class_weights class_indexes per_image smooth"
SEGMENTATION: Final = (
    _segmentation("Unet", "sigmoid", f"{_HEAD} decoder_block_type decoder_filters decoder_use_batchnorm"),
    _segmentation("Linknet", "sigmoid", f"{_HEAD} decoder_block_type decoder_filters decoder_use_batchnorm"),
    _segmentation("FPN", "softmax", f"{_HEAD} pyramid_block_filters pyramid_use_batchnorm"),
    _segmentation("PSPNet", "softmax", "weights encoder_weights encoder_freeze downsample_factor"),
    # Losses of this package are objects; calling one takes (gt, pr). They have no form on logits.
    *(
        _loss_function(f"segmentation_models.losses.{name}", "gt pr", expects)
        for name, expects in _SEGMENTATION_LOSSES.items()
    ),
    _loss("segmentation_models.losses.BinaryCELoss", "", BINARY),
    _loss("segmentation_models.losses.CategoricalCELoss", "class_weights class_indexes", CATEGORICAL),
    _loss("segmentation_models.losses.BinaryFocalLoss", "alpha gamma", BINARY),
    _loss("segmentation_models.losses.CategoricalFocalLoss", "alpha gamma class_indexes", CATEGORICAL),
    _loss("segmentation_models.losses.JaccardLoss", _COMMON),
    _loss("segmentation_models.losses.DiceLoss", f"beta {_COMMON}"),
    *(
        build_function(
            f"segmentation_models.metrics.{name}",
            METRIC,
            "gt pr",
            "keras",
            subject="pr",
            target="gt",
            expects=BINARY,
            measured=False,
        )
        for name in ("iou_score", "f1_score", "f2_score", "precision", "recall")
    ),
)


def _hub(
    name: str, activation_default: str | None = None, params: str = "backbone num_classes preprocessor"
) -> Api:
    """A task model of keras_hub; what its head ends in is `activation`, none by default in most."""
    return build_class(
        f"keras_hub.models.{name}",
        MODEL,
        f"{params} activation",
        "inputs",
        "keras",
        subject="inputs",
        produces=SCORES,
        units="num_classes",
        activation="activation",
        activation_default=activation_default,
        aliases=(f"keras_hub.models.{name}.from_preset",),
        measured=False,
    )


_TEXT_CLASSIFIERS: Final = (
    "AlbertTextClassifier BertTextClassifier DebertaV3TextClassifier DistilBertTextClassifier"
    " FNetTextClassifier RobertaTextClassifier XLMRobertaTextClassifier TextClassifier"
)
_IMAGE_CLASSIFIERS: Final = (
    "ImageClassifier ResNetImageClassifier ViTImageClassifier EfficientNetImageClassifier"
)
HUB: Final = (
    *(_hub(name) for name in _TEXT_CLASSIFIERS.split()),
    *(_hub(name) for name in _IMAGE_CLASSIFIERS.split()),
    # keras_nlp called the same tasks …Classifier.
    *(
        _hub(f"{name}Classifier")
        for name in ("Albert", "Bert", "DebertaV3", "DistilBert", "FNet", "Roberta", "XLMRoberta")
    ),
)


def _vision(name: str, activation_default: str) -> Api:
    return build_class(
        f"keras_cv.models.{name}",
        MODEL,
        "backbone num_classes pooling activation",
        "inputs",
        "keras",
        subject="inputs",
        produces=SCORES,
        units="num_classes",
        activation="activation",
        activation_default=activation_default,
        measured=False,
    )


VISION: Final = (
    _vision("ImageClassifier", "softmax"),
    _loss("keras_cv.losses.FocalLoss", "alpha gamma from_logits label_smoothing", BINARY, _BINARY),
    *(
        _loss(f"keras_cv.losses.{name}", "")
        for name in ("GIoULoss", "IoULoss", "CIoULoss", "SmoothL1Loss", "SimCLRLoss")
    ),
)

CONTRIB: Final = (
    _loss("keras_contrib.losses.DSSIMObjective", ""),
    *(
        _loss_function(f"keras_contrib.losses.{name}", "y_true y_pred")
        for name in ("crf_loss", "jaccard_distance", "crf_nll")
    ),
    build_class(
        "keras_contrib.layers.CRF", OTHER, "units", "inputs", "keras", subject="inputs", measured=False
    ),
    build_class(
        "keras_contrib.layers.InstanceNormalization",
        MIX,
        "axis",
        "inputs",
        "keras",
        subject="inputs",
        measured=False,
    ),
)

ROWS: Final[tuple[Api, ...]] = (*ADDONS, *SEGMENTATION, *HUB, *VISION, *CONTRIB)

PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("tensorflow_addons.losses.focal_loss.", "tensorflow_addons.losses."),
    ("tensorflow_addons.losses.triplet.", "tensorflow_addons.losses."),
    ("keras_nlp.", "keras_hub."),
    ("segmentation_models.models.unet.", "segmentation_models."),
    ("segmentation_models.models.fpn.", "segmentation_models."),
    ("segmentation_models.models.linknet.", "segmentation_models."),
    ("segmentation_models.models.pspnet.", "segmentation_models."),
    ("keras_contrib.losses.crf_losses.", "keras_contrib.losses."),
    ("keras_contrib.layers.crf.", "keras_contrib.layers."),
    ("keras_contrib.layers.normalization.", "keras_contrib.layers."),
)
