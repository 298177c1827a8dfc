"""``softmax-lint check``: find the mismatches and say so."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence

from softmax_lint.commands.analysis import load_names, load_project
from softmax_lint.commands.inputs import Inputs, Request, gather
from softmax_lint.commands.terminal import complain, encoding_of, has_color, progress, width_of, write
from softmax_lint.commands.wish import Wish
from softmax_lint.diagnostic import SEVERITIES, Report
from softmax_lint.lines import lines_of, reader
from softmax_lint.reporters import FOR_PEOPLE, WITH_FIXES, RenderOptions, render
from softmax_lint.reporters.closing import closing_line
from softmax_lint.reporters.names import counted, shown

CLEAN, FOUND, FAILED = 0, 1, 2


def run(
    request: Request,
    *,
    output_file: str | None = None,
    statistics: bool = False,
    exit_zero: bool = False,
    write_baseline: str | None = None,
    add_noqa: bool = False,
    wish: Wish | None = None,
    commands: Sequence[str] = (),
) -> int:
    """Check the files of `request`; gives CLEAN, FOUND or FAILED. Raises ConfigError."""
    started = time.monotonic()
    inputs = gather(request, commands)
    wish = (wish or Wish()).under(inputs.settings)
    summary = ""
    if wish.applies:
        from softmax_lint.commands.fixing import repair

        gc.enable()  # it takes several runs, and what each of them made goes
        repaired = repair(inputs, request, wish)
        if wish.diff or wish.only or repaired.stdin is not None:
            status = repaired.end(wish, request, inputs.complete)
            return CLEAN if exit_zero and status == FOUND else status
        report, inputs, summary = repaired.report, repaired.inputs, repaired.summary
    elif inputs.settings.output_format in WITH_FIXES and not statistics:
        from softmax_lint.commands.fixing import suggested

        report = suggested(analyse(inputs, request), inputs, request)
    else:
        report = analyse(inputs, request, located=False)
    read = reader(inputs.overlay)
    silencing = inputs.files if report.silencing is None else report.silencing
    lines, suppressed = lines_of(read), 0
    if report.diagnostics or silencing:
        from softmax_lint.suppression import apply

        applied = apply(report, silencing, inputs.settings, load_names(), read)
        report, suppressed = applied.report, applied.suppressed
    baselined = 0
    if inputs.settings.baseline is not None and write_baseline is None:
        from softmax_lint import baseline

        report, baselined = baseline.apply(report, inputs.settings.baseline, lines)
    if add_noqa or write_baseline is not None:
        if add_noqa:
            from softmax_lint.commands.silence import add_comments

            add_comments(report, read, lines, request.color)
        if write_baseline is not None:
            from softmax_lint import baseline

            write(baseline.render(report, write_baseline, lines), write_baseline)
            noted = counted(len(report.diagnostics), "finding")
            complain(f"noted {noted} in {write_baseline}", request.color, "note")
        return FAILED if report.failures or not inputs.complete else CLEAN
    output_format = inputs.settings.output_format
    if statistics:
        output = _statistics(report, output_format)
    else:
        options = RenderOptions(
            cwd=os.getcwd(),
            color=output_file is None and has_color(sys.stdout, request.color),
            encoding="utf-8" if output_file else encoding_of(sys.stdout),
            width=120 if output_file else width_of(sys.stdout),
            lines=lines,
        )
        output = render(report, output_format, options)
    closing = f"{closing_line(report, suppressed, baselined)}\n"
    if summary:
        closing = f"{summary}\n{closing}"
    # Where every path was wrong, there is nothing to sum up; a quiet run never does.
    has_closing = not request.quiet and (report.files > 0 or inputs.complete)
    if has_closing and output_format in FOR_PEOPLE:
        output += closing
    write(output, output_file)
    if has_closing and output_format not in FOR_PEOPLE:
        sys.stderr.write(closing)
    if request.verbose:
        seconds = time.monotonic() - started
        complain(f"checked {counted(report.files, 'file')} in {seconds:.2f} s", request.color, "note")
    if report.failures or not inputs.complete:
        return FAILED
    return FOUND if not exit_zero and _fails(report, inputs.settings.fail_level) else CLEAN


def analyse(inputs: Inputs, request: Request, *, located: bool = True) -> Report:
    """The report over `inputs`, before suppressions; complains about failures. `located` as in `check`."""
    if not inputs.files:
        return Report((), ())
    line = progress(request.quiet)
    try:
        report = load_project().check(
            inputs.files,
            settings=inputs.settings,
            overlay=inputs.overlay or None,
            progress=line,
            located=located,
        )
    finally:
        if line:
            line.clear()
    for failure in report.failures:
        complain(f"{shown(failure.filename, os.getcwd())}: {failure.message}", request.color)
    return report


def _fails(report: Report, level: str) -> bool:
    failing = SEVERITIES[: SEVERITIES.index(level) + 1]
    return any(each.severity in failing for each in report.diagnostics)


def _statistics(report: Report, output_format: str) -> str:
    """How often each rule was found, most often first."""
    counts = sorted(
        Counter((each.code, each.name) for each in report.diagnostics).items(), key=lambda it: (-it[1], it)
    )
    if output_format == "json":
        import json

        rows = [{"code": code, "name": name, "count": count} for (code, name), count in counts]
        return json.dumps(rows, indent=2) + "\n"
    width = max((len(str(count)) for _, count in counts), default=0)
    return "".join(f"{count:>{width}}  {code}  {name}\n" for (code, name), count in counts)
