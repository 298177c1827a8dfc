"""Files that another process prepares: the same as when nobody does, whenever they are asked for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from softmax_lint import batch, project, rules, source, survey, workers
from softmax_lint.ahead import Ahead
from softmax_lint.config import Settings
from softmax_lint.diagnostic import Report
from softmax_lint.linking.modules import Piece, pieces_of
from softmax_lint.lowering import lower

FIXTURES = Path(__file__).parents[1] / "fixtures"
CODES = frozenset(rule.code for rule in rules.RULES)
WAIT = 20  # seconds

pytestmark = pytest.mark.skipif(workers.processes(2) < 2, reason="there is no second process")


def awaited(ahead: Ahead, path: Path) -> list[Piece]:
    for _ in range(WAIT * 100):
        pieces = ahead.take(str(path))
        if pieces is not None:
            return pieces
        time.sleep(0.01)
    raise TimeoutError(path.name)


def test_pieces_are_those_of_the_file() -> None:
    paths = sorted((FIXTURES / "torch").rglob("*.py"))[:40] + sorted(FIXTURES.rglob("*.ipynb"))[:4]
    with Ahead([str(path) for path in paths]) as ahead:
        for path in paths:
            found = awaited(ahead, path)
            assert [each[:5] for each in found] == [each[:5] for each in pieces_of(source.read(str(path)))]
            for *_, text, _, _, ops in found:
                expected, problems = lower(text)
                assert ops == (None if problems else expected)
            assert ahead.take(str(path)) is None  # nobody wants it twice


def test_what_cannot_be_read_is_left_to_others(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.py", tmp_path / "good.py"
    broken.write_bytes(b"# coding: no-such-coding\n")
    good.write_text("x = 1\n", encoding="utf-8")
    with Ahead([str(tmp_path / "none.py"), str(broken), str(good)]) as ahead:
        assert len(awaited(ahead, good)) == 1
        assert ahead.take(str(broken)) is None


@pytest.mark.parametrize("folder", ["torch", "keras", "projects/registry_across_files"])
def test_outcomes_are_the_same(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Counted(Ahead):
        def __init__(self, paths: list[str]) -> None:
            super().__init__(paths)
            started.append(len(paths))

    monkeypatch.setattr("softmax_lint.ahead.Ahead", Counted)
    monkeypatch.setattr(survey, "FEW", 3)
    monkeypatch.setattr(batch, "LITTLE", 0)
    monkeypatch.setattr(batch, "MUCH", 1)
    monkeypatch.setattr(batch, "_most", lambda weights, todo: todo[0])

    def outcome(jobs: int) -> Report:
        told = Settings(str(FIXTURES / folder), selected=CODES, opted_in=CODES, jobs=jobs, cache=False)
        return project.check([str(FIXTURES / folder)], settings=told)

    alone = outcome(1)
    assert not started
    assert outcome(2) == alone
    # Of several groups the largest may have been run in another process.
    assert started or not folder.startswith("projects")
