"""Whether rewrites that keep a program's meaning change what is said about it, on whole repositories.

    python benchmarks/metamorphic.py FOLDER…

Rewrites that look at one file alone (the interpreter's own spelling; parentheses and comments) are applied to all
files of a folder at once. The others (new names, statements wrapped in a function, a definition that moves to a file
of its own) are applied to each file that mentions a loss, which is then a project of its own. Prints a line for each
difference and one for each folder; exits with 1 when there is a difference.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from softmax_lint import project, rules
from softmax_lint.config import Settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from transformations import ALL, LOCAL, MAIN, Files, keep

CODES = frozenset(rule.code for rule in rules.RULES)
TOKENS = (
    "ross_entropy",
    "rossentropy",
    "CrossEntropy",
    "NLLLoss",
    "nll_loss",
    "BCE",
    "binary_cross",
    "compile(",
)
Rewrite = Callable[[str], Files | None]


def main(arguments: list[str]) -> int:
    """Compare the folders; 0 when nothing differs, 1 when something does, 2 without folders."""
    if not arguments:
        print(__doc__)
        return 2
    warnings.simplefilter("ignore")
    differences = 0
    for name in arguments:
        folder = Path(name).resolve()
        started = time.perf_counter()
        tried, different = Counter[str](), Counter[str]()
        for rewrite, what, before, after in _cases(folder):
            tried[rewrite] += 1
            if before != after:
                different[rewrite] += 1
                print(f"  {rewrite} {what}: {_changes(before, after)}", flush=True)
        differences += sum(different.values())
        counts = ", ".join(f"{key} {different[key]} of {count}" for key, count in sorted(tried.items()))
        print(
            f"{folder.parent.name}/{folder.name}: differences: {counts} ({time.perf_counter() - started:.0f} s)"
        )
    return 1 if differences else 0


def _cases(folder: Path) -> Iterator[tuple[str, str, Counter[str], Counter[str]]]:
    """(rewrite, what was rewritten, what is said before, and after)"""
    texts = dict(_readable(folder))
    before = _said({path: {MAIN: text} for path, text in texts.items()}, folder)
    for rewrite in LOCAL:
        after = _said({path: _rewritten(rewrite, text) for path, text in texts.items()}, folder)
        yield rewrite.__name__, "all files", before, after
    for path, text in texts.items():
        if not any(token in text for token in TOKENS):
            continue
        alone = _said({path: keep(text) or {}}, path.parent)
        for rewrite in ALL:
            files = rewrite(text) if rewrite not in LOCAL else None
            if files is not None:
                yield (
                    rewrite.__name__,
                    str(path.relative_to(folder)),
                    alone,
                    _said({path: files}, path.parent),
                )


def _readable(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files that can be rewritten: UTF-8, and of this version of Python; notebooks as scripts."""
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.ipynb")]):
        try:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                path, text = path.with_suffix(".notebook.py"), _script(text)
            compile(text, str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, KeyError, OSError, RecursionError):
            continue
        yield path, text


def _script(notebook: str) -> str:
    """The code cells of a notebook, without what is not Python in them."""
    cells = [each["source"] for each in json.loads(notebook)["cells"] if each["cell_type"] == "code"]
    lines = "\n".join("".join(cell) for cell in cells).split("\n")
    return "\n".join("pass" if line.startswith(("%", "!")) else line for line in lines) + "\n"


def _rewritten(rewrite: Rewrite, text: str) -> Files:
    try:
        return rewrite(text) or {MAIN: text}
    except (SyntaxError, ValueError, RecursionError):
        return {MAIN: text}


def _said(files: Mapping[Path, Files], base: Path) -> Counter[str]:
    """How often each code and each verdict is given, wherever it is."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        (top / "softmax-lint.toml").touch()
        for path, parts in files.items():
            home = top / path.relative_to(base).parent
            home.mkdir(parents=True, exist_ok=True)
            for part, text in parts.items():
                (home / (path.name if part == MAIN else part)).write_text(text, encoding="utf-8")
        settings = Settings(name, selected=CODES, opted_in=CODES, cache=False)
        report = project.check([name], settings=settings)
    said = Counter(each.code for each in report.diagnostics)
    said.update(f"{each.verdict} {' '.join(sorted(each.codes))}".strip() for each in report.verdicts)
    said["failures"] = len(report.failures)
    return +said


def _changes(before: Counter[str], after: Counter[str]) -> str:
    lost, found = before - after, after - before
    return f"lost {dict(lost)}, found {dict(found)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
