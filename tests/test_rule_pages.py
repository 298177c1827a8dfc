"""The pages of the rules: their form, their programs and every number they quote."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import math
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from softmax_lint.rules import RULES, costs
from softmax_lint.rules.schema import Rule

HEADINGS = [
    "What it does",
    "Why is this bad?",
    "What it costs",
    "Example",
    "Use instead",
    "Fix safety",
    "Not detected",
    "References",
]
MAX_ROWS = 90
MAX_COLUMNS = 100
MAX_PROSE_ROWS = 8

# Programs that are wrong enough to raise.
RAISES: dict[tuple[str, str], type[Exception]] = {
    ("SML401", "Example"): RuntimeError,
    ("SML900", "Example"): SyntaxError,
}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
each_program = pytest.mark.parametrize("heading", ["Example", "Use instead"])


def split_page(page: str) -> tuple[str, dict[str, str]]:
    """The title and the text below each heading."""
    title, *sections = re.split(r"^## ", page, flags=re.M)
    return title.strip(), {
        head: body.strip() for head, _, body in (part.partition("\n") for part in sections)
    }


def read_program(rule: Rule, heading: str) -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", split_page(rule.page)[1][heading], flags=re.M | re.S)
    assert len(blocks) == 1
    return str(blocks[0])


# Form


@each_rule
def test_page_has_every_heading(rule: Rule) -> None:
    title, sections = split_page(rule.page)
    assert list(sections) == HEADINGS
    assert re.fullmatch(r"[A-Z][^\n]*\.", title)
    assert all(sections.values())


@each_rule
def test_page_keeps_its_limits(rule: Rule) -> None:
    rows = rule.page.splitlines()
    assert len(rows) <= MAX_ROWS
    assert max(map(len, rows)) <= MAX_COLUMNS
    for heading, text in split_page(rule.page)[1].items():
        prose = re.sub(r"^```python\n.*?^```$", "", text, flags=re.M | re.S).split("\n")
        assert len(prose) <= MAX_PROSE_ROWS, heading
        assert text.count("`") % 2 == 0, heading
        assert not re.search(r"\b(very|simply|just|please|note that)\b", "\n".join(prose).lower()), heading


@each_rule
def test_references_are_links(rule: Rule) -> None:
    for row in split_page(rule.page)[1]["References"].splitlines():
        assert re.fullmatch(r"- https://\S+", row)


# Programs


@each_program
@each_rule
def test_program_parses(rule: Rule, heading: str) -> None:
    program = read_program(rule, heading)
    if RAISES.get((rule.code, heading)) is SyntaxError:
        with pytest.raises(SyntaxError):
            ast.parse(program)
    else:
        ast.parse(program)


@each_rule
def test_programs_differ(rule: Rule) -> None:
    assert read_program(rule, "Example") != read_program(rule, "Use instead")


@each_program
@each_rule
def test_program_runs(rule: Rule, heading: str) -> None:
    program = read_program(rule, heading)
    for framework in ("torch", "keras"):
        if re.search(rf"^(import|from) {framework}\b", program, flags=re.M):
            pytest.importorskip("tensorflow" if framework == "keras" else framework)
    expected = RAISES.get((rule.code, heading))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if expected is None:
            exec(compile(program, f"{rule.code}.py", "exec"), {"__name__": "page"})
        else:
            with pytest.raises(expected):
                exec(compile(program, f"{rule.code}.py", "exec"), {"__name__": "page"})


def find_checker() -> Callable[[str, str], Any]:
    """The linter as users call it, with suppressions applied."""
    import softmax_lint

    return lambda text, filename: softmax_lint.check_source(text, filename=filename)


@each_program
@each_rule
def test_linter_agrees_with_the_page(rule: Rule, heading: str) -> None:
    report = find_checker()(read_program(rule, heading), "page.py")
    found = {diagnostic.code for diagnostic in report.diagnostics}
    assert found == ({rule.code} if heading == "Example" else set())


# Numbers: every decimal under "What it costs" is measured here, as quoted

Measure = Callable[[Any], float]


def softmax_logits(torch: Any, gap: float, classes: int = 10, dtype: Any = None) -> Any:
    """One confidently wrong example: class 0 leads by `gap`, class 1 is true."""
    logits = torch.zeros(1, classes, dtype=dtype or torch.float32)
    logits[0, 0] = gap
    return logits.requires_grad_()


def gradient(torch: Any, logits: Any, loss: Any) -> list[float]:
    return [float(value) for value in torch.autograd.grad(loss, logits)[0].flatten()[:2]]


def find_first(fails: Callable[[float], bool], low: float, high: float) -> float:
    """The least argument at which `fails` turns true, which it does once between low and high."""
    assert not fails(low) and fails(high)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high


def clip_like_keras(probabilities: Any) -> Any:
    return probabilities.clip(costs.KERAS_EPSILON, 1 - costs.KERAS_EPSILON)


def keras_gap(torch: Any) -> float:
    def has_no_gradient(gap: float) -> bool:
        logits = softmax_logits(torch, gap)
        probabilities = logits.softmax(-1)
        loss = -clip_like_keras(probabilities / probabilities.sum(-1, keepdim=True)).log()[0, 1]
        return gradient(torch, logits, loss) == [0, 0]

    return find_first(has_no_gradient, 10, 30)


def keras_loss(torch: Any) -> float:
    return float(-clip_like_keras(torch.zeros(1)).log())


def keras_binary_loss(torch: Any) -> float:
    return float(-(1 - clip_like_keras(torch.ones(1))).log())


def keras_positive_logit(torch: Any) -> float:
    def has_no_gradient(logit: float) -> bool:
        logits = torch.tensor([-float(logit)], requires_grad=True)
        return gradient(torch, logits, -clip_like_keras(logits.sigmoid()).log().sum()) == [0]

    return find_first(has_no_gradient, 10, 30)


def keras_negative_logit(torch: Any) -> float:
    def has_no_gradient(logit: float) -> bool:
        logits = torch.tensor([float(logit)], requires_grad=True)
        return gradient(torch, logits, -(1 - clip_like_keras(logits.sigmoid())).log().sum()) == [0]

    return find_first(has_no_gradient, 10, 30)


def binary_saturation(dtype: str) -> Measure:
    def measure(torch: Any) -> float:
        def has_no_gradient(logit: float) -> bool:
            logits = torch.tensor([logit], dtype=getattr(torch, dtype), requires_grad=True)
            loss = torch.nn.functional.binary_cross_entropy(logits.sigmoid(), torch.zeros_like(logits))
            (slope,) = gradient(torch, logits, loss)
            return slope == 0 or math.isnan(slope)

        return find_first(has_no_gradient, 4, 30)

    return measure


def log_of_softmax_gap(dtype: str, high: float, of_gradient: bool) -> Measure:
    def measure(torch: Any) -> float:
        def is_infinite(gap: float) -> bool:
            logits = softmax_logits(torch, gap, dtype=getattr(torch, dtype))
            loss = -logits.softmax(-1).log()[0, 1]
            values = gradient(torch, logits, loss) if of_gradient else [float(loss.detach())]
            return not all(map(math.isfinite, values))

        return find_first(is_infinite, 5, high)

    return measure


def log_of_sigmoid_logit(dtype: str, of_gradient: bool) -> Measure:
    def measure(torch: Any) -> float:
        def is_infinite(logit: float) -> bool:
            logits = torch.tensor([-logit], dtype=getattr(torch, dtype), requires_grad=True)
            loss = -logits.sigmoid().log().sum()
            values = gradient(torch, logits, loss) if of_gradient else [float(loss.detach())]
            return not all(map(math.isfinite, values))

        return -find_first(is_infinite, 5, 150)

    return measure


def softmax_floor(classes: int, activation: str = "softmax") -> Measure:
    def measure(torch: Any) -> float:
        cross_entropy = torch.nn.functional.cross_entropy
        certain = torch.full((1, classes), -1000.0, dtype=torch.float64)
        certain[0, 1] = 1000
        floor = float(cross_entropy(activate(certain, activation), torch.tensor([1])))
        torch.manual_seed(0)
        others = activate(30 * torch.randn(1000, classes, dtype=torch.float64), activation)
        hard = cross_entropy(others, torch.randint(0, classes, (1000,)), reduction="none")
        soft = cross_entropy(others, others.softmax(1), reduction="none")
        assert min(hard.min(), soft.min()) >= floor - 1e-12
        return floor

    return measure


def activate(scores: Any, activation: str) -> Any:
    return scores.softmax(1) if activation == "softmax" else scores.sigmoid()


def sigmoid_floor(target: float, activation: str = "sigmoid") -> Measure:
    def measure(torch: Any) -> float:
        scores = getattr(torch, activation)(torch.linspace(-1000, 1000, 2001, dtype=torch.float64))
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return float(loss(scores, torch.full_like(scores, target), reduction="none").min())

    return measure


def coupled_binary_floor(torch: Any) -> float:
    torch.manual_seed(0)
    scores = torch.cat([1000 * torch.eye(3, dtype=torch.float64), torch.randn(1000, 3, dtype=torch.float64)])
    targets = torch.eye(3, dtype=torch.float64)[torch.zeros(len(scores), dtype=torch.long)]
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return float(loss(scores.softmax(1), targets, reduction="none").mean(1).min())


def nll_gradient(torch: Any) -> float:
    logits = softmax_logits(torch, 20)
    loss = torch.nn.functional.nll_loss(logits.softmax(1), torch.tensor([1]))
    return max(map(abs, gradient(torch, logits, loss)))


def uniform_loss(axis: int) -> Measure:
    def measure(torch: Any) -> float:
        outputs = torch.log_softmax(torch.zeros(64, 10), dim=axis)
        return float(torch.nn.functional.nll_loss(outputs, torch.zeros(64, dtype=torch.long)))

    return measure


def sample_probability(torch: Any) -> float:
    probabilities = torch.eye(10)[0]
    return float(torch.distributions.Categorical(logits=probabilities).probs[0])


def sample_ratio(torch: Any) -> float:
    sampled = torch.distributions.Categorical(logits=torch.eye(10)[0]).probs
    return float(sampled.max() / sampled.min())


def second_sigmoid(torch: Any) -> float:
    return float(torch.sigmoid(torch.sigmoid(torch.tensor(100.0))))


def half_probability(torch: Any) -> float:
    return float(torch.sigmoid(torch.tensor(0.5)))


QUOTED: dict[str, dict[str, Measure]] = {
    "SML001": {"16.1": keras_gap, "11.1": log_of_softmax_gap("float16", 15, True)},
    "SML002": {
        "0.3133": softmax_floor(2),
        "1.4612": softmax_floor(10),
        "3.6222": softmax_floor(100),
        "5.9095": softmax_floor(1000),
    },
    "SML005": {"1e-8": nll_gradient},
    "SML006": {
        "88.7": log_of_softmax_gap("float32", 150, True),
        "104.0": log_of_softmax_gap("float32", 150, False),
        "11.1": log_of_softmax_gap("float16", 15, True),
    },
    "SML101": {
        "16.6": binary_saturation("float32"),
        "8.3": binary_saturation("float16"),
        "6.2": binary_saturation("bfloat16"),
        "16.1": keras_positive_logit,
    },
    "SML102": {"0.3133": sigmoid_floor(1), "0.6931": sigmoid_floor(0)},
    "SML103": {"15.9": keras_binary_loss, "16.1": keras_loss, "1e-7": lambda torch: costs.KERAS_EPSILON},
    "SML106": {
        "-88.7": log_of_sigmoid_logit("float32", True),
        "-11.1": log_of_sigmoid_logit("float16", True),
    },
    "SML201": {"0.3133": sigmoid_floor(1), "0.6931": sigmoid_floor(0), "0.5665": coupled_binary_floor},
    "SML202": {"1.4612": softmax_floor(10, "sigmoid"), "3.6222": softmax_floor(100, "sigmoid")},
    "SML204": {"4.1589": uniform_loss(0), "2.3026": uniform_loss(1)},
    "SML205": {"0.6931": sigmoid_floor(0, "relu")},
    "SML301": {"0.6225": half_probability},
    "SML302": {"0.6225": half_probability},
    "SML303": {"2.7183": sample_ratio, "0.2320": sample_probability, "0.7311": second_sigmoid},
    "SML304": {"2.7183": sample_ratio, "0.2320": sample_probability},
}
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+|e-\d+)(?!\w)")


@each_rule
def test_every_quoted_number_is_measured(rule: Rule) -> None:
    assert set(NUMBER.findall(split_page(rule.page)[1]["What it costs"])) == set(QUOTED.get(rule.code, {}))


@pytest.mark.parametrize(
    ("code", "quoted"), [(code, quoted) for code, numbers in QUOTED.items() for quoted in numbers]
)
def test_quoted_number(code: str, quoted: str) -> None:
    measured = QUOTED[code][quoted](pytest.importorskip("torch"))
    if "e-" in quoted:
        assert 0 < measured <= float(quoted)
    else:
        digits = len(quoted.partition(".")[2])
        assert f"{measured:.{digits}f}" == quoted


COSTS: list[tuple[str, float, Measure]] = [
    *(
        (f"double softmax, {n} classes", costs.double_softmax_floor(n), softmax_floor(n))
        for n in (2, 3, 10, 100)
    ),
    ("double sigmoid, positive", costs.double_sigmoid_floor(True), sigmoid_floor(1)),
    ("double sigmoid, negative", costs.double_sigmoid_floor(False), sigmoid_floor(0)),
    ("relu before sigmoid", costs.one_sided_floor(), sigmoid_floor(0, "relu")),
    ("keras clip gap", costs.keras_clip_gap(), keras_gap),
    ("keras clip loss", costs.keras_clip_loss(), keras_loss),
    ("keras binary clip", costs.sigmoid_saturation(), keras_negative_logit),
    ("binary, float32", costs.sigmoid_saturation(), binary_saturation("float32")),
    ("binary, float16", costs.half_sigmoid_saturation(costs.FLOAT16_BITS), binary_saturation("float16")),
    ("binary, bfloat16", costs.half_sigmoid_saturation(costs.BFLOAT16_BITS), binary_saturation("bfloat16")),
    ("log of softmax, gradient", costs.log_gradient_gap(), log_of_softmax_gap("float32", 150, True)),
    ("log of softmax, loss", costs.log_loss_gap(), log_of_softmax_gap("float32", 150, False)),
    ("log of softmax, float16", costs.half_log_gradient_gap(), log_of_softmax_gap("float16", 15, True)),
    ("log of sigmoid", -costs.log_gradient_gap(), log_of_sigmoid_logit("float32", True)),
    ("sampler ratio", costs.sampler_ratio(), sample_ratio),
    ("second sigmoid", costs.probability_of(1), second_sigmoid),
    ("sampler ceiling", costs.sampler_ceiling(10), sample_probability),
    ("uniform over the batch", costs.uniform_loss(64), uniform_loss(0)),
]


@pytest.mark.parametrize(
    ("analytic", "measure"), [case[1:] for case in COSTS], ids=[case[0] for case in COSTS]
)
def test_cost(analytic: float, measure: Measure) -> None:
    assert measure(pytest.importorskip("torch")) == pytest.approx(analytic, rel=2e-3)


def test_double_softmax_spans_one() -> None:
    torch = pytest.importorskip("torch")
    logits = softmax_logits(torch, 1000)
    loss = torch.nn.functional.cross_entropy(logits.softmax(1), torch.tensor([1]))
    assert float(loss.detach()) == pytest.approx(costs.double_softmax_ceiling(10))


def test_tensorflow_flushes_the_smallest_probabilities() -> None:
    tensorflow = pytest.importorskip("tensorflow")

    def is_infinite(gap: float) -> bool:
        return bool(
            tensorflow.math.is_inf(tensorflow.math.log(tensorflow.nn.softmax([[gap] + [0.0] * 9]))[0, 1])
        )

    assert f"{find_first(is_infinite, 5, 150):.0f}" == f"{costs.flushed_log_gap():.0f}" == "87"


KERAS_ON_TORCH = """
import keras, torch
loss = keras.losses.SparseCategoricalCrossentropy()
for gap in (16.0, 16.2):
    logits = torch.zeros(1, 10)
    logits[0, 0] = gap
    logits.requires_grad_()
    loss(torch.tensor([1]), keras.ops.softmax(logits)).backward()
    print(bool(logits.grad.any()))
double = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
print(f"{float(double(torch.tensor([1]), keras.ops.softmax(1000 * torch.eye(10)[1:2]))):.4f}")
"""


def test_keras_on_torch_recovers_nothing() -> None:
    pytest.importorskip("torch")
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed")
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    run = subprocess.run(
        [sys.executable, "-c", KERAS_ON_TORCH], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.split() == ["True", "False", f"{costs.double_softmax_floor(10):.4f}"]


def nll_over_probabilities_stays_in_range(torch: Any) -> bool:
    scores = 9 * torch.randn(999, 10)
    loss = torch.nn.functional.nll_loss(scores.softmax(1), torch.ones(999).long(), reduction="none")
    return bool((loss <= 0).all() and (loss >= -1).all())


def nll_over_scores_pulls_forever(torch: Any) -> bool:
    logits = torch.tensor([[0.0, 1000.0]], requires_grad=True)
    loss = torch.nn.functional.nll_loss(logits, torch.tensor([1]))
    return float(loss.detach()) == -1000 and gradient(torch, logits, loss) == [0, -1]


def bce_loss_is_constant(torch: Any) -> bool:
    loss = torch.nn.functional.binary_cross_entropy(torch.tensor([17.0, 90.0]).sigmoid(), torch.zeros(2))
    return float(loss) == costs.bce_loss_clamp()


def clipped_scores_have_no_gradient(torch: Any) -> bool:
    scores = torch.tensor([-2.0, 3.0], requires_grad=True)
    return gradient(torch, scores, clip_like_keras(scores).log().sum()) == [0, 0]


def bce_raises_outside_its_range(torch: Any) -> bool:
    with pytest.raises(RuntimeError):
        torch.nn.functional.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.0]))
    return True


def one_unit_teaches_nothing(torch: Any) -> bool:
    logits = torch.tensor([[3.0]], requires_grad=True)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0]))
    with pytest.raises(IndexError):
        torch.nn.functional.cross_entropy(logits, torch.tensor([1]))
    return float(loss.detach()) == 0 and gradient(torch, logits, loss) == [0]


def log_target_is_not_a_number(torch: Any) -> bool:
    agreed = torch.randn(4, 10).log_softmax(1)
    kl_div = torch.nn.functional.kl_div
    right = float(kl_div(agreed, agreed, reduction="batchmean", log_target=True))
    return math.isnan(float(kl_div(agreed, agreed, reduction="batchmean"))) and right == 0


def loss_class_takes_one_example(torch: Any) -> bool:
    built = torch.nn.CrossEntropyLoss(torch.randn(1, 10), torch.tensor([1]))
    return isinstance(built, torch.nn.Module)


def swapped_loss_has_no_bound(torch: Any) -> bool:
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return float(loss(torch.tensor([1.0]), torch.tensor([2000.0]))) < -1000


CLAIMS: list[tuple[str, Callable[[Any], bool]]] = [
    ("SML003", nll_over_scores_pulls_forever),
    ("SML005", nll_over_probabilities_stays_in_range),
    ("SML101", bce_loss_is_constant),
    ("SML103", clipped_scores_have_no_gradient),
    ("SML103", bce_raises_outside_its_range),
    ("SML206", one_unit_teaches_nothing),
    ("SML207", log_target_is_not_a_number),
    ("SML401", loss_class_takes_one_example),
    ("SML402", swapped_loss_has_no_bound),
]


@pytest.mark.parametrize(
    ("code", "holds"), CLAIMS, ids=[f"{code}-{holds.__name__}" for code, holds in CLAIMS]
)
def test_claim(code: str, holds: Callable[[Any], bool]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert holds(pytest.importorskip("torch")), code
