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
from dataclasses import asdict
from pathlib import Path
from typing import Any

from softmax_lint.verify import exact
from softmax_lint.verify.catalogue import PROGRAMS, PYTORCH, Program
from softmax_lint.verify.child.bench import Bench
from softmax_lint.verify.measurement import AFTER, BEFORE, Measurement, Pairing, Probe, Run

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


def measure(job: dict[str, Any], folder: Path, report: Report) -> Measurement:
    """What is measured of the versions in `folder`; the working folder has the digits. Raises Failed."""
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
        subject = _Subject(program, load, epochs, step)
        pairings = [subject.pair(seed) for seed in seeds]
        probes, floors = subject.probe(dtypes, job["gaps"])
    warned = sorted({str(each.message) for each in caught if "from_logits" in str(each.message)})
    return Measurement(
        _versions(job["backend"]), pairings, probes, floors, warned=warned, **subject.same_weights
    )


class _Subject:
    """Both versions of a program while they are measured. `same_weights` is filled by the first pair."""

    def __init__(
        self, program: Program, load: Callable[..., Bench], epochs: int, step: Callable[..., None]
    ) -> None:
        self._program = program
        self._load = load
        self._epochs = epochs
        self._step = step
        self.same_weights: dict[str, Any] = {}

    def pair(self, seed: int) -> Pairing:
        with _blaming(BEFORE):
            before = self._load(BEFORE, seed)
            images, labels = before.namespace["x_test"], before.namespace["y_test"]
            first, first_output = before.weights(), before.outputs(images)
            trained = self._train(before, BEFORE)
            last, last_output = before.weights(), before.outputs(images)
        with _blaming(AFTER):
            after = self._load(AFTER, seed)
            start = _distance(first, after.weights())
            after.load(first)
            function = self._apart(first_output, after.outputs(images))
            trained_after = self._train(after, AFTER)
            end = _distance(last, after.weights())
            after.load(last)
            function = max(function, self._apart(last_output, after.outputs(images)))
        if not self.same_weights:
            self.same_weights = self._compare(before, after, images, labels)
        return Pairing(seed, start, end, function, trained, trained_after)

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

    def _compare(self, before: Bench, after: Bench, images: Any, labels: Any) -> dict[str, Any]:
        """What both versions say of some digits, with equal weights."""
        import numpy

        labels = numpy.asarray(labels)
        with _blaming(BEFORE):
            metrics = {BEFORE: before.seen(images, labels)}
            losses = {BEFORE: before.loss_of(images[:200], labels[:200])}
            predicted = before.predicts(images)
        with _blaming(AFTER):
            metrics[AFTER] = after.seen(images, labels)
            losses[AFTER] = after.loss_of(images[:200], labels[:200])
            now = after.predicts(images)
            scores = after.outputs(images[:200]).reshape(len(labels[:200]), -1)
        pairs = zip(scores.tolist(), labels[:200].tolist(), strict=True)
        right = [exact.loss_and_gradient(row, int(label))[0] for row, label in pairs]
        differ = int((predicted != now).sum()) if predicted.shape == now.shape else int(predicted.size)
        return {
            "losses": losses, "metrics": metrics, "exact": sum(right) / len(right),
            "predicted": int(predicted.size), "differ": differ,
        }  # fmt: skip

    def probe(self, dtypes: list[str], gaps: list[float]) -> tuple[list[Probe], dict[str, float]]:
        units = self._program.units
        label = exact.label_of(units)
        sure = [0.0] * units
        sure[label] = 60.0 if units > 1 else -60.0
        found, floors = [], {}
        for dtype in dtypes:
            for version in (BEFORE, AFTER):
                with _blaming(version):
                    bench = self._load(version, 1, dtype)
                    for gap in gaps:
                        loss, gradient = bench.probe(exact.logits_of(gap, units), label)
                        found.append(Probe(version, dtype, gap, loss, gradient))
                    if dtype == "float32":
                        floors[version] = bench.probe(sure, label)[0]
                self._step()
        return found, floors


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
