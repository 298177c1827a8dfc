"""The vocabulary of output spaces: what producers give and what losses expect.

A *representation* says what the numbers of a tensor mean. Losses expect one of the `EXPECTED` columns; the pair
rules are one table, produced × expected (see `softmax_lint.rules.table`).
"""

from __future__ import annotations

from typing import Final

# Produced.
SCORES: Final = "scores"  # raw scores: the output of an affine layer, any real number
HIDDEN: Final = "hidden"  # a hidden activation: relu, gelu, tanh …
SOFTMAX: Final = "softmax"  # probabilities that sum to 1 over an axis
LOG_SOFTMAX: Final = "log_softmax"  # logarithms of such probabilities
SIGMOID: Final = "sigmoid"  # independent probabilities
LOG_SIGMOID: Final = "log_sigmoid"  # logarithms of such probabilities
PRODUCED: Final = (SCORES, HIDDEN, SOFTMAX, LOG_SOFTMAX, SIGMOID, LOG_SIGMOID)

# Expected.
SOFTMAX_LOGITS: Final = "softmax_logits"  # the loss applies log-softmax itself
CATEGORICAL: Final = "categorical_probabilities"  # the loss takes the logarithm itself
LOG_PROBABILITIES: Final = "log_probabilities"
SIGMOID_LOGITS: Final = "sigmoid_logits"  # the loss applies log-sigmoid itself
BINARY: Final = "binary_probabilities"
EXPECTED: Final = (SOFTMAX_LOGITS, CATEGORICAL, LOG_PROBABILITIES, SIGMOID_LOGITS, BINARY)

# A loss that makes no pair finding: it wants probabilities by nature, or does not care.
ANY: Final = "any"
