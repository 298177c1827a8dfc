"""Looking names up: exact names, aliases, prefixes, conventions, and that the registry is free of clashes."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from softmax_lint import knowledge
from softmax_lint.knowledge import schema

MODULES = sorted({module for _, modules in knowledge.REGISTRY for module in modules})
ROOTS = [root for root, _ in knowledge.REGISTRY]


def check_find(path: str, name: str | None) -> None:
    row = knowledge.find(path)
    assert (row.name if row else None) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("torch.nn.CrossEntropyLoss", "torch.nn.CrossEntropyLoss"),
        ("torch.nn.modules.loss.CrossEntropyLoss", "torch.nn.CrossEntropyLoss"),
        ("torch.nn.modules.CrossEntropyLoss", "torch.nn.CrossEntropyLoss"),
        ("torch.nn.modules.activation.Softmax", "torch.nn.Softmax"),
        ("torch.nn.functional.cross_entropy", "torch.nn.functional.cross_entropy"),
        ("torch._C._nn.gelu", "torch.nn.functional.gelu"),
        ("torch.nn.parallel.DataParallel", "torch.nn.DataParallel"),
        (
            "torch.nn.parallel.distributed.DistributedDataParallel",
            "torch.nn.parallel.DistributedDataParallel",
        ),
        ("torch.distributions.categorical.Categorical", "torch.distributions.Categorical"),
        ("torch.autograd.variable.Variable", "torch.autograd.Variable"),
        ("copy.deepcopy", "copy.deepcopy"),
        ("Tensor.softmax", "Tensor.softmax"),
        ("Module.to", "Module.to"),
        ("pytorch_lightning.LightningModule", "lightning.pytorch.LightningModule"),
        ("pytorch_lightning.core.lightning.LightningModule", "lightning.pytorch.LightningModule"),
        ("transformers.BertForTokenClassification", "transformers.AutoModelForTokenClassification"),
        (
            "transformers.models.bert.modeling_bert.BertForMaskedLM.from_pretrained",
            "transformers.AutoModelForMaskedLM.from_pretrained",
        ),
        ("torchvision.models.resnet.resnet50", "torchvision.models.resnet50"),
        ("fastai.vision.all.nn.CrossEntropyLoss", "torch.nn.CrossEntropyLoss"),
        ("fastai.vision.all.CrossEntropyLossFlat", "fastai.losses.CrossEntropyLossFlat"),
        ("optax.softmax_cross_entropy", "optax.losses.softmax_cross_entropy"),
        ("flax.linen.activation.softmax", "jax.nn.softmax"),
        ("tensorflow.keras.losses.BinaryCrossentropy", "keras.losses.BinaryCrossentropy"),
        ("torch", None),
        ("torch.nn", None),
        ("torch.nn.Nowhere", None),
        ("unheard.of", None),
        ("", None),
    ],
)
def test_find(path: str, name: str | None) -> None:
    check_find(path, name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nn", "torch.nn"),
        ("F", "torch.nn.functional"),
        ("tf", "tensorflow"),
        ("K", "keras.backend"),
        ("x", None),
    ],
)
def test_conventions(name: str, path: str | None) -> None:
    assert knowledge.convention(name) == path


@pytest.mark.parametrize("module", MODULES)
def test_names_are_unique(module: str) -> None:
    names = [
        name
        for row in import_module(f"softmax_lint.knowledge.{module}").ROWS
        for name in (row.name, *row.aliases)
    ]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("module", MODULES)
def test_rows_are_reachable(module: str) -> None:
    """Every row is found under its name and aliases, unless a package with precedence has that very name."""
    content = import_module(f"softmax_lint.knowledge.{module}")
    for row in content.ROWS:
        for name in (row.name, *row.aliases):
            assert name.partition(".")[0] in ROOTS, name
            found = knowledge.find(name)
            assert found is row or (found is not None and found.framework != row.framework), name


@pytest.mark.parametrize("module", MODULES)
def test_prefixes_terminate(module: str) -> None:
    """A prefix is rewritten to something that no prefix rewrites back."""
    prefixes = import_module(f"softmax_lint.knowledge.{module}").PREFIXES
    starts = [start for start, _ in prefixes]
    assert len(starts) == len(set(starts))
    for start, end in prefixes:
        path = start + "Name"
        seen = {path}
        for _ in range(knowledge.MAX_REWRITES):
            longer = [pair for pair in prefixes if path.startswith(pair[0])]
            if not longer:
                break
            chosen = max(longer, key=lambda pair: len(pair[0]))
            path = chosen[1] + path[len(chosen[0]) :]
            assert path not in seen
            seen.add(path)
        else:
            pytest.fail(f"{start} -> {end} does not end")


def test_rows_are_lazy() -> None:
    """Looking up a name of one framework does not load the rows of another, nor any framework."""
    code = (
        "import sys\n"
        "from softmax_lint import knowledge\n"
        "assert knowledge.find('copy.deepcopy')\n"
        "own = {name.rpartition('.')[2] for name in sys.modules if "
        "name.startswith('softmax_lint.knowledge.')}\n"
        "assert 'torch' in own and not {'keras', 'tensorflow', 'jax', 'transformers'} & own, own\n"
        "assert not {'torch', 'tensorflow', 'keras', 'jax'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_registry_names_roots_once() -> None:
    assert len(ROOTS) == len(set(ROOTS))


def test_every_role_is_described() -> None:
    assert len(schema.ROLES) == len(set(schema.ROLES))
