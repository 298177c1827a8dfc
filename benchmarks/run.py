"""How long softmax-lint takes, in multiples of ruff on the same files in the same run.

    python benchmarks/run.py [--trees timm,project] [--rounds 5] [--variants cold,warm] [--tools ruff,pylint]
                             [--limit 120] [--folder FOLDER] [--laid-out FOLDER] [--wheels FOLDER]
                             [--write docs/speed.md]

Lays out the trees and installs the other programs below `--folder`, each in an environment of its own. Then runs
all programs in turn, round by round, so that whatever else the machine does hits all of them alike. Prints one row
for each tree and program: the ratio of medians and of minima to ruff's, wall and CPU seconds, and the memory of the
largest process. A run that takes longer than `--limit` seconds is ended and not repeated; one that takes longer than
a quarter of that is not repeated either. `--laid-out` has trees that need not be made, `--wheels` packages that need
not be downloaded, `--installed` a folder with one environment for each program. `--write` puts the table between the
marks in a page.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import competitors
from corpora import TREES, lay_out

OURS = ("-m", "softmax_lint", "check", "--isolated", "--quiet", "--no-respect-gitignore")
# What semgrep gets to do: find a call of a cross-entropy.
SEMGREP_RULE = """
rules:
  - id: cross-entropy
    languages: [python]
    severity: WARNING
    message: a cross-entropy
    pattern: $X.cross_entropy(...)
"""
# Slower by a factor of a hundred: these see every twentieth file.
SAMPLED = frozenset({"torchfix", "fixit", "pylint"})
EVERY = 20
# So much longer may a run take that is not measured.
FILLING = 10
HEAD = "| tree | program | median | min | wall | CPU | memory |\n|---|---|---:|---:|---:|---:|---:|"
MARKS = ("<!-- measured: benchmarks/run.py -->", "<!-- end -->")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: wall and CPU seconds, the memory of its largest process in megabytes."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True)
class Program:
    """What is measured: `command` runs in a folder; `prepare` is called before each run and not measured. The first
    run of one that `fills` a cache may take as long as it needs, within reason, and does not count.
    """

    name: str
    command: Sequence[str]
    prepare: Callable[[], None] = lambda: None
    sampled: bool = False
    fills: bool = False


class TooSlow(Exception):
    """A run did not end within its time."""


def measure(program: Program, folder: Path, limit: float) -> Run:
    """Run a program in a folder. Raises TooSlow after `limit` seconds, RuntimeError when it could not do its job."""
    program.prepare()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles a program for every run
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*program.command],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        # Whatever it has started goes with it.
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if wall >= limit:
            raise TooSlow
        if process.returncode not in (0, 1):
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-400:]
            raise RuntimeError(f"{program.name} ended with {process.returncode}: {text}")
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def row(tree: str, name: str, runs: Sequence[Run], ruff: Sequence[Run], limit: float) -> str:
    """One row of the table; without `runs` that of a program that took longer than `limit` seconds."""
    if not runs:
        base = median(run.wall for run in ruff)
        return f"| {tree} | {name} | > {limit / base:.0f} × | | over {limit:.0f} s | | |"
    walls, base_walls = [run.wall for run in runs], [run.wall for run in ruff]
    cells = (
        tree,
        name,
        f"{median(walls) / median(base_walls):.2f} ×",
        f"{min(walls) / min(base_walls):.2f} ×",
        f"{median(walls):.2f} s",
        f"{median(run.cpu for run in runs):.2f} s",
        f"{max(run.memory for run in runs):.0f} MB",
    )
    return "| " + " | ".join(cells) + " |"


def variants(names: Sequence[str], folder: Path, cache: Path) -> Iterator[Program]:
    """softmax-lint in the ways it is used. `cache` is filled by the first run that is thrown away."""
    ours = (sys.executable, *OURS)
    largest, *_ = files = files_with_loss(folder)
    middle = files[len(files) // 2]

    def touch(changed: Path) -> None:
        # Blank lines at the end are no change to a notebook's code, and one to its bytes.
        more = "\n" if changed.suffix == ".ipynb" else "# changed\n"
        changed.write_text(f"{changed.read_text(encoding='utf-8')}{more}", encoding="utf-8")

    known = {
        "cold": Program("cold", (*ours, "--no-cache", ".")),
        "warm": Program("warm", (*ours, "--cache-dir", str(cache), "."), fills=True),
        "largest": Program(
            "largest changed", (*ours, "--cache-dir", str(cache), "."), partial(touch, largest), fills=True
        ),
        "changed": Program(
            "one file changed", (*ours, "--cache-dir", str(cache), "."), partial(touch, middle), fills=True
        ),
        "given": Program("one file given", (*ours, "--no-cache", str(middle))),
        "fix": Program("--fix --diff", (*ours, "--no-cache", "--fix", "--diff", ".")),
        "reference": Program("--reference", (*ours, "--no-cache", "--reference", ".")),
        "one": Program("one clean file", (*ours, "--no-cache", str(clean_file(cache.parent)))),
    }
    yield from (known[name] for name in names)


def files_with_loss(folder: Path) -> list[Path]:
    """The files that spell a cross-entropy, or all where none does, the largest first: a change of it costs most."""
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".ipynb")]
    files.sort(key=lambda path: (-path.stat().st_size, path))
    return [p for p in files if b"ross_entropy" in p.read_bytes() or b"ossEntropy" in p.read_bytes()] or files


def clean_file(folder: Path) -> Path:
    """A project of one file that has nothing to do with models."""
    place = folder / "clean"
    place.mkdir(exist_ok=True)
    (place / "pyproject.toml").touch()
    (place / "clean.py").write_text("import os\n\nprint(os.getcwd())\n", encoding="utf-8")
    return place / "clean.py"


def tools(names: Sequence[str], installed: Path, scratch: Path) -> Iterator[Program]:
    """Other linters, with one rule each where they have a choice; those that cannot be installed are left out."""
    rule = scratch / "rule.yml"
    rule.write_text(SEMGREP_RULE, encoding="utf-8")
    known = {
        "ruff": ("check", "--no-cache", "--quiet", "--isolated", "--no-respect-gitignore", "--select", "F", "."),
        "torchfix": ("--select", "ALL", "."),
        "semgrep": ("scan", "--config", str(rule), "--metrics=off", "--disable-version-check", "--quiet",
                    "--no-git-ignore", "."),
        "fixit": ("--quiet", "--rules", "fixit.rules.use_fstring", "lint", "."),
        "pylint": ("--disable=all", "--enable=unused-import", "--recursive=y", "--exit-zero", "-j2", "."),
    }  # fmt: skip
    for name in names:
        try:
            found = competitors.install(name, installed) / name
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"{name} could not be installed: {error}\n")
        else:
            yield Program(name, (str(found), *known[name]), sampled=name in SAMPLED)


@contextmanager
def copied(folder: Path, every: int) -> Iterator[Path]:
    """A copy of every so many files of a tree, which a run may change."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made).resolve() / folder.name
        (place / "pyproject.toml").parent.mkdir()
        (place / "pyproject.toml").touch()
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".ipynb"))
        for path in files[::every]:
            target = place / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        yield place


def rows(tree: str, source: Path, given: argparse.Namespace) -> Iterator[str]:
    """The rows of a tree, in two groups: on all of it, and on the sample that slow tools get."""
    others = [name for name in given.tools.split(",") if name and name != "ruff"]
    names = [name for name in given.variants.split(",") if name]
    for every, sampled in ((1, False), (EVERY, True)):
        wanted = [name for name in others if (name in SAMPLED) == sampled]
        if sampled and not wanted:
            continue
        with copied(source, every) as folder, tempfile.TemporaryDirectory() as made:
            scratch = Path(made).resolve()
            programs = [*tools(["ruff"], given.installed, scratch)]
            programs += variants(["cold"] if sampled else names, folder, scratch / "cache")
            programs += tools(wanted, given.installed, scratch)
            title = f"{tree}, every {EVERY}th file" if sampled else tree
            runs = rounds(programs, folder, given.rounds, given.limit)
            for program in programs:
                if program.name not in runs:
                    continue
                yield row(title, program.name, runs[program.name], runs["ruff"], given.limit)


def rounds(programs: Sequence[Program], folder: Path, count: int, limit: float) -> dict[str, list[Run]]:
    """The runs of all programs that could do their job, in turn; none of one that is too slow, one of one that is
    slow.
    """
    runs: dict[str, list[Run]] = {program.name: [] for program in programs}
    again = []
    for program in programs:
        try:
            # Files into memory, byte code onto the disk, answers into the cache.
            first = measure(program, folder, limit * (FILLING if program.fills else 1))
        except TooSlow:
            continue
        except RuntimeError as error:
            sys.stderr.write(f"{error}\n")
            del runs[program.name]
            continue
        if first.wall > limit / 4 and not program.fills:
            runs[program.name].append(first)
        else:
            again.append(program)
    time.sleep(2.5)  # files count as settled
    for _ in range(count):
        for program in again:
            with suppress(TooSlow):
                runs[program.name].append(measure(program, folder, limit))
    return runs


def write(page: Path, table: str) -> None:
    """Put a table between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trees", default=",".join(TREES))
    parser.add_argument("--variants", default="cold,warm,changed,largest,given,fix,reference,one")
    parser.add_argument("--tools", default="ruff,semgrep,torchfix,fixit,pylint")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120, help="seconds that a run may take")
    parser.add_argument("--wheels", type=Path, help="a folder with packages that need no download")
    parser.add_argument("--laid-out", type=Path, help="a folder with trees that need not be made")
    parser.add_argument("--installed", type=Path, help="a folder with environments of other programs")
    parser.add_argument("--write", type=Path, help="a page to put the table into")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--folder", type=Path, default=cache / "softmax-lint-benchmarks")
    given = parser.parse_args()
    given.installed = (given.installed or given.folder / "programs").absolute()
    print(HEAD)
    table = [HEAD]
    loads = [os.getloadavg()[0]]
    for tree in given.trees.split(","):
        made = given.laid_out / tree if given.laid_out and (given.laid_out / tree).is_dir() else None
        for line in rows(tree, made or lay_out(tree, given.folder, given.wheels), given):
            print(line, flush=True)
            table.append(line)
        loads.append(os.getloadavg()[0])
    ruff = competitors.PACKAGES["ruff"][0].replace("==", " ")
    about = f"Python {platform.python_version()}, {ruff}, {os.cpu_count()} processors, {given.rounds} rounds"
    table.append(f"\n{about}; load average {min(loads):.1f} to {max(loads):.1f}")
    print(table[-1])
    if given.write:
        write(given.write, "\n".join(table))


if __name__ == "__main__":
    main()
