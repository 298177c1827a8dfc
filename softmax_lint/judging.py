"""From meetings to diagnostics and verdicts: every group of alternatives is judged, places are looked up last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from softmax_lint import rules
from softmax_lint.diagnostic import Diagnostic, Place, Related, Report, Verdict
from softmax_lint.linking.modules import Modules
from softmax_lint.linking.sinks import Meeting
from softmax_lint.linking.values import Origin, Tensor, Unknown
from softmax_lint.lowering import Span
from softmax_lint.pair import CONSUMER, LOG, LOSS, METRIC, OUTPUT, Pair
from softmax_lint.representation import ANY, SCORES, SIGMOID_LOGITS, SOFTMAX_LOGITS
from softmax_lint.rules.schema import Rule

_NOWHERE = Place("", None, 0, 0, 0, 0)
_SEVERITY = {"error": 0, "warning": 1, "info": 2}
_VERDICT = ("finding", "undecided", "ok", "not-judged")
MOST_RELATED = 8


class Places:
    """Rows and columns of origins."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._spans: dict[Origin, Span] = {}

    def locate(self, origin: Origin) -> Place:
        unit = self.modules.units[origin[0]]
        span = self._span(origin)
        down = unit.row - 1
        path = self.modules.files[unit.file].path
        return Place(path, unit.cell, span.row + down, span.column, span.end_row + down, span.end_column)

    def path(self, origin: Origin) -> str:
        return self.modules.files[self.modules.units[origin[0]].file].path

    def about(self, origin: Origin) -> Place:
        """File and cell for certain, and the first row of the statement: what costs no parsing."""
        unit = self.modules.units[origin[0]]
        return Place(self.modules.files[unit.file].path, unit.cell, unit.row, 1, unit.row, 1)

    def last_row(self, origin: Origin) -> int:
        """The last row of the statement around an origin."""
        unit = self.modules.units[origin[0]]
        return unit.row - 1 + self._span(origin).last_row

    def _span(self, origin: Origin) -> Span:
        found = self._spans.get(origin)
        if found is None:
            text = self.modules.units[origin[0]].text
            found = self._spans[origin] = self.modules.span(text, origin[1])
        return found


@dataclass(slots=True)
class _Finding:
    rule: Rule
    pair: Pair
    tensor: Tensor
    meeting: Meeting
    applications: dict[Origin, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Outcome:
    verdict: str
    rules: tuple[tuple[Rule, Pair, Tensor], ...] = ()
    reason: str | None = None
    produced: str | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """One way in which a tensor meets a sink, ok or not; what planning a fix takes.

    `pair` has its places; `code` is the rule that owns it, None when there is nothing to report. `row` is the
    qualified name of the sink, `expected` None where it is not known. `setting` is the literal behind the name
    that configures the loss. A tensor that nobody knows has no `source`. `array` when it is one of NumPy by
    then; `steps` is what was done to it since it was made (`values.AS_MADE` and so on).
    """

    pair: Pair | None
    code: str | None
    row: str
    expected: str | None
    sink: Place
    application: Place
    setting: Place | None = None
    built: Place | None = None
    layer: Place | None = None
    array: bool = False
    steps: int = 0

    @property
    def source(self) -> Place | None:
        return None if self.pair is None else self.pair.source


@dataclass(frozen=True, slots=True)
class Examined:
    """A report before suppressions, everything that met, the names of all files the run looked at, and of those
    in which something may use what the run was about.
    """

    report: Report
    joints: tuple[Joint, ...]
    paths: tuple[str, ...]
    touching: tuple[str, ...]


Describe = Callable[[Meeting, Tensor], Pair]


def judge(
    meetings: Iterable[Meeting],
    modules: Modules,
    describe: Describe,
    opted_in: frozenset[str],
    given: Collection[str],
    located: bool = True,
) -> tuple[list[Diagnostic], list[Verdict]]:
    """Diagnostics with a place in the `given` files (and some without), and verdicts in these files.

    `describe` makes the pair of a tensor and a meeting, without places. Unless they are `located`, the places
    of verdicts are those of the statements around them.
    """
    places = Places(modules)
    findings: dict[tuple[str, Origin, Origin], _Finding] = {}
    verdicts: dict[tuple[Origin, Origin], list[tuple[_Outcome, Meeting]]] = {}
    meetings = list(meetings)
    takers, logits = _takers(meetings)
    drawn = _drawn(meetings)
    for meeting in meetings:
        for group in meeting.groups:
            outcome = _judge_group(meeting, group, describe, opted_in, logits)
            for rule, pair, tensor in outcome.rules if meeting.place not in drawn else ():
                key = (rule.code, tensor.source, meeting.place)
                known = findings.setdefault(key, _Finding(rule, pair, tensor, meeting))
                known.applications[meeting.application] = None
            if meeting.meeting == LOSS:
                verdicts.setdefault((meeting.application, meeting.place), []).append((outcome, meeting))
    findings = _without_replaced(findings)
    diagnostics = [
        _diagnostic(each, places, takers) for each in findings.values() if _touches(each, places, given)
    ]
    locate = places.locate if located else places.about
    return diagnostics, [
        _verdict(locate(at[0]), found) for at, found in verdicts.items() if places.path(at[0]) in given
    ]


def _touches(finding: _Finding, places: Places, given: Collection[str]) -> bool:
    tensor = finding.tensor
    ends = (tensor.source, finding.meeting.place, tensor.built, tensor.layer, *finding.applications)
    return any(origin is not None and places.path(origin) in given for origin in ends)


def joints(
    meetings: Iterable[Meeting], modules: Modules, describe: Describe, opted_in: frozenset[str]
) -> list[Joint]:
    """Every tensor with every sink it may meet, each combination once."""
    places = Places(modules)
    meetings = list(meetings)
    _, logits = _takers(meetings)
    drawn = _drawn(meetings)
    blamed = {
        thing.source
        for meeting in meetings
        if meeting.meeting in (LOSS, LOG)
        for group in meeting.groups
        for thing in group
        if isinstance(thing, Tensor) and rules.judge(describe(meeting, thing)) is not None
    }

    def maybe(origin: Origin | None) -> Place | None:
        return None if origin is None else places.locate(origin)

    found: dict[Joint, None] = {}
    for meeting in meetings:
        # Of all that calls give only those count that a fix may change: places cost.
        if (
            meeting.meeting == OUTPUT
            and meeting.name == "output"
            and not any(
                isinstance(thing, Tensor) and thing.source in blamed
                for group in meeting.groups
                for thing in group
            )
        ):
            continue
        sink, application = places.locate(meeting.place), places.locate(meeting.application)
        for thing in dict.fromkeys(thing for group in meeting.groups for thing in group):
            if not isinstance(thing, Tensor):
                joint = Joint(None, None, meeting.name, meeting.expected, sink, application)
            else:
                pair = replace(describe(meeting, thing), source=places.locate(thing.source), sink=sink)
                is_open = meeting.expected is not None and meeting.place not in drawn
                rule = rules.judge(pair) if is_open else None
                if rule is not None and _passed_over(rule, pair, thing, opted_in, logits):
                    rule = None
                joint = Joint(
                    pair,
                    rule.code if rule is not None else None,
                    meeting.name,
                    meeting.expected,
                    sink,
                    application,
                    maybe(meeting.setting),
                    maybe(thing.built),
                    maybe(thing.layer),
                    thing.array,
                    thing.steps,
                )
            found[joint] = None
    return list(found)


def _drawn(meetings: Iterable[Meeting]) -> frozenset[Origin]:
    """Logarithms by which something is drawn: no gradient flows through these."""
    return frozenset(each.place for each in meetings if each.meeting == LOG and each.expected == ANY)


def _takers(meetings: Iterable[Meeting]) -> tuple[dict[Origin, Meeting], frozenset[Origin]]:
    """Layers with a loss that takes their output as raw scores, and those known to give binary logits: such
    a loss takes them, and none of any other kind."""
    takers: dict[Origin, Meeting] = {}
    others: set[Origin] = set()
    for meeting in meetings:
        if meeting.meeting != LOSS:
            continue
        for thing in dict.fromkeys(thing for group in meeting.groups for thing in group):
            if isinstance(thing, Tensor):
                takes = meeting.measured and thing.representation == SCORES
                if takes and meeting.expected in (SIGMOID_LOGITS, SOFTMAX_LOGITS):
                    takers.setdefault(thing.source, meeting)
                if not takes or meeting.expected != SIGMOID_LOGITS:
                    others.add(thing.source)
    return takers, frozenset(takers.keys() - others)


def _passed_over(
    rule: Rule, pair: Pair, tensor: Tensor, opted_in: frozenset[str], logits: Collection[Origin]
) -> bool:
    """Opt-in cases that were not opted in, unstable gradients where no gradient flows or an activation is another
    one's, and consumers of scores that may be anything."""
    return (
        (rule.opt_in(pair) and rule.code not in opted_in)
        or (rule.kind == "unstable" and (tensor.detached or tensor.twice))
        or (pair.meeting == CONSUMER and tensor.source not in logits)
    )


def _judge_group(
    meeting: Meeting,
    group: tuple[object, ...],
    describe: Describe,
    opted_in: frozenset[str],
    logits: Collection[Origin],
) -> _Outcome:
    if meeting.expected == ANY:
        return _Outcome("not-judged", reason="the loss takes any representation")
    if meeting.expected is None:
        return _Outcome("undecided", reason=meeting.reason)
    if not meeting.measured:
        return _Outcome("undecided", reason=f"`{meeting.name}` was not measured")
    found: list[tuple[Rule, Pair, Tensor]] = []
    fine = 0
    produced: list[str] = []
    for thing in group:
        if not isinstance(thing, Tensor):
            return _Outcome(
                "undecided", reason=thing.reason if isinstance(thing, Unknown) else "not a tensor"
            )
        if not thing.measured:
            return _Outcome("undecided", reason=f"`{thing.text}` was not measured")
        produced.append(thing.representation)
        pair = describe(meeting, thing)
        rule = rules.judge(pair)
        if rule is not None and rule.kind == "unstable" and thing.twice:
            return _Outcome("undecided", reason=f"`{thing.text}` of probabilities", produced=produced[-1])
        if rule is not None and _passed_over(rule, pair, thing, opted_in, logits):
            rule = None
        if rule is not None:
            found.append((rule, pair, thing))
        else:
            fine += 1
    named = " or ".join(dict.fromkeys(produced))
    if not found:
        return _Outcome("ok", produced=named) if fine else _Outcome("undecided", reason="nothing arrives")
    if fine:
        return _Outcome("undecided", reason="depends on which branch ran", produced=named)
    # Where one of the ways has the activation that the loss expects, nobody knows that it is missing.
    if any(rule.kind == "unstable" for rule, _, _ in found):
        found = [item for item in found if item[0].kind != "wrong" or item[0].blame == "source"]
    worst = min(found, key=lambda item: (_SEVERITY[item[0].severity(item[1])], item[0].code))[0]
    return _Outcome("finding", tuple(item for item in found if item[0] is worst), produced=named)


def _without_replaced(
    findings: dict[tuple[str, Origin, Origin], _Finding],
) -> dict[tuple[str, Origin, Origin], _Finding]:
    """Precedence: a pair finding replaces 006, 106, 204 and 303 on the same expression; 401 the pairs of its call."""
    by_pair = {
        f.tensor.source for f in findings.values() if f.meeting.meeting == LOSS and f.rule.code not in _WEAK
    }
    called = {f.meeting.place for f in findings.values() if f.rule.code == "SML401"}
    return {
        key: f
        for key, f in findings.items()
        if not (f.rule.code in _WEAK and _blamed(f) in by_pair)
        and not (f.rule.code != "SML401" and f.meeting.place in called)
    }


_WEAK = frozenset({"SML204", "SML303"})


def _blamed(finding: _Finding) -> Origin:
    return finding.tensor.source if finding.rule.blame == "source" else finding.meeting.place


def _diagnostic(finding: _Finding, places: Places, takers: Mapping[Origin, Meeting]) -> Diagnostic:
    tensor, meeting, rule = finding.tensor, finding.meeting, finding.rule
    source, sink = places.locate(tensor.source), places.locate(meeting.place)
    pair = replace(finding.pair, source=source, sink=sink)
    blamed, origin = (source, tensor.source) if rule.blame == "source" else (sink, meeting.place)
    related: list[Related] = []

    def add(role: str, message: str, place: Place) -> None:
        if place != blamed and all(place != other.place for other in related):
            related.append(Related(role, message, place))

    if rule.blame == "source":
        if meeting.meeting == LOSS:
            add("sink", f"`{pair.sink_text}` is configured here", sink)
    elif tensor.representation in ("scores", "hidden"):
        add("output", f"`{pair.source_text}` makes the output here", source)
    else:
        add("source", f"`{pair.source_text}` is applied here", source)
    if meeting.meeting in (METRIC, CONSUMER) and tensor.source in takers:
        loss = takers[tensor.source]
        add("sink", f"`{loss.text}` takes it as raw scores", places.locate(loss.place))
    for application in finding.applications:
        met = "the loss is applied here" if meeting.meeting == LOSS else "they meet here"
        add("meets", met, places.locate(application))
    if tensor.built is not None:
        add("built", f"`{pair.source_text}` comes from here", places.locate(tensor.built))
    if tensor.layer is not None and tensor.layer != tensor.source:
        add("output", "the layer is built here", places.locate(tensor.layer))
    return Diagnostic(
        rule.code,
        rule.name,
        rule.severity(pair),
        rule.message(pair),
        blamed,
        tuple(related[:MOST_RELATED]),
        (),
        places.last_row(origin),
    )


def _verdict(place: Place, found: list[tuple[_Outcome, Meeting]]) -> Verdict:
    worst = min(found, key=lambda item: _VERDICT.index(item[0].verdict))
    codes = sorted({rule.code for outcome, _ in found for rule, _, _ in outcome.rules})
    outcome, meeting = worst
    return Verdict(
        place,
        outcome.verdict,
        tuple(codes),
        outcome.reason,
        outcome.produced,
        meeting.expected,
    )
