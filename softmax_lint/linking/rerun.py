"""Running again what an edit touches, and taking all else from the trace of the run before."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from softmax_lint.linking import trace
from softmax_lint.linking.part import Part
from softmax_lint.linking.trace import BODY, Plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from softmax_lint.linking.machine import Machine
    from softmax_lint.touching import About, More


class Anomaly(Exception):
    """A part cannot tell what comes of an edit: all has to be run."""


class Rerun(Part):
    """What touches the files that were edited, also what uses names that they may have had; `earlier` is the trace
    of the run before.
    """

    def __init__(self, machine: Machine, about: About, more: More, earlier: Plain) -> None:
        super().__init__(machine, about, more)
        self.earlier = earlier

    def training(self, roots: Collection[int]) -> list[int]:
        """None: what trains an output is in the trace."""
        return []

    def begin(self, roots: Collection[int]) -> None:
        """Functions of the roots that a run enters which is not repeated do not run alone."""
        modules = self.machine.modules
        numbers = {modules.files[file].path: file for file in roots}
        paths, runs, *_ = self.earlier
        for run, gone in zip(runs, self._gone(numbers), strict=True):
            if not gone:
                for number, statement, ordinal in run[3]:
                    file = numbers.get(paths[number])
                    if file is not None and paths[number] not in self.given:
                        unit = modules.units_of(file)[statement]
                        self.machine.entered_code.add((unit, ordinal))

    def _gone(self, roots: Collection[str]) -> list[bool]:
        """For each run of the trace whether it is repeated, with paths of the roots."""
        paths, runs, *_ = self.earlier
        gone = [
            paths[at[0]] in (roots if at[1] == BODY else self.paths) or (paths[at[0]], name) in self.names
            for at, name, _, _ in runs
        ]
        # What ran on an object goes with the run that made it, and that with the maker of its own.
        while new := [
            number for number, run in enumerate(runs) if not gone[number] and run[2] >= 0 and gone[run[2]]
        ]:
            for number in new:
                gone[number] = True
        return gone

    def merged(self, roots: Collection[int], new: Plain, spells: Callable[[str], bool]) -> Plain:
        """The trace of the edited project, of what was run again. `spells` tells whether a text may hold a sink.

        Raises Anomaly.
        """
        files = self.machine.modules.files
        gone = self._gone({files[file].path for file in roots})
        paths, runs, meetings, _ = self.earlier
        for (at, name, maker, entered), out in zip(runs, gone, strict=True):
            if out and maker >= 0 and not gone[maker] and (at[1] != BODY):
                raise Anomaly(f"`{name}` ran on an object of another run")
            if not out and any(paths[each[0]] in self.given for each in entered):
                raise Anomaly(f"`{name}` enters what was edited")
        for meeting in meetings:
            for _, by in meeting[10]:
                if any(not gone[run] for run, *_ in by) and self._is_edited(meeting, paths):
                    raise Anomaly("a place that was edited is met from elsewhere")
        self._check_entered(gone, new, spells)
        merged = trace.merge(self.earlier, gone, new)
        if trace.has_logits(merged) and not trace.has_logits(self.earlier):
            raise Anomaly("there are logits now: what reads them was not looked at")
        return merged

    def _is_edited(self, meeting: Plain, paths: list[str]) -> bool:
        places = [meeting[2], meeting[3], meeting[9], *trace.places_in(meeting[10])]
        return any(at is not None and paths[at[0]] in self.given for at in places)

    def _check_entered(self, gone: list[bool], new: Plain, spells: Callable[[str], bool]) -> None:
        """A function that nobody enters any more would run alone."""

        def entered(
            one: Plain, out: list[bool] | None = None, which: bool = False
        ) -> set[tuple[str, int, int]]:
            return {
                (one[0][each[0]], each[1], each[2])
                for number, run in enumerate(one[1])
                if out is None or out[number] is which
                for each in run[3]
            }

        left = entered(self.earlier, gone, True) - entered(self.earlier, gone) - entered(new)
        modules = self.machine.modules
        for path, statement, _ in sorted(left):
            file = None if path in self.given else modules.add(path, later=True)
            if file is None:
                continue
            unit = modules.units[modules.units_of(file)[statement]]
            if (path, unit.name) not in self.names and spells(unit.text):
                raise Anomaly(f"nobody calls `{unit.name}` any more")
