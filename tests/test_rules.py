"""The table, precedence, severity, messages and metadata of the rules."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import softmax_lint.rules as rules
from softmax_lint.diagnostic import SEVERITIES, Place
from softmax_lint.pair import (
    AGAIN,
    CONSTRUCTOR,
    CONSUMER,
    LOG,
    LOSS,
    MEETINGS,
    METRIC,
    SAMPLER,
    SWAPPED,
    TARGET,
    Pair,
)
from softmax_lint.representation import (
    ANY,
    BINARY,
    CATEGORICAL,
    EXPECTED,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    PRODUCED,
    SCORES,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)
from softmax_lint.rules import RULES, find, judge, ok
from softmax_lint.rules.severity import KINDS
from softmax_lint.rules.table import TABLE

PLACE = Place("train.py", None, 1, 1, 1, 2)

# As the design gives it, row by row; columns in the order of EXPECTED.
DESIGN = """
scores       ok     SML003 SML003 ok     SML103
hidden       SML205 SML003 SML003 SML205 SML103
softmax      SML002 SML001 SML005 SML201 SML201
log_softmax  SML004 SML003 ok     SML201 SML201
sigmoid      SML202 SML202 SML202 SML102 SML101
log_sigmoid  SML202 SML202 SML202 SML102 SML103
"""
CELLS = [
    (row.split()[0], expected, owner)
    for row in DESIGN.strip().splitlines()
    for expected, owner in zip(EXPECTED, row.split()[1:], strict=True)
]
CELL_CODES = sorted({owner for _, _, owner in CELLS} - {"ok"})


def make_pair(produced: str, expected: str, meeting: str = LOSS, **fields: Any) -> Pair:
    defaults: dict[str, Any] = {
        "source": PLACE,
        "sink": PLACE,
        "source_text": "layer",
        "sink_text": "Loss",
        "framework": "torch",
    }
    return Pair(meeting=meeting, produced=produced, expected=expected, **{**defaults, **fields})


def check_judged(pair: Pair, code: str | None) -> None:
    rule = judge(pair)
    assert (rule.code if rule else None) == code
    if rule:
        assert rule.matches(pair)
        assert rule is find(rule.code)


# The table


def test_the_table_has_every_cell_once() -> None:
    assert set(TABLE) == set(product(PRODUCED, EXPECTED))
    assert len(CELLS) == len(PRODUCED) * len(EXPECTED)


@pytest.mark.parametrize(("produced", "expected", "owner"), CELLS)
def test_a_cell_has_exactly_one_owner(produced: str, expected: str, owner: str) -> None:
    pair = make_pair(produced, expected)
    assert TABLE[produced, expected] == owner
    assert [rule.code for rule in RULES if rule.matches(pair)] == ([] if owner == "ok" else [owner])
    check_judged(pair, None if owner == "ok" else owner)
    opt_in = owner == "SML205"  # no activation is named here
    assert ok(pair) is (owner == "ok") and (rule_is_opt_in(pair) is opt_in)


def rule_is_opt_in(pair: Pair) -> bool:
    rule = judge(pair)
    return rule is not None and rule.opt_in(pair)


@pytest.mark.parametrize("code", CELL_CODES)
def test_an_owner_is_a_rule(code: str) -> None:
    assert find(code) in RULES


# Precedence

ONE: dict[str, Any] = {"units": 1, "axis": -1}
NLL: dict[str, Any] = {"sink_text": "NLLLoss"}
JUDGED = [
    # Single units come before the cell's owner.
    (make_pair(SOFTMAX, BINARY, **ONE), "SML203"),
    (make_pair(SOFTMAX, SIGMOID_LOGITS, **ONE), "SML203"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, **ONE), "SML203"),
    (make_pair(SOFTMAX, CATEGORICAL, **ONE), "SML203"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, **ONE), "SML203"),
    (make_pair(SOFTMAX, BINARY, units=1, axis=1, rank=2), "SML203"),
    (make_pair(SOFTMAX, BINARY, units=1, axis=-2, rank=1), "SML203"),
    (make_pair(SOFTMAX, BINARY, units=1, axis=1, rank=3), "SML201"),
    (make_pair(SOFTMAX, BINARY, units=1, axis=1), "SML201"),
    (make_pair(SOFTMAX, BINARY, units=1), "SML201"),
    (make_pair(SOFTMAX, BINARY, units=2, axis=-1), "SML201"),
    (make_pair(SCORES, SOFTMAX_LOGITS, units=1), "SML206"),
    (make_pair(SCORES, CATEGORICAL, units=1), "SML206"),
    (make_pair(SIGMOID, CATEGORICAL, units=1), "SML206"),
    (make_pair(HIDDEN, SOFTMAX_LOGITS, units=1), "SML206"),
    (make_pair(SCORES, LOG_PROBABILITIES, units=1), "SML003"),
    (make_pair(SCORES, SIGMOID_LOGITS, units=1), None),
    # What has no cell is not judged.
    *((make_pair(produced, ANY, **ONE), None) for produced in PRODUCED),
    *((make_pair("unknown", expected, **ONE), None) for expected in EXPECTED),
    # Focal losses: only a missing or a doubled activation.
    *(
        (
            make_pair(produced, expected, sink_text=text, **units),
            owner if owner in ("SML002", "SML003", "SML102", "SML103") else None,
        )
        for produced, expected, owner in CELLS
        for text in ("CategoricalFocalCrossentropy", "sigmoid_focal_loss", "'binary_focal_crossentropy'")
        for units in ({}, ONE)
    ),
    # A wrong axis speaks only where the cell is ok.
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, **NLL), "SML204"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=-1, rank=4, **NLL), "SML204"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, sink_text="F.nll_loss"), "SML204"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=1, rank=4, **NLL), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=-1, rank=2, **NLL), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=1, **NLL), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, **NLL), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, sink_text="KLDivLoss"), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, sink_text="CTCLoss"), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, rank=3, **NLL), "SML204"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, rank=2, **NLL), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, **NLL), "SML204"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, axis=0, rank=2, sink_text="CrossEntropyLoss"), "SML002"),
    (make_pair(SOFTMAX, CATEGORICAL, axis=1, rank=3, framework="keras"), "SML204"),
    # Other meetings.
    (make_pair(SOFTMAX, "", LOG), "SML006"),
    (make_pair(SIGMOID, "", LOG), "SML106"),
    *((make_pair(other, "", LOG), None) for other in (SCORES, HIDDEN, LOG_SOFTMAX, LOG_SIGMOID)),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, SAMPLER), "SML304"),
    *((make_pair(other, SOFTMAX_LOGITS, SAMPLER), None) for other in (SCORES, HIDDEN, LOG_SOFTMAX)),
    (make_pair(LOG_SOFTMAX, CATEGORICAL, TARGET), "SML207"),
    (make_pair(SCORES, CATEGORICAL, TARGET), "SML207"),
    (make_pair(SCORES, BINARY, TARGET), "SML207"),
    (make_pair(SOFTMAX, LOG_PROBABILITIES, TARGET), "SML207"),
    (make_pair(SCORES, LOG_PROBABILITIES, TARGET), "SML207"),
    (make_pair(SOFTMAX, CATEGORICAL, TARGET), None),
    (make_pair(SIGMOID, BINARY, TARGET), None),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, TARGET), None),
    (make_pair(HIDDEN, CATEGORICAL, TARGET), None),
    (make_pair(SOFTMAX, ANY, TARGET), None),
    (make_pair(SCORES, SOFTMAX_LOGITS, CONSTRUCTOR), "SML401"),
    (make_pair("unknown", "unknown", CONSTRUCTOR), "SML401"),
    (make_pair(SCORES, SIGMOID_LOGITS, SWAPPED), "SML402"),
    (make_pair(SOFTMAX, SOFTMAX, AGAIN), "SML303"),
    (make_pair(SIGMOID, SIGMOID, AGAIN), "SML303"),
    (make_pair(SIGMOID, ANY, AGAIN), None),
    *((make_pair(other, SOFTMAX, AGAIN), None) for other in (SCORES, LOG_SOFTMAX, SIGMOID)),
    (make_pair(SCORES, BINARY, METRIC, sink_text="'accuracy'", units=1), "SML301"),
    (make_pair(SCORES, CATEGORICAL, METRIC), "SML301"),
    (make_pair(SIGMOID, BINARY, METRIC), None),
    (make_pair(SCORES, ANY, METRIC), None),
    (make_pair(SCORES, BINARY, CONSUMER, sink_text="> 0.5"), "SML302"),
    (make_pair(SCORES, BINARY, CONSUMER, sink_text="round"), "SML302"),
    (make_pair(SIGMOID, BINARY, CONSUMER, sink_text="> 0.5"), None),
]


@pytest.mark.parametrize(("pair", "code"), JUDGED)
def test_judge(pair: Pair, code: str | None) -> None:
    check_judged(pair, code)


RELU: dict[str, Any] = {"activation": "relu"}
OPT_IN = [
    (make_pair(HIDDEN, SIGMOID_LOGITS, **RELU), False),
    (make_pair(HIDDEN, SIGMOID_LOGITS, activation="ReLU6"), False),
    (make_pair(HIDDEN, SIGMOID_LOGITS, activation="F.softplus"), False),
    (make_pair(HIDDEN, SIGMOID_LOGITS, activation="tanh"), True),
    (make_pair(HIDDEN, SIGMOID_LOGITS, activation="gelu"), True),
    (make_pair(HIDDEN, SIGMOID_LOGITS), True),
    (make_pair(HIDDEN, SOFTMAX_LOGITS, **RELU), True),
    (make_pair(SOFTMAX, "", LOG), False),
    (make_pair(SOFTMAX, "", LOG, guarded=True), True),
    (make_pair(SIGMOID, "", LOG, guarded=True), True),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, **NLL), False),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, rank=3, **NLL), False),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, **NLL), True),
]


@pytest.mark.parametrize(("pair", "opt_in"), OPT_IN)
def test_opt_in(pair: Pair, opt_in: bool) -> None:
    rule = judge(pair)
    assert rule is not None and rule.opt_in(pair) is opt_in


VERDICTS = [
    (make_pair(SCORES, SOFTMAX_LOGITS), True),
    (make_pair(SCORES, SOFTMAX_LOGITS, units=10), True),
    (make_pair(SCORES, SOFTMAX_LOGITS, units=1), False),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, **NLL), False),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, **NLL), True),
    (make_pair(LOG_SOFTMAX, SOFTMAX_LOGITS), False),
    (make_pair(SOFTMAX, ANY), False),
    (make_pair("unknown", SOFTMAX_LOGITS), False),
    (make_pair(SOFTMAX, "", LOG), False),
    (make_pair(SOFTMAX, CATEGORICAL, sink_text="CategoricalFocalCrossentropy"), True),
    (make_pair(SIGMOID, BINARY, sink_text="BinaryFocalCrossentropy"), True),
    (make_pair(SOFTMAX, SIGMOID_LOGITS, sink_text="sigmoid_focal_loss"), False),
]


@pytest.mark.parametrize(("pair", "expected"), VERDICTS)
def test_ok(pair: Pair, expected: bool) -> None:
    assert ok(pair) is expected


# Severity

KERAS: dict[str, Any] = {"framework": "keras"}
SEVERITY = [
    (make_pair(SOFTMAX, SOFTMAX_LOGITS), "error"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, **KERAS), "error"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, **KERAS, backend="torch"), "error"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, **KERAS, backend="tensorflow", recovered=True), "warning"),
    (make_pair(SOFTMAX, SOFTMAX_LOGITS, **KERAS, sink_text="CategoricalFocal", recovered=True), "error"),
    (make_pair(SIGMOID, SIGMOID_LOGITS, **KERAS, recovered=True), "warning"),
    (make_pair(SIGMOID, SIGMOID_LOGITS, **KERAS, sink_text="BinaryFocal", recovered=True), "warning"),
    (make_pair(SOFTMAX, CATEGORICAL, **KERAS), "warning"),
    (make_pair(SOFTMAX, CATEGORICAL, **KERAS, backend="jax"), "warning"),
    (make_pair(SOFTMAX, CATEGORICAL, **KERAS, recovered=True), "info"),
    (make_pair(SOFTMAX, CATEGORICAL, **KERAS, half=True), "error"),
    (make_pair(SOFTMAX, CATEGORICAL, **KERAS, recovered=True, half=True), "warning"),
    (make_pair(SIGMOID, BINARY), "warning"),
    (make_pair(SIGMOID, BINARY, half=True), "error"),
    (make_pair(SIGMOID, BINARY, **KERAS, recovered=True), "info"),
    (make_pair(SOFTMAX, BINARY), "warning"),
    (make_pair(LOG_SOFTMAX, BINARY), "error"),
    (make_pair(SOFTMAX, SIGMOID_LOGITS), "error"),
    (make_pair(SOFTMAX, SIGMOID_LOGITS, **KERAS, recovered=True), "error"),
    (make_pair(SIGMOID, CATEGORICAL, **KERAS, recovered=True), "error"),
    (make_pair(SOFTMAX, BINARY, **ONE), "error"),
    (make_pair(SOFTMAX, BINARY, **ONE, **KERAS, recovered=True), "error"),
    (make_pair(SCORES, CATEGORICAL), "error"),
    (make_pair(SCORES, SOFTMAX_LOGITS, units=1), "error"),
    (make_pair(HIDDEN, SIGMOID_LOGITS, **RELU), "error"),
    (make_pair(LOG_SOFTMAX, SOFTMAX_LOGITS), "info"),
    (make_pair(LOG_SOFTMAX, SOFTMAX_LOGITS, half=True), "info"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, axis=0, rank=2, **NLL), "error"),
    (make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, implicit_axis=True, **NLL), "info"),
    (make_pair(SOFTMAX, "", LOG), "warning"),
    (make_pair(SOFTMAX, "", LOG, half=True), "error"),
    (make_pair(SOFTMAX, "", SAMPLER), "error"),
    (make_pair(SCORES, "", SWAPPED), "error"),
]


@pytest.mark.parametrize(("pair", "level"), SEVERITY)
def test_severity(pair: Pair, level: str) -> None:
    rule = judge(pair)
    assert rule is not None and rule.severity(pair) == level


# Messages

CE: dict[str, Any] = {"source_text": "Softmax", "sink_text": "CrossEntropyLoss"}
SCC: dict[str, Any] = {"source_text": "'softmax'", "sink_text": "SparseCategoricalCrossentropy", **KERAS}
BCE: dict[str, Any] = {"source_text": "Sigmoid", "sink_text": "BCELoss"}
SAME_LOG = "`SparseCategoricalCrossentropy` takes the logarithm of the rounded output of `'softmax'`"
MESSAGES = [
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **CE, units=10),
        "`CrossEntropyLoss` applies softmax itself; with 10 classes the loss cannot go below 1.4612",
    ),
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **CE),
        "`CrossEntropyLoss` applies softmax itself; the loss cannot reach 0",
    ),
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **SCC, units=10, backend="tensorflow", recovered=True),
        "`SparseCategoricalCrossentropy` applies softmax itself; Keras undoes `'softmax'` and warns",
    ),
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **SCC, units=10, backend="torch"),
        "`SparseCategoricalCrossentropy` applies softmax itself; "
        "on the torch backend with 10 classes the loss cannot go below 1.4612",
    ),
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **SCC, units=10),
        "`SparseCategoricalCrossentropy` applies softmax itself; "
        "unless Keras recovers the logits (TensorFlow only), with 10 classes the loss cannot go below 1.4612",
    ),
    (
        make_pair(SOFTMAX, SOFTMAX_LOGITS, **SCC, backend="tensorflow"),
        "`SparseCategoricalCrossentropy` applies softmax itself; "
        "Keras does not recover the logits here: the loss cannot reach 0",
    ),
    (
        make_pair(SOFTMAX, CATEGORICAL, **SCC, backend="tensorflow", recovered=True),
        f"{SAME_LOG}; Keras on TensorFlow recovers the logits, so training is the same",
    ),
    (
        make_pair(SOFTMAX, CATEGORICAL, **SCC, backend="jax"),
        f"{SAME_LOG}; on the jax backend the gradient is exactly 0 from a gap of 16.1",
    ),
    (
        make_pair(SOFTMAX, CATEGORICAL, **SCC),
        f"{SAME_LOG}; "
        "unless Keras recovers the logits (TensorFlow only), the gradient is exactly 0 from a gap of 16.1",
    ),
    (
        make_pair(SOFTMAX, CATEGORICAL, **SCC, half=True),
        f"{SAME_LOG}; in float16 the gradient is not finite from a gap of 11.1",
    ),
    (
        make_pair(SIGMOID, BINARY, **BCE),
        "`BCELoss` takes the logarithm of the rounded output of `Sigmoid`; "
        "for a negative target the gradient is exactly 0 from a logit of 16.6",
    ),
    (
        make_pair(SIGMOID, SIGMOID_LOGITS, source_text="Sigmoid", sink_text="BCEWithLogitsLoss"),
        "`BCEWithLogitsLoss` applies sigmoid itself; "
        "a positive target costs at least 0.3133, a negative one 0.6931",
    ),
    (
        make_pair(SCORES, LOG_PROBABILITIES, source_text="Linear", sink_text="NLLLoss"),
        "`NLLLoss` expects log-probabilities and gets raw scores from `Linear`; the loss has no lower bound",
    ),
    (
        make_pair(SOFTMAX, LOG_PROBABILITIES, source_text="F.softmax", sink_text="F.nll_loss"),
        "`F.nll_loss` expects log-probabilities and gets probabilities from `F.softmax`; "
        "the loss stays between -1 and 0",
    ),
    (
        make_pair(LOG_SOFTMAX, SOFTMAX_LOGITS, source_text="LogSoftmax", sink_text="CrossEntropyLoss"),
        "`CrossEntropyLoss` applies log-softmax itself; `LogSoftmax` changes nothing",
    ),
    (
        make_pair(LOG_SOFTMAX, LOG_PROBABILITIES, source_text="log_softmax", axis=0, rank=2, **NLL),
        "`log_softmax` normalises axis 0, the classes of `NLLLoss` lie on axis 1",
    ),
    (
        make_pair(SOFTMAX, BINARY, source_text="'softmax'", **ONE),
        "`'softmax'` over one unit is always 1; nothing is learnt",
    ),
]


@pytest.mark.parametrize(("pair", "message"), MESSAGES)
def test_message(pair: Pair, message: str) -> None:
    rule = judge(pair)
    assert rule is not None and rule.message(pair) == message


def check_message_form(message: str) -> None:
    assert re.match(r"[a-z`]", message), message
    assert not message.endswith((".", "!", ";", ":", " ")), message
    assert message.count("`") % 2 == 0 and "``" not in message, message
    assert message.isprintable() and "  " not in message and len(message) <= 220, message


FRAMEWORKS = [("torch", None), ("tensorflow", None), ("jax", None), ("keras", None)] + [
    ("keras", backend) for backend in ("tensorflow", "torch", "jax")
]


@pytest.mark.parametrize(("framework", "backend"), FRAMEWORKS)
@pytest.mark.parametrize("meeting", MEETINGS)
def test_every_message_keeps_the_form(meeting: str, framework: str, backend: str | None) -> None:
    flags = product(
        (False, True), (False, True), (False, True), (None, 1, 10), ("Loss", "FocalLoss", "NLLLoss")
    )
    for recovered, half, guarded, units, sink_text in flags:
        for produced, expected in product(PRODUCED, (*EXPECTED, ANY)):
            pair = make_pair(
                produced, expected, meeting, framework=framework, backend=backend, recovered=recovered,
                half=half, guarded=guarded, units=units, sink_text=sink_text,
                activation="relu", axis=0, rank=2,
            )  # fmt: skip
            for rule in RULES:
                if rule.matches(pair):
                    check_message_form(rule.message(pair))
                    assert rule.severity(pair) in SEVERITIES
            if units is None and (rule_of := judge(pair)) and meeting == LOSS:
                assert "classes the loss" not in rule_of.message(pair)


# Metadata

CODES = [
    *(f"SML00{digit}" for digit in range(1, 7)),
    *("SML101", "SML102", "SML103", "SML106"),
    *(f"SML20{digit}" for digit in range(1, 8)),
    *("SML301", "SML302", "SML303", "SML304", "SML401", "SML402", "SML900", "SML901"),
]
SINK_BLAMED = {
    *("SML003", "SML006", "SML103", "SML106", "SML207", "SML301", "SML302", "SML303"),
    *("SML401", "SML402", "SML900", "SML901"),
}


def test_rules_are_complete_unique_and_sorted() -> None:
    assert [rule.code for rule in RULES] == CODES
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert find("SML000") is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_metadata(rule: Any) -> None:
    assert re.fullmatch(r"SML\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.kind in KINDS
    assert rule.blame == ("sink" if rule.code in SINK_BLAMED else "source")
    check_message_form(rule.message(make_pair(SOFTMAX, SOFTMAX_LOGITS)))


def test_a_rule_has_a_file_of_its_name() -> None:
    folder = Path(rules.__file__).parent
    found = {}
    for path in sorted(folder.glob("*.py")):
        names = [
            target.id
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        if "RULE" in names:
            assert names.count("RULE") == 1
            found[path.stem.replace("_", "-")] = path
    assert set(found) == {rule.name for rule in RULES}


def test_judging_depends_on_the_pair_alone() -> None:
    pair = make_pair(SOFTMAX, SOFTMAX_LOGITS, units=10)
    elsewhere = replace(pair, source=replace(PLACE, row=9), sink=replace(PLACE, row=12))
    assert judge(pair) is judge(elsewhere)
