"""Activations of PyTorch, as classes, functions and methods, and the samplers that take raw scores."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class, build_function, build_many, build_method
from softmax_lint.knowledge.schema import ACTIVATION, LOG, OTHER, SAMPLER, Api
from softmax_lint.representation import HIDDEN, LOG_SIGMOID, LOG_SOFTMAX, SIGMOID, SOFTMAX


def _module(name: str, produces: str, params: str = "", **fields: Any) -> Api:
    return build_class(f"torch.nn.{name}", ACTIVATION, params, produces=produces, **fields)


def _function(name: str, produces: str, params: str = "input", **fields: Any) -> Api:
    return build_function(f"torch.{name}", ACTIVATION, params, produces=produces, **fields)


def _method(name: str, produces: str, params: str = "", **fields: Any) -> Api:
    return build_method(f"Tensor.{name}", ACTIVATION, params, produces=produces, **fields)


# Without `dim`, the modules and F.* choose an axis by rank; the others raise.
_SOFTMAX = (
    _module("Softmax", SOFTMAX, "dim", axis="dim"),
    _module("Softmin", SOFTMAX, "dim", axis="dim"),
    _module("Softmax2d", SOFTMAX, axis_default=-3),
    _module("LogSoftmax", LOG_SOFTMAX, "dim", axis="dim"),
    _function("nn.functional.softmax", SOFTMAX, "input dim _stacklevel dtype", axis="dim"),
    _function("nn.functional.softmin", SOFTMAX, "input dim _stacklevel dtype", axis="dim"),
    _function("nn.functional.log_softmax", LOG_SOFTMAX, "input dim _stacklevel dtype", axis="dim"),
    _function("softmax", SOFTMAX, "input dim dtype", axis="dim"),
    _function("log_softmax", LOG_SOFTMAX, "input dim dtype", axis="dim"),
    _function("special.softmax", SOFTMAX, "input dim * dtype", axis="dim"),
    _function("special.log_softmax", LOG_SOFTMAX, "input dim * dtype", axis="dim"),
    _function("sparse.softmax", SOFTMAX, "input dim * dtype", axis="dim"),
    _function("sparse.log_softmax", LOG_SOFTMAX, "input dim * dtype", axis="dim"),
    _function("masked.softmax", SOFTMAX, "input dim * dtype mask", axis="dim"),
    _function("masked.softmin", SOFTMAX, "input dim * dtype mask", axis="dim"),
    _function("masked.log_softmax", LOG_SOFTMAX, "input dim * dtype mask", axis="dim"),
    _method("softmax", SOFTMAX, "dim dtype", axis="dim"),
    _method("log_softmax", LOG_SOFTMAX, "dim dtype", axis="dim"),
)

_SIGMOID = (
    _module("Sigmoid", SIGMOID),
    _module("LogSigmoid", LOG_SIGMOID),
    # Piecewise linear: between 0 and 1, but no sigmoid that a loss with logits could undo.
    _module("Hardsigmoid", SIGMOID, "inplace", measured=False),
    _function("nn.functional.hardsigmoid", SIGMOID, "input inplace", measured=False),
    _function("nn.functional.sigmoid", SIGMOID),
    _function("nn.functional.logsigmoid", LOG_SIGMOID),
    _function("sigmoid", SIGMOID, aliases=("torch.sigmoid_",)),
    _function("special.expit", SIGMOID),
    _method("sigmoid", SIGMOID),
    _method("sigmoid_", SIGMOID),
)

_HIDDEN_MODULES = (
    ("ReLU", "inplace"), ("ReLU6", "inplace"), ("RReLU", "lower upper inplace"), ("GELU", "approximate"),
    ("LeakyReLU", "negative_slope inplace"), ("PReLU", "num_parameters init device dtype"),
    ("SiLU", "inplace"), ("Mish", "inplace"), ("ELU", "alpha inplace"), ("SELU", "inplace"),
    ("CELU", "alpha inplace"), ("Tanh", ""), ("Softplus", "beta threshold"), ("Softsign", ""),
    ("Tanhshrink", ""), ("Hardshrink", "lambd"), ("Softshrink", "lambd"), ("Hardswish", "inplace"),
    ("Hardtanh", "min_val max_val inplace min_value max_value"),
)  # fmt: skip

_HIDDEN_FUNCTIONS = (
    ("relu", "input inplace"), ("relu_", "input"), ("relu6", "input inplace"),
    ("rrelu", "input lower upper training inplace"), ("rrelu_", "input lower upper training"),
    ("gelu", "input approximate"), ("leaky_relu", "input negative_slope inplace"),
    ("leaky_relu_", "input negative_slope"), ("prelu", "input weight"), ("silu", "input inplace"),
    ("mish", "input inplace"), ("elu", "input alpha inplace"), ("elu_", "input alpha"),
    ("selu", "input inplace"), ("selu_", "input"), ("celu", "input alpha inplace"), ("celu_", "input alpha"),
    ("tanh", "input"), ("softplus", "input beta threshold"), ("softsign", "input"), ("tanhshrink", "input"),
    ("hardshrink", "input lambd"), ("softshrink", "input lambd"), ("hardswish", "input inplace"),
    ("hardtanh", "input min_val max_val inplace"), ("hardtanh_", "input min_val max_val"),
)  # fmt: skip

_HIDDEN = (
    *(_module(name, HIDDEN, params) for name, params in _HIDDEN_MODULES),
    *(_function(f"nn.functional.{name}", HIDDEN, params) for name, params in _HIDDEN_FUNCTIONS),
    *build_many(
        build_function, "torch.", "relu relu_ tanh tanh_ selu selu_", ACTIVATION, "input", produces=HIDDEN
    ),
    *build_many(build_function, "torch.", "celu celu_", ACTIVATION, "input alpha", produces=HIDDEN),
    *build_many(
        build_function, "torch.", "rrelu rrelu_", ACTIVATION, "input lower upper training", produces=HIDDEN
    ),
    _function("prelu", HIDDEN, "input weight"),
    _function("hardshrink", HIDDEN, "input lambd"),
    *build_many(build_method, "Tensor.", "relu relu_ tanh tanh_", ACTIVATION, produces=HIDDEN),
    _method("prelu", HIDDEN, "weight"),
    _method("hardshrink", HIDDEN, "lambd"),
)

# A gated or thresholded value is neither raw scores nor one of the activations a rule speaks about.
_OTHER = (
    build_class("torch.nn.GLU", OTHER, "dim"),
    build_function("torch.nn.functional.glu", OTHER, "input dim"),
    build_class("torch.nn.Threshold", OTHER, "threshold value inplace"),
    build_function("torch.nn.functional.threshold", OTHER, "input threshold value inplace"),
    *build_many(
        build_function, "torch.",
        "exp exp_ expm1 log1p log2 log10 logit neg sqrt square pow abs special.entr "
        "special.xlogy special.log1p special.logit special.log_ndtr logsumexp special.logsumexp",
        OTHER, "input",
    ),
    *build_many(
        build_method, "Tensor.",
        "exp exp_ expm1 log1p log2 log10 logit neg sqrt square pow abs logsumexp prod", OTHER
    ),
)  # fmt: skip

_LOG = (
    build_function("torch.log", LOG, "input", aliases=("torch.log_",)),
    build_method("Tensor.log", LOG),
    build_method("Tensor.log_", LOG),
)


# For a distribution the subject is a parameter of the constructor: there is no call.
def _distribution(name: str, params: str, **fields: Any) -> Api:
    return build_class(f"torch.distributions.{name}", SAMPLER, params, "", subject="logits", **fields)


_SAMPLERS = (
    _distribution("Categorical", "probs logits validate_args", axis_default=-1),
    _distribution("OneHotCategorical", "probs logits validate_args", axis_default=-1),
    _distribution("OneHotCategoricalStraightThrough", "probs logits validate_args", axis_default=-1),
    _distribution("Multinomial", "total_count probs logits validate_args", axis_default=-1),
    _distribution("RelaxedOneHotCategorical", "temperature probs logits validate_args", axis_default=-1),
    _distribution("Bernoulli", "probs logits validate_args"),
    _distribution("RelaxedBernoulli", "temperature probs logits validate_args"),
    _distribution("ContinuousBernoulli", "probs logits lims validate_args"),
    _distribution("Binomial", "total_count probs logits validate_args"),
    _distribution("Geometric", "probs logits validate_args"),
    # Takes raw scores and gives probabilities.
    build_function(
        "torch.nn.functional.gumbel_softmax", SAMPLER, "logits tau hard eps dim",
        produces=SOFTMAX, axis="dim", axis_default=-1,
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (*_SOFTMAX, *_SIGMOID, *_HIDDEN, *_OTHER, *_LOG, *_SAMPLERS)
