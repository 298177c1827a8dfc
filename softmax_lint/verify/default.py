"""``softmax-lint verify`` without a program: the bundled ones, linted, fixed and trained."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from softmax_lint.verify import digits
from softmax_lint.verify.bars import bars
from softmax_lint.verify.catalogue import BACKENDS, KERAS_BACKENDS, TENSORFLOW, Task, tasks
from softmax_lint.verify.checks import judge
from softmax_lint.verify.outcome import Outcome
from softmax_lint.verify.patch import patch as patch_program
from softmax_lint.verify.processes import Effort, measure, processors
from softmax_lint.verify.request import ProgramsRequest
from softmax_lint.verify.results import BROKEN, FAILED, HELD, CannotRun, Patch

_QUICK = Effort(seeds=(1, 2), epochs=1)
_QUICK_DIGITS = (500, 200)


def run(request: ProgramsRequest, *, color: bool = False) -> int:
    """Verify the bundled programs and show the outcome, a table in colour where it is wanted; gives HELD, BROKEN or
    FAILED. Raises CannotRun."""
    started = time.monotonic()
    chosen, skipped = _choose(request.only)
    if request.display.report is not None and find_spec("matplotlib") is None:
        raise CannotRun('--report needs matplotlib: pip install "softmax-lint[verify]"')
    images = digits.load(request.data, request.download)
    outcomes = verify(chosen, images, _effort(request), quiet=request.display.quiet, quick=request.quick)
    status = overall(outcomes)
    seconds = time.monotonic() - started
    if request.display.report is not None:
        from softmax_lint.verify.page import page

        Path(request.display.report).write_text(
            page(outcomes, skipped, images.origin, seconds, status), encoding="utf-8"
        )
    if request.display.json:
        from softmax_lint.verify.document import document

        text = document(outcomes, skipped, images.origin, seconds, status)
    else:
        from softmax_lint.verify.table import render

        text = render(outcomes, skipped, images.origin, seconds, color)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
    return status


def verify(
    chosen: Sequence[Task],
    images: digits.Digits,
    effort: Effort,
    *,
    quiet: bool = True,
    quick: bool = False,
) -> list[Outcome]:
    """Lint, fix, measure and judge."""
    if quick:
        images = images.first(*_QUICK_DIGITS)
    with tempfile.TemporaryDirectory(prefix="softmax-lint-verify-") as name:
        folder = Path(name)
        images.save(folder / "mnist.npz")
        patches = {task.name: _patch(task, _copy(task, folder)) for task in chosen}
        jobs = [(task, patches[task.name]) for task in chosen if patches[task.name].diff]
        shown = bars(len(jobs), quiet)
        try:
            measured = measure(jobs, effort, folder, shown, processors())
        finally:
            shown.clear()
    outcomes = []
    for task in chosen:
        own, result = patches[task.name], measured.get(task.name)
        outcomes.append(Outcome(task, own, result, judge(task, own, result)))
    return outcomes


def overall(outcomes: Sequence[Outcome]) -> int:
    """BROKEN where some fix is, else FAILED where something could not be measured."""
    states = {each.status for each in outcomes}
    return BROKEN if BROKEN in states else FAILED if FAILED in states or not states else HELD


def _choose(only: Sequence[str]) -> tuple[list[Task], list[str]]:
    """The tasks that were asked for and can run, and sentences about backends that cannot."""
    known = tasks()
    names = {word for task in known for word in (task.name, task.program.name, task.backend)}
    for word in only:
        if word not in names:
            from softmax_lint.selection import suggest

            close = suggest(word, sorted(names))
            raise CannotRun(f"--only {word}: no such program" + (f"; did you mean {close}?" if close else ""))
    wanted = [
        task
        for task in known
        if not only or {task.name, task.program.name, task.backend} & set(only)
    ]  # fmt: skip
    if find_spec("keras") is None and any(task.backend in KERAS_BACKENDS for task in wanted):
        _, how = BACKENDS[TENSORFLOW]
        raise CannotRun(f"verify needs TensorFlow and Keras: {how}")
    absent = {name for name, (module, _) in BACKENDS.items() if find_spec(module) is None}
    if TENSORFLOW in absent and not only:
        raise CannotRun(f"verify needs TensorFlow: {BACKENDS[TENSORFLOW][1]}")
    chosen = [task for task in wanted if task.backend not in absent]
    if not chosen:
        module, how = BACKENDS[wanted[0].backend]
        raise CannotRun(f"{wanted[0].name} needs {module}: {how}")
    skipped = [
        f"{backend}, because {BACKENDS[backend][0]} is not installed: {BACKENDS[backend][1]}"
        for backend in BACKENDS
        if backend in absent and any(task.backend == backend for task in wanted)
    ]
    return chosen, skipped


def _effort(request: ProgramsRequest) -> Effort:
    usual = _QUICK if request.quick else Effort()
    seeds = tuple(range(1, request.seeds + 1)) if request.seeds else usual.seeds
    return Effort(seeds, request.epochs or usual.epochs, usual.gaps, usual.dtypes)


def _copy(task: Task, folder: Path) -> Path:
    """The program where no project is around it."""
    own = folder / "programs" / task.name
    own.mkdir(parents=True)
    (own / "softmax-lint.toml").touch()
    return Path(shutil.copy(task.program.path, own / task.program.path.name))


def _patch(task: Task, path: Path) -> Patch:
    return patch_program(path, KERAS_BACKENDS.get(task.backend))
