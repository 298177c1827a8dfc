"""The bundled programs, where each can run, and what is known of it without running it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "programs"
TENSORFLOW, KERAS_ON_TORCH, KERAS_ON_JAX, PYTORCH = "tensorflow", "keras-on-torch", "keras-on-jax", "pytorch"
# What has to be importable, and how it gets there.
BACKENDS = {
    TENSORFLOW: ("tensorflow", 'pip install "softmax-lint[verify]"'),
    PYTORCH: ("torch", "pip install torch"),
    KERAS_ON_TORCH: ("torch", "pip install torch"),
    KERAS_ON_JAX: ("jax", "pip install jax"),
}
# What Keras calls its backends.
KERAS_BACKENDS = {TENSORFLOW: "tensorflow", KERAS_ON_TORCH: "torch", KERAS_ON_JAX: "jax"}
_KERAS = tuple(KERAS_BACKENDS)


@dataclass(frozen=True, slots=True)
class Program:
    """One program. `rule` is what the linter has to find in it, `activation` what the output of the model passes
    through before the fix and not after it (None where that is not the model's business), `units` the width of its
    last layer, `predicts` its function from images to what its user sees.

    A program is `compiled` (it calls `fit` on a Keras model), or has functions `loss_of` and `train` (one epoch).
    On the backends in `recovers` Keras undoes the defect by itself, and both versions must train alike to the bit.
    """

    name: str
    title: str
    rule: str
    backends: tuple[str, ...]
    activation: str | None
    units: int = 10
    predicts: str = "classify"
    compiled: bool = False
    recovers: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name.replace('-', '_')}.py"

    @property
    def is_wrong(self) -> bool:
        """Whether the loss computes something else than it says, not only in an unstable way."""
        return self.rule in ("SML002", "SML102", "SML003", "SML103")


@dataclass(frozen=True, slots=True)
class Task:
    """One program on one backend; they share one process."""

    program: Program
    backend: str

    @property
    def name(self) -> str:
        return f"{self.program.name}@{self.backend}"


PROGRAMS = (
    Program(
        "keras-softmax", "softmax before the loss", "SML001", _KERAS, "softmax",
        compiled=True, recovers=(TENSORFLOW,),
    ),
    Program(
        "keras-double-softmax", "softmax, and from_logits=True", "SML002", _KERAS, "softmax",
        compiled=True, recovers=(TENSORFLOW,),
    ),
    Program(
        "keras-sigmoid", "sigmoid before the loss", "SML101", _KERAS, "sigmoid", units=1, predicts="is_odd",
        compiled=True, recovers=(TENSORFLOW,),
    ),
    Program("tensorflow-double-softmax", "softmax, and a loss that applies it", "SML002", (TENSORFLOW,), "softmax"),
    Program("tensorflow-log-softmax", "logarithm of a softmax", "SML006", (TENSORFLOW,), None),
    Program("pytorch-double-softmax", "softmax before CrossEntropyLoss", "SML002", (PYTORCH,), "softmax"),
    Program("pytorch-sigmoid", "sigmoid before BCELoss", "SML101", (PYTORCH,), "sigmoid", 1, "is_odd"),
    Program("pytorch-log-softmax", "logarithm of a softmax", "SML006", (PYTORCH,), None),
)  # fmt: skip


def tasks() -> tuple[Task, ...]:
    """All programs on all their backends, those that take longest first."""
    order = (KERAS_ON_TORCH, KERAS_ON_JAX, TENSORFLOW, PYTORCH)
    return tuple(
        Task(program, backend) for backend in order for program in PROGRAMS if backend in program.backends
    )
