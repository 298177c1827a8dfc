"""Programs that take the logarithm of a softmax or sigmoid: a function `f(x)` gives their loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEADS = {
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
    "tensorflow": "import tensorflow as tf\n",
}
# The activation of x, and what takes its logarithm up to the argument.
SOURCES = {
    "torch": (
        "F.softmax(x, dim=1)", "torch.softmax(x, 1)", "x.softmax(1)", "nn.Softmax(dim=1)(x)", "torch.sigmoid(x)",
        "F.sigmoid(x)", "x.sigmoid()", "nn.Sigmoid()(x)",
    ),
    "tensorflow": (
        "tf.nn.softmax(x)", "tf.nn.softmax(x, axis=-1)", "tf.math.softmax(x)", "tf.sigmoid(x)",
        "tf.nn.sigmoid(x)", "tf.math.sigmoid(x)",
    ),
}  # fmt: skip
LOG = {"torch": "torch.log", "tensorflow": "tf.math.log"}
MEAN = {"torch": "torch.mean", "tensorflow": "tf.reduce_mean"}
# {p} is the activation, {log} and {mean} are functions.
SITES = {
    "one expression": ("return -{mean}({log}({p}))",),
    "by name": ("p = {p}", "return -{mean}({log}(p))"),
    "by a name read twice": ("p = {p}", "print(p.shape)", "return -{mean}({log}(p))"),
    "method": ("return -{mean}({p}.log())",),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A program with one finding. `framework` is torch or tensorflow."""

    name: str
    framework: str
    text: str


def cases() -> Iterator[Case]:
    for framework, sources in SOURCES.items():
        for source in sources:
            for site, lines in SITES.items():
                if site == "method" and framework != "torch":
                    continue
                if "name" in site and source in ("x.sigmoid()", "nn.Softmax(dim=1)(x)", "nn.Sigmoid()(x)"):
                    # Tensors have no method for the logarithm of the sigmoid; objects are not followed.
                    continue
                body = [line.format(p=source, log=LOG[framework], mean=MEAN[framework]) for line in lines]
                text = "\n\ndef f(x):\n" + "".join(f"    {line}\n" for line in body)
                yield Case(f"{source}, {site}", framework, HEADS[framework] + text)
