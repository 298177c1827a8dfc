"""PyTorch: all rows, and the prefixes under which the same names exist."""

from __future__ import annotations

from softmax_lint.knowledge import torch_activations, torch_layers, torch_losses, torch_objects, torch_tensors
from softmax_lint.knowledge.schema import Api

ROWS: tuple[Api, ...] = (
    *torch_losses.ROWS,
    *torch_activations.ROWS,
    *torch_layers.ROWS,
    *torch_tensors.ROWS,
    *torch_objects.ROWS,
)

_MODULES_OF_NN = (
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance", "dropout",
    "flatten",
    "fold", "instancenorm", "linear", "loss", "module", "normalization", "padding", "pixelshuffle", "pooling",
    "rnn",
    "sparse", "transformer", "upsampling",
)  # fmt: skip
_MODULES_OF_DISTRIBUTIONS = (
    "bernoulli", "binomial", "categorical", "continuous_bernoulli", "geometric", "multinomial",
    "one_hot_categorical",
    "relaxed_bernoulli", "relaxed_categorical",
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    *((f"torch.nn.modules.{module}.", "torch.nn.") for module in _MODULES_OF_NN),
    *((f"torch.distributions.{module}.", "torch.distributions.") for module in _MODULES_OF_DISTRIBUTIONS),
    ("torch.nn.modules.", "torch.nn."),
    ("torch.nn.parallel.data_parallel.", "torch.nn.parallel."),
    ("torch.nn.parallel.distributed.", "torch.nn.parallel."),
    ("torch.nn.utils.weight_norm.", "torch.nn.utils."),
    ("torch.nn.utils.spectral_norm.", "torch.nn.utils."),
    ("torch.distributed.fsdp.fully_sharded_data_parallel.", "torch.distributed.fsdp."),
    ("torch.autograd.variable.", "torch.autograd."),
    ("torch.nn.functional.torch.", "torch."),
    ("torch._C._nn.", "torch.nn.functional."),
    ("torch._C._special.special_", "torch.special."),
    ("torch.functional.", "torch."),
)
