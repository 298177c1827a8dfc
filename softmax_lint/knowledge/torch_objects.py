"""What PyTorch does to modules: containers, base classes, wrappers, moves between devices."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function, build_many, build_method
from softmax_lint.knowledge.schema import APPLY, BASE, CONTAINER, KEEP, OTHER, Api

_CONTAINERS = (
    build_class("torch.nn.Sequential", CONTAINER),
    build_class("torch.nn.ModuleList", CONTAINER, "modules", ""),
    build_class("torch.nn.ModuleDict", CONTAINER, "modules", ""),
)

_BASES = (
    build_class("torch.nn.Module", BASE, "", "", call="forward"),
    build_class("torch.jit.ScriptModule", BASE, "", "", call="forward"),
    build_class("torch.autograd.Function", OTHER, "", "", aliases=("torch.autograd.function.Function",)),
    build_class(
        "torch.nn.Parameter", OTHER, "data requires_grad", "", aliases=("torch.nn.parameter.Parameter",)
    ),
    build_class("torch.nn.ParameterList", OTHER, "values", ""),
    build_class("torch.nn.ParameterDict", OTHER, "parameters", ""),
    build_class("torch.utils.data.Dataset", OTHER, "", ""),
    build_class("torch.utils.data.DataLoader", OTHER, "dataset batch_size shuffle", ""),
)

# Wrappers are classes that keep the module given to their constructor: the subject is no parameter of the
# call.
_WRAPPERS = (
    build_class(
        "torch.nn.DataParallel", KEEP, "module device_ids output_device dim", subject="module",
        aliases=("torch.nn.parallel.DataParallel",),
    ),
    build_function("torch.nn.parallel.data_parallel", APPLY, "module inputs device_ids output_device dim"),
    build_class(
        "torch.nn.parallel.DistributedDataParallel", KEEP,
        "module device_ids output_device dim broadcast_buffers init_sync process_group", subject="module",
    ),
    build_class(
        "torch.distributed.fsdp.FullyShardedDataParallel", KEEP,
        "module process_group sharding_strategy", subject="module",
    ),
    build_class(
        "torch.optim.swa_utils.AveragedModel", KEEP, "model device avg_fn multi_avg_fn use_buffers",
        subject="model"
    ),
)  # fmt: skip

_OF_MODULES = (
    build_function("torch.compile", KEEP, "model * fullgraph dynamic backend mode options name disable",
        subject="model"),
    build_function("torch.jit.script", KEEP, "obj optimize _frames_up _rcb example_inputs", subject="obj"),
    build_function("torch.jit.trace", KEEP, "func example_inputs", subject="func"),
    build_function("torch.jit.freeze", KEEP, "mod preserved_attrs optimize_numerics", subject="mod"),
    build_function("torch.jit.optimize_for_inference", KEEP, "mod other_methods", subject="mod"),
    build_function("torch.fx.symbolic_trace", KEEP, "root concrete_args", subject="root"),
    build_function(
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm", KEEP, "module process_group", subject="module"
    ),
    *build_many(
        build_function, "torch.nn.utils.",
        "weight_norm remove_weight_norm spectral_norm remove_spectral_norm "
        "parametrizations.weight_norm parametrizations.spectral_norm parametrizations.orthogonal",
        KEEP, "module name", subject="module",
    ),
    build_function("copy.copy", KEEP, "x", subject="x"),
    build_function("copy.deepcopy", KEEP, "x memo", subject="x"),
    # Called with the tensors, what vmap gives runs the function on each.
    build_class("torch.vmap", APPLY, "func in_dims out_dims", "", subject="func",
        aliases=("torch.func.vmap",)),
    build_function("torch.utils.checkpoint.checkpoint", APPLY, "function", subject="function"),
    build_function("torch.utils.checkpoint.checkpoint_sequential", OTHER, "functions segments input"),
    *build_many(build_function, "torch.jit.", "load ignore unused", OTHER),
)  # fmt: skip

_METHODS = (
    build_method("Module.to", KEEP),
    build_method("Module.to_empty", KEEP, "* device recurse"),
    build_method("Module.train", KEEP, "mode"),
    build_method("Module.requires_grad_", KEEP, "requires_grad"),
    build_method("Module.apply", KEEP, "fn"),
    build_method("Module.type", KEEP, "dst_type"),
    *build_many(build_method, "Module.", "cuda xpu ipu mtia", KEEP, "device"),
    *build_many(build_method, "Module.", "cpu eval float double half bfloat16 share_memory", KEEP),
    *build_many(
        build_method, "Module.",
        "state_dict load_state_dict parameters named_parameters buffers named_buffers modules named_modules "
        "children named_children zero_grad register_buffer register_parameter register_forward_hook "
        "get_submodule compile",
        OTHER,
    ),
)  # fmt: skip

ROWS: tuple[Api, ...] = (*_CONTAINERS, *_BASES, *_WRAPPERS, *_OF_MODULES, *_METHODS)
