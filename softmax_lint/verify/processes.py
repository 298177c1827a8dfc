"""Run the measurements, each in a process of its own, as many at a time as there are processors."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from softmax_lint.verify import exact
from softmax_lint.verify.catalogue import KERAS_BACKENDS, Task
from softmax_lint.verify.measurement import Measurement, from_json
from softmax_lint.verify.results import Patch


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: seeds of the paired runs, epochs of each, gaps and number types of the sweep."""

    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    epochs: int = 6
    gaps: tuple[float, ...] = exact.GAPS
    dtypes: tuple[str, ...] = exact.DTYPES


@dataclass(frozen=True, slots=True)
class Crash:
    """A measurement that did not end. `version` is that of the program that failed, None where the process did;
    `message` is one line, `trace` what it wrote."""

    version: str | None
    message: str
    trace: str = ""


class Progress(Protocol):
    """Where the state of running tasks is shown."""

    def update(self, task: Task, done: int, total: int) -> None:
        """`task` has done that many of its steps."""

    def finish(self, task: Task, crash: Crash | None) -> None:
        """`task` is over."""


def measure(
    jobs: Sequence[tuple[Task, Patch]], effort: Effort, folder: Path, progress: Progress, workers: int
) -> dict[str, Measurement | Crash]:
    """The measurement of every task, by its name. `folder` holds ``mnist.npz`` and takes files of the jobs."""
    pending = list(jobs)
    events: queue.Queue[tuple[Task, dict[str, Any] | None, str]] = queue.Queue()
    running: dict[str, subprocess.Popen[str]] = {}
    results: dict[str, Measurement | Crash] = {}
    try:
        while pending or running:
            while pending and len(running) < workers:
                task, patch = pending.pop(0)
                running[task.name] = _start(task, patch, effort, folder, events)
                progress.update(task, 0, 1)
            task, event, errors = events.get()
            if event is None:
                code = running.pop(task.name).wait()
                if task.name not in results:
                    results[task.name] = Crash(None, f"the process ended with status {code}", errors)
                outcome = results[task.name]
                progress.finish(task, outcome if isinstance(outcome, Crash) else None)
            elif event["event"] == "progress":
                progress.update(task, event["done"], event["total"])
            elif event["event"] == "result":
                results[task.name] = from_json(event["measurement"])
            else:
                results[task.name] = Crash(event["version"], event["message"], event["traceback"])
    finally:
        for process in running.values():
            process.kill()
    return results


def _start(
    task: Task,
    patch: Patch,
    effort: Effort,
    folder: Path,
    events: queue.Queue[tuple[Task, dict[str, Any] | None, str]],
) -> subprocess.Popen[str]:
    own = folder / task.name.replace("@", "-on-")
    own.mkdir()
    (own / "before.py").write_text(patch.before, encoding="utf-8")
    (own / "after.py").write_text(patch.after, encoding="utf-8")
    job = {
        "program": task.program.name, "backend": task.backend, "data": "..", "seeds": effort.seeds,
        "epochs": effort.epochs, "gaps": effort.gaps, "dtypes": effort.dtypes,
    }  # fmt: skip
    (own / "job.json").write_text(json.dumps(job), encoding="utf-8")
    errors = open(own / "errors.txt", "w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "softmax_lint.verify.child.main", str(own / "job.json")],
        cwd=own,
        env=_environment(task, own),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
    )

    def follow() -> None:
        assert process.stdout is not None
        for event in _events(process.stdout):
            events.put((task, event, ""))
        process.wait()
        errors.seek(0)
        tail = errors.read()[-4000:]
        errors.close()
        events.put((task, None, tail))

    threading.Thread(target=follow, daemon=True).start()
    return process


def _events(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


def _environment(task: Task, folder: Path) -> Mapping[str, str]:
    """One thread, no graphics card, and no settings or caches of the user's: equal runs are equal to the bit."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",
        "KERAS_BACKEND": KERAS_BACKENDS.get(task.backend, "tensorflow"),
        "KERAS_HOME": str(folder),
        "TF_USE_LEGACY_KERAS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }


def processors() -> int:
    """How many processes may run at a time."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on this system
        return max(1, os.cpu_count() or 1)
