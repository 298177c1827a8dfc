"""Which of several lines ran: where two models meet one loss, a run may have trained only one of them."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from softmax_lint.verify.script.inside.recorder import Recorder
from softmax_lint.verify.script.inside.sites import Sites


def install(lines: list[list[Any]], recorder: Recorder, sites: Sites) -> None:
    """Record when lines run: (number, file, first row, last row). Costs a little for every call until all have run."""
    left = {number: (file, row, end) for number, file, row, end in lines}

    def enter(frame: FrameType, event: str, arg: Any) -> Any:
        file = sites.inside(frame.f_code.co_filename)
        if file is None or all(file != other for other, _, _ in left.values()):
            return None
        return step

    def step(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            file = sites.inside(frame.f_code.co_filename)
            here = [
                n for n, (other, row, end) in left.items() if file == other and row <= frame.f_lineno <= end
            ]
            for number in here:
                del left[number]
                recorder.write(event="ran", number=number)
            if not left:
                sys.settrace(None)
                return None
        return step

    if left:
        sys.settrace(enter)
