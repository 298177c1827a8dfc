"""torchmetrics: metrics that take scores or probabilities, whichever they are given."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import METRIC, Api
from softmax_lint.representation import ANY

_NAMES = (
    "Accuracy Precision Recall F1Score FBetaScore AUROC AveragePrecision ROC PrecisionRecallCurve "
    "ConfusionMatrix JaccardIndex CalibrationError CohenKappa HammingDistance MatthewsCorrCoef Specificity "
    "StatScores HingeLoss ExactMatch"
)
_TASKS = ("Binary", "Multiclass", "Multilabel")
# Metrics that one task does not have.
_MISSING = {
    "BinaryExactMatch", "MultilabelCalibrationError", "MultilabelCohenKappa", "MultilabelHingeLoss",
    "MulticlassExact",
}  # fmt: skip
_FUNCTIONS = (
    "accuracy precision recall f1_score fbeta_score auroc average_precision roc precision_recall_curve "
    "confusion_matrix jaccard_index calibration_error cohen_kappa hamming_distance matthews_corrcoef "
    "specificity stat_scores hinge_loss exact_match"
)

ROWS: tuple[Api, ...] = (
    *(
        build_class(f"torchmetrics.{name}", METRIC, "task", "preds target", target="target", expects=ANY)
        for name in _NAMES.split()
    ),
    *(
        build_class(f"torchmetrics.classification.{task}{name}", METRIC, "", "preds target", target="target",
            expects=ANY)
        for name in _NAMES.split()
        for task in _TASKS if task + name not in _MISSING
    ),
    *(
        build_function(f"torchmetrics.functional.{name}", METRIC, "preds target", target="target",
            expects=ANY)
        for name in _FUNCTIONS.split()
    ),
    build_class("torchmetrics.MeanSquaredError", METRIC, "", "preds target", target="target", expects=ANY),
    build_class("torchmetrics.KLDivergence", METRIC, "log_prob reduction", "p q", target="q", expects=ANY),
    build_class("torchmetrics.MeanMetric", METRIC, "", "value", expects=ANY),
    build_class("torchmetrics.MetricCollection", METRIC, "metrics", "preds target", target="target",
        expects=ANY),
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    ("torchmetrics.functional.classification.", "torchmetrics.functional."),
)
