"""Losses of PyTorch, as classes and as functions."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class, build_function
from softmax_lint.knowledge.schema import LOSS, Api, Flag
from softmax_lint.representation import ANY, LOG_PROBABILITIES, SIGMOID_LOGITS, SOFTMAX_LOGITS
from softmax_lint.representation import BINARY as BINARY_PROBABILITIES

# The prediction of kl_div is log-probabilities either way; the flag says what the target is.
_LOG_TARGET = Flag("log_target", False, ((False, LOG_PROBABILITIES), (True, LOG_PROBABILITIES)))
_OLD = "size_average reduce reduction"  # the parameters every old loss ends with


def _class(name: str, expects: str, params: str, call: str = "input target", **fields: Any) -> Api:
    fields.setdefault("target", "target")
    return build_class(f"torch.nn.{name}", LOSS, params, call, expects=expects, **fields)


def _function(name: str, expects: str, params: str, **fields: Any) -> Api:
    fields.setdefault("target", "target")
    return build_function(f"torch.nn.functional.{name}", LOSS, params, expects=expects, **fields)


def _native(name: str, expects: str, params: str, **fields: Any) -> Api:
    fields.setdefault("target", "target")
    return build_function(f"torch.{name}", LOSS, params, expects=expects, **fields)


# The class axis of the cross-entropies and of NLL is 1, also for images; of CTC the last.
_CLASSES = (
    _class(
        "CrossEntropyLoss", SOFTMAX_LOGITS,
        "weight size_average ignore_index reduce reduction label_smoothing",
        axis_default=1,
    ),
    _class("NLLLoss", LOG_PROBABILITIES, "weight size_average ignore_index reduce reduction", axis_default=1),
    _class("NLLLoss2d", LOG_PROBABILITIES, "weight size_average ignore_index reduce reduction",
        axis_default=1),
    _class("KLDivLoss", LOG_PROBABILITIES, f"{_OLD} log_target", flags=(_LOG_TARGET,)),
    _class(
        "CTCLoss", LOG_PROBABILITIES, "blank reduction zero_infinity",
        "log_probs targets input_lengths target_lengths", target="targets", axis_default=-1,
    ),
    _class("BCELoss", BINARY_PROBABILITIES, f"weight {_OLD}"),
    _class("BCEWithLogitsLoss", SIGMOID_LOGITS, f"weight {_OLD} pos_weight"),
    _class("MultiLabelSoftMarginLoss", SIGMOID_LOGITS, f"weight {_OLD}"),
    _class("SoftMarginLoss", SIGMOID_LOGITS, _OLD),
    # Margin losses rank scores: a softmax before them flattens the margin, but neither end is a
    # cross-entropy.
    _class("MultiMarginLoss", ANY, f"p margin weight {_OLD}", axis_default=1),
    _class("MultiLabelMarginLoss", ANY, _OLD, axis_default=1),
    _class("MSELoss", ANY, _OLD),
    _class("L1Loss", ANY, _OLD),
    _class("SmoothL1Loss", ANY, f"{_OLD} beta"),
    _class("HuberLoss", ANY, "reduction delta"),
    _class("GaussianNLLLoss", ANY, "* full eps reduction", "input target var"),
    _class("PoissonNLLLoss", ANY, "log_input full size_average eps reduce reduction", "log_input target"),
    _class("HingeEmbeddingLoss", ANY, f"margin {_OLD}"),
    _class("CosineEmbeddingLoss", ANY, f"margin {_OLD}", "input1 input2 target"),
    _class("MarginRankingLoss", ANY, f"margin {_OLD}", "input1 input2 target"),
    _class("TripletMarginLoss", ANY, f"margin p eps swap {_OLD}", "anchor positive negative", target=""),
    _class(
        "TripletMarginWithDistanceLoss", ANY, "* distance_function margin swap reduction",
        "anchor positive negative", target="",
    ),
    # Both take hidden states: they hold the last layer themselves.
    _class(
        "AdaptiveLogSoftmaxWithLoss", ANY, "in_features n_classes cutoffs div_value head_bias device dtype",
        "input_ target_", target="target_", units="n_classes",
    ),
    _class(
        "LinearCrossEntropyLoss", ANY,
        "in_features num_classes * out_features bias device dtype reduction weight ignore_index "
        "label_smoothing options",
        units="num_classes",
    ),
)  # fmt: skip

_FUNCTIONS = (
    _function(
        "cross_entropy", SOFTMAX_LOGITS,
        "input target weight size_average ignore_index reduce reduction label_smoothing", axis_default=1,
    ),
    _function(
        "nll_loss", LOG_PROBABILITIES, "input target weight size_average ignore_index reduce reduction",
        axis_default=1, aliases=("torch.nn.functional.nll_loss2d",),
    ),
    _function("kl_div", LOG_PROBABILITIES, f"input target {_OLD} log_target", flags=(_LOG_TARGET,)),
    _function(
        "ctc_loss", LOG_PROBABILITIES,
        "log_probs targets input_lengths target_lengths blank reduction zero_infinity",
        target="targets", axis_default=-1,
    ),
    _function("binary_cross_entropy", BINARY_PROBABILITIES, f"input target weight {_OLD}"),
    _function("binary_cross_entropy_with_logits", SIGMOID_LOGITS, f"input target weight {_OLD} pos_weight"),
    _function("multilabel_soft_margin_loss", SIGMOID_LOGITS, f"input target weight {_OLD}"),
    _function("soft_margin_loss", SIGMOID_LOGITS, f"input target {_OLD}"),
    _function("multi_margin_loss", ANY, f"input target p margin weight {_OLD}", axis_default=1),
    _function("multilabel_margin_loss", ANY, f"input target {_OLD}", axis_default=1),
    _function("mse_loss", ANY, f"input target {_OLD} weight"),
    _function("l1_loss", ANY, f"input target {_OLD} weight"),
    _function("smooth_l1_loss", ANY, f"input target {_OLD} beta"),
    _function("huber_loss", ANY, "input target reduction delta weight"),
    _function("gaussian_nll_loss", ANY, "input target var full eps reduction"),
    _function("poisson_nll_loss", ANY, "input target log_input full size_average eps reduce reduction"),
    _function("hinge_embedding_loss", ANY, f"input target margin {_OLD}"),
    _function("cosine_embedding_loss", ANY, f"input1 input2 target margin {_OLD}"),
    _function("margin_ranking_loss", ANY, f"input1 input2 target margin {_OLD}"),
    _function("triplet_margin_loss", ANY, f"anchor positive negative margin p eps swap {_OLD}", target=""),
    _function(
        "triplet_margin_with_distance_loss", ANY,
        "anchor positive negative * distance_function margin swap reduction", target="",
    ),
    _function(
        "linear_cross_entropy", ANY,
        "input linear_weight target * linear_bias weight reduction ignore_index label_smoothing options",
    ),
)  # fmt: skip

# The spellings in the top-level module take the reduction as a number.
_NATIVE = (
    _native("kl_div", LOG_PROBABILITIES, "input target reduction * log_target", flags=(_LOG_TARGET,)),
    _native(
        "ctc_loss", LOG_PROBABILITIES,
        "log_probs targets input_lengths target_lengths blank reduction zero_infinity",
        target="targets", axis_default=-1,
    ),
    _native("binary_cross_entropy_with_logits", SIGMOID_LOGITS, "input target weight pos_weight reduction"),
    _native("cosine_embedding_loss", ANY, "input1 input2 target margin reduction"),
    _native("hinge_embedding_loss", ANY, "input target margin reduction"),
    _native("margin_ranking_loss", ANY, "input1 input2 target margin reduction"),
    _native("poisson_nll_loss", ANY, "input target log_input full eps reduction"),
    _native("triplet_margin_loss", ANY, "anchor positive negative margin p eps swap reduction", target=""),
)  # fmt: skip

ROWS: tuple[Api, ...] = _CLASSES + _FUNCTIONS + _NATIVE
