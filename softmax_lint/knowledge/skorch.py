"""skorch: nets that train a module on a criterion.

`NeuralNetClassifier` takes the logarithm of the module's output itself when its criterion is `NLLLoss`, its
default: there a softmax is right.
"""

from __future__ import annotations

from softmax_lint.knowledge.build import build_class
from softmax_lint.knowledge.schema import TRAINER, Api

_DEFAULTS = (
    ("NeuralNetClassifier", "torch.nn.NLLLoss"),
    ("NeuralNetBinaryClassifier", "torch.nn.BCEWithLogitsLoss"),
    ("NeuralNetRegressor", "torch.nn.MSELoss"),
)

ROWS: tuple[Api, ...] = (
    build_class(
        "skorch.NeuralNet", TRAINER, "module criterion optimizer", "", model="module", loss="criterion"
    ),
    *(
        build_class(
            f"skorch.{name}",
            TRAINER,
            "module * criterion",
            "",
            model="module",
            loss="criterion",
            loss_default=default,
        )
        for name, default in _DEFAULTS
    ),
)

PREFIXES: tuple[tuple[str, str], ...] = (("skorch.classifier.", "skorch."), ("skorch.regressor.", "skorch."),
                                         ("skorch.net.", "skorch."))  # fmt: skip
