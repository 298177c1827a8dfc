"""What the run leaves behind: one line of JSON for each evaluation, arrays and weights in files beside it.

Lines are flushed as they are written, so that a run that is ended from outside still counts as far as it came.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from softmax_lint.verify.script.inside.exact import Array, cross_entropy

MOST_VALUES = 400_000  # of an array in the record; of larger ones evenly spaced rows are kept
MOST_WEIGHTS = 512 * 2**20  # bytes of weights that a run may leave
TRAIN, EVALUATE = "train", "evaluate"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A loss that was evaluated. `predictions` are rows, classes last; `mass` and `other` as in `exact`.

    `total` is what the program got times `norm`, None for a logarithm; `gradient` that of `total` by what the
    activation was applied to, None where nothing is trained.
    """

    kind: str
    expects: str
    predictions: Array
    mass: Array
    other: Array | None
    total: float | None
    gradient: Array | None
    phase: str
    dtype: str


@dataclass(slots=True)
class Recorder:
    """`folder` takes the record; `reference` is that of the other run, None in the first. `follow` says whether the
    weights of the other run are taken over before every step, or only at the start. After `steps` evaluations of
    one watched loss the process ends."""

    folder: str
    reference: str | None
    follow: bool
    steps: int
    step: int = 0  # watched evaluations so far, in training
    diverged: bool = False  # the weights are no longer those of the other run
    _counts: dict[tuple[int | None, str, int], int] = field(default_factory=dict)
    _met: dict[tuple[int, str], None] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)
    _bytes: int = 0
    _number: int = 0
    _file: IO[str] | None = None

    def write(self, **entry: Any) -> None:
        if self._file is None:
            # Open for as long as the process lives.
            self._file = open(os.path.join(self.folder, "events.jsonl"), "a", encoding="utf-8")  # noqa: SIM115
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    @contextlib.contextmanager
    def measuring(self) -> Iterator[None]:
        """What goes wrong in here is our trouble, not the program's."""
        try:
            yield
        except Exception as error:
            self.write(event="trouble", message=f"{type(error).__name__}: {error}")

    def measured(self, emit: Callable[..., None]) -> Callable[..., None]:
        """`emit` within `measuring`."""

        def emitting(*given: Any) -> None:
            with self.measuring():
                emit(*given)

        return emitting

    def due(self, application: int | None, phase: str, slot: int = 0) -> None:
        """Ends the process when the loss that is about to be evaluated has been often enough."""
        if application is not None and phase == TRAIN:
            if self._counts.get((application, phase, slot), 0) >= self.steps:
                self.end()
        elif sum(self._counts.values()) >= 40 * self.steps:
            self.end()

    def end(self) -> None:
        """Nothing of the program runs any more: no clean-up writes checkpoints of a run that was cut short."""
        self.write(event="end")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    def wants(self, application: int | None, phase: str, slot: int = 0) -> bool:
        """Whether an evaluation is worth recording: of losses nobody watches, and in evaluation, the first few."""
        count = self._counts.get((application, phase, slot), 0)
        return count < (self.steps if application is not None else 3)

    def take(
        self,
        evaluation: Evaluation,
        application: int | None,
        where: tuple[str, int],
        slot: int = 0,
        seen: bool = True,
    ) -> None:
        """Record an evaluation at a place. Arrays that are too large are thinned out, the same way in both runs.

        `seen`: every run of a model before this was announced to `weights`, so they are known to be the same.
        """
        key = (application, evaluation.phase, slot)
        index = self._counts[key] = self._counts.get(key, 0) + 1
        predictions = evaluation.predictions.astype(np.float64)
        mass = evaluation.mass.astype(np.float64)
        other = None if evaluation.other is None else evaluation.other.astype(np.float64)
        exact = cross_entropy(predictions, evaluation.expects, mass, other)
        rows = predictions.shape[0]
        most = max(1, MOST_VALUES // max(1, predictions.shape[1]))
        kept = slice(None) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)
        arrays = {"predictions": predictions[kept], "mass": mass[kept], "exact": exact.gradient[kept]}
        if other is not None:
            arrays["other"] = other[kept]
        if evaluation.gradient is not None:
            arrays["gradient"] = evaluation.gradient.astype(np.float64)[kept]
        name = f"{self._number:05}.npz"
        self._number += 1
        np.savez(os.path.join(self.folder, name), **dict(arrays))
        self.write(
            event="loss",
            application=application,
            slot=slot,
            index=index - 1,
            phase=evaluation.phase,
            where=where,
            kind=evaluation.kind,
            expects=evaluation.expects,
            total=evaluation.total,
            exact=exact.total,
            weight=exact.weight,
            dtype=precision(evaluation.predictions, evaluation.dtype),
            comparable=not self.diverged and (self.step == 0 or (seen and bool(self._met))),
            targets=hashlib.sha1(mass.tobytes() + (b"" if other is None else other.tobytes())).hexdigest(),
            arrays=name,
        )
        if application is not None and evaluation.phase == TRAIN:
            self.step += 1

    def weights(self, owner: str, values: list[Array], late: bool = False) -> list[Array] | None:
        """Record, or compare with the other run, the weights of a model that is about to run. Gives the weights it
        should have instead, None where it may keep its own. `late`: it has run already, and weights are fixed."""
        key = (self.step, owner)
        if key in self._met or not values:
            return None
        self._met[key] = None
        path = os.path.join(self.reference or self.folder, f"weights-{self.step}-{owner}.npz")
        if self.reference is None:
            self._bytes += sum(value.nbytes for value in values)
            if self._bytes <= MOST_WEIGHTS or owner not in self._started:
                np.savez(path, *values)
            self._started.add(owner)
            return None
        if not os.path.exists(path):
            return None
        with np.load(path) as stored:
            others = [stored[f"arr_{index}"] for index in range(len(stored.files))]
        first = owner not in self._started
        self._started.add(owner)
        if [value.shape for value in values] != [value.shape for value in others]:
            self.diverged = True
            self.write(event="shapes", owner=owner, step=self.step)
            return None
        if not all(np.isfinite(value).all() for value in others):
            # The other run has come to its end, whatever it goes on with.
            self.diverged = True
            return None
        drift = max(
            (float(np.max(np.abs(a.astype(np.float64) - b))) for a, b in zip(values, others, strict=True)),
            default=0.0,
        )
        self.write(event="weights", owner=owner, step=self.step, first=first, drift=drift)
        if drift == 0.0:
            return None
        if (first or self.follow) and not late:
            return others
        self.diverged = self.diverged or drift > 1e-7
        return None


def precision(values: Array, dtype: str) -> str:
    """The type that values were computed in: Keras casts what it computed in 16 bits before the loss sees it."""
    telling = values[(values != 0) & (values != 1)]
    if telling.dtype == np.float32 and telling.size:
        if not (telling.view(np.uint32) & 0xFFFF).any():
            return "bfloat16"
        with np.errstate(all="ignore"):
            if bool((telling.astype(np.float16) == telling).all()):
                return "float16"
    return dtype
