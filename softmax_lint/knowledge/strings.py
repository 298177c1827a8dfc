"""What the strings mean that Keras and friends take in place of a loss or an activation."""

from __future__ import annotations


def activation_path(text: str, framework: str) -> str | None:
    """The qualified name of the activation that a string stands for, None when it stands for none."""
    from softmax_lint.knowledge import keras

    path = keras.ACTIVATION_STRINGS.get(text)
    if path is None and framework != "keras":
        path = _OTHER.get(text.lower())
    return path


def loss_path(text: str) -> str | None:
    """The qualified name of the loss that a string stands for in Keras, None when it stands for none."""
    from softmax_lint.knowledge import keras

    return keras.LOSS_STRINGS.get(text)


# Names that PyTorch packages take (segmentation_models_pytorch).
_OTHER = {
    "softmax2d": "torch.nn.Softmax2d",
    "logsoftmax": "torch.nn.LogSoftmax",
    "identity": "torch.nn.Identity",
}
