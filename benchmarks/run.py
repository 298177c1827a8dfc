"""How long softmax-lint takes, in multiples of ruff on the same files in the same run.

    python benchmarks/run.py [--trees timm,project] [--rounds 5] [--variants cold,warm] [--tools ruff,pylint]
                             [--folder FOLDER] [--bin FOLDER] [--wheels FOLDER] [--write docs/speed.md]

Lays out the trees, then runs all programs in turn, round by round, so that whatever else the machine does hits
all of them alike. Prints one row for each tree and program: the ratio of medians and of minima to ruff's, wall
and CPU seconds, and the memory of the largest process. A program that is not installed is left out; `--bin` names
a folder with more of them. `--write` puts the table between the marks in a page.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
    """What is measured: `command` runs in a folder; `prepare` is called before each run and not measured."""

    name: str
    command: Sequence[str]
    prepare: Callable[[], None] = lambda: None
    sampled: bool = False


def measure(program: Program, folder: Path) -> Run:
    """Run a program in a folder. Raises RuntimeError when it could not do its job."""
    program.prepare()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*program.command], cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-400:]
            raise RuntimeError(f"{program.name} ended with {process.returncode}: {text}")
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def row(tree: str, name: str, runs: Sequence[Run], ruff: Sequence[Run]) -> str:
    walls, base = [run.wall for run in runs], [run.wall for run in ruff]
    cells = (
        tree,
        name,
        f"{median(walls) / median(base):.2f} ×",
        f"{min(walls) / min(base):.2f} ×",
        f"{median(walls):.2f} s",
        f"{median(run.cpu for run in runs):.2f} s",
        f"{max(run.memory for run in runs):.0f} MB",
    )
    return "| " + " | ".join(cells) + " |"


def variants(names: Sequence[str], folder: Path, cache: Path) -> Iterator[Program]:
    """softmax-lint in the ways it is used. `cache` is filled by the first run that is thrown away."""
    ours = (sys.executable, *OURS)
    changed = largest_with_loss(folder)

    def touch() -> None:
        changed.write_text(f"{changed.read_text(encoding='utf-8')}# changed\n", encoding="utf-8")

    known = {
        "cold": Program("cold", (*ours, "--no-cache", ".")),
        "warm": Program("warm", (*ours, "--cache-dir", str(cache), ".")),
        "changed": Program("one file changed", (*ours, "--cache-dir", str(cache), "."), touch),
        "fix": Program("--fix --diff", (*ours, "--no-cache", "--fix", "--diff", ".")),
        "reference": Program("--reference", (*ours, "--no-cache", "--reference", ".")),
        "one": Program("one clean file", (*ours, "--no-cache", str(clean_file(cache.parent)))),
    }
    yield from (known[name] for name in names)


def largest_with_loss(folder: Path) -> Path:
    """A file whose change costs much: the largest script that spells a cross-entropy."""
    scripts = sorted(folder.rglob("*.py"), key=lambda path: (-path.stat().st_size, path))
    return next(
        (p for p in scripts if b"ross_entropy" in p.read_bytes() or b"ossEntropy" in p.read_bytes()),
        scripts[0],
    )


def clean_file(folder: Path) -> Path:
    """A project of one file that has nothing to do with models."""
    place = folder / "clean"
    place.mkdir(exist_ok=True)
    (place / "pyproject.toml").touch()
    (place / "clean.py").write_text("import os\n\nprint(os.getcwd())\n", encoding="utf-8")
    return place / "clean.py"


def tools(names: Sequence[str], binaries: str | None, scratch: Path) -> Iterator[Program]:
    """Other linters, with one rule each where they have a choice."""
    path = os.pathsep.join(filter(None, (binaries, str(Path(sys.executable).parent), os.environ.get("PATH"))))
    rule = scratch / "rule.yml"
    rule.write_text(SEMGREP_RULE, encoding="utf-8")
    known = {
        "ruff": ("check", "--no-cache", "--quiet", "--isolated", "--select", "F", "."),
        "torchfix": ("--select", "ALL", "."),
        "semgrep": ("scan", "--config", str(rule), "--metrics=off", "--disable-version-check", "--quiet",
                    "--no-git-ignore", "."),
        "fixit": ("--quiet", "--rules", "fixit.rules.use_fstring", "lint", "."),
        "pylint": ("--disable=all", "--enable=unused-import", "--recursive=y", "--exit-zero", "-j2", "."),
    }  # fmt: skip
    for name in names:
        found = shutil.which(name, path=path)
        if found is None:
            sys.stderr.write(f"{name} is not installed\n")
        else:
            yield Program(name, (found, *known[name]), sampled=name in SAMPLED)


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
    for every, wanted in ((1, False), (EVERY, True)):
        with copied(source, every) as folder, tempfile.TemporaryDirectory() as made:
            scratch = Path(made).resolve()
            programs = [*tools(["ruff"], given.bin, scratch)]
            inside = [p for p in tools(others, given.bin, scratch) if p.sampled == wanted]
            names = [name for name in given.variants.split(",") if name]
            if wanted and not inside:
                continue
            programs += variants(["cold"] if wanted else names, folder, scratch / "cache")
            programs += inside
            runs: dict[str, list[Run]] = {program.name: [] for program in programs}
            for program in programs:
                measure(program, folder)  # files into memory, byte code onto the disk, answers into the cache
            time.sleep(2.5)  # files count as settled
            for _ in range(given.rounds):
                for program in programs:
                    runs[program.name].append(measure(program, folder))
            title = f"{tree}, every {EVERY}th file" if wanted else tree
            for program in programs:
                yield row(title, program.name, runs[program.name], runs["ruff"])


def write(page: Path, table: str) -> None:
    """Put a table between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trees", default=",".join(TREES))
    parser.add_argument("--variants", default="cold,warm,changed,fix,one")
    parser.add_argument("--tools", default="ruff,semgrep,torchfix,fixit,pylint")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bin", help="a folder with more programs")
    parser.add_argument("--wheels", type=Path, help="a folder with packages that need no download")
    parser.add_argument("--write", type=Path, help="a page to put the table into")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--folder", type=Path, default=cache / "softmax-lint-benchmarks")
    given = parser.parse_args()
    print(HEAD)
    table = [HEAD]
    for tree in given.trees.split(","):
        for line in rows(tree, lay_out(tree, given.folder, given.wheels), given):
            print(line, flush=True)
            table.append(line)
    version = subprocess.run(
        [sys.executable, "-m", "ruff", "--version"], capture_output=True, text=True, check=True
    )
    about = f"Python {platform.python_version()}, {version.stdout.strip()}, {os.cpu_count()} processors, "
    table.append(f"\n{about}{given.rounds} rounds")
    if given.write:
        write(given.write, "\n".join(table))


if __name__ == "__main__":
    main()
