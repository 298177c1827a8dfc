"""Measured rows of packages around PyTorch and of JAX: each loss and activation does what its row says.

A package that is not installed skips its rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from softmax_lint import knowledge  # noqa: E402
from softmax_lint.knowledge.schema import (  # noqa: E402
    ACTIVATION,
    AFFINE,
    CLASS,
    KEEP,
    LOG,
    LOSS,
    MODEL,
    SAMPLER,
    Api,
)
from softmax_lint.representation import (  # noqa: E402
    ANY,
    BINARY,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)

PACKAGES = ("timm", "segmentation_models_pytorch", "fastai", "kornia", "jax", "optax", "flax", "distrax")


def rows(*roles: str) -> list[Any]:
    return [
        pytest.param(row, id=row.name)
        for row in knowledge.rows()
        if row.role in roles and row.measured and row.expects != ANY and row.name.startswith(PACKAGES)
    ]


def real(row: Api) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(row.name.partition(".")[0])
        return resolve_name(row.name)


def log_softmax(z: Any) -> Any:
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


# Constructor or call arguments that reduce a loss to its plain cross-entropy.
PLAIN: dict[str, Any] = {
    "timm.loss.LabelSmoothingCrossEntropy": {"smoothing": 0.0},
    "timm.loss.BinaryCrossEntropy": {"smoothing": 0.0},
    "timm.loss.JsdCrossEntropy": {"num_splits": 2, "alpha": 0, "smoothing": 0},
    "fastai.losses.LabelSmoothingCrossEntropyFlat": {"eps": 0.0},
    "fastai.losses.LabelSmoothingCrossEntropy": {"eps": 0.0},
    "fastai.losses.FocalLossFlat": {"gamma": 0.0},
    "fastai.losses.FocalLoss": {"gamma": 0.0},
    "kornia.losses.FocalLoss": {"alpha": None, "gamma": 0.0, "reduction": "sum"},
    "kornia.losses.focal_loss": {"alpha": None, "gamma": 0.0, "reduction": "sum"},
    "segmentation_models_pytorch.losses.SoftCrossEntropyLoss": {"smooth_factor": 0.0},
    "kornia.losses.BinaryFocalLossWithLogits": {"alpha": None, "gamma": 0.0, "reduction": "mean"},
    "kornia.losses.binary_focal_loss_with_logits": {"alpha": None, "gamma": 0.0, "reduction": "mean"},
    "optax.losses.poly_loss_cross_entropy": {"epsilon": 0.0},
    "optax.losses.sigmoid_focal_loss": {"alpha": None, "gamma": 0.0},
}
SOFT_TARGETS = {
    "timm.loss.SoftTargetCrossEntropy", "optax.losses.softmax_cross_entropy",
    "optax.losses.safe_softmax_cross_entropy",
    "optax.losses.poly_loss_cross_entropy", "optax.losses.ranking_softmax_loss",
}  # fmt: skip


def loss_of(row: Api) -> Callable[[Any, Any], Any]:
    """A loss over numpy arrays, by the names its row gives; the mean over examples."""
    function = real(row)
    subject = row.subject or (row.call_params if row.form == CLASS else row.params)[0]
    plain = PLAIN.get(row.name, {})
    if row.form == CLASS:
        function, plain = function(**plain), {}

    def call(prediction: Any, target: Any) -> Any:
        if row.framework == "jax":
            return np.asarray(function(**{subject: prediction, row.target: target}, **plain))
        torch = pytest.importorskip("torch")
        arguments = {subject: torch.tensor(prediction), row.target: torch.tensor(target)}
        return np.asarray(function(**arguments, **plain))

    return call


def check_ctc(row: Api) -> None:
    """Scores that are shifted step by step give the same loss: the normalisation is inside."""
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(2, 6, 4)).astype("float32"), np.array([[1, 2], [3, 1]])
    none, none_of_labels = np.zeros((2, 6)), np.zeros((2, 2))
    first, second = (
        real(row)(z, none, labels, none_of_labels)
        for z in (logits, logits + generator.normal(size=(2, 6, 1)))
    )
    pair = [result[0] if isinstance(result, tuple) else result for result in (first, second)]
    assert np.allclose(*pair, atol=1e-4)


def check_loss(row: Api) -> None:
    if "ctc" in row.name:
        check_ctc(row)
        return
    loss = loss_of(row)
    generator = np.random.default_rng(0)
    z = generator.normal(size=(4, 3)).astype("float32")
    indices = np.array([0, 2, 1, 1])
    one_hot = np.eye(3, dtype="float32")[indices]
    bits = (generator.random((4, 3)) > 0.5).astype("float32")
    binary = -(bits * np.log(sigmoid(z)) + (1 - bits) * np.log(1 - sigmoid(z))).mean()
    if row.expects == SOFTMAX_LOGITS:
        if row.name.startswith("kornia"):
            # Maps: class axis 1, here with a width of one. Its mean is over classes too.
            result = loss(z[:, :, None], indices[:, None]) / len(z)
        elif "Jsd" in row.name:
            # Two augmented copies of the batch, one after the other.
            result = loss(np.concatenate([z, z]), indices)
        else:
            result = loss(z, one_hot if row.name in SOFT_TARGETS else indices)
        assert np.allclose(result.mean(), -(log_softmax(z) * one_hot).sum(-1).mean(), atol=1e-5)
    elif row.expects == SIGMOID_LOGITS:
        assert np.allclose(loss(z, bits).mean(), binary, atol=1e-5)
    elif row.expects == BINARY:
        assert np.allclose(loss(sigmoid(z), bits).mean(), binary, atol=1e-5)
    else:
        assert row.expects == LOG_PROBABILITIES
        target = log_softmax(z[::-1]) if "log_targets" in row.params else np.exp(log_softmax(z[::-1]))
        at = [np.asarray(loss(log_softmax(z) * k + k - 1, target)).sum() for k in (1.0, 2.0, 3.0)]
        if "generalized" in row.name or "convex" in row.name:
            # The divergence of unnormalised measures: normalised predictions only, where it is the plain one.
            plain = (np.exp(log_softmax(z[::-1])) * (log_softmax(z[::-1]) - log_softmax(z))).sum()
            assert np.allclose(at[0], plain, atol=1e-5)
        else:
            assert np.allclose(at[1] - at[0], at[2] - at[1], atol=1e-4)


@pytest.mark.parametrize("row", rows(LOSS))
def test_losses(row: Api) -> None:
    check_loss(row)


def check_activation(row: Api) -> None:
    function = real(row)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    y = np.asarray(function(x, **({row.axis: 1} if row.axis else {})))
    if row.produces in (SOFTMAX, LOG_SOFTMAX):
        probabilities = np.exp(y) if row.produces == LOG_SOFTMAX else y
        assert np.allclose(probabilities.sum(1), 1)
        if row.axis_default == -1:
            assert np.allclose(y, function(x))
    elif row.produces in (SIGMOID, LOG_SIGMOID):
        assert np.allclose(np.exp(y) if row.produces == LOG_SIGMOID else y, sigmoid(x), atol=1e-6)
    else:
        assert row.produces == HIDDEN
        assert y.shape == x.shape
        assert not np.allclose(y, x)


@pytest.mark.parametrize("row", rows(ACTIVATION))
def test_activations(row: Api) -> None:
    check_activation(row)


@pytest.mark.parametrize("row", rows(LOG))
def test_logarithms(row: Api) -> None:
    x = np.random.default_rng(0).random((4, 3)).astype("float32") + 0.1
    assert np.allclose(real(row)(x), np.log(x), atol=1e-6)


@pytest.mark.parametrize("row", rows(AFFINE))
def test_affine_layers(row: Api) -> None:
    jax = pytest.importorskip("jax")
    shape = (2, 8, 5) if "Conv" in row.name else (2, 5)
    x, y = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    needed = {"features": 3, "in_features": 5, "out_features": 3, "kernel_size": (2,)}
    given = {name: value for name, value in needed.items() if name in row.params}
    if ".nnx." in row.name:
        nnx = pytest.importorskip("flax.nnx")
        layer = real(row)(**given, rngs=nnx.Rngs(0))
    else:
        module = real(row)(**given)
        variables = module.init(jax.random.key(0), x)
        layer = lambda t: module.apply(variables, t)  # noqa: E731
    result = layer(x)
    assert row.axis_default == -1
    assert result.shape[-1] == 3
    assert np.allclose(layer(x + y) + layer(0 * x), result + layer(y), atol=1e-4)


@pytest.mark.parametrize("row", rows(SAMPLER))
def test_samplers(row: Api) -> None:
    """A sampler is blind to a shift of its scores, as only scores are."""
    jax = pytest.importorskip("jax")
    z = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    arguments = [{row.subject: scores, "key": jax.random.key(1)} for scores in (z, z + 3)]
    assert np.array_equal(*(real(row)(**given) for given in arguments))


@pytest.mark.parametrize("row", [p for p in rows(KEEP) if p.values[0].name.startswith("jax.numpy.")])
def test_kept_values(row: Api) -> None:
    x = np.arange(24.0, dtype="float32").reshape(1, 4, 6)
    calls: dict[str, tuple[Any, ...]] = {
        "reshape": ((2, 12),), "expand_dims": (1,), "swapaxes": (0, 1), "moveaxis": (0, 1), "take": (1,),
        "take_along_axis": (np.zeros((1, 4, 6), int), 1), "split": (2, 1), "tile": ((2, 1, 1),), "repeat": (2,
        1),
        "broadcast_to": ((2, 4, 6),), "flip": (1,),
    }  # fmt: skip
    result = real(row)(x, *calls.get(row.name.rpartition(".")[2], ()))
    parts = result if isinstance(result, list) else [result]
    assert set(np.concatenate([np.ravel(part) for part in parts]).tolist()) <= set(x.ravel().tolist())


SEGMENTATION = [
    pytest.param(row, id=row.name)
    for row in knowledge.rows()
    if row.role == MODEL and row.name.startswith("segmentation_models_pytorch.") and row.units
]


@pytest.mark.parametrize("row", SEGMENTATION)
def test_segmentation_models_apply_their_activation(row: Api) -> None:
    """The head ends in a convolution, then in the activation that the row's parameter names."""
    torch = pytest.importorskip("torch")
    build = real(row)
    first = ("unet",) if row.name.endswith("create_model") else ()
    x = torch.randn(1, 3, 256, 256)
    results = {}
    for activation in (None, "identity", "sigmoid", "softmax2d", "logsoftmax"):
        torch.manual_seed(0)
        named = {row.activation: activation, row.units: 3}
        model = build(*first, "efficientnet-b0", encoder_weights=None, **named).eval()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results[activation] = model(x)
        assert isinstance(model.segmentation_head[0], torch.nn.Conv2d)
    z = results[None]
    assert z.shape[row.axis_default] == 3
    assert torch.allclose(results["identity"], z, atol=1e-5)
    assert torch.allclose(results["sigmoid"], z.sigmoid(), atol=1e-5)
    assert torch.allclose(results["softmax2d"], z.softmax(1), atol=1e-5)
    assert torch.allclose(results["logsoftmax"], z.log_softmax(1), atol=1e-4)


def test_skorch_takes_the_logarithm_for_nll() -> None:
    """With its default criterion, a classifier of skorch wants probabilities."""
    skorch = pytest.importorskip("skorch")
    torch = pytest.importorskip("torch")
    row = knowledge.find("skorch.NeuralNetClassifier")
    assert row is not None
    assert row.loss_default == "torch.nn.NLLLoss"
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear, module__in_features=2, module__out_features=3
    ).initialize()
    z, target = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    expected = torch.nn.functional.cross_entropy(z, target)
    assert torch.allclose(net.get_loss(z.softmax(1), target), expected, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["NeuralNetClassifier", "NeuralNetBinaryClassifier", "NeuralNetRegressor"],
    ids=lambda name: str(name),
)
def test_skorch_defaults(name: str) -> None:
    skorch = pytest.importorskip("skorch")
    torch = pytest.importorskip("torch")
    row = knowledge.find(f"skorch.{name}")
    assert row is not None
    assert getattr(skorch, name)(torch.nn.Identity).criterion is resolve_name(row.loss_default)
