"""Rows of the PyTorch and JAX side against the installed packages: names exist, parameters are in their
order."""

from __future__ import annotations

import inspect
import warnings
from functools import cache
from pkgutil import resolve_name

import pytest

from softmax_lint import knowledge
from softmax_lint.knowledge.schema import CLASS, METHOD, OTHER, ROLES, Api
from softmax_lint.representation import ANY, EXPECTED, PRODUCED

ROWS = [row for row in knowledge.rows() if row.framework in ("torch", "jax")]

RECEIVERS = {"Tensor": "torch.Tensor", "Module": "torch.nn.Module", "Array": "jax.Array"}

# Names that live outside the public stubs of the installed version, with the reason.
GONE = {"torch.nn.functional.nll_loss2d": "only in old versions"}
# The first fastai exported its names one level higher.
GONE_MODULES = ("fastai.vision", "fastai.text", "fastai.tabular", "fastai.all")

# Signatures that are spelled in `*args, **kwargs` of the installed version.
HIDDEN_SIGNATURES = {
    "torch.nn.RNN", "torch.nn.GRU", "torch.nn.LSTM", "torch.nn.Identity", "torch.autograd.Variable",
}  # fmt: skip


@cache
def installed(package: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            __import__(package)
    except ImportError:
        return False
    return True


def real_object(name: str) -> object:
    """The object behind a dotted name of a row; skips when its package is not installed."""
    root, _, rest = name.partition(".")
    path = f"{RECEIVERS[root]}.{rest}" if root in RECEIVERS else name
    if not installed(path.partition(".")[0]):
        pytest.skip(f"{path.partition('.')[0]} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return resolve_name(path)


def parameter_names(function: object, skip_self: bool) -> tuple[tuple[str, ...], bool] | None:
    """Names of the parameters in the notation of rows, and whether the signature is open (`*args`,
    `**kwargs`)."""
    try:
        signature = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    names: list[str] = []
    open_ended = False
    for position, parameter in enumerate(signature.parameters.values()):
        if position == 0 and skip_self:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            open_ended = True
            break
        if parameter.kind is parameter.VAR_KEYWORD:
            open_ended = True
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in names:
            names.append("*")
        names.append(parameter.name)
    return tuple(names), open_ended


def check_parameters(row: Api, declared: tuple[str, ...], function: object, skip_self: bool) -> None:
    """Declared positions are the real ones, and what comes after ``*`` can be given by name."""
    found = parameter_names(function, skip_self)
    if found is None:
        return
    real, open_ended = found
    positions = declared[: declared.index("*")] if "*" in declared else declared
    by_name = set(declared) - set(positions) - {"*"}
    assert open_ended or (positions == real[: len(positions)] and by_name <= set(real)), (declared, real)
    assert not open_ended or set(positions) >= set(real[: len(positions)]) - by_name, (declared, real)
    assert not (mentioned(row) & set(real)) - set(declared)


def mentioned(row: Api) -> set[str]:
    """The parameters a row speaks about."""
    flags = {flag.name for flag in row.flags}
    return {row.subject, row.target, row.axis, row.units, row.activation, row.model, row.loss, *flags} - {""}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_exist(row: Api) -> None:
    for name in (row.name, *row.aliases):
        if name not in GONE and name.rpartition(".")[0] not in GONE_MODULES:
            real_object(name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_parameters_match(row: Api) -> None:
    if row.name in GONE or row.name in HIDDEN_SIGNATURES:
        return
    found = real_object(row.name)
    if row.form == METHOD:
        if callable(found):
            check_parameters(row, row.params, found, skip_self=True)
        return
    opaque = isinstance(found, type) and parameter_names(found, skip_self=False) == ((), True)
    check_parameters(row, row.params, found.__init__ if opaque else found, skip_self=opaque)  # type: ignore[misc]
    called = getattr(found, "forward" if row.framework == "torch" else "__call__", None)
    if row.form == CLASS and isinstance(found, type) and called is not None and row.call_params:
        check_parameters(row, row.call_params, called, skip_self=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_rows_are_sound(row: Api) -> None:
    """What a row mentions, it declares."""
    assert row.role in ROLES
    assert mentioned(row) <= {*row.params, *row.call_params}
    assert row.produces in (None, *PRODUCED)
    assert row.expects in (None, ANY, *EXPECTED)
    assert (row.expects is not None) == (row.role in ("loss", "metric"))
    assert row.role != OTHER or row.produces is None
    for flag in row.flags:
        assert all(meaning in (ANY, *EXPECTED, *PRODUCED) for _, meaning in flag.when)
