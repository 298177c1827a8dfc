"""Rows of PyTorch, measured against the installed torch: one check per role."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from pkgutil import resolve_name
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from softmax_lint.knowledge import torch as torch_rows  # noqa: E402
from softmax_lint.knowledge.schema import (  # noqa: E402
    ACTIVATION,
    AFFINE,
    CLASS,
    CONSUMER,
    FUNCTION,
    JOIN,
    KEEP,
    LOG,
    LOSS,
    METHOD,
    MIX,
    RECURRENT,
    SAMPLER,
    Api,
)  # fmt: skip
from softmax_lint.representation import (  # noqa: E402
    ANY,
    BINARY,
    HIDDEN,
    LOG_PROBABILITIES,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    SCORES,
    SIGMOID,
    SIGMOID_LOGITS,
    SOFTMAX,
    SOFTMAX_LOGITS,
)  # fmt: skip

Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def rows(role: str, *forms: str) -> list[Any]:
    """The measured rows of a role, one pytest parameter each."""
    return [
        pytest.param(row, id=row.name)
        for row in torch_rows.ROWS
        if row.role == role and row.measured and (not forms or row.form in forms)
    ]


# Arguments of the constructors of affine layers, by parameter.
ARGUMENTS: dict[str, Any] = {
    "in_features": 5, "in1_features": 5, "in2_features": 5, "in_channels": 5,
    "out_features": 3, "out_channels": 3, "kernel_size": 2,
}  # fmt: skip


def callable_of(row: Api, axis: int | None = 1, **given: Any) -> Function:
    """The thing a row describes, as a function of its subject. The axis, if there is one, is given by
    position."""
    if row.axis and axis is not None:
        given[row.axis] = axis
    known = row.params[: row.params.index("*")] if "*" in row.params else row.params
    order = [name for name in known if name in given]
    positional: list[Any] = []
    keywords = dict(given)
    first = 0 if row.form in (CLASS, METHOD) else 1
    for index, name in enumerate(order):
        if known.index(name) == first + index:
            positional.append(keywords.pop(name))
    if row.form == CLASS:
        return resolve_name(row.name)(*positional, **keywords)  # type: ignore[no-any-return]
    if row.form == FUNCTION:
        function = resolve_name(row.name)
        return lambda x: function(x, *positional, **keywords)
    name = row.name.partition(".")[2]

    def call(x: Any) -> Any:
        found = getattr(x, name)
        return found(*positional, **keywords) if callable(found) else found

    return call


def activation_arguments(row: Api) -> dict[str, Any]:
    if row.name.rpartition(".")[2] == "prelu":
        return {"weight": torch.tensor(0.25)}
    return {}


def check_activation(row: Api) -> None:
    x = torch.randn(4, 3, 2, 5)
    source = x.to_sparse() if row.name.startswith("torch.sparse.") else x
    result = callable_of(row, **activation_arguments(row))(source.clone())
    y = result.to_dense() if result.is_sparse else result
    axis = 1 if row.axis else row.axis_default
    if row.produces in (SOFTMAX, LOG_SOFTMAX):
        probabilities = y.exp() if row.produces == LOG_SOFTMAX else y
        assert axis is not None
        assert torch.allclose(probabilities.sum(axis), torch.ones(()))
        assert ((probabilities > 0) & (probabilities < 1)).all()
    elif row.produces in (SIGMOID, LOG_SIGMOID):
        probabilities = y.exp() if row.produces == LOG_SIGMOID else y
        assert torch.allclose(probabilities, 1 / (1 + torch.exp(-x)))
    else:
        assert row.produces == HIDDEN
        assert y.shape == x.shape
        assert not torch.allclose(y, x)


@pytest.mark.parametrize("row", rows(ACTIVATION))
def test_activations(row: Api) -> None:
    check_activation(row)


def test_implicit_axis() -> None:
    """Softmax without `dim` is over the batch for three axes: rows leave the default implicit."""
    x = torch.randn(2, 3, 4)
    assert torch.allclose(torch.nn.Softmax()(x).sum(0), torch.ones(()))
    for name in ("torch.softmax", "torch.special.softmax", "Tensor.softmax"):
        row = next(row for row in torch_rows.ROWS if row.name == name)
        assert row.axis_default is None
        with pytest.raises(TypeError):
            callable_of(row, axis=None)(x)


@pytest.mark.parametrize("row", rows(LOG))
def test_logarithms(row: Api) -> None:
    x = torch.rand(4, 3) + 0.1
    assert torch.equal(callable_of(row)(x.clone()), x.log())


def check_sampler(row: Api) -> None:
    """Probabilities behind a sampler are the softmax or sigmoid of what the row calls its subject."""
    logits = torch.randn(4, 3)
    real = resolve_name(row.name)
    if row.form == FUNCTION:
        torch.manual_seed(1)
        first = real(logits, dim=1)
        torch.manual_seed(1)
        assert torch.allclose(first, real(logits + 7, dim=1), atol=1e-5)
        assert torch.allclose(first.sum(1), torch.ones(()))
        return
    extra = {"temperature": torch.tensor(1.0), "total_count": 3}
    needed = {name: value for name, value in extra.items() if name in row.params}
    probabilities = real(**needed, **{row.subject: logits}).probs
    expected = logits.softmax(-1) if row.axis_default == -1 else logits.sigmoid()
    assert torch.allclose(probabilities, expected)


@pytest.mark.parametrize("row", rows(SAMPLER))
def test_samplers(row: Api) -> None:
    check_sampler(row)


def loss_of(row: Api) -> Function:
    """A loss as a function of prediction and target, called by the names its row gives."""
    subject = row.subject or (row.call_params if row.form == CLASS else row.params)[0]
    function = resolve_name(row.name)() if row.form == CLASS else resolve_name(row.name)
    extra: dict[str, Any] = {}
    if "input_lengths" in (*row.params, *row.call_params):
        extra = {"input_lengths": (6, 6), "target_lengths": (3, 3)}

    def call(prediction: Any, target: Any) -> Any:
        return function(**{subject: prediction, row.target: target}, **extra)

    return call


def check_loss(row: Api) -> None:
    loss = loss_of(row)
    z, shift = torch.randn(4, 3), torch.randn(4, 1)
    indices = torch.tensor([0, 2, 1, 1])
    bits = (torch.randn(4, 3) > 0).float()
    if row.expects == SOFTMAX_LOGITS:
        assert row.axis_default == 1
        exact = -z.log_softmax(1).gather(1, indices[:, None]).mean()
        assert torch.allclose(loss(z, indices), exact)
        assert torch.allclose(loss(z + shift, indices), exact)
    elif row.expects == SIGMOID_LOGITS:
        target = 2 * bits - 1 if "soft_margin" in _plain(row) and "multilabel" not in _plain(row) else bits
        p = z.sigmoid()
        exact = -(bits * p.log() + (1 - bits) * (1 - p).log()).mean()
        assert torch.allclose(loss(z, target).mean(), exact)
    elif row.expects == BINARY:
        p = z.sigmoid()
        assert torch.allclose(loss(p, bits), -(bits * p.log() + (1 - bits) * (1 - p).log()).mean())
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            loss(z, bits)
    elif "ctc" in _plain(row):
        log_probabilities = torch.randn(6, 2, 4).log_softmax(-1)
        labels = torch.tensor([[1, 2, 3], [2, 3, 1]])
        # No normalisation inside: every one of the six steps adds the shift. The mean is over three labels;
        # the top-level function has no mean by default.
        difference = loss(log_probabilities + 0.5, labels) - loss(log_probabilities, labels)
        labels_in_mean = 3 if difference.ndim == 0 else 1
        assert torch.allclose(difference, torch.tensor(-6 * 0.5 / labels_in_mean), atol=1e-4)
    else:
        assert row.expects == LOG_PROBABILITIES
        target = bits.softmax(1) if "kldiv" in _plain(row) else indices
        other = torch.randn(4, 3)
        linear = loss(z, target) - loss(torch.zeros(4, 3), target)
        assert torch.allclose(loss(z + other, target) - loss(other, target), linear, atol=1e-5)
        assert not torch.allclose(loss(z + 3, target).mean(), loss(z, target).mean())


def _plain(row: Api) -> str:
    return row.name.rpartition(".")[2].lower().replace("_", "").replace("softmargin", "_soft_margin")


@pytest.mark.parametrize("row", [p for p in rows(LOSS) if p.values[0].expects != ANY])
def test_losses(row: Api) -> None:
    check_loss(row)


def test_log_target() -> None:
    """`log_target` says what the target is; the prediction is log-probabilities either way."""
    log_p, q = torch.randn(4, 3).log_softmax(1), torch.randn(4, 3).softmax(1)
    plain = torch.nn.functional.kl_div(log_p, q)
    assert torch.allclose(torch.nn.functional.kl_div(log_p, q.log(), log_target=True), plain)


AFFINE_INPUTS = {1: (2, 5, 6), 2: (2, 5, 6, 6), 3: (2, 5, 4, 4, 4)}


def check_affine(row: Api) -> None:
    rank = next((rank for rank in (1, 2, 3) if f"{rank}d" in row.name), 0)
    x, y = (torch.randn(AFFINE_INPUTS.get(rank, (2, 5))) for _ in range(2))
    if row.form == CLASS:
        layer = callable_of(row, **{name: ARGUMENTS[name] for name in row.params if name in ARGUMENTS})
        second = torch.randn(2, 5)
        function: Function = (lambda t: layer(t, second)) if "input2" in row.call_params else layer
    else:
        plain = row.name.rpartition(".")[2]
        shape = {"linear": (3, 5), "bilinear": (3, 5, 5)}.get(plain, (3, 5, *[2] * rank))
        if "transpose" in plain:
            shape = (5, 3, *[2] * rank)
        weight, second = torch.randn(shape), torch.randn(2, 5)
        real = resolve_name(row.name)
        function = (lambda t: real(t, second, weight)) if plain == "bilinear" else (lambda t: real(t, weight))
    result = function(x)
    assert row.produces == SCORES
    assert row.axis_default is not None
    assert result.shape[row.axis_default] == 3
    assert torch.allclose(function(x + y) + function(0 * x), result + function(y), atol=1e-4)


@pytest.mark.parametrize("row", rows(AFFINE))
def test_affine_layers(row: Api) -> None:
    check_affine(row)


# How to call what keeps values, by the last part of its name. Everything else takes the tensor alone.
INDEX = torch.tensor([0, 2])
KEEP_CALLS: dict[str, tuple[Any, ...]] = {
    "reshape": ((2, 60),), "unflatten": (1, (3, 1)), "squeeze": (1,), "unsqueeze": (1,),
    "permute": ((3, 1, 2, 0),),
    "transpose": (1, 2), "swapaxes": (1, 2), "swapdims": (1, 2), "movedim": (1, 2), "moveaxis": (1, 2),
    "flip": ((1,),), "roll": (1, 1), "rot90": (1, (1, 2)), "tile": ((2, 1),),
    "broadcast_to": ((2, 4, 3, 2, 5),),
    "repeat_interleave": (2, 1), "narrow": (1, 0, 2), "select": (1, 0), "index_select": (1, INDEX),
    "gather": (0, torch.zeros(4, 3, 2, 5, dtype=torch.long)), "take": (INDEX,), "diagonal": (0, 0, 1),
    "take_along_dim": (torch.zeros(4, 3, 2, 5, dtype=torch.long), 0), "chunk": (2, 1), "unsafe_chunk": (2, 1),
    "masked_select": (torch.ones(4, 3, 2, 5, dtype=torch.bool),), "tensor_split": (2, 1), "hsplit": (3,),
    "vsplit": (2,), "dsplit": (2,), "split": (2, 1), "unbind": (1,), "view": (2, 60), "resize": (2, 60),
    "expand": (2, 4, 3, 2, 5),
    "resize_as": (torch.zeros(2, 60),), "view_as": (torch.zeros(2, 60),), "reshape_as": (torch.zeros(2, 60),),
    "expand_as": (torch.zeros(2, 4, 3, 2, 5),),
    "repeat": (2, 1, 1, 1), "to": (torch.float64,), "type": (torch.float64,), "type_as": (torch.zeros(1),),
    "squeeze_": (1,), "unsqueeze_": (1,), "transpose_": (1, 2), "swapaxes_": (1, 2), "swapdims_": (1, 2),
    "Unflatten": (1, (3, 1)), "PixelShuffle": (1,), "PixelUnshuffle": (1,), "ChannelShuffle": (3,),
    "pixel_shuffle": (1,), "pixel_unshuffle": (1,), "channel_shuffle": (3,), "dropout": (0.5, False),
    "dropout_": (0.5, False), "feature_dropout": (0.5, False), "feature_dropout_": (0.5, False),
    "alpha_dropout_": (0.5, False), "feature_alpha_dropout_": (0.5, False), "dropout1d": (0.5, False),
    "dropout2d": (0.5, False), "dropout3d": (0.5, False), "alpha_dropout": (0.5, False),
    "feature_alpha_dropout": (0.5, False),
}  # fmt: skip
MATRICES = {"t", "t_", "T", "H", "adjoint"}
# Need an accelerator, another layout or a number type of their own.
NOT_RUN = {"cuda", "xpu", "pin_memory", "coalesce", "dequantize", "bfloat16", "half"}


def entries(result: Any) -> set[float]:
    if isinstance(result, (tuple, list)):
        return set().union(*map(entries, result))
    return set(torch.as_tensor(result).to(torch.float32).flatten().tolist())


def check_keep(row: Api) -> None:
    """Every entry of the result is an entry of the subject."""
    plain = row.name.rpartition(".")[2]
    if plain in NOT_RUN:
        pytest.skip("needs another device or layout")
    x = torch.randn(4, 3) if plain in MATRICES else torch.randn(4, 3, 2, 5)
    if plain in ("squeeze", "squeeze_"):
        x = x[:, :1].contiguous()
    if plain.lower() == "dropout1d":
        x = torch.randn(4, 3, 2)
    if plain == "item":
        x = torch.randn(1)
    before = entries(x)
    arguments = KEEP_CALLS.get(plain, ())
    if row.form == METHOD:
        found = getattr(x, plain)
        result = found(*arguments) if callable(found) else found
    elif row.form == CLASS:
        result = resolve_name(row.name)(*arguments).eval()(x)
    else:
        result = resolve_name(row.name)(x, *arguments)
    assert entries(result)
    assert entries(result) <= before


OF_TENSORS = [
    p for p in rows(KEEP) if p.values[0].subject in ("", "data", "tensor",
        "obj") and "Module." not in p.values[0].name
    and not p.values[0].name.startswith(("torch.jit", "torch.nn.utils"))
]  # fmt: skip


@pytest.mark.parametrize("row", OF_TENSORS)
def test_kept_values(row: Api) -> None:
    check_keep(row)


@pytest.mark.parametrize("row", [p for p in rows(KEEP) if p.values[0].name.startswith("Module.")])
def test_kept_modules(row: Api) -> None:
    """Methods of modules that are chained give the module itself."""
    module = torch.nn.Linear(3, 2)
    arguments = {
        "to": ("cpu",), "type": (torch.float64,), "apply": (lambda _: None,), "to_empty": (), "mtia": (),
        "ipu": (),
    }  # fmt: skip
    plain = row.name.partition(".")[2]
    if plain in ("cuda", "xpu", "ipu", "mtia"):
        pytest.skip("needs another device")
    keywords = {"device": "cpu"} if plain == "to_empty" else {}
    assert getattr(module, plain)(*arguments.get(plain, ()), **keywords) is module


def symbolic(module: Any) -> Any:
    return torch.fx.symbolic_trace(module)


WRAPPERS: dict[str, Function] = {
    "torch.nn.DataParallel": torch.nn.DataParallel,
    "torch.optim.swa_utils.AveragedModel": torch.optim.swa_utils.AveragedModel,
    "torch.jit.script": torch.jit.script,
    "torch.jit.trace": lambda module: torch.jit.trace(module, torch.randn(1, 3)),
    "torch.jit.freeze": lambda module: torch.jit.freeze(torch.jit.script(module.eval())),
    "torch.fx.symbolic_trace": symbolic,
    "torch.nn.SyncBatchNorm.convert_sync_batchnorm": torch.nn.SyncBatchNorm.convert_sync_batchnorm,
    "torch.nn.utils.weight_norm": torch.nn.utils.weight_norm,
    "torch.nn.utils.parametrizations.weight_norm": torch.nn.utils.parametrizations.weight_norm,
    "torch.compile": lambda module: torch.compile(module, backend="eager"),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers(name: str) -> None:
    """A wrapped module computes what the module computes."""
    row = next(row for row in torch_rows.ROWS if row.name == name)
    assert row.role == KEEP
    module, x = torch.nn.Linear(3, 2), torch.randn(4, 3)
    expected = module(x)
    assert torch.allclose(WRAPPERS[name](module)(x), expected, atol=1e-6)


@pytest.mark.parametrize("row", rows(JOIN))
def test_joins(row: Api) -> None:
    parts = [torch.randn(2, 3), torch.randn(2, 3)]
    assert entries(resolve_name(row.name)(parts)) == entries(parts)


@pytest.mark.parametrize("row", rows(RECURRENT))
def test_recurrent_layers(row: Api) -> None:
    result = resolve_name(row.name)(3, 4)(torch.randn(2, 3))
    hidden = result[0] if isinstance(result, tuple) else result
    assert hidden.shape[-1] == 4
    assert hidden.abs().max() < 1


@pytest.mark.parametrize("row", [p for p in rows(CONSUMER) if p.values[0].detached])
def test_consumers_pass_no_gradient(row: Api) -> None:
    x = torch.rand(4, 3, requires_grad=True)
    scaled = x * 1.0
    plain = row.name.rpartition(".")[2]
    arguments: tuple[Any, ...] = {"other": (0.5,), "num_samples": (1,)}.get(row.params[-1], ())
    if "multinomial" in plain:
        arguments = (1,)
    function = getattr(scaled, plain) if row.form == METHOD else lambda *a: resolve_name(row.name)(scaled, *a)
    result = function(*arguments)
    if result.requires_grad:
        (gradient,) = torch.autograd.grad(result.sum(), x)
        assert not gradient.any()


@pytest.mark.parametrize("row", rows(MIX, METHOD))
def test_mixing_methods_exist(row: Api) -> None:
    assert callable(getattr(torch.Tensor, row.name.partition(".")[2]))
