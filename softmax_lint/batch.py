"""A run over files on disk as a whole: read once, screen, and run apart what is apart.

What comes out is what one run of everything would give: groups of files that turn out to read each other's
are run again together.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from softmax_lint import screen, survey
from softmax_lint.diagnostic import Failure, Report, diagnostics_in_order, verdicts_in_order
from softmax_lint.survey import Seen

# Where nothing has to be run, nothing else is imported.
if TYPE_CHECKING:
    from softmax_lint.memory import Chosen
    from softmax_lint.touching import More

Progress = Callable[[int, int], None]
# Less Python than this, in bytes, is run before another process has started.
LITTLE = 60_000
# From so much on, in bytes, another process prepares the files of a group that is most of the work.
MUCH = 600_000


class Linked(NamedTuple):
    """A report over some roots, the files that were read for it, digests of the folders that were asked, and
    which run met what, where that is kept.
    """

    report: Report
    read: tuple[str, ...]
    asked: Mapping[str, str]
    trace: list[Any] | None = None


class Task(NamedTuple):
    """What there is to do. `files` are given, `paths` are all files of the project, all absolute, below the
    folder `base`. `link` runs some roots, if so with a
    process beside it that prepares files; `root_of` gives the root of a folder's project; `more`
    are tokens of sinks besides ours; at most `jobs` processes work.
    """

    files: tuple[str, ...]
    paths: tuple[str, ...]
    base: str
    link: Callable[[Chosen, bool], Linked]
    root_of: Callable[[str], str]
    more: tuple[str, ...] = ()
    jobs: int | None = None


class Group(NamedTuple):
    """Roots, and the files that may be read for them."""

    chosen: Chosen
    members: frozenset[str]

    @property
    def whole(self) -> Chosen:
        """What a run of all of it would be."""
        return self.chosen if self.chosen.edit is None else self.chosen.edit.whole


def check(task: Task, progress: Progress | None = None) -> Report:
    """The report over the given files."""
    seen = survey.survey(task.paths, task.more, task.jobs)
    return join(task, seen, run(task, seen, divide(task, seen), {}, progress))


class Divided(NamedTuple):
    """What has to be run, in groups that can be run apart; `part` finds what files and names touch: the roots, and
    what finds more. None where that is most of all.
    """

    groups: list[Group]
    part: Callable[[frozenset[str], frozenset[tuple[str, str]]], tuple[frozenset[str], More] | None]


def divide(task: Task, seen: Mapping[str, Seen]) -> list[Group]:
    """What has to be run, in groups that can be run apart."""
    return divided(task, seen).groups


def divided(task: Task, seen: Mapping[str, Seen]) -> Divided:
    """As `divide`."""
    index = screen.Index(task.more)
    known = [path for path in task.paths if not seen[path].failure]
    for path in known:
        text, data = partial(survey.text_of, path), partial(survey.data_of, path)
        index.add(path, path, seen[path].facts, text, data)
    candidates = chosen = index.candidates()
    more = None
    if len(task.paths) > len(task.files) and (part := index.part(chosen, task.files)) is not None:
        chosen, more = part
    roots = [path for path in known if path in chosen]
    if not roots:
        return Divided([], lambda files, names: None)
    from softmax_lint import islands
    from softmax_lint.memory import Chosen

    imports = {path: seen[path].facts.imports for path in known}
    watchful = index.has_logits()
    # A part may turn out to be larger; its modules run as they do in Python, when they are imported.
    every = frozenset(task.paths)
    eager = index.eager(candidates) if more is None else every
    groups = [
        Group(Chosen(tuple(found), eager & members if more is None else every, watchful, more), members)
        for found, members in islands.divide(roots, imports, index.imports())
    ]
    return Divided(groups, partial(index.part, candidates))


def run(
    task: Task,
    seen: Mapping[str, Seen],
    groups: Sequence[Group],
    known: Mapping[int, Linked],
    progress: Progress | None = None,
) -> list[Linked]:
    """What the groups give, in their order; `known` has the answers for some of them."""
    if not groups:
        return []
    from softmax_lint import workers

    weights = [sum(seen[path].size for path in group.chosen.roots) for group in groups]
    todo = sorted((at for at in range(len(groups)) if at not in known), key=lambda at: -weights[at])
    count = workers.processes(task.jobs) if sum(weights[at] for at in todo) > LITTLE else 1
    found = dict(known)
    most = _most(weights, todo) if count > 1 else -1
    if count > 1 and len(todo) > 1:
        _load()
        parent, done = os.getpid(), 0

        def do(at: int) -> list[Any]:
            nonlocal done
            linked = task.link(groups[at].chosen, at == most)
            done += 1
            if progress is not None and os.getpid() == parent:
                progress(done, len(todo))
            return to_plain(linked)

        found.update(zip(todo, map(from_plain, workers.spread(todo, do, count)), strict=True))
    else:
        for number, at in enumerate(todo):
            found[at] = task.link(groups[at].chosen, at == most)
            if progress is not None:
                progress(number + 1, len(todo))
    outcome = [found[at] for at in range(len(groups))]
    if len(groups) > 1 and _strayed(groups, outcome):
        return [task.link(_together(task, groups), most >= 0)]
    return outcome


def _most(weights: Sequence[int], todo: Sequence[int]) -> int:
    """The group that is most of the work, -1 without one: while it runs, other processes would be idle."""
    if not todo or weights[todo[0]] < MUCH or 2 * weights[todo[0]] < sum(weights[at] for at in todo):
        return -1
    return todo[0]


def _load() -> None:
    """Import what runs code: every child would do it again."""
    from softmax_lint import judging  # noqa: F401
    from softmax_lint.linking import machine, roots  # noqa: F401
    from softmax_lint.lowering import native, statements  # noqa: F401


def _strayed(groups: Sequence[Group], outcome: Sequence[Linked]) -> bool:
    """Whether a group read a file that another one may have read."""
    readers = Counter(path for linked in outcome for path in linked.read)
    owned = frozenset().union(*(group.members for group in groups))
    return any(number > 1 for number in readers.values()) or any(
        path in owned and path not in group.members
        for group, linked in zip(groups, outcome, strict=True)
        for path in linked.read
    )


def _together(task: Task, groups: Sequence[Group]) -> Chosen:
    from softmax_lint.memory import Chosen

    whole = [group.whole for group in groups]
    roots = {path for chosen in whole for path in chosen.roots}
    eager = frozenset().union(*(chosen.eager for chosen in whole))
    return Chosen(
        tuple(path for path in task.paths if path in roots),
        eager,
        any(chosen.watchful for chosen in whole),
        whole[0].more,
    )


def join(task: Task, seen: Mapping[str, Seen], outcome: Sequence[Linked]) -> Report:
    """One report of many."""
    failures = [Failure(path, seen[path].failure) for path in task.files if seen[path].failure]
    failures += [each for linked in outcome for each in linked.report.failures]
    diagnostics = [each for linked in outcome for each in linked.report.diagnostics]
    verdicts = [each for linked in outcome for each in linked.report.verdicts]
    return Report(
        diagnostics_in_order(diagnostics),
        verdicts_in_order(verdicts),
        tuple(dict.fromkeys(failures)),
        len(task.files),
        tuple(path for path in task.files if seen[path].facts.silences),
        tuple(sorted({each for linked in outcome for each in linked.report.assumed})),
    )


def to_plain(linked: Linked) -> list[Any]:
    """What a pipe and a cache can hold."""
    from softmax_lint.plain import plain

    return [plain(linked.report), list(linked.read), dict(linked.asked), linked.trace]


def from_plain(values: list[Any]) -> Linked:
    """What `to_plain` was given. Raises ValueError or TypeError for anything else."""
    from softmax_lint.plain import report_of

    report, read, asked, trace = values
    return Linked(report_of(report), tuple(read), asked, trace)
