"""What `--fix --unsafe-fixes` does to real repositories, and whether it keeps its promises.

    python benchmarks/fixes.py [--limit 300] [--diffs FILE] [--goal 85] REPOSITORY…

Copies each repository, checks it, fixes the copy, and checks and fixes it again, in a process of its own with a
limit in seconds. Prints what was applied and refused, by rule and reason, and every broken promise: a file that
does not parse, a finding that stayed or came, a loss that is judged worse, a changed line outside the statements
that the finding is about, a second run that changes something. Ends with 1 when a promise was broken or too few
of the findings were fixed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from softmax_lint import fixer, project, scope
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Place, Report, Verdict
from softmax_lint.edits.replace import replace_all
from softmax_lint.edits.written import text_of
from softmax_lint.fixer import Fixed
from softmax_lint.judging import Examined, Joint
from softmax_lint.lines import reader
from softmax_lint.memory import Memory
from softmax_lint.rules import RULES
from softmax_lint.source import from_bytes
from softmax_lint.suppression import apply

# The rules whose findings count as fixable where both ends are literals in the project.
CODES = (
    "SML001", "SML002", "SML003", "SML004", "SML005", "SML006", "SML101", "SML102", "SML103", "SML106", "SML401",
)  # fmt: skip
_RANK = {"finding": 0, "undecided": 1, "not-judged": 2, "ok": 3}
Result = dict[str, Any]
Line = tuple[str, int, int]  # file, cell (0 for none), row


# One repository, in a process of its own.


def try_fixes(folder: str) -> Result:
    """Fix a folder in place and say what happened, as plain data for JSON."""
    settings = Settings(folder, selected=frozenset(rule.code for rule in RULES), respect_gitignore=False)
    names = scope.expand([folder], settings)
    memory = Memory(None)

    def examine(overlay: Mapping[str, bytes]) -> Examined:
        return project.examine(names, settings=settings, overlay=overlay or None, memory=memory)

    def choose(report: Report, overlay: Mapping[str, bytes]) -> Report:
        return apply(report, names, settings, RULES, reader(dict(overlay))).report

    started = time.perf_counter()
    before = examine({})
    first = choose(before.report, {})
    checked = time.perf_counter()
    outcome = fixer.fix(examine, choose, reader({}), names, unsafe=True)
    fixed = time.perf_counter()
    _, stale = replace_all(outcome.groups, outcome.files, outcome.before)
    memory = Memory(None)
    after = examine({})
    again = fixer.fix(examine, choose, reader({}), names, unsafe=True)
    last = choose(after.report, {})
    broken = [f"not written: {name}" for name in stale]
    broken += [f"a second run changes {name}" for name in again.files]
    broken += [f"a second run fixes {each.diagnostic.code}" for each in again.applied]
    broken += list(_unparsable(outcome))
    broken += list(_strangers(outcome, before.joints))
    moved = _Moved(outcome)
    broken += list(_worse(before.report, after.report, moved))
    broken += list(_stayed(first, last, outcome, moved))
    found = Counter(each.code for each in first.diagnostics)
    left = Counter(each.code for each in last.diagnostics)
    return {
        "found": found,
        "left": left,
        "applied": Counter(f"{each.diagnostic.code} {each.fix.applicability}" for each in outcome.applied),
        "refused": [(each.code, why, _spot(each.place, folder)) for each, why in outcome.refused],
        "broken": [each.replace(folder + os.sep, "") for each in broken],
        "seconds": [round(checked - started, 1), round(fixed - checked, 1)],
        "diff": "".join(_diff(outcome, folder)),
    }


def _spot(place: Place, folder: str) -> str:
    cell = f"{place.cell}:" if place.cell is not None else ""
    return f"{os.path.relpath(place.filename, folder)}:{cell}{place.row}"


def _diff(outcome: Fixed, folder: str) -> Iterator[str]:
    for name in sorted(outcome.files):
        label = os.path.relpath(name, folder)
        old = text_of(name, outcome.before[name]).splitlines(keepends=True)
        new = text_of(name, outcome.files[name]).splitlines(keepends=True)
        for line in difflib.unified_diff(old, new, label, label, n=4):
            yield line if line.endswith("\n") else f"{line}\n"


def _cells(name: str, data: bytes) -> dict[int, str]:
    return {cell.index or 0: cell.text for cell in from_bytes(name, data).cells}


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _unparsable(outcome: Fixed) -> Iterator[str]:
    for name, data in outcome.files.items():
        if name.endswith(".ipynb"):
            old, new = json.loads(outcome.before[name]), json.loads(data)
            if _without_sources(old) != _without_sources(new):
                yield f"{name}: more than sources of cells changed"
        cells = _cells(name, data)
        for number, text in _cells(name, outcome.before[name]).items():
            if _parses(text) and not _parses(cells[number]):
                yield f"{name}:{number} does not parse any more"


def _without_sources(node: object) -> object:
    if isinstance(node, dict):
        return {key: _without_sources(value) for key, value in node.items() if key not in ("source", "input")}
    return [_without_sources(each) for each in node] if isinstance(node, list) else node


class _Moved:
    """Where lines of changed files went."""

    def __init__(self, outcome: Fixed) -> None:
        self.rows: dict[tuple[str, int], dict[int, int]] = {}
        self.changed: dict[tuple[str, int], set[int]] = {}
        for name, data in outcome.files.items():
            new = _cells(name, data)
            for number, text in _cells(name, outcome.before[name]).items():
                self._follow((name, number), text.split("\n"), new[number].split("\n"))

    def _follow(self, key: tuple[str, int], old: list[str], new: list[str]) -> None:
        rows = self.rows[key] = {}
        changed = self.changed[key] = set()
        for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            for offset in range(b - a):
                rows[a + offset + 1] = min(c + offset, max(d - 1, c)) + 1
                if tag != "equal":
                    changed.add(a + offset + 1)
            if tag == "insert" and any(not _is_import(line) for line in new[c:d]):
                changed.add(a)

    def line(self, place: Place) -> Line:
        known = self.rows.get((place.filename, place.cell or 0), {})
        return place.filename, place.cell or 0, known.get(place.row, place.row)


def _is_import(line: str) -> bool:
    return line.lstrip().startswith(("import ", "from "))


def _worse(before: Report, after: Report, moved: _Moved) -> Iterator[str]:
    """Losses by their order in each cell: no verdict may get worse, none may go."""
    was, now = _by_cell(before.verdicts), _by_cell(after.verdicts)
    for key, verdicts in was.items():
        others = now.get(key, [])
        where = f"{key[0]}:{key[1]}"
        if len(others) != len(verdicts):
            yield f"{where}: {len(verdicts)} losses became {len(others)}"
            continue
        for old, new in zip(verdicts, others, strict=True):
            if _RANK[new.verdict] < _RANK[old.verdict]:
                yield f"{where}:{old.place.row}: {old.verdict} became {new.verdict} ({new.reason})"
            if moved.line(old.place)[2] != new.place.row:
                yield f"{where}:{old.place.row}: the loss is in row {new.place.row} now"


def _by_cell(verdicts: Iterable[Verdict]) -> dict[tuple[str, int], list[Verdict]]:
    found = defaultdict(list)
    for verdict in verdicts:
        found[verdict.place.filename, verdict.place.cell or 0].append(verdict)
    return found


def _stayed(first: Report, last: Report, outcome: Fixed, moved: _Moved) -> Iterator[str]:
    """Findings that are left must be those that were refused, and each of them was there before."""
    had = Counter((each.code, moved.line(each.place)) for each in first.diagnostics)
    has = Counter(
        (each.code, (each.place.filename, each.place.cell or 0, each.place.row)) for each in last.diagnostics
    )
    for (code, line), count in (has - had).items():
        yield f"{line[0]}:{line[1]}:{line[2]}: {count} new {code}"
    done = Counter(each.diagnostic.code for each in outcome.applied)
    for code, count in Counter(each.code for each in first.diagnostics).items():
        gone = count - sum(number for (name, _), number in has.items() if name == code)
        # A second round may have fixed what the first one uncovered.
        if gone < min(done[code], count):
            yield f"{done[code]} {code} were fixed, {gone} are gone"


def _strangers(outcome: Fixed, joints: Sequence[Joint]) -> Iterator[str]:
    """Changed lines in statements without an end, a use or an import of what was fixed."""
    allowed = {line for place in _concerned(outcome, joints) for line in _lines(place)}
    moved = _Moved(outcome)
    for (name, number), rows in moved.changed.items():
        text = _cells(name, outcome.before[name])[number]
        new = _cells(name, outcome.files[name])[number].split("\n")
        statements = _statements(text)
        if statements is None:
            continue
        for row in sorted(rows):
            line = text.split("\n")[row - 1] if row else ""
            span = next((each for each in statements if each[0] <= row <= each[1]), (row, row, ""))
            if span[2] in ("Import", "ImportFrom") or not line.strip() or line.lstrip().startswith("#"):
                continue
            at = moved.rows[name, number].get(row, 1) - 1
            if _wraps(line, new[at] if at < len(new) else ""):
                continue
            if not any((name, number, each) in allowed for each in range(span[0], span[1] + 1)):
                yield f"{name}:{number}:{row} has nothing to do with the finding: {line.strip()[:60]}"


def _wraps(old: str, new: str) -> bool:
    """Whether a line only got the removed activation around a part of it: the output is used there."""
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    added = "".join(new[c:d] for tag, _, _, c, d in steps if tag == "insert").lower()
    return all(tag in ("equal", "insert") for tag, *_ in steps) and any(
        name in added for name in ("softmax", "sigmoid", "torch.exp(")
    )


def _concerned(outcome: Fixed, joints: Sequence[Joint]) -> set[Place]:
    found: set[Place] = set()
    for each in outcome.applied:
        found |= {each.diagnostic.place, *(other.place for other in each.diagnostic.related)}
    while True:
        more = set(found)
        for joint in joints:
            ends = {joint.source, joint.sink} - {None}
            if ends & more:
                places = (joint.source, joint.sink, joint.application, joint.setting, joint.built)
                more |= {place for place in places if place is not None}
        if more == found:
            return found
        found = more


def _lines(place: Place) -> Iterator[Line]:
    for row in range(place.row, place.end_row + 1):
        yield place.filename, place.cell or 0, row


def _statements(text: str) -> list[tuple[int, int, str]] | None:
    """First and last row and kind of simple statements and of the heads of others, the inner ones first."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno or node.lineno
            found.append((node.lineno, max(end, node.lineno), type(node).__name__))
    return sorted(found, key=lambda each: each[1] - each[0])


# All of them.


def run(repository: Path, limit: float) -> Result | str:
    """What happened to a copy of a repository, or why nothing is known of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / repository.name
        shutil.copytree(repository, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        command = [sys.executable, __file__, "--one", str(copy)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return f"took more than {limit:.0f} s"
    if done.returncode:
        return done.stderr.decode()[-2000:]
    result: Result = json.loads(done.stdout)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--limit", type=float, default=300, help="seconds for one repository")
    parser.add_argument("--diffs", type=Path, help="a file for all diffs")
    parser.add_argument("--goal", type=float, default=85, help="percentage of findings that have to be fixed")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        json.dump(try_fixes(str(options.repositories[0])), sys.stdout)
        return 0
    found: Counter[str] = Counter()
    left: Counter[str] = Counter()
    applied: Counter[str] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    broken = failed = 0
    diffs = options.diffs.open("w", encoding="utf-8") if options.diffs is not None else None
    for repository in options.repositories:
        result = run(repository, options.limit)
        name = "/".join(repository.resolve().parts[-2:])
        if isinstance(result, str):
            failed += 1
            print(f"{name}: {result}", flush=True)
            continue
        wanted = {code: count for code, count in result["found"].items() if code in CODES}
        print(f"{name}: {sum(wanted.values())} findings, seconds {result['seconds']}", flush=True)
        found += Counter(result["found"])
        left += Counter(result["left"])
        applied += Counter(result["applied"])
        for code, why, spot in result["refused"]:
            refused[code, why] += 1
            examples.setdefault((code, why), f"{name}/{spot}")
        for line in result["broken"]:
            broken += 1
            print(f"    broken: {line}", flush=True)
        if diffs is not None:
            diffs.write(f"##### {name}\n{result['diff']}")
    for code in sorted(found):
        kinds = ", ".join(f"{applied[f'{code} {kind}']} {kind}" for kind in ("safe", "unsafe"))
        print(f"{code}: {found[code]} found, {left[code]} left; applied {kinds}")
    for (code, why), count in refused.most_common():
        print(f"    {count:4} {code} {why}  ({examples[code, why]})")
    total, rest = (sum(counts[code] for code in CODES) for counts in (found, left))
    share = 100 * (total - rest) / total if total else 100.0
    print(f"{total - rest} of {total} fixed: {share:.1f} %; {broken} promises broken; {failed} not run")
    return 1 if broken or failed or share < options.goal else 0


if __name__ == "__main__":
    raise SystemExit(main())
