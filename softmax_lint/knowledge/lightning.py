"""Lightning, Fabric and accelerate: what brings models and devices together."""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class, build_method
from softmax_lint.knowledge.schema import BASE, KEEP, OTHER, Api


def _twice(name: str) -> tuple[str, ...]:
    return (f"lightning.{name}",)


ROWS: tuple[Api, ...] = (
    build_class(
        "lightning.pytorch.LightningModule", BASE, "", "", call="forward", aliases=_twice("LightningModule")
    ),
    build_class("lightning.pytorch.LightningDataModule", BASE, "", "", aliases=_twice("LightningDataModule")),
    build_class("lightning.pytorch.Callback", BASE, "", "", aliases=_twice("Callback")),
    build_class("lightning.pytorch.Trainer", OTHER, "", "", aliases=_twice("Trainer")),
    build_class("lightning.fabric.Fabric", OTHER, "", "", aliases=_twice("Fabric")),
    # With optimizers these give a tuple that starts with the module.
    build_method("lightning.fabric.Fabric.setup", KEEP, "module", subject="module"),
    build_method("lightning.fabric.Fabric.setup_module", KEEP, "module", subject="module"),
    build_method("lightning.fabric.Fabric.to_device", KEEP, "obj", subject="obj"),
    build_class("accelerate.Accelerator", OTHER, "device_placement", ""),
    # Gives back what it was given, one by one or as a tuple.
    build_method("accelerate.Accelerator.prepare", OTHER),
    build_method("accelerate.Accelerator.prepare_model", KEEP, "model", subject="model"),
    build_method("accelerate.Accelerator.unwrap_model", KEEP, "model", subject="model"),
    build_method("accelerate.Accelerator.gather", KEEP, "tensor", subject="tensor"),
    build_method("accelerate.Accelerator.gather_for_metrics", KEEP, "input_data", subject="input_data"),
)

PREFIXES: tuple[tuple[str, str], ...] = (
    ("pytorch_lightning.", "lightning.pytorch."),
    ("lightning.pytorch.core.module.", "lightning.pytorch."),
    ("lightning.pytorch.core.lightning.", "lightning.pytorch."),
    ("lightning.pytorch.core.datamodule.", "lightning.pytorch."),
    ("lightning.pytorch.core.", "lightning.pytorch."),
    ("lightning.pytorch.trainer.trainer.", "lightning.pytorch."),
    ("lightning.pytorch.trainer.", "lightning.pytorch."),
    ("lightning.pytorch.callbacks.", "lightning.pytorch."),
    ("lightning_fabric.", "lightning.fabric."),
    ("lightning.fabric.fabric.", "lightning.fabric."),
    ("accelerate.accelerator.", "accelerate."),
)
