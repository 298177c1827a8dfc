"""After an edit: what of a group has to be run again, from what was kept of its last run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from softmax_lint.batch import Divided, Group, Linked, from_plain, to_plain
from softmax_lint.memory import Edit
from softmax_lint.survey import Seen

# A group of less Python than this, in bytes, is run as a whole: looking for less would cost more.
LARGE = 60_000
# With more changed files than this nobody asks what they touch.
MOST_CHANGED = 8


def is_large(group: Group, seen: Mapping[str, Seen]) -> bool:
    """Whether a group is worth a trace."""
    return group.chosen.more is None and sum(seen[path].size for path in group.chosen.roots) > LARGE


def traced(group: Group) -> Group:
    return group._replace(chosen=group.chosen._replace(traced=True))


def answer(
    group: Group, seen: Mapping[str, Seen], linked: Linked, outside: Sequence[tuple[str, str]]
) -> dict[str, object]:
    """What to keep of a traced group."""
    chosen = group.whole
    return {
        "members": {path: seen[path].digest for path in sorted(group.members)},
        "roots": chosen.roots,
        "eager": sorted(chosen.eager),
        "watchful": chosen.watchful,
        "linked": to_plain(linked),
        "outside": outside,
    }


def plan(
    kept: Any,
    group: Group,
    seen: Mapping[str, Seen],
    divided: Divided,
    holds: Callable[[Mapping[str, str], Sequence[Sequence[str]]], bool],
) -> Group | None:
    """The group with what has to be run of it, given the `answer` of before; None where that is all."""
    try:
        changed = frozenset(path for path, known in kept["members"].items() if seen[path].digest != known)
        if kept["members"].keys() != group.members or not 0 < len(changed) <= MOST_CHANGED:
            return None
        same = (frozenset(kept["roots"]), frozenset(kept["eager"]), kept["watchful"])
        before = from_plain(kept["linked"])
        if not before.trace or not holds(before.asked, kept["outside"]):
            return None
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    chosen = group.chosen
    if (
        not same[0] ^ set(chosen.roots) <= changed
        or not same[1] ^ chosen.eager <= changed
        or same[2] != chosen.watchful
    ):
        return None
    # What the files bound before; who imports something that comes through them has its name elsewhere, too.
    bound = before.trace[3]
    imported = {(path, name) for path in changed for *_, name in seen[path].facts.imports}
    names = frozenset((path, name) for path in changed for name in bound.get(path, ())) - imported
    part = divided.part(changed, names)
    if part is None or not part[0] <= group.members:
        return None
    roots, more = part
    edit = Edit(changed, names, before.trace, before, chosen)
    ordered = tuple(path for path in chosen.roots if path in roots)
    return group._replace(chosen=chosen._replace(roots=ordered, more=more, traced=True, edit=edit))


def completed(linked: Linked, edit: Edit) -> Linked:
    """What was run again, with what holds of before."""
    before: Linked = edit.before
    report = linked.report
    # What does not parse is said where a statement is lowered, and most were not.
    places = {each.place for each in report.diagnostics}
    left = [
        each
        for each in before.report.diagnostics
        if each.code == "SML900" and each.place.filename not in edit.files and each.place not in places
    ]
    assumed = [each for each in before.report.assumed if each[0] not in edit.files]
    report = replace(report, diagnostics=(*report.diagnostics, *left), assumed=(*report.assumed, *assumed))
    read = tuple(dict.fromkeys((*before.read, *linked.read)))
    return linked._replace(report=report, read=read, asked={**before.asked, **linked.asked})
