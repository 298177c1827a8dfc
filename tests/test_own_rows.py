"""Rows that a configuration declares: the worked example, wrong rows, and the JSON schema."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from shell import tree

from softmax_lint import config, keys, knowledge, project
from softmax_lint.knowledge.own import FIELDS, WrongRow, read_rows
from softmax_lint.knowledge.schema import Api
from softmax_lint.rules import RULES

try:
    import tomllib
except ImportError:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(files: dict[str, str], *, isolated: bool = False) -> list[str]:
    """Findings as ``file:row:code``."""
    tree(files)
    settings = config.load(["."], {}, RULES, isolated=isolated)
    report = project.check(["."], settings=settings)
    assert not report.failures
    return [f"{Path(each.place.filename).name}:{each.place.row}:{each.code}" for each in report.diagnostics]


def example() -> dict[str, str]:
    """The files of the worked example on the page about configuration."""
    found = re.findall(r"```(?:toml|python)\n# ([\w./-]+)\n(.*?)```", PAGE, re.DOTALL)
    return dict(found)


def test_the_worked_example() -> None:
    files = example()
    expected = [
        f"train.py:{row}:{code}"
        for row, line in enumerate(files["train.py"].splitlines(), 1)
        for code in re.findall(r"SML\d+", line)
    ]
    assert expected
    assert check(files) == expected
    assert check(files, isolated=True) == []


def test_the_page_has_every_key() -> None:
    table = PAGE[PAGE.index("## All keys") : PAGE.index("Paths start")]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == set(keys.KEYS)
    rows = PAGE[PAGE.index("| field |") : PAGE.index("A row that is wrong")]
    named = re.findall(r"`([a-z-]+)`", " ".join(row.split("|")[1] for row in rows.splitlines() if row))
    assert set(named) == set(FIELDS)


LOSS = {
    "name": "acme.Loss", "form": "class", "role": "loss", "framework": "torch", "params": [],
    "call-params": ["scores", "target"], "target": "target", "expects": "softmax_logits",
}  # fmt: skip


def test_a_row_counts_more_than_the_code_it_names() -> None:
    row = "\n".join(f"{key} = {json.dumps(value)}" for key, value in LOSS.items())
    code = (
        "import torch.nn as nn\n"
        "class Loss(nn.Module):\n    def forward(self, scores, target):\n        return scores.mean()\n"
    )
    use = "loss = Loss()\nnet = nn.Sequential(nn.Linear(3, 10), nn.Softmax(1))\nloss(net(x), y)\n"
    files = {
        "softmax-lint.toml": f"[[rows]]\n{row}\n",
        "acme.py": code + use,
        "other.py": f"import torch.nn as nn\nfrom acme import Loss\n{use}",
        "sub/third.py": f"import torch.nn as nn\nimport acme\n{use.replace('Loss()', 'acme.Loss()')}",
    }
    assert check(files) == ["acme.py:6:SML002", "other.py:4:SML002", "third.py:4:SML002"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expects": "logits"}, "row 2 (`acme.Loss`): `expects` must be one of"),
        ({"role": "los"}, "row 2 (`acme.Loss`): `role` must be one of"),
        ({"expect": "any"}, "row 2 (`acme.Loss`): unknown field `expect`; did you mean `expects`?"),
        (
            {"call_params": []},
            "row 2 (`acme.Loss`): unknown field `call_params`; did you mean `call-params`?",
        ),
        ({"name": "Loss"}, "row 2 (`Loss`): `Loss` is no dotted name of a module's member"),
        ({"name": None}, "row 2: `name` is missing"),
        ({"form": None}, "row 2 (`acme.Loss`): `form` is missing"),
        ({"expects": None}, "row 2 (`acme.Loss`): a row with role `loss` needs `expects` or `flags`"),
        ({"role": "trainer"}, "row 2 (`acme.Loss`): a row with role `trainer` needs `model`"),
        ({"target": "labels"}, "row 2 (`acme.Loss`): `target` names `labels`, which is neither in"),
        ({"axis-default": "1"}, "row 2 (`acme.Loss`): `axis-default` must be a number"),
        ({"flags": [{"name": "x"}]}, "row 2 (`acme.Loss`): `flags` must be a list of tables like"),
        (
            {"flags": [{"name": "target", "when": [[True, "logits"]]}]},
            "row 2 (`acme.Loss`): `flags` must map",
        ),
        ({"flags": [{"name": "x", "when": []}]}, "row 2 (`acme.Loss`): `flags` names `x`, which is neither"),
        ({"name": "acme.First"}, "row 2 (`acme.First`): is there twice"),
    ],
)
def test_wrong_rows(changes: dict[str, Any], message: str) -> None:
    row = {key: value for key, value in {**LOSS, **changes}.items() if value is not None}
    with pytest.raises(WrongRow) as caught:
        read_rows([{**LOSS, "name": "acme.First"}, row])
    assert str(caught.value).startswith(message)


def test_a_wrong_row_is_an_error_of_its_file() -> None:
    tree({"softmax-lint.toml": '[[rows]]\nname = "acme.Loss"\n'})
    with pytest.raises(
        config.ConfigError, match=r"softmax-lint.toml: `rows` row 1 \(`acme.Loss`\): `form` is"
    ):
        config.load(["."], {}, RULES)
    tree({"softmax-lint.toml": "rows = 1\n"})
    with pytest.raises(config.ConfigError, match=r"softmax-lint.toml: `rows` must be a list of tables"):
        config.load(["."], {}, RULES)


def test_rows_of_an_extended_file_count_too() -> None:
    row = "\n".join(f"{key} = {json.dumps(value)}" for key, value in LOSS.items())
    tree(
        {
            "base.toml": f"[[rows]]\n{row}\n",
            "softmax-lint.toml": 'extend = "base.toml"\n'
            + f"[[rows]]\n{row}\n".replace("acme.Loss", "acme.Other"),
        }
    )
    assert [each.name for each in config.load(["."], {}, RULES).rows] == ["acme.Loss", "acme.Other"]


def test_rows_end_with_their_run() -> None:
    (row,) = read_rows([{**LOSS, "aliases": ["acme.loss.Loss"]}])
    seen: list[Api | None] = []
    with knowledge.extended([row]):
        assert knowledge.find("acme.Loss") == knowledge.find("acme.loss.Loss") == row
        thread = threading.Thread(target=lambda: seen.append(knowledge.find("acme.Loss")))
        thread.start()
        thread.join()
    assert knowledge.find("acme.Loss") is None
    assert seen == [None]


# The schema.


def test_the_schema_is_that_of_the_keys() -> None:
    """Set SOFTMAX_LINT_UPDATE_SCHEMA to write it."""
    path = ROOT / "softmax-lint.schema.json"
    if os.environ.get("SOFTMAX_LINT_UPDATE_SCHEMA"):
        path.write_text(json.dumps(keys.schema(), indent=2) + "\n", encoding="utf-8")
    written = path.read_text(encoding="utf-8")
    assert written == json.dumps(keys.schema(), indent=2) + "\n"
    assert set(json.loads(written)["properties"]) == set(keys.KEYS)


CONFIGURATIONS = [
    pytest.param(text, id=f"{name}-{number}")
    for name in ("README.md", "docs/configuration.md")
    for number, text in enumerate(
        re.findall(r"```toml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_examples_follow_the_schema(text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    values = tomllib.loads(text)
    own = values["tool"]["softmax-lint"] if "tool" in values else values
    jsonschema.Draft7Validator.check_schema(keys.schema())
    jsonschema.validate(own, keys.schema(), cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "values",
    [
        {"selekt": []},
        {"select": "SML001"},
        {"fail-level": "fatal"},
        {"per-file-ignores": {"a": "b"}},
        {"rows": [{"name": "acme.Loss"}]},
        {"rows": [{**LOSS, "expects": "logits"}]},
        {"rows": [{**LOSS, "expect": "any"}]},
    ],
)
def test_the_schema_and_the_checks_refuse_the_same(values: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, keys.schema(), cls=jsonschema.Draft7Validator)
    (key, value), *_ = values.items()
    assert key not in keys.KEYS or keys.KEYS[key].check(value)
