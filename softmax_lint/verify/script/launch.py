"""Run one version of a program in a process of its own, within limits."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from softmax_lint.verify.script.prepare import Line, Watched

# What the last lines of a program that died may hold.
TAIL_LINES = 12
_ERROR = re.compile(r"[\w.]*(?:Error|Exception|Exit|Interrupt)\b")
_RELATIVE = re.compile(r"^[ \t]*from[ \t]+\.", re.M)


@dataclass(frozen=True, slots=True)
class Limits:
    """`steps` evaluations of one loss, seconds, megabytes."""

    steps: int
    timeout: float
    memory: int
    seed: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `how` is done (the program or its steps came to an end), failed, timeout or memory."""

    how: str
    seconds: float
    tail: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The line that says what happened, most likely."""
        errors = [line for line in self.tail if _ERROR.match(line)]
        return (errors or [*self.tail] or ["without a word"])[-1].strip()


@dataclass(frozen=True, slots=True)
class Job:
    """What to run. `script` and `cwd` are absolute, in the copy at `root`; `record` is the folder that the run
    fills, `reference` that of another run. `sources` are lines of which it matters
    whether they ran. `follow`: see `inside.recorder`."""

    root: str
    script: str
    cwd: str
    args: tuple[str, ...]
    losses: Sequence[Watched]
    logarithms: Sequence[Watched]
    sources: Sequence[Line]
    record: str
    reference: str | None
    follow: bool


def launch(job: Job, limits: Limits) -> Ended:
    """Run a job and wait for it. Whatever it started ends with it."""
    os.makedirs(job.record)
    plan = os.path.join(job.record, "plan.json")
    with open(plan, "w", encoding="utf-8") as file:
        json.dump(_plan(job, limits), file)
    began = time.monotonic()
    errors = os.path.join(job.record, "stderr")
    code = "import sys; from softmax_lint.verify.script.inside.start import main; main(sys.argv[1])"
    with open(errors, "wb") as stderr, open(os.path.join(job.record, "stdout"), "wb") as stdout:
        process = subprocess.Popen(
            [sys.executable, "-c", code, plan],
            cwd=job.cwd,
            env=_environment(limits),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(limits.timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
    return Ended(_how(status, errors), time.monotonic() - began, _tail(errors, job.root))


def _plan(job: Job, limits: Limits) -> dict[str, object]:
    module, folder = _module(job.script)
    return {
        "script": job.script,
        "args": job.args,
        "root": job.root,
        "module": module,
        "module_folder": folder,
        "notebook": job.script.endswith(".ipynb.py"),
        "losses": [list(asdict(each).values()) for each in job.losses],
        "logarithms": [list(asdict(each).values()) for each in job.logarithms],
        "sources": [list(asdict(each).values()) for each in job.sources],
        "record": job.record,
        "reference": job.reference,
        "follow": job.follow,
        **asdict(limits),
    }


def _module(script: str) -> tuple[str | None, str]:
    """A script of a package that imports relatively runs as a module: its name, and where the package is."""
    folder = os.path.dirname(script)
    with open(script, encoding="utf-8", errors="replace") as file:
        relative = _RELATIVE.search(file.read()) is not None
    if not relative or not os.path.isfile(os.path.join(folder, "__init__.py")):
        return None, folder
    parts = [os.path.basename(script).removesuffix(".py")]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    return ".".join(parts), folder


def _environment(limits: Limits) -> dict[str, str]:
    own = str(Path(os.path.abspath(__file__)).parents[3])
    given = os.environ.get("PYTHONPATH")
    one = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    # Where the linter is not installed it is found as it was by this process, after all of the user's paths.
    added = "site-packages" not in own
    return {
        **os.environ,
        **one,
        **({"PYTHONPATH": f"{given}{os.pathsep}{own}" if given else own} if added else {}),
        "PYTHONHASHSEED": str(limits.seed % 2**32),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_DETERMINISTIC_OPS": "1",
        "MPLBACKEND": "Agg",
        "WANDB_MODE": "disabled",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started: it leads a group of its own."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _how(status: int | None, errors: str) -> str:
    if status is None or status == -getattr(signal, "SIGXCPU", 24):
        return "timeout"
    if status == 0:
        return "done"
    with open(errors, encoding="utf-8", errors="replace") as file:
        last = file.read()[-4000:]
    full = (
        "MemoryError",
        "std::bad_alloc",
        "can't allocate memory",
        "OOM when allocating",
        "ResourceExhausted",
    )
    return "memory" if any(word in last for word in full) else "failed"


def _tail(errors: str, root: str) -> tuple[str, ...]:
    with open(errors, encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip() for line in file.read().replace(root + os.sep, "").splitlines()]
    return tuple(line for line in lines if line.strip())[-TAIL_LINES:]
