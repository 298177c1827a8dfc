"""Names of the libraries as messages spell them."""

from __future__ import annotations


def short(path: str) -> str:
    """The last part of a dotted name, for messages."""
    return path.rpartition(".")[2]


def called(path: str) -> str:
    """How messages name a called function: `F.softmax`, `torch.softmax`, `tf.nn.softmax`."""
    for long, brief in (("torch.nn.functional.", "F."), ("tensorflow.", "tf.")):
        if path.startswith(long):
            return brief + path[len(long) :]
    return path
