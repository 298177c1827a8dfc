"""A run that keeps what it finds, and looks again only at what changed.

Kept are: the outcome of the whole run, for as long as nothing changed; what every file says on its own; the outcome
of every group of files; and of large groups which run met what, for edits. Contents decide: a file counts as unchanged
when its bytes are the same, and also without being read when its times, size and number are and it had settled when
it was read last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from softmax_lint import batch, survey
from softmax_lint.batch import Divided, Group, Linked, Progress, Task
from softmax_lint.cache import Cache, default_folder, edition, named
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.digests import digest
from softmax_lint.facts import Facts
from softmax_lint.folders import Folders
from softmax_lint.plain import plain, report_of
from softmax_lint.survey import Seen

# A file that was written so shortly before it was looked at, in nanoseconds, may have been written again since
# without a trace in its times.
_SETTLING = 2_000_000_000
# Settings that change how an outcome is shown and not what it is.
_SHOWN = frozenset(
    {
        "config_file", "selected", "per_file_ignores", "fix", "unsafe_fixes", "show_fixes", "safe_codes",
        "unsafe_codes", "fail_level", "output_format", "cache_dir", "cache", "jobs", "baseline",
    }
)  # fmt: skip

Stamp = list[int]
# path -> (digest, stamp, whether the file had settled)
Digests = dict[str, tuple[str, Stamp, bool]]


def check(task: Task, settings: Settings, located: bool, progress: Progress | None = None) -> Report:
    """As `batch.check`, from what earlier runs kept as far as it still holds."""
    cache = Cache(settings.cache_dir or default_folder())
    frame = named(edition(), _told(settings), located, task.base)
    run, folders = named("run", frame), Folders()
    kept = cache.load(run)
    digests = _digests(kept)
    now = _look(task.paths, digests) if digests else _stamps(task.paths)
    if digests:
        report = _whole(task, kept, digests, now, folders)
        if report is not None:
            if any(not digests[path][2] and now[path][2] for path in task.paths):
                cache.store(run, {**kept, "files": now})
            return report
    survey_name = named("survey", edition(), task.base, task.more)
    seen = _survey(task, cache, survey_name, now)
    now = {path: (seen[path].digest, stamp, settled) for path, (_, stamp, settled) in now.items()}
    divided = batch.divided(task, seen)
    groups = divided.groups
    names = [_name(task, frame, seen, group) for group in groups]
    # What else may touch the given files is not asked of the files of a group alone.
    known = {
        at: linked
        for at, name in enumerate(names)
        if groups[at].chosen.more is None and (linked := _group(cache, name, folders))
    }
    traces = _trace(task, cache, frame, seen, divided, known, folders)
    outcome = batch.run(task, seen, groups, known, progress)
    report = batch.join(task, seen, outcome)
    if any(_stamp(path, 0)[0] != now[path][1] for path in task.paths):
        return report  # somebody wrote meanwhile: nobody knows which bytes this is about
    if len(outcome) == len(groups):
        for at in range(len(groups)):
            if at in traces or (at not in known and groups[at].chosen.more is None):
                _keep(cache, names[at], traces.get(at), groups[at], seen, outcome[at])
    if not report.failures:
        members = frozenset().union(*(group.members for group in groups))
        answer = {
            "given": task.files,
            "roots": _roots(task, task.paths),
            "files": now,
            "asked": {folder: names for linked in outcome for folder, names in linked.asked.items()},
            "outside": [pair for linked in outcome for pair in _outside(linked, members)],
            "silencing": report.silencing,
            "report": plain(report),
        }
        cache.store(run, answer)
    return report


def _keep(
    cache: Cache, name: str, trace: str | None, group: Group, seen: Mapping[str, Seen], linked: Linked
) -> None:
    """Keep what a group gave, by one name, and which run gave it, by another."""
    if linked.report.failures:
        return
    outside = _outside(linked, group.members)
    cache.store(name, [*batch.to_plain(linked._replace(trace=None)), outside])
    if trace is not None and linked.trace:
        from softmax_lint import retrace

        cache.store(trace, retrace.answer(group, seen, linked, outside))


def _trace(
    task: Task,
    cache: Cache,
    frame: str,
    seen: Mapping[str, Seen],
    divided: Divided,
    known: Mapping[int, Linked],
    folders: Folders,
) -> dict[int, str]:
    """The names of what is kept of large groups for their next run; of those that were run before, only what an edit
    touches is left to run.
    """
    left = [at for at in range(len(divided.groups)) if at not in known]
    if not left:
        return {}
    from softmax_lint import retrace

    names: dict[int, str] = {}
    for at in left:
        group = divided.groups[at]
        if retrace.is_large(group, seen):
            names[at] = named("trace", frame, task.files, min(group.members))
            before = cache.load(names[at])
            again = retrace.plan(before, group, seen, divided, partial(_holds, folders=folders))
            divided.groups[at] = again or retrace.traced(group)
    return names


def _told(settings: Settings) -> list[object]:
    """All that the user said and an outcome depends on, in an order that is always the same."""
    values = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name not in _SHOWN}
    return [
        (name, sorted(value) if isinstance(value, frozenset) else value)
        for name, value in sorted(values.items())
    ]


def _digests(kept: Any) -> Digests:
    try:
        return {path: (known, stamp, settled) for path, (known, stamp, settled) in kept["files"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        return {}


def _look(paths: Iterable[str], known: Digests) -> Digests:
    """Digests of files; those that nothing was written to are not read."""
    now = time.time_ns()
    found: Digests = {}
    for path in paths:
        stamp, settled = _stamp(path, now)
        before = known.get(path)
        if before is not None and before[2] and before[1] == stamp:
            found[path] = before
        else:
            found[path] = (_digest(path), stamp, settled)
    return found


def _stamps(paths: Iterable[str]) -> Digests:
    """As `_look`, where nothing is known and all has to be read anyway: without digests."""
    now = time.time_ns()
    return {path: ("", *_stamp(path, now)) for path in paths}


def _stamp(path: str, now: int) -> tuple[Stamp, bool]:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return [], False
    latest = max(stat.st_mtime_ns, stat.st_ctime_ns)
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino], latest + _SETTLING < now


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return digest(file.read())
    except (OSError, ValueError):
        return ""


def _whole(task: Task, kept: Any, before: Digests, now: Digests, folders: Folders) -> Report | None:
    """The outcome that was kept, if everything it came from is as it was."""
    if len(before) != len(now) or any(path not in before or before[path][0] != now[path][0] for path in now):
        return None
    try:
        if (
            list(task.files) != kept["given"]
            or kept["roots"] != _roots(task, task.paths)
            or not _holds(kept["asked"], kept["outside"], folders)
        ):
            return None
        report = report_of(kept["report"])
        silencing = tuple(kept["silencing"])
    except (TypeError, KeyError, ValueError):
        return None
    return Report(report.diagnostics, report.verdicts, report.failures, report.files, silencing)


def _roots(task: Task, paths: Iterable[str]) -> dict[str, str]:
    """The roots of the projects of folders: imports climb up to them."""
    return {folder: task.root_of(folder) for folder in dict.fromkeys(os.path.dirname(path) for path in paths)}


def _holds(asked: Mapping[str, str], outside: Iterable[Sequence[str]], folders: Folders) -> bool:
    """Whether folders hold the same names, and files that are no part of the project the same bytes."""
    return all(folders.digest(folder) == known for folder, known in asked.items()) and all(
        _digest(path) == known for path, known in outside
    )


def _outside(linked: Linked, members: frozenset[str]) -> list[tuple[str, str]]:
    """The files that were read and are no part of a group, as excluded ones are, with their digests."""
    return [(path, _digest(path)) for path in linked.read if path not in members]


def _survey(task: Task, cache: Cache, name: str, now: Digests) -> dict[str, Seen]:
    """What all files say; only those are read whose bytes nobody knows."""
    known: dict[str, Seen] = {}
    kept = cache.load(name)
    if isinstance(kept, dict):
        for path in task.paths:
            bytes_of = now[path][0]
            try:
                if bytes_of and (found := kept.get(_kind(path) + bytes_of)):
                    size, stated, imports = found
                    known[path] = Seen("", size, bytes_of, Facts._make((*stated, tuple(map(tuple, imports)))))
            except (TypeError, ValueError):
                break
    left = [path for path in task.paths if path not in known]
    known.update(survey.survey(left, task.more, task.jobs, digested=True))
    if left:
        answer = {
            _kind(path) + each.digest: [each.size, each.facts[:-1], each.facts.imports]
            for path, each in known.items()
            if each.digest and not each.failure
        }
        cache.store(name, answer)
    return known


def _kind(path: str) -> str:
    """What bytes say depends on what they are the bytes of."""
    return "n" if path.endswith(".ipynb") else "s"


def _name(task: Task, frame: str, seen: Mapping[str, Seen], group: Group) -> str:
    """A name for all that the outcome of a group depends on, but for what it asked and read besides."""
    given = frozenset(task.files)
    members = [(path, seen[path].digest, path in given) for path in sorted(group.members)]
    chosen = group.chosen
    roots = _roots(task, sorted(group.members))
    return named("group", frame, members, roots, chosen.roots, sorted(chosen.eager), chosen.watchful)


def _group(cache: Cache, name: str, folders: Folders) -> Linked | None:
    kept = cache.load(name)
    try:
        *values, outside = kept
        linked = batch.from_plain(values)
        return linked if _holds(linked.asked, outside, folders) else None
    except (TypeError, ValueError, KeyError):
        return None
