"""The rules. `RULES` holds every rule with its page; `judge` says which one owns a pair.

A new rule is one file with a page as its docstring and one `RULE`, and one line in `_MODULES`.
"""

from __future__ import annotations

from dataclasses import replace
from inspect import cleandoc
from types import ModuleType
from typing import Final

from softmax_lint.pair import LOSS, Pair
from softmax_lint.representation import EXPECTED, PRODUCED
from softmax_lint.rules import (
    cross_entropy_over_one_unit,
    double_sigmoid,
    double_softmax,
    hidden_activation_into_loss,
    invalid_syntax,
    log_of_sigmoid,
    log_of_softmax,
    logits_used_as_probabilities,
    loss_class_called_as_function,
    metric_expects_probabilities,
    missing_sigmoid,
    missing_softmax,
    probabilities_as_sampler_logits,
    redundant_log_softmax,
    sigmoid_before_loss,
    sigmoid_into_categorical_loss,
    softmax_applied_twice,
    softmax_before_loss,
    softmax_into_binary_loss,
    softmax_into_nll,
    softmax_over_one_unit,
    softmax_over_wrong_axis,
    swapped_arguments,
    target_representation,
    unused_suppression,
)
from softmax_lint.rules.schema import Rule
from softmax_lint.rules.table import FOCAL_CODES, OK, cell_is_ok, is_focal, owner

# Sorted by code.
_MODULES: Final = (
    softmax_before_loss,
    double_softmax,
    missing_softmax,
    redundant_log_softmax,
    softmax_into_nll,
    log_of_softmax,
    sigmoid_before_loss,
    double_sigmoid,
    missing_sigmoid,
    log_of_sigmoid,
    softmax_into_binary_loss,
    sigmoid_into_categorical_loss,
    softmax_over_one_unit,
    softmax_over_wrong_axis,
    hidden_activation_into_loss,
    cross_entropy_over_one_unit,
    target_representation,
    metric_expects_probabilities,
    logits_used_as_probabilities,
    softmax_applied_twice,
    probabilities_as_sampler_logits,
    loss_class_called_as_function,
    swapped_arguments,
    invalid_syntax,
    unused_suppression,
)


def _add_page(module: ModuleType) -> Rule:
    rule: Rule = module.RULE
    return replace(rule, page=cleandoc(module.__doc__ or ""))


RULES: Final[tuple[Rule, ...]] = tuple(_add_page(module) for module in _MODULES)
_BY_CODE: Final = {rule.code: rule for rule in RULES}

# Constant outputs: these hold whatever the cell of the table says, the first that matches wins.
_SINGLE_UNIT: Final = (_BY_CODE["SML203"], _BY_CODE["SML206"])
_WRONG_AXIS: Final = _BY_CODE["SML204"]
# Cells that keep the function: where the axis is proven wrong, that is what has to be mended first.
_MILD: Final = frozenset({"SML001", "SML004"})


def find(code: str) -> Rule | None:
    """The rule with this code ("SML001"), or None."""
    return _BY_CODE.get(code)


def judge(pair: Pair) -> Rule | None:
    """The one rule that owns the pair, opt-in rules included; None when it is ok, undecided or not judged.

    For the same pair the answer is always the same rule: single-unit rules before the table's cell, the cell
    before a wrong axis, but for the cells that only lose precision.
    """
    if pair.meeting == LOSS:
        return _judge_loss(pair)
    return next((rule for rule in RULES if rule.matches(pair)), None)


def ok(pair: Pair) -> bool:
    """Whether source and loss are known to agree; a finding that is opt-in here does not spoil that."""
    if not cell_is_ok(pair):
        return False
    rule = judge(pair)
    return rule is None or rule.opt_in(pair)


def _judge_loss(pair: Pair) -> Rule | None:
    if pair.produced not in PRODUCED or pair.expected not in EXPECTED:
        return None
    cell = owner(pair)
    if is_focal(pair):
        return _BY_CODE[cell] if cell in FOCAL_CODES else None
    for rule in _SINGLE_UNIT:
        if rule.matches(pair):
            return rule
    if cell is None or cell == OK:
        return _WRONG_AXIS if _WRONG_AXIS.matches(pair) else None
    if cell in _MILD and _WRONG_AXIS.matches(pair) and not _WRONG_AXIS.opt_in(pair):
        return _WRONG_AXIS
    return _BY_CODE[cell]
