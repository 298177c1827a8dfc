"""Operations on tensors in PyTorch, as functions and as methods.

A row with `KEEP` says that the entries mean what they meant; where they stand may change (transpose,
flatten). `chunk`, `split`, `unbind` give a sequence whose members are kept.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_function, build_many, build_method
from softmax_lint.knowledge.schema import CONSUMER, JOIN, KEEP, MIX, OTHER, Api

# Name and parameters of the method; the function of the same name takes `input` before them.
_BOTH = (
    ("flatten", "start_dim end_dim"), ("reshape", "shape"), ("unflatten", "dim sizes"), ("ravel", ""),
    ("t", ""), ("squeeze", "dim"), ("unsqueeze", "dim"), ("permute", "dims"), ("transpose", "dim0 dim1"),
    ("swapaxes", "axis0 axis1"), ("swapdims", "dim0 dim1"), ("movedim", "source destination"),
    ("moveaxis", "source destination"), ("adjoint", ""), ("flip", "dims"), ("fliplr", ""), ("flipud", ""),
    ("roll", "shifts dims"), ("rot90", "k dims"), ("tile", "dims"), ("broadcast_to", "size"),
    ("repeat_interleave", "repeats dim * output_size"), ("clone", "* memory_format"),
    ("narrow", "dim start length"), ("select", "dim index"), ("index_select", "dim index"),
    ("gather", "dim index * sparse_grad"), ("take_along_dim", "indices dim"), ("masked_select", "mask"),
    ("take", "index"), ("diagonal", "offset dim1 dim2"), ("chunk", "chunks dim"),
    ("unsafe_chunk", "chunks dim"), ("tensor_split", "indices_or_sections dim"), ("hsplit", "sections"),
    ("vsplit", "sections"), ("dsplit", "sections"), ("unbind", "dim"), ("positive", ""), ("resolve_conj", ""),
    ("resolve_neg", ""),
)  # fmt: skip

_METHODS_ONLY = (
    ("squeeze_", "dim"), ("unsqueeze_", "dim"), ("transpose_", "dim0 dim1"), ("t_", ""),
    ("swapaxes_", "axis0 axis1"), ("swapdims_", "dim0 dim1"), ("split", "split_size dim"), ("contiguous", ""),
    ("view", ""), ("view_as", "other"), ("reshape_as", "other"), ("expand", ""), ("expand_as", "other"),
    ("repeat", ""), ("resize", ""), ("resize_as", "tensor"), ("to", ""), ("type", "dtype non_blocking"),
    ("type_as", "other"),
    ("float", "memory_format"), ("double", "memory_format"), ("half", "memory_format"),
    ("bfloat16", "memory_format"), ("cpu", "memory_format"), ("cuda", "device non_blocking memory_format"),
    ("xpu", "device non_blocking memory_format"), ("pin_memory", "device"),
    ("requires_grad_", "requires_grad"), ("share_memory_", ""), ("to_dense", "dtype"), ("coalesce", ""),
    ("dequantize", ""),
)  # fmt: skip

# Properties are rows of methods without parameters.
_PROPERTIES = "T mT H mH real"

_KEEP = (
    *(build_method(f"Tensor.{name}", KEEP, params) for name, params in (*_BOTH, *_METHODS_ONLY)),
    *(
        build_function(f"torch.{name}", KEEP, f"input {params}")
        for name, params in _BOTH
        if name != "tensor_split"
    ),
    build_function("torch.tensor_split", KEEP, "input indices_or_sections dim"),
    build_function("torch.split", KEEP, "tensor split_size_or_sections dim", subject="tensor"),
    build_function("torch.as_tensor", KEEP, "data * dtype device", subject="data"),
    build_function("torch.asarray", KEEP, "obj * dtype device copy requires_grad", subject="obj"),
    build_function("torch.autograd.Variable", KEEP, "data requires_grad volatile", subject="data"),
    # They give a packed sequence, which is read through its first item or `.data`, or a pair.
    build_function("torch.nn.utils.rnn.pack_padded_sequence", KEEP, "input lengths batch_first enforce_sorted",
        measured=False),
    build_function("torch.nn.utils.rnn.pad_packed_sequence", KEEP,
        "sequence batch_first padding_value total_length", subject="sequence", measured=False),
    *build_many(build_method, "Tensor.", _PROPERTIES, KEEP),
    *build_many(build_method, "Tensor.", "detach detach_ numpy tolist item data", KEEP, detached=True),
    build_function("torch.detach", KEEP, "input", detached=True),
    build_function("torch.tensor", KEEP, "data * dtype device requires_grad pin_memory", subject="data",
        detached=True),
)  # fmt: skip

_REDUCTIONS = "mean sum nanmean nansum median nanmedian"
_BOUNDS = "clamp clamp_ clip clip_"
_MIX = (
    *build_many(build_method, "Tensor.", _REDUCTIONS, MIX, "dim keepdim"),
    *build_many(build_function, "torch.", _REDUCTIONS, MIX, "input dim keepdim"),
    *build_many(build_method, "Tensor.", _BOUNDS, MIX, "min max"),
    *build_many(build_function, "torch.", _BOUNDS, MIX, "input min max"),
    *build_many(build_method, "Tensor.", "clamp_min clamp_min_", MIX, "min"),
    *build_many(build_method, "Tensor.", "clamp_max clamp_max_", MIX, "max"),
    *build_many(build_function, "torch.", "clamp_min clamp_min_", MIX, "input min"),
    *build_many(build_function, "torch.", "clamp_max clamp_max_", MIX, "input max"),
    *build_many(build_method, "Tensor.", "nan_to_num nan_to_num_", MIX, "nan posinf neginf"),
    *build_many(build_function, "torch.", "nan_to_num nan_to_num_", MIX, "input nan posinf neginf"),
    *build_many(build_method, "Tensor.", "masked_fill masked_fill_", MIX, "mask value"),
    build_function("torch.masked_fill", MIX, "input mask value"),
    *build_many(build_method, "Tensor.", "cumsum", MIX, "dim dtype"),
    build_function("torch.cumsum", MIX, "input dim dtype"),
)

_JOIN = (
    *build_many(build_function, "torch.", "cat concat concatenate stack", JOIN, "tensors dim * out"),
    *build_many(
        build_function, "torch.", "hstack vstack dstack column_stack row_stack", JOIN, "tensors * out"
    ),
)

# What they give says which entry, how many, or whether: no gradient reaches the subject.
_CONSUMERS = (
    *build_many(build_method, "Tensor.", "argmax argmin argsort", CONSUMER, "dim", detached=True),
    *build_many(build_function, "torch.", "argmax argmin argsort", CONSUMER, "input dim", detached=True),
    *build_many(build_method, "Tensor.", "round round_", CONSUMER, "* decimals", detached=True),
    *build_many(build_function, "torch.", "round round_", CONSUMER, "input * decimals", detached=True),
    *build_many(build_method, "Tensor.", "gt ge lt le eq ne greater less", CONSUMER, "other", detached=True),
    *build_many(
        build_function, "torch.", "gt ge lt le eq ne greater less", CONSUMER, "input other", detached=True
    ),
    *build_many(build_method, "Tensor.", "bernoulli", CONSUMER, "p", detached=True),
    build_function("torch.bernoulli", CONSUMER, "input", detached=True),
    build_method("Tensor.multinomial", CONSUMER, "num_samples replacement", detached=True),
    build_function("torch.multinomial", CONSUMER, "input num_samples replacement", detached=True),
    *build_many(build_method, "Tensor.", "max min sort topk kthvalue", CONSUMER),
    *build_many(build_function, "torch.", "max min sort topk kthvalue", CONSUMER, "input"),
    *build_many(build_method, "Tensor.", "amax amin", CONSUMER, "dim keepdim"),
    *build_many(build_function, "torch.", "amax amin", CONSUMER, "input dim keepdim"),
)

_OTHER = (
    *build_many(
        build_method, "Tensor.",
        "long int bool byte char short size numel dim backward norm std var matmul mm bmm addmm where any "
        "all scatter scatter_ index_fill erf sin cos floor ceil sign logical_not logical_and add mul sub "
        "div true_divide",
        OTHER,
    ),
    *build_many(
        build_function, "torch.",
        "matmul mm bmm addmm addbmm baddbmm einsum tensordot where norm std var sign floor ceil erf sin cos "
        "add mul sub div true_divide outer dot mv maximum minimum zeros ones zeros_like ones_like empty "
        "empty_like full full_like rand randn randint rand_like randn_like arange linspace eye from_numpy "
        "load",
        OTHER,
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (*_KEEP, *_MIX, *_JOIN, *_CONSUMERS, *_OTHER)
