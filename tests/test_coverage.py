"""The fixtures cover the table, the rules, the constructs and the false alarms, each both ways.

Positive means a fixture that promises a finding, negative one that promises silence or an ``ok`` verdict.
What is not covered is listed here, with the reason; the list is exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import pytest
from expectations import Expectations, fixtures, name_of, read_expectations

from softmax_lint.representation import EXPECTED, PRODUCED
from softmax_lint.rules.table import OK, TABLE

UNKNOWN = "unknown"

# The columns that exist: torch has no loss on categorical probabilities, Keras none on log-probabilities, and
# TensorFlow's own losses take logits or binary probabilities.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "torch": ("softmax_logits", "log_probabilities", "sigmoid_logits", "binary_probabilities"),
    "keras": ("softmax_logits", "categorical_probabilities", "sigmoid_logits", "binary_probabilities"),
    "tensorflow": ("softmax_logits", "sigmoid_logits", "binary_probabilities"),
}
# Headers write a column's name without "_probabilities".
SHORT = {"categorical_probabilities": "CATEGORICAL", "binary_probabilities": "BINARY"}

CODES = (
    "SML001", "SML002", "SML003", "SML004", "SML005", "SML006", "SML101", "SML102", "SML103",
    "SML106", "SML201", "SML202", "SML203", "SML204", "SML205", "SML206", "SML207", "SML301",
    "SML302", "SML303", "SML304", "SML401", "SML402", "SML900", "SML901",
)  # fmt: skip

CONSTRUCTS = (
    # bindings
    "assignment", "rebinding", "tuple unpacking", "tuple return", "dict element", "list element", "walrus",
    "conditional expression", "try", "with", "loop", "comprehension",
    # what happens between a model and its loss
    "logits attribute", "logits key", "view", "reshape", "squeeze", "permute", "flatten", "mask", "to",
    "float", "contiguous",
    # containers
    "mutable list", "add", "add in loop", "append in loop", "star layers", "OrderedDict", "add_module",
    "ModuleList loop", "nested Sequential", "nested block",
    # classes
    "attribute in __init__", "attribute elsewhere", "setter", "inheritance", "super", "forward", "call",
    "__call__", "tf.function", "torch.no_grad", "jit.script", "self.training",
    "dataclass", "NamedTuple", "fields by position", "starred fields", "__post_init__",
    # calls
    "default", "keyword", "partial", "lambda", "constant", "configuration",
    # across files
    "relative import", "re-export", "alias", "star import", "src layout", "namespace package",
    "sys.path neighbour",
    # notebooks
    "notebook cells", "magics", "broken cell",
    # trainers
    "trainer class", "train function", "registry", "dict of constructors", "Lightning training_step",
    "Lightning shared_step", "Lightning override", "skorch", "Hugging Face output", "fastai Learner",
    # Keras
    "compile string", "compile function", "compile class", "compile instance", "compile list", "compile dict",
    "compile variable", "loop over models", "GradientTape", "train_step", "functional model",
    "subclassed model", "wrapped model", "TF1 graph", "keras.applications",
    # the rest
    "suppression ignore", "suppression noqa", "seed program",
)  # fmt: skip

TRAPS = (
    "two heads", "indexing into a Sequential", "softmax only when not training", "softmax on the target",
    "attention softmax", "RL heads", "arithmetic between sigmoid and loss", "softmax in text",
    "built but never called", "misleading names", "probability losses", "unstable not double",
    "tuple-returning forward", "skorch log", "same class name", "rewrapped factory model",
    "subclass overrides training_step", "fix leaves activation", "view between softmax and loss", "one unit",
    "metrics that survive", "loss setter", "argparse", "loss in another file",
)  # fmt: skip

UNCOVERED_CELLS: frozenset[tuple[str, str, str]] = frozenset()
UNCOVERED_CODES: Mapping[tuple[str, str], str] = {}
UNCOVERED_CONSTRUCTS: Mapping[tuple[str, str], str] = {}
UNCOVERED_TRAPS: Mapping[tuple[str, str], str] = {
    ("softmax in text", "+"): "text is never a finding",
}


@cache
def _read() -> tuple[tuple[str, Expectations], ...]:
    return tuple((name_of(path), read_expectations(path)) for path in fixtures())


def _ways(expectations: Expectations) -> str:
    """``+`` when a finding is promised, ``-`` when silence or approval is, ``+-`` for both."""
    negative = bool(expectations.forbidden) or any(
        verdict != "finding" for _, verdict in expectations.verdicts
    )
    silent = not expectations.expected
    return ("+" if expectations.expected else "") + ("-" if negative or silent else "")


def _missing(kind: str, wanted: Iterable[str]) -> set[tuple[str, str]]:
    seen: dict[str, set[str]] = defaultdict(set)
    for _, expectations in _read():
        for text in expectations.all_of(kind):
            seen[text] |= set(_ways(expectations))
    return {(text, way) for text in wanted for way in "+-" if way not in seen[text]}


def _cell(produced: str, expected: str) -> str:
    return f"{produced.upper()}×{SHORT.get(expected, expected.upper())}"


@pytest.mark.parametrize("framework", COLUMNS)
def test_every_cell_of_the_table_has_a_fixture_with_its_owner(framework: str) -> None:
    for produced in (*PRODUCED, UNKNOWN):
        for expected in COLUMNS[framework]:
            if (framework, produced, expected) in UNCOVERED_CELLS:
                continue
            owner = TABLE.get((produced, expected))
            cell = _cell(produced, expected)
            claims = [each for _, each in _read() if cell in each.all_of(framework)]
            verdicts = {verdict for each in claims for _, verdict in each.verdicts}
            codes = {code for each in claims for code in each.codes}
            covered = {OK: "ok" in verdicts, None: "undecided" in verdicts}.get(owner, owner in codes)
            assert covered, f"{framework} {cell}: no fixture shows {owner or 'undecided'}"


def test_headers_use_known_words() -> None:
    cells = {
        framework: {_cell(p, e) for p in (*PRODUCED, UNKNOWN) for e in columns}
        for framework, columns in COLUMNS.items()
    }
    assert {column for columns in COLUMNS.values() for column in columns} == set(EXPECTED)
    known = {
        "construct": set(CONSTRUCTS), "trap": set(TRAPS), "framework": set(COLUMNS), "select": {"ALL"},
        "keras-backend": {"tensorflow", "torch", "jax"}, **cells,
    }  # fmt: skip
    for name, expectations in _read():
        assert expectations.all_of("framework"), f"{name} has no header"
        for kind, text in expectations.tokens:
            assert kind == "pending" or text in known.get(kind, ()), f"{name}: {kind} {text}"


def test_codes() -> None:
    ways: dict[str, set[str]] = defaultdict(set)
    for _, expectations in _read():
        for code in expectations.codes:
            ways[code].add("+")
            # A fixture with other promises of silence is a negative case of all that it exercises.
            ways[code] |= set(_ways(expectations))
        for _, forbidden in expectations.forbidden:
            ways[forbidden or ""].add("-")
    missing = {(code, way) for code in CODES for way in "+-" if way not in ways[code]}
    assert missing == set(UNCOVERED_CODES)
    assert set(TABLE.values()) - {OK} <= set(CODES)


def test_constructs() -> None:
    assert _missing("construct", CONSTRUCTS) == set(UNCOVERED_CONSTRUCTS)


def test_traps() -> None:
    assert _missing("trap", TRAPS) == set(UNCOVERED_TRAPS)


def test_clean_fixtures_promise_silence() -> None:
    for name, expectations in _read():
        if name.startswith("clean/"):
            assert not expectations.expected, name
