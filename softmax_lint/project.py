"""One run: files in, a report out. The only module that joins screening, linking and judging."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from softmax_lint import batch, knowledge, lowering, screen, source, surroundings
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Diagnostic, Failure, Place, Report, Verdict
from softmax_lint.folders import Folders
from softmax_lint.knowledge.schema import LOSS, METRIC, SAMPLER, TRAINER, Api
from softmax_lint.linking.modules import LIBRARIES, Modules
from softmax_lint.memory import Chosen, Memory
from softmax_lint.pair import Pair
from softmax_lint.source import Source, Unreadable

# What runs code is imported when there is code to run.
if TYPE_CHECKING:
    from softmax_lint import judging
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.sinks import Meeting
    from softmax_lint.linking.values import Tensor

Progress = Callable[[int, int], None]
_NOWHERE = Place("", None, 0, 0, 0, 0)
_DEEP = 6000  # Python frames: about 20 per frame of the checked code


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
    run = _Run(_expand(files, settings), settings, overlay or {}, memory)
    if memory is None and chosen is None and pause is None and not overlay:
        task = _task(run, located)
        if settings.cache:
            from softmax_lint import kept

            return kept.check(task, settings, located, progress)
        return batch.check(task, progress)
    run.chosen, run.pause = chosen, pause
    return run.report(progress, located)


def _task(run: _Run, located: bool) -> batch.Task:
    """The work of a run, for several processes."""
    files, settings, folders = tuple(run.files), run.settings, run.modules.folders

    def link(chosen: Chosen) -> batch.Linked:
        part = _Run([], settings, {}, folders=folders)
        part.files, part.given, part.modules.base = run.files, run.given, run.modules.base
        part.chosen = chosen
        report = part.report(None, located)
        return batch.Linked(
            report, tuple(part.sources), {folder: folders.digest(folder) for folder in part.modules.asked}
        )

    paths = tuple(dict.fromkeys([*files, *run._around()]))
    base = os.path.commonpath([os.path.dirname(path) for path in paths]) if paths else os.getcwd()
    return batch.Task(files, paths, base, link, spelled(settings.rows), settings.jobs)


def examine(
    files: Sequence[str],
    *,
    settings: Settings | None = None,
    overlay: Mapping[str, bytes] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> judging.Examined:
    """As `check`, with all that planning fixes takes."""
    from softmax_lint import judging

    settings = settings or Settings(os.getcwd())
    run = _Run(_expand(files, settings), settings, overlay or {}, memory)
    run.machine.watching = 1
    report = run.report(progress)
    return judging.Examined(report, run.joints(), tuple(run.sources))


def check_source(text: str, filename: str = "example.py") -> Report:
    """The outcome for one text that is in no file."""
    path = os.path.abspath(filename)
    return check([path], overlay={path: text.encode()})


def trace(file: str, line: int, settings: Settings, *, cell: int | None = None) -> list[str]:
    """What is known of the tensors that meet losses through a line, one step a line."""
    from softmax_lint import judging
    from softmax_lint.linking.values import Tensor

    run = _Run([os.path.abspath(file)], settings, {})
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


def _expand(files: Sequence[str], settings: Settings) -> list[str]:
    paths: list[str] = []
    for name in files:
        path = os.path.abspath(name)
        if os.path.isdir(path):
            from softmax_lint.discover import discover

            paths.extend(os.path.abspath(found) for found in discover([path], settings).files)
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


class _Run:
    """One run over some files and the project around them."""

    def __init__(
        self,
        files: list[str],
        settings: Settings,
        overlay: Mapping[str, bytes],
        memory: Memory | None = None,
        folders: Folders | None = None,
    ) -> None:
        self.files = files
        self.given = frozenset(files)
        self.settings = settings
        self.overlay = overlay
        self.memory = memory
        self.failures: list[Failure] = []
        self.chosen: Chosen | None = None
        self.pause: Callable[[], None] | None = None
        base = os.path.commonpath([os.path.dirname(path) for path in files]) if files else os.getcwd()
        if settings.base is not None and f"{base}{os.sep}".startswith(settings.base.rstrip(os.sep) + os.sep):
            base = settings.base
        if memory is not None and memory.base is not None and base.startswith(memory.base + os.sep):
            base = memory.base
        self.sources: dict[str, Source | Unreadable] = {}
        self.modules = Modules(self._read, base, folders)
        if memory is not None:
            memory.start()
            self.modules.lower, self.modules.split = memory.lower, memory.split
        if settings.reference:
            self.modules.lower = partial(lowering.lower, reference=True)
            self.modules.span = lambda text, ordinal: lowering.locate(text)[ordinal]

    @cached_property
    def machine(self) -> Machine:
        from softmax_lint.linking.machine import Machine

        return Machine(self.modules)

    def _read(self, path: str) -> Source:
        known = self.sources.get(path)
        if known is None:
            try:
                data = self.overlay.get(path)
                if self.memory is not None:
                    known = self.memory.read(path, self.overlay)
                else:
                    known = source.read(path) if data is None else source.from_bytes(path, data)
            except Unreadable as error:
                known = error
            self.sources[path] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def report(self, progress: Progress | None, located: bool = True) -> Report:
        collecting = gc.isenabled()
        limit = sys.getrecursionlimit()
        gc.disable()
        sys.setrecursionlimit(max(limit, _DEEP))
        try:
            with knowledge.extended(self.settings.rows):
                return self._report(progress, located)
        finally:
            sys.setrecursionlimit(limit)
            if collecting:
                gc.enable()

    def _report(self, progress: Progress | None, located: bool) -> Report:
        chosen = self.chosen or self._screen()
        self.modules.eager = set(chosen.eager)
        roots = []
        for path in chosen.roots:
            file = self.modules.add(path)
            if file is not None:
                roots.append(file)
        if not roots:
            return Report((), (), tuple(self.failures), len(self.files))
        from softmax_lint import judging
        from softmax_lint.linking.roots import link

        self.machine.watchful = chosen.watchful
        if self.pause is not None:
            self.machine.pause = self.pause
        link(self.machine, roots, self._fail, progress)
        given = self.given
        meetings = self.machine.meetings.values()
        diagnostics, verdicts = judging.judge(
            meetings, self.modules, self._describe, self.settings.opted_in, given, located
        )
        diagnostics += self._invalid()
        return Report(
            tuple(sorted((d for d in diagnostics if _touches(d, given)), key=_order)),
            tuple(sorted(verdicts, key=lambda v: _sort_key(v.place))),
            tuple(self.failures),
            len(self.files),
            assumed=tuple(each for each in self._assumed() if each[0] in given),
        )

    def _assumed(self) -> list[tuple[str, str, str]]:
        """Names that were taken for what they mean by convention: (file, name, meaning)."""
        assumed = self.machine.assumed.items()
        return sorted((self.modules.files[file].path, name, path) for (file, name), path in assumed)

    def _screen(self) -> Chosen:
        """Which files have to be run, of all in the project."""
        around = self._around()
        index = screen.Index(spelled(self.settings.rows)) if self.memory is None else self.memory.index
        paths: list[str] = []
        for number, path in enumerate([*self.files, *around]):
            if self.pause is not None and number % 100 == 0:
                self.pause()
            try:
                read = self._read(path)
            except Unreadable as error:
                if path in self.files:
                    self.failures.append(Failure(path, str(error)))
                continue
            paths.append(path)
            index.put(path, read, partial(_text, read))
        index.keep(paths)
        chosen = index.candidates()
        eager = chosen
        if around:
            chosen &= index.reach(self.files)
        roots = tuple(path for path in paths if path in chosen)
        found = Chosen(roots, frozenset(eager), index.has_logits())
        if self.memory is not None:
            self.memory.choose(self.files, found)
        return found

    def joints(self) -> tuple[judging.Joint, ...]:
        """What met, after the run."""
        from softmax_lint import judging

        meetings = self.machine.meetings.values()
        return tuple(judging.joints(meetings, self.modules, self._describe, self.settings.opted_in))

    def _around(self) -> list[str]:
        """The other files of the projects that the given files belong to."""
        from softmax_lint.discover import discover

        inner = dict.fromkeys(self.modules.root_of(os.path.dirname(path)) for path in self.files)
        # No folder called like a library is imported by that name.
        roots = dict.fromkeys(
            root if os.path.basename(root) in LIBRARIES else surroundings.around(root) for root in inner
        )
        given = set(self.files)
        found: list[str] = []
        for root in roots:
            if self.memory is not None:
                found += self.memory.listing(root, self.settings)
            elif any(path not in self.overlay or os.path.exists(path) for path in self.files):
                found += [os.path.abspath(p) for p in discover([root], self.settings).files]
        return [path for path in dict.fromkeys(found) if path not in given]

    def _fail(self, file: int, error: Exception) -> None:
        path = self.modules.files[file].path
        where = ""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
        message = f"internal error: {type(error).__name__}: {error}{where}"
        if os.environ.get("SOFTMAX_LINT_DEBUG"):
            raise error
        failure = Failure(path, message)
        if failure not in self.failures:
            self.failures.append(failure)

    def _describe(self, meeting: Meeting, tensor: Tensor) -> Pair:
        backend = self._backend(meeting) if meeting.framework == "keras" else None
        return Pair(
            meeting.meeting,
            tensor.representation,
            meeting.expected or "",
            _NOWHERE,
            _NOWHERE,
            tensor.text,
            meeting.text,
            meeting.framework,
            units=tensor.units,
            axis=tensor.axis,
            rank=tensor.rank,
            implicit_axis=tensor.implicit_axis,
            activation=tensor.activation,
            backend=backend,
            recovered=backend == "tensorflow"
            and (tensor.keras or (tensor.graph and meeting.graph))
            and tensor.plain
            and not tensor.half,
            half=tensor.half,
            guarded=tensor.guarded,
        )

    def _backend(self, meeting: Meeting) -> str | None:
        """The backend that Keras runs on, as far as the file of the sink tells."""
        if self.settings.keras_backend is not None:
            return self.settings.keras_backend
        path = self.modules.files[self.modules.units[meeting.application[0]].file].path
        known = self.sources.get(path)
        if not isinstance(known, Source):
            return None
        text = "\n".join(cell.text for cell in known.cells)
        for name in ("torch", "jax", "tensorflow"):
            for quote in "'\"":
                literal = f"{quote}{name}{quote}"
                if literal in text and ("KERAS_BACKEND" in text or "set_backend" in text):
                    return name
        if "import tensorflow" in text or "from tensorflow" in text or "tf_keras" in text:
            return "tensorflow"
        return None

    def _invalid(self) -> list[Diagnostic]:
        """Pieces that mention a loss or an activation and do not parse."""
        from softmax_lint import rules

        rule = rules.find("SML900")
        found = []
        for problem in self.modules.problems:
            unit = self.modules.units[problem.unit]
            if rule is None or not screen.spells_sink(unit.text):
                continue
            row = unit.row - 1 + problem.row
            place = Place(
                self.modules.files[unit.file].path, unit.cell, row, problem.column, row, problem.column + 1
            )
            found.append(Diagnostic(rule.code, rule.name, "warning", problem.message, place, noqa_row=row))
        return found


def spelled(rows: Sequence[Api]) -> tuple[str, ...]:
    """What a file must spell to use rows that the project declares for sinks."""
    sinks = [row for row in rows if row.role in (LOSS, METRIC, SAMPLER, TRAINER)]
    names = [name for row in sinks for name in (row.name, *row.aliases)]
    return tuple(dict.fromkeys(name.rpartition(".")[2].lower() for name in names))


def _text(read: Source) -> str:
    return "\n".join(cell.text for cell in read.cells)


def _touches(diagnostic: Diagnostic, given: Collection[str]) -> bool:
    return any(
        place.filename in given for place in (diagnostic.place, *(r.place for r in diagnostic.related))
    )


def _sort_key(place: Place) -> tuple[str, int, int, int]:
    return place.filename, place.cell or 0, place.row, place.column


def _order(diagnostic: Diagnostic) -> tuple[tuple[str, int, int, int], str]:
    return _sort_key(diagnostic.place), diagnostic.code


__all__ = ["Verdict", "check", "check_source", "trace"]
