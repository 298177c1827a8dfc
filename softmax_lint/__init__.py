"""softmax-lint: a type checker for output spaces in Keras and PyTorch code."""

__version__ = "0.1.0"
