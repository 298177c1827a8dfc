"""``softmax-lint pairs``: every loss with its verdict."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from softmax_lint.commands.check import CLEAN, FAILED, analyse
from softmax_lint.commands.inputs import Request, gather
from softmax_lint.commands.terminal import complain, encoding_of, has_color, write
from softmax_lint.reporters import RenderOptions
from softmax_lint.reporters.pairs import assumptions


def run(request: Request) -> int:
    """List the losses in the files of `request`; gives CLEAN or FAILED. Raises ConfigError."""
    inputs = gather(request)
    report = analyse(inputs, request)
    options = RenderOptions(os.getcwd(), has_color(sys.stdout, request.color), encoding_of(sys.stdout))
    if inputs.settings.output_format == "json":
        from softmax_lint.reporters.json import render_pairs as render
    else:
        from softmax_lint.reporters.pairs import render
    if inputs.files or inputs.complete:
        write(render(report, options))
        if inputs.settings.output_format == "json":  # it is a list of losses, and has no place for that
            for line in assumptions(report, replace(options, color=False)):
                complain(line, request.color, "note")
    return FAILED if report.failures or not inputs.complete else CLEAN
