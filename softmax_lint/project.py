"""What others ask: files in, a report out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report, Verdict
from softmax_lint.folders import Folders
from softmax_lint.scope import around, base_of, expand, listed, spelled

# What runs code is imported when there is code to run.
if TYPE_CHECKING:
    from softmax_lint import batch, judging
    from softmax_lint.diagnostic import Place
    from softmax_lint.memory import Chosen, Edit, Memory
    from softmax_lint.run import Run
    from softmax_lint.touching import About

Progress = Callable[[int, int], None]


def check(
    files: Sequence[str],
    *,
    settings: Settings | None = None,
    overlay: Mapping[str, bytes] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
    located: bool = True,
    chosen: Chosen | None = None,
    pause: Callable[[], None] | None = None,
) -> Report:
    """The outcome over files (absolute or relative paths; folders are walked).

    Names in the report are absolute. Files in `overlay` (absolute path to bytes) are not read from disk.
    `memory` keeps what the next run of this process can use. Unless they are `located`, verdicts have the
    place of the statement around them, which is enough to count them. With `chosen` nothing is screened.
    `pause` is called every few milliseconds and ends the run by raising no Exception but a BaseException.
    """
    settings = settings or Settings(os.getcwd())
    paths = expand(files, settings)
    if memory is None and chosen is None and pause is None and not overlay:
        task = _task(paths, settings, located)
        if settings.cache:
            from softmax_lint import kept

            return kept.check(task, settings, located, progress)
        from softmax_lint import batch

        return batch.check(task, progress)
    from softmax_lint.run import Run

    run = Run(paths, settings, overlay or {}, memory)
    run.chosen, run.pause = chosen, pause
    return run.report(progress, located)


def _task(files: list[str], settings: Settings, located: bool) -> batch.Task:
    """The work of a run, for several processes."""
    from softmax_lint.batch import Linked, Task

    base, given, folders = base_of(files, settings), frozenset(files), Folders()

    def link(chosen: Chosen, ahead: bool) -> Linked:
        from softmax_lint.run import Run

        part = Run([], settings, {}, folders=folders)
        part.files, part.given, part.modules.base = files, given, base
        part.chosen, part.ahead = chosen, ahead
        if chosen.edit is not None:
            return relink(part, chosen.edit)
        return linked(part)

    def linked(part: Run) -> Linked:
        report = part.report(None, located)
        asked = {folder: folders.digest(folder) for folder in part.modules.asked}
        return Linked(report, part.read, asked, part.trace)

    def relink(part: Run, edit: Edit) -> Linked:
        from softmax_lint.linking.rerun import Anomaly
        from softmax_lint.retrace import completed

        try:
            return completed(linked(part), edit)
        except Anomaly:
            from softmax_lint.workers import processes

            return link(edit.whole._replace(traced=True), processes(settings.jobs) > 1)

    beside = around(files, base, folders, lambda root: listed(root, settings))
    paths = tuple(dict.fromkeys([*files, *beside]))
    top = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else base
    return Task(
        tuple(files),
        paths,
        top,
        link,
        lambda folder: folders.root_of(folder, base),
        spelled(settings.rows),
        settings.jobs,
    )


def examine(
    files: Sequence[str],
    *,
    settings: Settings | None = None,
    overlay: Mapping[str, bytes] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
    about: About | None = None,
) -> judging.Examined:
    """As `check`, with all that planning fixes takes: of the findings that `about` is about, where that is not None.
    Then only what may use the definitions around these is run.
    """
    from softmax_lint import judging
    from softmax_lint.run import Run

    settings = settings or Settings(os.getcwd())
    run = Run(expand(files, settings), settings, overlay or {}, memory)
    run.machine.watching, run.about = 1, about
    report = run.report(progress)
    return judging.Examined(report, run.joints(), run.read, run.touching)


def check_source(text: str, filename: str = "example.py") -> Report:
    """The outcome for one text that is in no file."""
    path = os.path.abspath(filename)
    return check([path], overlay={path: text.encode()})


def trace(file: str, line: int, settings: Settings, *, cell: int | None = None) -> list[str]:
    """What is known of the tensors that meet losses through a line, one step a line."""
    from softmax_lint import judging
    from softmax_lint.linking.values import Tensor
    from softmax_lint.run import Run

    run = Run([os.path.abspath(file)], settings, {})
    run.report(None)
    places = judging.Places(run.modules)
    steps: list[str] = []
    for meeting in run.machine.meetings.values():
        for group in meeting.groups:
            for thing in group:
                at = [meeting.place, meeting.application]
                if isinstance(thing, Tensor):
                    at += [o for o in (thing.source, thing.built, thing.layer) if o is not None]
                spots = [places.locate(o) for o in at]
                if not any(
                    p.filename == os.path.abspath(file) and p.cell == cell and p.row <= line <= p.end_row
                    for p in spots
                ):
                    continue
                if isinstance(thing, Tensor):
                    steps.append(f"{_spot(spots[2])}: `{thing.text}` gives {thing.representation}")
                else:
                    steps.append(f"not known: {thing.reason}")
                steps.append(
                    f"{_spot(spots[0])}: `{meeting.text}` expects {meeting.expected or meeting.reason}"
                )
                steps.append(f"{_spot(spots[1])}: they meet")
    return list(dict.fromkeys(steps))


def _spot(place: Place) -> str:
    cell = f"cell {place.cell}:" if place.cell is not None else ""
    return f"{os.path.relpath(place.filename)}:{cell}{place.row}:{place.column}"


__all__ = ["Verdict", "check", "check_source", "examine", "spelled", "trace"]
