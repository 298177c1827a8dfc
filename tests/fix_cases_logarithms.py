"""Programs that take the logarithm of a softmax or sigmoid: a function `f(x)` gives their loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEADS = {
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
    "tensorflow": "import tensorflow as tf\n",
    "keras": "import keras\nimport tensorflow as tf\nfrom keras import activations, ops\n",
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
    "keras": (
        "ops.softmax(x)", "keras.ops.sigmoid(x)", "keras.ops.nn.softmax(x)", "activations.softmax(x)",
        "keras.activations.sigmoid(x)",
    ),
}  # fmt: skip
# {p} is the activation, {log} and {mean} are functions. Lines with @ stand in a function of their own.
LOG = {"torch": "torch.log", "tensorflow": "tf.math.log", "keras": "ops.log"}
MEAN = {"torch": "torch.mean", "tensorflow": "tf.reduce_mean", "keras": "ops.mean"}
SITES = {
    "one expression": ("return -{mean}({log}({p}))",),
    "by name": ("p = {p}", "return -{mean}({log}(p))"),
    "by a name read twice": ("p = {p}", "print(p.shape)", "return -{mean}({log}(p))"),
    "method": ("return -{mean}({p}.log())",),
    "what a function gives": ("@return {p}", "return -{mean}({log}(act(x)))"),
    "what a function gives by name": ("@p = {p}", "@return p", "p = act(x)", "return -{mean}({log}(p))"),
    "twice what a function gives": (
        "@return {p}",
        "return -{mean}({log}(act(x)) + {log}(act(2 * x)))",
    ),
    "with its counterpart": (
        "@return {p}",
        "p = act(x)",
        "return -{mean}({log}(p) + {log}(1.0 - p))",
    ),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A program with one finding. `framework` is a key of `HEADS`."""

    name: str
    framework: str
    text: str
    is_safe: bool = True


def cases() -> Iterator[Case]:
    for framework, sources in SOURCES.items():
        for source in sources:
            for site, lines in SITES.items():
                if site == "method" and framework != "torch":
                    continue
                if (
                    "by " in site
                    and "function" not in site
                    and source in ("x.sigmoid()", "nn.Softmax(dim=1)(x)", "nn.Sigmoid()(x)")
                ):
                    # Tensors have no method for the logarithm of the sigmoid; objects are not followed.
                    continue
                body = [line.format(p=source, log=LOG[framework], mean=MEAN[framework]) for line in lines]
                inner = "".join(f"    {line[1:]}\n" for line in body if line.startswith("@"))
                text = f"\n\ndef act(x):\n{inner}" if inner else ""
                text += "\n\ndef f(x):\n" + "".join(f"    {line}\n" for line in body if line[0] != "@")
                is_safe = site != "with its counterpart"
                yield Case(f"{source}, {site}", framework, HEADS[framework] + text, is_safe)
