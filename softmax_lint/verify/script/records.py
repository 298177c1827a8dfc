"""What a run left behind, as values."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softmax_lint.verify.script.inside.exact import Array

Key = tuple[int | None, str, int, int]


@dataclass(frozen=True, slots=True)
class Event:
    """One evaluation of a loss. `total` and `exact` are summed losses, `weight` the mass they are sums over;
    `application` is the index of what was watched, None for other losses. `comparable`: weights were those of the
    other run."""

    folder: str
    application: int | None
    slot: int
    index: int
    phase: str
    where: tuple[str, int]
    kind: str
    expects: str
    total: float
    exact: float
    weight: float
    dtype: str
    comparable: bool
    targets: str
    arrays: str

    @property
    def key(self) -> Key:
        return self.application, self.phase, self.slot, self.index

    @property
    def mean(self) -> float:
        return self.total / self.weight if self.weight else 0.0

    @property
    def exact_mean(self) -> float:
        return self.exact / self.weight if self.weight else 0.0

    def load(self) -> Rows:
        """The arrays."""
        with np.load(os.path.join(self.folder, self.arrays)) as stored:
            found = {name: stored[name] for name in stored.files}
        return Rows(
            found["predictions"], found["mass"], found.get("other"), found["exact"], found.get("gradient")
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays of one evaluation, classes last, perhaps thinned out. `exact` is the exact gradient."""

    predictions: Array
    mass: Array
    other: Array | None
    exact: Array
    gradient: Array | None


@dataclass(frozen=True, slots=True)
class Weights:
    """One model compared with the other run: the largest difference. `first`: before anything was trained."""

    owner: str
    step: int
    first: bool
    drift: float


@dataclass(slots=True)
class Record:
    """All of one run. `shapes`: some model has weights of other shapes than in the other run.
    `troubles` are measurements that went wrong, `ran` the numbers of the lines that ran."""

    events: dict[Key, Event] = field(default_factory=dict)
    weights: list[Weights] = field(default_factory=list)
    shapes: bool = False
    troubles: list[str] = field(default_factory=list)
    ran: set[int] = field(default_factory=set)

    def watched(self) -> list[Event]:
        return [event for event in self.events.values() if event.application is not None]


def read_record(folder: str) -> Record:
    """The record in a folder; a line that was cut short by the end of the process does not count."""
    record = Record()
    path = os.path.join(folder, "events.jsonl")
    if not os.path.exists(path):
        return record
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                entry: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            what = entry.pop("event")
            if what == "loss":
                entry["where"] = tuple(entry["where"])
                entry["total"] = float("nan") if entry["total"] is None else entry["total"]
                event = Event(folder, **entry)
                record.events[event.key] = event
            elif what == "weights":
                record.weights.append(Weights(**entry))
            elif what == "ran":
                record.ran.add(entry["number"])
            elif what == "trouble":
                record.troubles.append(entry["message"].partition("\n")[0])
            elif what == "shapes":
                record.shapes = True
    return record
