"""Every way to edit, and every loss that a table can switch, has a program that is run before and after its fix."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fix_cases_keras import CALLED, FORMS, HEAD, SITES
from fix_cases_keras import LOSSES as KERAS_LOSSES
from fix_cases_keras import cases as keras_cases
from fix_cases_logarithms import cases as logarithm_cases
from fix_cases_torch import LOSSES as TORCH_FORMS
from fix_cases_torch import MEETINGS
from fix_cases_torch import SITES as TORCH_SITES
from fix_cases_torch import cases as torch_cases
from fix_coverage import Recorder, edit_sites
from test_fixer import fix
from test_fixer_equivalence_alternatives import TEXTS as ALTERNATIVES
from test_fixer_equivalence_alternatives import both_fixes

from softmax_lint.edits.logarithms import _LOGS, _TENSORFLOW
from softmax_lint.edits.switches import WITH_LOGITS, class_name
from softmax_lint.knowledge import shelves
from softmax_lint.knowledge.schema import LOSS


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    recorder = Recorder()
    folder = tmp_path_factory.mktemp("coverage")
    texts = [*(case.text for case in keras_cases()), *(case.text for case in logarithm_cases())]
    # The form of the loss decides nothing about the site.
    texts += [case.text for case in torch_cases() if case.name.endswith(" object")]
    texts.append(HEAD.format(classes=3))
    with recorder.recording():
        for text in texts:
            fix(folder, {"train.py": text})
        for text in ALTERNATIVES:
            both_fixes(folder, text)
    return recorder.seen


def lines() -> Iterator[tuple[str, str]]:
    for module in ("site", "switches", "logarithms", "apart"):
        yield from edit_sites(module)


@pytest.mark.parametrize("line", list(lines()), ids="-".join)
def test_every_edit_has_a_program_that_is_run(line: tuple[str, str], seen: set[tuple[str, str]]) -> None:
    assert line in seen


def test_every_loss_that_can_be_switched_is_in_a_program() -> None:
    torch = "".join(case.text for case in torch_cases())
    # The old names for images are the same functions.
    assert not {name for name in WITH_LOGITS if f"{name}(" not in torch} - {"NLLLoss2d", "nll_loss2d"}
    rows = [row for shelf in shelves("keras") for row in shelf.rows.values()]
    switched = {row.name for row in rows if row.role == LOSS and "from_logits" in row.params}
    classes = {class_name(name) for name in switched}
    assert classes == set(KERAS_LOSSES)
    keras = "".join(case.text for case in keras_cases())
    backend = {name for name in switched if name.startswith("keras.backend.")}
    assert not {name for name in switched - backend if name.removeprefix("keras.") not in keras}


def test_every_logarithm_is_in_a_program() -> None:
    text = "".join(case.text for case in logarithm_cases())
    assert not {name for name in (*_LOGS, *(f"tf.{name}" for name in _TENSORFLOW)) if f"{name}(" not in text}


def test_sites_and_switches_are_combined() -> None:
    torch = {case.name for case in torch_cases()}
    for (produced, loss), _ in MEETINGS.items():
        for form in list(TORCH_FORMS)[:2]:
            for site in TORCH_SITES if produced != "scores" else ("output",):
                assert f"{produced}, {site}, {loss} {form}" in torch
    keras = {case.name for case in keras_cases()}
    for site, text in SITES.items():
        for loss, form in (
            ("SparseCategoricalCrossentropy", "string"),
            ("CategoricalCrossentropy", "function"),
        ):
            assert f"softmax, {site}, {loss} {form}, keras" in keras
        if "{l}" not in "".join(text):
            assert f"sigmoid, {site}, BinaryCrossentropy string, keras" in keras
    for loss in KERAS_LOSSES:
        assert all(any(f"{loss} {form}, keras" in name for name in keras) for form in FORMS)
        assert any(f"{loss} called" in name for name in keras) and CALLED
