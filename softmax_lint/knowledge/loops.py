"""Libraries that run the training loop for a model and a loss they are given: ignite, catalyst."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_function, build_many, build_method
from softmax_lint.knowledge.schema import OTHER, TRAINER, Api

ROWS: tuple[Api, ...] = (
    build_function(
        "ignite.engine.create_supervised_trainer", TRAINER, "model optimizer loss_fn", model="model",
        loss="loss_fn", measured=False,
    ),
    *build_many(
        build_class, "catalyst.dl.", "SupervisedRunner Runner", OTHER,
        "model input_key output_key target_key", called="", measured=False,
    ),
    build_method(
        "catalyst.dl.SupervisedRunner.train", TRAINER, "* model criterion optimizer loaders", model="model",
        loss="criterion", measured=False,
    ),
)  # fmt: skip

PREFIXES: tuple[tuple[str, str], ...] = (
    ("ignite.engine.engine.", "ignite.engine."),
    ("catalyst.runners.", "catalyst.dl."),
    ("catalyst.dl.runner.", "catalyst.dl."),
)
