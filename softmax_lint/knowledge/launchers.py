"""Packages that wrap a model for several devices or narrow numbers: apex, DeepSpeed, Ray, PyTorch/XLA, IPEX.

`initialize` and the like give back what they were given; `softmax_lint.linking.builtins` knows in which form.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function, build_many
from softmax_lint.knowledge.schema import KEEP, OTHER, Api

ROWS: tuple[Api, ...] = (
    build_function("apex.amp.initialize", OTHER, "models optimizers enabled opt_level", measured=False),
    build_class(
        "apex.parallel.DistributedDataParallel", KEEP, "module message_size", subject="module", measured=False
    ),
    build_function(
        "apex.parallel.convert_syncbn_model", KEEP, "module process_group", subject="module", measured=False
    ),
    build_function(
        "deepspeed.initialize", OTHER, "args model optimizer model_parameters training_data", measured=False
    ),
    build_function("ray.train.torch.prepare_model", KEEP, "model", subject="model", measured=False),
    build_class(
        "torch_xla.distributed.xla_multiprocessing.MpModelWrapper", KEEP, "model", subject="model",
        measured=False,
    ),
    *build_many(
        build_class, "encoding.parallel.", "DataParallelModel DataParallelCriterion", KEEP,
        "module device_ids", subject="module", measured=False,
    ),
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (("apex.parallel.distributed.", "apex.parallel."),)
