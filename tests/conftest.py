"""What all tests share: no test reads or writes the cache of whoever runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from softmax_lint.diagnostic import Report
from softmax_lint.run import Run


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        patch.setenv(name, str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[set[str]]]:
    """The roots of all groups that are run, by name."""
    runs: list[set[str]] = []
    before = Run.report

    def report(run: Run, *given: object, **more: object) -> Report:
        if run.chosen is not None:
            runs.append({os.path.basename(path) for path in run.chosen.roots})
        return before(run, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "report", report)
    yield runs
