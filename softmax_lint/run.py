"""One run of linking over chosen files: screening where nobody chose, judging, and a report.

What needs all values at once, as planning fixes does, asks such a run; checking alone runs groups of files.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from softmax_lint import knowledge, lowering, screen, source
from softmax_lint.config import Settings
from softmax_lint.diagnostic import (
    Diagnostic,
    Failure,
    Place,
    Report,
    diagnostics_in_order,
    verdicts_in_order,
)
from softmax_lint.folders import Folders
from softmax_lint.linking.modules import Modules
from softmax_lint.memory import Chosen, Memory
from softmax_lint.pair import Pair
from softmax_lint.scope import around, base_of, listed, spelled
from softmax_lint.source import Source, Unreadable

# What runs code is imported when there is code to run.
if TYPE_CHECKING:
    from softmax_lint import judging
    from softmax_lint.linking.machine import Machine
    from softmax_lint.linking.part import Part
    from softmax_lint.linking.sinks import Meeting
    from softmax_lint.linking.values import Tensor
    from softmax_lint.touching import About

Progress = Callable[[int, int], None]
_NOWHERE = Place("", None, 0, 0, 0, 0)
_DEEP = 6000  # Python frames: about 20 per frame of the checked code


class Run:
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
        self.about: About | None = None  # where planning fixes is for some findings alone
        self.part: Part | None = None  # what is run, where that is a part of what could be
        self.trace: list[Any] | None = None  # of what ran, where that is kept
        self.pause: Callable[[], None] | None = None
        base = base_of(files, settings)
        if memory is not None and memory.base is not None and base.startswith(memory.base + os.sep):
            base = memory.base
        # What was read; None where the text is not needed any more.
        self.sources: dict[str, Source | Unreadable | None] = {}
        self.ahead = False  # whether another process prepares files
        self.modules = Modules(self._read, base, folders)
        if memory is not None:
            memory.start()
            self.modules.lower, self.modules.split = memory.lower, memory.split
        else:
            self.modules.release = self._release
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

    def _release(self, path: str) -> None:
        self.sources[path] = None

    @property
    def read(self) -> tuple[str, ...]:
        """The files that were looked at."""
        return tuple(dict.fromkeys([*self.sources, *self.modules.taken]))

    @property
    def touching(self) -> tuple[str, ...]:
        """Those of them in which something may use what the run is about."""
        if self.about is None or self.part is None:
            return self.read
        named = self.part.paths | self.about.files | {path for path, _ in self.part.names}
        return tuple(path for path in self.read if path in named)

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
        roots = self._added(chosen.roots)
        if not roots and chosen.edit is None:
            return Report((), (), tuple(self.failures), len(self.files))
        from softmax_lint import judging
        from softmax_lint.linking.roots import link

        self.machine.watchful = chosen.watchful
        if self.pause is not None:
            self.machine.pause = self.pause
        part = self.part = self._part(chosen)
        if chosen.traced:
            from softmax_lint.linking.trace import Trace

            self.machine.trace = Trace()
        with self._prepared(chosen.roots):
            roots_run = link(self.machine, roots, self._fail, progress, part)
        if part is not None and self.memory is not None and self.chosen is None:
            # What turned out to belong to the part is cut into slices, too.
            ran = tuple(self.modules.files[file].path for file in sorted(roots_run))
            self.memory.choose(self.files, chosen._replace(roots=ran))
        self._keep_trace(roots_run, part)
        given = self.given
        meetings = self.machine.meetings.values()
        diagnostics, verdicts = judging.judge(
            meetings, self.modules, self._describe, self.settings.opted_in, given, located
        )
        diagnostics += self._invalid()
        return Report(
            diagnostics_in_order(each for each in diagnostics if _touches(each, given)),
            verdicts_in_order(verdicts),
            tuple(self.failures),
            len(self.files),
            assumed=tuple(each for each in self._assumed() if each[0] in given),
        )

    def _part(self, chosen: Chosen) -> Part | None:
        if chosen.more is None:
            return None
        from softmax_lint.touching import About

        if chosen.edit is not None:
            from softmax_lint.linking.rerun import Rerun

            edit = chosen.edit
            return Rerun(self.machine, About(edit.files, edit.files, edit.names), chosen.more, edit.trace)
        from softmax_lint.linking.part import Part

        return Part(self.machine, self.about or About(self.given, self.given), chosen.more)

    def _keep_trace(self, roots: Collection[int], part: Part | None) -> None:
        """What met, with what an earlier run left; forget what counts no more. Raises Anomaly."""
        from softmax_lint.linking import sinks

        machine = self.machine
        if machine.trace is None:
            sinks.forget_lone(machine)
            return
        from softmax_lint.linking import trace
        from softmax_lint.linking.rerun import Rerun

        self.trace = trace.plain(machine, machine.trace)
        if isinstance(part, Rerun):
            self.trace = part.merged(roots, self.trace, screen.spells_sink)
            machine.meetings = dict(enumerate(trace.meetings_of(self.modules, self.trace)))
        else:
            sinks.forget_lone(machine)

    def _added(self, paths: Iterable[str]) -> list[int]:
        later = self.chosen is not None
        return [file for path in paths if (file := self.modules.add(path, later)) is not None]

    @contextmanager
    def _prepared(self, paths: Sequence[str]) -> Iterator[None]:
        """While another process prepares these files."""
        if not self.ahead or self.settings.reference:
            yield
            return
        from softmax_lint.ahead import Ahead

        with Ahead(paths) as ahead:
            self.modules.ahead = ahead.take
            try:
                yield
            finally:
                self.modules.ahead = lambda path: None

    def _assumed(self) -> list[tuple[str, str, str]]:
        """Names that were taken for what they mean by convention: (file, name, meaning)."""
        assumed = self.machine.assumed.items()
        return sorted((self.modules.files[file].path, name, path) for (file, name), path in assumed)

    def _screen(self) -> Chosen:
        """Which files have to be run, of all in the project."""
        beside = self._around()
        index = screen.Index(spelled(self.settings.rows)) if self.memory is None else self.memory.index
        paths: list[str] = []
        for number, path in enumerate([*self.files, *beside]):
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
        if self.machine.watching:
            chosen |= index.users(chosen)
        candidates, more, about = chosen, None, self.about
        if about is not None and (part := index.part(chosen, about.whole, about.names)) is not None:
            chosen, more = part[0] | (candidates & about.files), part[1]
        elif self.machine.watching and (beside or about is not None):
            # A fix changes what others use: to plan it, more has to be known than what touches the files.
            chosen &= index.reach(self.files if about is None else about.files)
        elif beside and (part := index.part(chosen, self.files)) is not None:
            chosen, more = part
        eager = index.eager(candidates) if more is None else frozenset(paths)
        roots = tuple(path for path in paths if path in chosen)
        found = Chosen(roots, eager, index.has_logits(), more)
        if self.memory is not None:
            self.memory.choose(self.files, found)
        return found

    def joints(self) -> tuple[judging.Joint, ...]:
        """What met, after the run."""
        from softmax_lint import judging

        meetings = self.machine.meetings.values()
        return tuple(judging.joints(meetings, self.modules, self._describe, self.settings.opted_in))

    def _around(self) -> list[str]:
        memory, settings = self.memory, self.settings
        if memory is not None:
            return around(
                self.files,
                self.modules.base,
                self.modules.folders,
                lambda root: memory.listing(root, settings),
            )
        if all(path in self.overlay and not os.path.exists(path) for path in self.files):
            return []
        return around(
            self.files, self.modules.base, self.modules.folders, lambda root: listed(root, settings)
        )

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
        units = self.modules.units
        file = units[meeting.application[0]].file
        text = "\n".join(units[unit].text for unit in self.modules.units_of(file))
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


def _text(read: Source) -> str:
    return "\n".join(cell.text for cell in read.cells)


def _touches(diagnostic: Diagnostic, given: Collection[str]) -> bool:
    return any(place.filename in given for place in diagnostic.places)
