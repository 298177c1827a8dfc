"""``softmax-lint verify SCRIPT``: prepare, ask, run both versions, judge, show."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile

from softmax_lint.verify.request import ScriptRequest
from softmax_lint.verify.results import BROKEN, CannotRun, Check, status
from softmax_lint.verify.script import compare
from softmax_lint.verify.script.launch import Ended, Job, Limits, launch
from softmax_lint.verify.script.page import page
from softmax_lint.verify.script.prepare import Prepared, Repair, Version, prepare
from softmax_lint.verify.script.records import Record, read_record
from softmax_lint.verify.script.show import Outcome, as_json, as_text
from softmax_lint.verify.script.workspace import as_script, lay_out

STEPS = 20
TIMEOUT = 300.0
MEMORY = 8192
SEED = 0


def run(request: ScriptRequest, repair: Repair | None = None, *, color: bool = False) -> int:
    """Verify the fix of a program of the user; gives HELD or BROKEN. Raises CannotRun.

    `repair` stands for the fixer where a test wants another one; `color` is for the table.
    """
    prepared = prepare(request.script, repair)
    _ask(request, prepared)
    limits = Limits(
        request.steps or STEPS,
        request.timeout or TIMEOUT,
        request.memory or MEMORY,
        SEED if request.seed is None else request.seed,
    )
    with tempfile.TemporaryDirectory(prefix="softmax-lint-") as folder:
        outcome = _verify(prepared, request, limits, folder)
    if request.display.report is not None:
        with open(request.display.report, "w", encoding="utf-8") as file:
            file.write(page(outcome))
    if request.display.json:
        sys.stdout.write(as_json(outcome))
    else:
        sys.stdout.write(as_text(outcome, color))
    sys.stdout.flush()
    return outcome.status


def _ask(request: ScriptRequest, prepared: Prepared) -> None:
    """Say what will happen, and get consent. Raises CannotRun without it."""
    quoted = shlex.join([request.script, *request.args])
    codes = ", ".join(dict.fromkeys(finding.code for finding in prepared.findings))
    if not request.display.quiet:
        sys.stderr.write(
            f"This runs {quoted} twice in copies of {prepared.root}: as it is, and with the fixes for {codes}.\n"
            "It is not a sandbox: the program can do what you can do.\n"
        )
        sys.stderr.flush()
    if request.yes:
        return
    if not sys.stdin.isatty():
        raise CannotRun("running a program takes consent: give --yes")
    sys.stderr.write("Run it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CannotRun("not run")


class _Runs:
    """The runs of one verification, each in a copy at the same path: order of files and names stay the same."""

    def __init__(self, prepared: Prepared, request: ScriptRequest, limits: Limits, folder: str) -> None:
        self._prepared = prepared
        self._request = request
        self._limits = limits
        self._folder = folder
        # The folder may be the name of a package. What is written to folders above it stays in the copy.
        self._copy = os.path.join(folder, "up", "up", "up", os.path.basename(prepared.root) or "project")
        self._follow = all(each.kind in ("unstable", "redundant") for each in prepared.findings)

    def run(self, version: Version, name: str, reference: str | None) -> tuple[Record, Ended]:
        prepared = self._prepared
        laid = lay_out(prepared.root, version.files, self._copy)
        if laid.linked and reference is None:
            _note(f"not copied, the program sees your own: {', '.join(laid.linked)}", self._request)
        _note(f"running {prepared.script} {name}", self._request)
        record = os.path.join(self._folder, f"record {name}")
        job = Job(
            laid.root,
            as_script(laid.root, prepared.script),
            self._cwd(),
            self._request.args,
            version.losses,
            version.logarithms,
            version.sources,
            record,
            None if reference is None else os.path.join(self._folder, f"record {reference}"),
            self._follow,
        )
        ended = launch(job, self._limits)
        return read_record(record), ended

    def _cwd(self) -> str:
        """Where the program runs: where the user is, when that is in the project, else beside the program."""
        root, here = self._prepared.root, os.getcwd()
        if here == root or here.startswith(root + os.sep):
            return os.path.join(self._copy, os.path.relpath(here, root))
        return os.path.dirname(os.path.join(self._copy, self._prepared.script))


def _verify(prepared: Prepared, request: ScriptRequest, limits: Limits, folder: str) -> Outcome:
    runs = _Runs(prepared, request, limits, folder)
    before, first = runs.run(prepared.before, "as written", None)
    _require(prepared, before, first, limits, "")
    after, second = runs.run(prepared.after, "fixed", "as written")
    if second.how == "failed":
        checks: tuple[Check, ...] = (Check("runs", False, _last(second)),)
        judged: tuple[compare.Judged, ...] = ()
    else:
        _require(prepared, after, second, limits, " fixed")
        if not compare.same_data(before, after):
            raise CannotRun(
                f"{prepared.script} sees other data each time, in spite of the seed: nothing to compare"
            )
        idle = {line.number for line in prepared.before.sources} - before.ran
        judged = tuple(
            compare.judge(finding, before, Record() if number in idle else after)
            for number, finding in enumerate(prepared.findings)
        )
        if not any(each.reached for each in judged):
            raise CannotRun(
                f"{prepared.script}: this run did not train the model that the findings are about"
            )
        if not any(each.proven for each in judged):
            raise CannotRun(f"{prepared.script}: no loss was seen with the same weights before and after")
        checks = compare.common(before, after)
    every = [*checks, *(check for each in judged for check in each.checks)]
    if status(every) == BROKEN:
        again, third = runs.run(prepared.before, "as written, again", "as written")
        if third.how != "failed" and not compare.repeats(before, again):
            raise CannotRun(f"{prepared.script} computes something else each time, in spite of the seed")
    drifts = [each.drift for each in after.weights if not each.first]
    follows = all(each.kind in ("unstable", "redundant") for each in prepared.findings)
    drift = max(drifts) if drifts and follows else None
    return Outcome(prepared, judged, checks, first, second, drift, status(every))


def _require(prepared: Prepared, record: Record, ended: Ended, limits: Limits, how: str) -> None:
    """Raises CannotRun for a run that says nothing about the fix."""
    name = f"{prepared.script}{how}"
    if ended.how == "failed":
        sys.stderr.write("".join(f"    {line}\n" for line in ended.tail))
        raise CannotRun(f"{name} fails by itself: {ended.reason}")
    if record.watched():
        return
    if ended.how == "timeout":
        raise CannotRun(f"{name} evaluated no loss with a finding within {limits.timeout:g} s; see --timeout")
    if ended.how == "memory":
        raise CannotRun(f"{name} needs more than {limits.memory} MB; see --memory")
    if record.troubles:
        raise CannotRun(f"{name}: a loss could not be measured: {record.troubles[0]}")
    raise CannotRun(f"{name} came to its end without evaluating a loss with a finding")


def _last(ended: Ended) -> str:
    return f"the fixed program fails: {ended.reason}"


def _note(text: str, request: ScriptRequest) -> None:
    if not request.display.quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
