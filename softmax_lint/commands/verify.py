"""``softmax-lint verify``: train before and after the fix, and say whether it held."""

from __future__ import annotations

import os
import sys

from softmax_lint.commands.terminal import complain, has_color
from softmax_lint.verify.request import ProgramsRequest, ScriptRequest
from softmax_lint.verify.results import FAILED, CannotRun


def run(request: ProgramsRequest | ScriptRequest) -> int:
    """Verify the bundled programs or a program of the user; gives HELD, BROKEN or FAILED."""
    color = has_color(sys.stdout, request.display.color)
    try:
        report = request.display.report
        if report is not None and not os.path.isdir(os.path.dirname(os.path.abspath(report))):
            raise CannotRun(f"--report {report}: no such folder")
        if isinstance(request, ScriptRequest):
            from softmax_lint.verify.script.run import run as verify_script

            return verify_script(request, color=color)
        from softmax_lint.verify.default import run as verify_programs

        return verify_programs(request, color=color)
    except CannotRun as error:
        complain(str(error), request.display.color)
        return FAILED
