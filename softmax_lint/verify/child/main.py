"""The process that measures one program on one backend.

Gets the path of a job, a JSON file; its folder has the digits and both versions of the program. Writes events to
standard output, one JSON object a line: progress, then a result, or a failure with the version to blame.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from softmax_lint.verify import exact
from softmax_lint.verify.catalogue import PROGRAMS, PYTORCH, Program
from softmax_lint.verify.child.bench import Bench, Weights
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement, Pairing, Probe, Run

# So many test digits have their loss computed.
SOME = 200
Report = Callable[[dict[str, Any]], None]


class Failed(Exception):
    """A version of the program raised an error."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


def main(path: str) -> None:
    """Do the job at `path`."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    # What the programs print is of no interest, and must not be taken for events.
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def report(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    job = json.loads(Path(path).read_text(encoding="utf-8"))
    os.chdir(Path(path).parent / job["data"])
    try:
        report({"event": "result", "measurement": asdict(measure(job, Path(path).parent, report))})
    except Failed as failure:
        cause = failure.__cause__
        text = "".join(traceback.format_exception(cause)) if cause else ""
        said = str(cause).strip().partition("\n")[0]
        message = f"{type(cause).__name__}: {said}"
        report({"event": "failure", "version": failure.version, "message": message, "traceback": text})


def measure(
    job: dict[str, Any], folder: Path, report: Report, originals: dict[Any, Any] | None = None
) -> Measurement:
    """What is measured of the versions in `folder`; the working folder has the digits. Raises Failed.

    Who measures several fixes of one program gives the same `originals` each time: what is in there of the program
    as it was written is not measured again.
    """
    program = next(each for each in PROGRAMS if each.name == job["program"])
    epochs, seeds, dtypes = job["epochs"], job["seeds"], job["dtypes"]
    total = 2 * (epochs * len(seeds) + len(dtypes))
    done = 0

    def step(*_: Any) -> None:
        nonlocal done
        done += 1
        report({"event": "progress", "done": done, "total": total})

    def load(version: str, seed: int, dtype: str = "float32") -> Bench:
        file = folder / f"{version}.py"
        return _load(program, job["backend"], str(file), seed, dtype)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        subject = _Subject(program, load, epochs, step, {} if originals is None else originals)
        pairings = [subject.pair(seed) for seed in seeds]
        probes, floors = subject.probe(dtypes, job["gaps"])
    warned = sorted({str(each.message) for each in caught if "from_logits" in str(each.message)})
    return Measurement(
        _versions(job["backend"]), pairings, probes, floors, warned=warned, **subject.same_weights
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a version says of the test digits: its metrics, what its own function predicts, and the loss of some."""

    metrics: dict[str, float]
    predicted: Any
    loss: float


@dataclass(frozen=True, slots=True)
class _Original:
    """The program as it was written, trained from one seed: weights and outputs before and after."""

    images: Any
    labels: Any
    first: Weights
    first_output: Any
    last: Weights
    last_output: Any
    trained: Run
    seen: _Seen


class _Subject:
    """Both versions of a program while they are measured. `same_weights` is filled by the first pair."""

    def __init__(
        self,
        program: Program,
        load: Callable[..., Bench],
        epochs: int,
        step: Callable[..., None],
        originals: dict[Any, Any],
    ) -> None:
        self._program = program
        self._load = load
        self._epochs = epochs
        self._step = step
        self._originals = originals
        self.same_weights: dict[str, Any] = {}

    def pair(self, seed: int) -> Pairing:
        if seed not in self._originals:
            with _blaming(BEFORE):
                self._originals[seed] = self._original(seed)
        original: _Original = self._originals[seed]
        images, labels = original.images, original.labels
        with _blaming(AFTER):
            bench = self._load(AFTER, seed)
            start = _distance(original.first, bench.weights())
            bench.load(original.first)
            function = self._apart(original.first_output, bench.outputs(images))
            trained = self._train(bench, AFTER)
            end = _distance(original.last, bench.weights())
            bench.load(original.last)
            function = max(function, self._apart(original.last_output, bench.outputs(images)))
            if not self.same_weights:
                scores = bench.outputs(images[:SOME]).reshape(len(labels[:SOME]), -1)
                self.same_weights = _compare(original, _look(bench, images, labels), scores)
        return Pairing(seed, start, end, function, original.trained, trained)

    def _original(self, seed: int) -> _Original:
        import numpy

        bench = self._load(BEFORE, seed)
        images, labels = bench.namespace["x_test"], numpy.asarray(bench.namespace["y_test"])
        first, first_output = bench.weights(), bench.outputs(images)
        trained = self._train(bench, BEFORE)
        last, last_output = bench.weights(), bench.outputs(images)
        seen = _look(bench, images, labels)
        return _Original(images, labels, first, first_output, last, last_output, trained, seen)

    def _train(self, bench: Bench, version: str) -> Run:
        import numpy

        images, labels = bench.namespace["x_test"], numpy.asarray(bench.namespace["y_test"])
        accuracies: list[float] = []

        def note(epoch: int) -> None:
            output = bench.outputs(images)
            if self._program.units > 1:
                right = output.argmax(axis=1) == labels
            else:
                limit = 0.5 if version == BEFORE and self._program.activation else 0.0
                right = (output.reshape(-1) > limit) == (labels > 0)
            accuracies.append(float(right.mean()))
            self._step()

        return Run(bench.train(self._epochs, note), accuracies)

    def _apart(self, original: Any, fixed: Any) -> float:
        import numpy

        if original.shape != fixed.shape:
            return float("inf")
        difference = numpy.abs(original - _activate(fixed, self._program.activation))
        return float(difference.max())

    def probe(self, dtypes: list[str], gaps: list[float]) -> tuple[list[Probe], dict[str, float]]:
        found, floors = [], {}
        for dtype in dtypes:
            for version in (BEFORE, AFTER):
                with _blaming(version):
                    if version == AFTER:
                        probes, floor = self._sweep(version, dtype, gaps)
                    else:
                        if dtype not in self._originals:
                            self._originals[dtype] = self._sweep(version, dtype, gaps)
                        probes, floor = self._originals[dtype]
                found += probes
                if dtype == "float32":
                    floors[version] = floor
                self._step()
        return found, floors

    def _sweep(self, version: str, dtype: str, gaps: list[float]) -> tuple[list[Probe], float]:
        """All gaps in one number type, and the loss of an answer that is right beyond doubt."""
        units = self._program.units
        label = exact.label_of(units)
        sure = [0.0] * units
        sure[label] = 60.0 if units > 1 else -60.0
        bench = self._load(version, 1, dtype)
        probes = [
            Probe(version, dtype, gap, *bench.probe(exact.logits_of(gap, units), label)) for gap in gaps
        ]
        return probes, bench.probe(sure, label)[0]


def _look(bench: Bench, images: Any, labels: Any) -> _Seen:
    loss = bench.loss_of(images[:SOME], labels[:SOME])
    return _Seen(bench.seen(images, labels), bench.predicts(images), loss)


def _compare(original: _Original, fixed: _Seen, scores: Any) -> dict[str, Any]:
    """What both versions say, with equal weights. `scores` are those of the fixed one, from which the exact loss is
    computed."""
    pairs = zip(scores.tolist(), original.labels[:SOME].tolist(), strict=True)
    right = [exact.loss_and_gradient(row, int(label))[0] for row, label in pairs]
    before, after = original.seen.predicted, fixed.predicted
    return {
        "losses": {BEFORE: original.seen.loss, AFTER: fixed.loss},
        "metrics": {BEFORE: original.seen.metrics, AFTER: fixed.metrics},
        "exact": sum(right) / len(right),
        "predicted": int(before.size),
        "differ": int((before != after).sum()) if before.shape == after.shape else int(before.size),
    }


class _blaming:
    """Errors inside are those of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception):
            raise Failed(self._version) from error


def _load(program: Program, backend: str, file: str, seed: int, dtype: str) -> Bench:
    text = Path(file).read_text(encoding="utf-8")
    if backend == PYTORCH:
        from softmax_lint.verify.child import torch_bench

        return torch_bench.load(text, file, program.predicts, program.units, seed, dtype)
    from softmax_lint.verify.child import keras_bench

    return keras_bench.load(text, file, program.predicts, program.compiled, seed, dtype)


def _activate(scores: Any, activation: str | None) -> Any:
    if activation is None:
        return scores
    from softmax_lint.verify.script.inside.exact import SIGMOID_LOGITS, SOFTMAX_LOGITS, probabilities

    read_as = SIGMOID_LOGITS if activation == "sigmoid" else SOFTMAX_LOGITS
    return probabilities(scores.astype("float64"), read_as)


def _distance(one: list[Any], other: list[Any]) -> float:
    import numpy

    if [each.shape for each in one] != [each.shape for each in other]:
        return float("inf")
    return max(float(numpy.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def _versions(backend: str) -> dict[str, str]:
    found = {"python": sys.version.partition(" ")[0]}
    for name in ("torch",) if backend == PYTORCH else ("keras", "tensorflow", "torch", "jax"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found


if __name__ == "__main__":
    main(sys.argv[1])
