"""Where in the user's code something happens, seen from inside the process that runs it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Any

from softmax_lint.verify.script.inside.exact import OF_SIGMOID

MOST_FRAMES = 12
_CONVERTED = "__autograph_generated_file"  # what AutoGraph makes of a function; rows are lost
_PREFIX = "tf__"
_FAMILY = {"log_softmax": "softmax", "logsigmoid": "sigmoid", "log_sigmoid": "sigmoid"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one thing that is to be watched may show: rows of a file relative to the root, and the functions around
    them. Several spots with one `number` are one thing. `family` is softmax or sigmoid, empty where not known."""

    number: int
    file: str
    row: int
    end_row: int
    functions: tuple[str, ...] = ()
    family: str = ""


@dataclass(slots=True)
class Sites:
    """The places to watch. `root` is the real path of the project."""

    root: str
    losses: tuple[Spot, ...]
    logarithms: tuple[Spot, ...]
    _files: dict[str, str | None] = field(default_factory=dict)

    def here(self) -> list[tuple[str, int, str]]:
        """(file, row, function) of the project's code that is running, innermost first. The file is empty for a
        function that AutoGraph has converted."""
        found: list[tuple[str, int, str]] = []
        frame: Any = sys._getframe(1)
        while frame is not None and len(found) < MOST_FRAMES:
            name = frame.f_code.co_filename
            function = frame.f_code.co_name
            if _CONVERTED in name:
                if function.startswith(_PREFIX):
                    found.append(("", 0, function[len(_PREFIX) :]))
            else:
                inside = self.inside(name)
                if inside is not None:
                    found.append((inside, frame.f_lineno, function))
            frame = frame.f_back
        return found

    def called_from(self, parts: tuple[str, ...]) -> bool:
        """Whether the caller of the caller stands in a file with one of `parts` in its path."""
        frame: Any = sys._getframe(2)
        # What is marked for AutoGraph is called through a wrapper of TensorFlow's.
        while frame is not None and "autograph" in frame.f_code.co_filename:
            frame = frame.f_back
        return frame is not None and any(part in frame.f_code.co_filename for part in parts)

    def inside(self, name: str) -> str | None:
        """The name of a file of the project relative to the root; None for other files."""
        if name not in self._files:
            relative = None
            if not name.startswith("<"):
                path = os.path.realpath(name)
                if path.startswith(self.root + os.sep) and "site-packages" not in path:
                    relative = os.path.relpath(path, self.root)
            self._files[name] = relative
        return self._files[name]

    def loss(self, frames: list[tuple[str, int, str]], expects: str) -> int | None:
        """The number of the watched loss that the frames run through, and that takes what is expected here."""
        spot = _match(self.losses, frames, "sigmoid" if expects in OF_SIGMOID else "softmax")
        return None if spot is None else spot.number

    def logarithm(self, function: str) -> Spot | None:
        """The watched logarithm that a function is about to take, by the innermost frame alone."""
        if not self.logarithms:
            return None
        return _match(self.logarithms, self.here()[:1], _FAMILY.get(function, ""))


def _match(spots: tuple[Spot, ...], frames: list[tuple[str, int, str]], family: str) -> Spot | None:
    for file, row, function in frames:
        for spot in spots:
            if family and spot.family and family != spot.family:
                continue
            if file == spot.file and spot.row <= row <= spot.end_row:
                return spot
            if not file and function in spot.functions:
                return spot
    return None
