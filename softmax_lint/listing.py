"""Codes and names of all rules: what selecting takes, without the rules themselves."""

from __future__ import annotations

from typing import Final, NamedTuple


class ListedRule(NamedTuple):
    """A rule, as far as it is selected and suppressed."""

    code: str
    name: str


LISTED: Final = (
    ListedRule("SML001", "softmax-before-loss"),
    ListedRule("SML002", "double-softmax"),
    ListedRule("SML003", "missing-softmax"),
    ListedRule("SML004", "redundant-log-softmax"),
    ListedRule("SML005", "softmax-into-nll"),
    ListedRule("SML006", "log-of-softmax"),
    ListedRule("SML101", "sigmoid-before-loss"),
    ListedRule("SML102", "double-sigmoid"),
    ListedRule("SML103", "missing-sigmoid"),
    ListedRule("SML106", "log-of-sigmoid"),
    ListedRule("SML201", "softmax-into-binary-loss"),
    ListedRule("SML202", "sigmoid-into-categorical-loss"),
    ListedRule("SML203", "softmax-over-one-unit"),
    ListedRule("SML204", "softmax-over-wrong-axis"),
    ListedRule("SML205", "hidden-activation-into-loss"),
    ListedRule("SML206", "cross-entropy-over-one-unit"),
    ListedRule("SML207", "target-representation"),
    ListedRule("SML301", "metric-expects-probabilities"),
    ListedRule("SML302", "logits-used-as-probabilities"),
    ListedRule("SML303", "softmax-applied-twice"),
    ListedRule("SML304", "probabilities-as-sampler-logits"),
    ListedRule("SML401", "loss-class-called-as-function"),
    ListedRule("SML402", "swapped-arguments"),
    ListedRule("SML900", "invalid-syntax"),
    ListedRule("SML901", "unused-suppression"),
)
