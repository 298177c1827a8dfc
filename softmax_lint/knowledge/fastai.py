"""fastai: learners, and losses that flatten before they apply those of PyTorch."""

from __future__ import annotations

from typing import Any

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import LOSS, TRAINER, Api
from softmax_lint.representation import ANY, BINARY, SIGMOID_LOGITS, SOFTMAX_LOGITS

# Modules that export everything, PyTorch's own names too.
_EVERYTHING = (
    "fastai.vision.all", "fastai.text.all", "fastai.tabular.all", "fastai.basics", "fastai.vision",
    "fastai.text",
    "fastai.tabular", "fastai.all",
)  # fmt: skip


def _aliases(name: str, package: str = "") -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for module in _EVERYTHING if package in module)


def _loss(name: str, expects: str, params: str = "* axis", called: str = "inp targ", **fields: Any) -> Api:
    target = called.split()[1]
    return build_class(
        f"fastai.losses.{name}",
        LOSS,
        params,
        called,
        expects=expects,
        target=target,
        aliases=_aliases(name),
        **fields,
    )


def _learner(module: str, name: str, params: str, model: str) -> Api:
    package = module.rpartition(".")[0]
    return build_class(
        f"fastai.{module}.{name}", TRAINER, params, "", model=model, loss="loss_func",
        aliases=_aliases(name, f"fastai.{package}" if package else ""),
    )  # fmt: skip


_OVER_CLASSES: dict[str, Any] = {"axis": "axis", "axis_default": -1}
ROWS: tuple[Api, ...] = (
    _loss("CrossEntropyLossFlat", SOFTMAX_LOGITS, **_OVER_CLASSES),
    _loss("LabelSmoothingCrossEntropyFlat", SOFTMAX_LOGITS, **_OVER_CLASSES),
    _loss(
        "LabelSmoothingCrossEntropy", SOFTMAX_LOGITS, "eps weight reduction", "output target", axis_default=1
    ),
    _loss("FocalLossFlat", SOFTMAX_LOGITS, "* gamma axis", **_OVER_CLASSES),
    _loss("FocalLoss", SOFTMAX_LOGITS, "gamma weight reduction", axis_default=1),
    _loss("BCEWithLogitsLossFlat", SIGMOID_LOGITS, "* axis floatify thresh"),
    _loss("BCELossFlat", BINARY, "* axis floatify"),
    _loss("MSELossFlat", ANY, "* axis floatify"),
    _loss("L1LossFlat", ANY, "* axis floatify"),
    _loss("DiceLoss", ANY, "axis smooth reduction square_in_union", "pred targ"),
    _learner("learner", "Learner", "dls model loss_func opt_func", "model"),
    _learner(
        "vision.learner",
        "vision_learner",
        "dls arch normalize n_out pretrained weights loss_func opt_func",
        "arch",
    ),
    _learner(
        "vision.learner",
        "unet_learner",
        "dls arch normalize n_out pretrained weights config loss_func",
        "arch",
    ),
    _learner("vision.learner", "cnn_learner", "dls arch * loss_func", "arch"),
    _learner("tabular.learner", "tabular_learner", "dls layers * loss_func", ""),
    _learner("text.learner", "text_classifier_learner", "dls arch * loss_func", "arch"),
    _learner("text.learner", "language_model_learner", "dls arch * loss_func", "arch"),
)

PREFIXES: tuple[tuple[str, str], ...] = (
    *(
        (f"{module}.{name}.", f"{path}.")
        for module in _EVERYTHING
        for name, path in (
            ("nn", "torch.nn"),
            ("F", "torch.nn.functional"),
            ("torch", "torch"),
            ("np", "numpy"),
        )
    ),
    ("fastai.layers.", "fastai.losses."),
    ("fastai.basic_train.", "fastai.learner."),
)
